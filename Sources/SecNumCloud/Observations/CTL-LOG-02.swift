internal import Base
internal import Catalogue
internal import Identity
internal import Ledger
internal import Records
internal import ResourceManager
internal import Wire

/// Logs are protected where they lie, have room for their retention, leave the machine that writes them, and are backed up.
public struct ControlLOG02: ControlObservation {
  public let control = "CTL-LOG-02"
  public let test = "CTL-LOG-02Tests: a log that others may read is seen, and a disk too small for its retention"

  public init() {}

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let log = try PlatformLog(platform)
    guard let file = log.attributes else {
      return [
        Finding(
          ["12.7.a", "12.7.b", "12.7.c", "12.7.d", "12.7.e"], .notAssessed, subject: Text("le fichier \(log.path)", "the file \(log.path)"),
          reason: Text(
            "le processus n'écrit pas son journal dans \(log.path) : ce qui l'écrit ailleurs n'est pas observé.",
            "the process does not write its log to \(log.path): what writes it elsewhere is not observed."))
      ]
    }
    let access = try access(platform, file)
    return [
      protection(platform, access), try await chaining(platform), try await space(platform, file), try transfer(platform), try await backup(platform),
      try leastPrivilege(platform, access),
    ]
  }

  // MARK: Protection

  private struct Access {
    var gaps: [Text] = []
    var looked = 0
    var evidence: [JSON] = []
  }

  /// Who may read or write what is logged: the log's file, the records that hold the activity log, and the folder above.
  private func access(_ platform: ObservedPlatform, _ file: FileAttributes) throws -> Access {
    var access = Access()
    let folder = try platform.host.attributes(of: platform.site.folder)
    for (path, entry) in [
      (platform.site.log, file), (platform.site.records, try platform.host.attributes(of: platform.site.records)), (platform.site.folder, folder),
    ] {
      guard let entry else { continue }
      access.looked += 1
      let mode = String(entry.mode, radix: 8)
      access.evidence.append(["chemin": .string(path), "mode": .string(mode), "proprietaire": .integer(Int64(entry.owner))])
      if entry.mode & 0o077 != 0 {
        access.gaps.append(
          Text("\(path) est ouvert à d'autres que son propriétaire (mode \(mode)).", "\(path) is open to others than its owner (mode \(mode))."))
      }
      if let folder, entry.owner != folder.owner {
        access.gaps.append(Text("\(path) appartient à un autre utilisateur que les données.", "\(path) belongs to another user than the data."))
      }
    }
    return access
  }

  /// 12.7.a
  private func protection(_ platform: ObservedPlatform, _ access: Access) -> Finding {
    let subject = Text("droits du journal, des enregistrements et de leur dossier", "rights to the log, the records and their folder")
    if !access.gaps.isEmpty {
      return Finding(
        ["12.7.a"], subject: subject, looked: access.looked, gaps: access.gaps, nothing: Text("", ""), evidence: ["fichiers": .array(access.evidence)]
      )
    }
    return Finding(
      ["12.7.a"], .notAssessed, subject: subject,
      reason: Text(
        "les droits des fichiers sont bons, mais le journal du processus n'est pas chaîné comme l'est le registre : une ligne réécrite ne s'y verrait pas.",
        "the files' rights are good, but the process's log is not chained as the ledger is: a line that is rewritten would not be seen."),
      figures: [.init("fichiers examinés", "files looked at", access.looked)], evidence: ["fichiers": .array(access.evidence)])
  }

  private static let sampledEntries = 64
  private static let sampledHeads = 16
  /// How long entries may be without a signed head over them, and a witness without the newest: some times the interval of heads.
  private static let headSeconds: Int64 = 600

  /// 12.7.a: entries of the ledger are what the tree commits to, the tree is signed as it grows, and a witness elsewhere keeps the heads.
  private func chaining(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "le registre : un échantillon d'entrées et de têtes signées, comparé à l'arbre de Merkle ; les témoins",
      "the ledger: a sample of entries and signed heads, compared with the Merkle tree; the witnesses")
    let random = platform.random
    let look = try await platform.records.read { reader in
      try LedgerInspection(entries: Self.sampledEntries, heads: Self.sampledHeads, random: random, in: reader)
    }
    let late = platform.now.advanced(by: .seconds(-Self.headSeconds))
    var gaps = look.wrongEntries.map {
      Text("l'entrée \($0) du registre n'est pas celle de l'arbre.", "entry \($0) of the ledger is not that of the tree.")
    }
    gaps += look.wrongHeads.map { Text("la tête de taille \($0) n'est pas celle de l'arbre.", "the head of size \($0) is not that of the tree.") }
    gaps += look.witnesses.filter(\.isContradiction).map {
      Text("le témoin \($0.name) dit que le registre a été réécrit.", "the witness \($0.name) says that the ledger was rewritten.")
    }
    if let head = look.head, head.size < look.size, head.time < late {
      gaps.append(
        Text(
          "le registre a grandi, et sa dernière tête est du \(head.time.iso8601).",
          "the ledger has grown, and its newest head is of \(head.time.iso8601)."))
    }
    let figures: [Finding.Figure] = [
      .init("entrées du registre", "entries of the ledger", look.size), .init("entrées comparées", "entries compared", look.checkedEntries),
      .init("têtes vérifiées", "heads verified", look.checkedHeads), .init("témoins", "witnesses", look.witnesses.count),
    ]
    let keepers = look.witnesses.filter { $0.size > 0 && ($0.problem == nil || ($0.time ?? late) > late) }
    guard gaps.isEmpty, look.checkedHeads > 0, keepers.isEmpty else {
      return Finding(
        ["12.7.a"], subject: subject, looked: look.checkedHeads, gaps: gaps,
        nothing: Text("le registre n'a pas encore de tête signée.", "the ledger has no signed head yet."), figures: figures)
    }
    return Finding(
      ["12.7.a"], .notAssessed, subject: subject,
      reason: Text(
        "le registre est chaîné et signé, mais aucun témoin n'en garde les têtes : qui tient la clé pourrait le réécrire en entier.",
        "the ledger is chained and signed, but no witness keeps its heads: whoever has the key could rewrite all of it."), figures: figures)
  }

  // MARK: Space

  /// Extrapolating from less than a day tells nothing.
  private static let fewestSeconds: Int64 = 86400
  /// An entry of the activity log with its key and its share of the index, in bytes: measured on 1000 entries, rounded up.
  private static let entryBytes = 2048
  private static let maximumPlaces = 64
  private static let maximumEntries = 2000

  /// 12.7.b
  private func space(_ platform: ObservedPlatform, _ file: FileAttributes) async throws -> Finding {
    let subject = Text(
      "croissance du journal et du journal d'activité, et place libre sur leur support",
      "growth of the log and of the activity log, and free space on their medium")
    let age = platform.now.seconds - platform.site.created.seconds
    guard age >= Self.fewestSeconds else {
      return Finding(
        ["12.7.b"], .notAssessed, subject: subject,
        reason: Text(
          "la plateforme a moins d'un jour : sa croissance ne dit encore rien.", "the platform is younger than a day: its growth tells nothing yet."))
    }
    let (status, output) = try await platform.host.run("df", ["-B1", "--output=avail", platform.site.folder])
    guard status == 0, let free = output.split(separator: "\n").last.flatMap({ Int($0.filter { $0 != " " }) }) else {
      throw ObservationFailure("df n'a pas dit la place libre.", "df did not tell the free space.")
    }
    let logPerDay = Double(file.bytes) * 86400 / Double(age)
    let entriesPerDay = try await entriesOfTheDay(platform)
    let needed = (logPerDay + Double(entriesPerDay * Self.entryBytes)) * Double(LogMark.retentionDays)
    return Finding(
      ["12.7.b"], subject: subject, looked: 1,
      gaps: Double(free) > needed
        ? []
        : [
          Text(
            "\(free) octets libres pour \(Int(needed)) octets de journaux en \(LogMark.retentionDays) jours.",
            "\(free) bytes are free for \(Int(needed)) bytes of logs in \(LogMark.retentionDays) days.")
        ], nothing: Text("", ""),
      figures: [
        .init("place libre", "free space", free, unit: "octets"),
        .init("croissance du journal", "growth of the log", Int(logPerDay), unit: "octets/jour"),
        .init("entrées d'activité du dernier jour", "activity entries of the last day", entriesPerDay),
        .init("besoin sur la durée de conservation", "need over the time of retention", Int(needed), unit: "octets"),
      ])
  }

  /// Of all logs; where there are many, of a sample, projected onto all.
  private func entriesOfTheDay(_ platform: ObservedPlatform) async throws -> Int {
    let (now, random) = (platform.now, platform.random)
    let start = now.advanced(by: .seconds(-86400))
    return try await platform.records.read { reader in
      let logs = try TenantLog.all(in: reader)
      guard !logs.isEmpty else { return 0 }
      let sample = random.sample(logs, Self.maximumPlaces)
      let counted = try sample.reduce(0) { total, log in
        let entries = try ActivityLog.entries(
          tenant: log.tenant, subscription: log.subscription, until: now, limit: Self.maximumEntries / sample.count + 1, in: reader)
        guard let last = entries.last, last.time >= start, entries.count > Self.maximumEntries / sample.count else {
          return total + entries.count { $0.time >= start }
        }
        // All that were read are of a part of the day: the day is projected from it.
        let part = max(1, now.seconds - last.time.seconds)
        return total + Int(Double(entries.count) * 86400 / Double(part))
      }
      return counted * logs.count / sample.count
    }
  }

  // MARK: Elsewhere

  /// 12.7.c
  private func transfer(_ platform: ObservedPlatform) throws -> Finding {
    let mount = try HostMounts(platform.host).mount(of: platform.site.log)
    let subject = Text("le support du journal \(platform.site.log)", "the medium of the log \(platform.site.log)")
    guard let mount else {
      return Finding(
        ["12.7.c"], .notAssessed, subject: subject, reason: Text("le support du journal n'est pas connu.", "the medium of the log is not known."))
    }
    let evidence: JSON = ["support": .string(mount.source), "systeme": .string(mount.type)]
    if HostMounts.networkTypes.contains(mount.type) {
      return Finding(
        ["12.7.c"], .notAssessed, subject: subject,
        reason: Text(
          "le journal repose sur \(mount.source) (\(mount.type)) : rien ne dit que le transfert soit protégé ni que cette machine soit dédiée.",
          "the log lies on \(mount.source) (\(mount.type)): nothing says that the transfer is protected nor that this machine is dedicated."),
        evidence: evidence)
    }
    return Finding(
      ["12.7.c"], .nonCompliant, subject: subject,
      reason: Text(
        "le journal reste sur la machine qui l'émet (\(mount.source)) : il n'y a pas encore de collecteur.",
        "the log stays on the machine that writes it (\(mount.source)): there is no collector yet."), evidence: evidence)
  }

  /// 12.7.d: the records hold the activity log; a backup of the platform's own making holds them and the process's log.
  private func backup(_ platform: ObservedPlatform) async throws -> Finding {
    let catalogue = try await BackupCatalogue(platform)
    let subject = Text("journaux dans la dernière sauvegarde de la plateforme", "logs in the platform's latest backup")
    guard let latest = catalogue.backups.last(where: \.isOwn) else {
      return Finding(
        ["12.7.d"], .notAssessed, subject: subject,
        reason: Text(
          "la plateforme n'a fait aucune sauvegarde (« cocagne backup create ») ; d'une autre, rien ne dit qu'elle contienne les journaux.",
          "the platform has made no backup (“cocagne backup create”); of another one nothing says that it holds the logs."))
    }
    let sums = try platform.host.bytes(of: latest.folder + "/" + BackupLook.sums, from: 0, limit: 4 << 20).flatMap { BackupSums($0) }
    var gaps = [PlatformBackup.recordsArchive, PlatformBackup.logArchive].filter { name in sums?.files.contains { $0.path == name } != true }.map {
      Text("\(latest.folder) ne contient pas \($0).", "\(latest.folder) does not hold \($0).")
    }
    if latest.time.advanced(by: .seconds(BackupAge.maximumSeconds)) < platform.now {
      gaps.append(Text("la dernière sauvegarde date du \(latest.time.iso8601).", "the latest backup is of \(latest.time.iso8601)."))
    }
    return Finding(
      ["12.7.d"], subject: subject, looked: 1, gaps: gaps, nothing: Text("", ""),
      figures: [.init("âge de la sauvegarde", "age of the backup", Int((platform.now.seconds - latest.time.seconds) / 3600), unit: "h")])
  }

  /// 12.7.e
  private func leastPrivilege(_ platform: ObservedPlatform, _ access: Access) throws -> Finding {
    var gaps = access.gaps
    let process = "/proc/\(platform.site.processID)"
    let owner = try platform.host.attributes(of: process)?.owner
    if owner == 0 {
      gaps.append(
        Text(
          "le processus qui écrit les journaux tourne sous root : ce n'est pas un compte au moindre privilège.",
          "the process that writes the logs runs as root: that is no account of least privilege."))
    }
    return Finding(
      ["12.7.e"],
      subject: Text(
        "compte du processus qui écrit les journaux, et droits de leurs fichiers",
        "account of the process that writes the logs, and rights to their files"),
      looked: owner == nil ? 0 : access.looked, gaps: gaps,
      nothing: Text("le processus \(platform.site.processID) n'est pas visible.", "the process \(platform.site.processID) cannot be seen."),
      evidence: .object(["processus": .string(process), "utilisateur": owner.map { .integer(Int64($0)) }, "fichiers": .array(access.evidence)]))
  }
}
