internal import Base
internal import Catalogue
internal import Declarations
internal import Extents
internal import Identity
internal import Keyring
internal import Records
internal import Storage
internal import Wire

/// Encryption at rest, proven on raw bytes: of segments, of small blobs in the records, of disks' files; and whose keys they are under.
public struct ControlCRYPTO01: ControlObservation {
  public let control = "CTL-CRYPTO-01"
  public let test = "CTL-CRYPTO-01Tests: a text that lies in clear among the segments is seen, and its removal too"

  public init() {}

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let canary = try await Canary(platform: platform).look()
    let profile = CryptographicProfile(on: CalendarDate(platform.now))
    let disks = try await disks(platform)
    let keys = try await dataKeys(platform)
    var findings = [
      try await resting(platform, canary), try await owners(platform, disks), try rootKey(platform),
      algorithms(canary, disks, keys, profile, .permitted),
      algorithms(canary, disks, keys, profile, .recommended), try await backups(platform), erasure(platform, canary),
    ]
    if let finding = raw(disks, platform) { findings.append(finding) }
    return findings
  }

  // MARK: Segments and payloads

  private static let sampledFiles = 32
  private static let windowsPerFile = 3
  private static let windowBytes = 16 << 10
  private static let sampledPayloads = 64
  private static let maximumNamed = 20

  /// 10.1.a of what clients write into blobs.
  private func resting(_ platform: ObservedPlatform, _ canary: Canary.Look) async throws -> Finding {
    var gaps: [Text] = []
    if canary.isLegible {
      gaps.append(Text("le canari se lit en clair dans un segment.", "the canary can be read in clear in a segment."))
    } else if case .legible = RawBytes(segment: canary.raw) {
      gaps.append(Text("le canari n'a pas l'aspect de bruit dans son segment.", "the canary does not look like noise in its segment."))
    }
    if !canary.wasReadable {
      gaps.append(Text("le canari n'est pas celui qui a été écrit.", "the canary is not what was written."))
    }
    let files = try await files(platform)
    gaps += files.gaps
    let payloads = try await payloads(platform)
    if case .legible = RawBytes(payloads.joined()) {
      gaps.append(Text("de petits blobs se lisent dans les enregistrements.", "small blobs can be read in the records."))
    }
    return Finding(
      ["10.1.a"],
      subject: Text(
        "octets bruts des segments de \(platform.site.segments), avec un canari écrit puis recherché, et petits blobs des enregistrements",
        "raw bytes of the segments in \(platform.site.segments), with a canary that was written and looked for, and small blobs of the records"),
      looked: files.windows + 1, gaps: gaps, nothing: Text("", ""),
      figures: [
        .init("fichiers de segments", "segment files", files.count), .init("fichiers échantillonnés", "files sampled", files.sampled),
        .init("fenêtres d'octets bruts lues", "windows of raw bytes read", files.windows, unit: "16 Kio"),
        .init("octets bruts du canari", "raw bytes of the canary", canary.raw.count, unit: "octets"),
        .init("petits blobs échantillonnés", "small blobs sampled", payloads.count),
      ], evidence: ["fenetres": .array(files.seen)])
  }

  private struct Files {
    var count = 0
    var sampled = 0
    var windows = 0
    var gaps: [Text] = []
    var seen: [JSON] = []
  }

  private func files(_ platform: ObservedPlatform) async throws -> Files {
    var result = Files()
    let folder = platform.site.segments
    let extents = platform.extents
    let store = try await platform.records.read { try extents.identity(in: $0) }
    let names = try platform.host.names(in: folder) ?? []
    result.count = names.count
    // The names are all looked at: what is no segment was never written by the store.
    for name in names.filter({ !SegmentForm.isSegment(file: $0) }).prefix(Self.maximumNamed) {
      result.gaps.append(Text("\(folder)/\(name) n'est pas un segment.", "\(folder)/\(name) is no segment."))
    }
    for name in platform.random.sample(names.filter { SegmentForm.isSegment(file: $0) }, Self.sampledFiles) {
      let path = folder + "/" + name
      // A segment may be gone by now, or be made at this moment.
      guard let bytes = try platform.host.attributes(of: path)?.bytes, bytes > SegmentForm.headerBytes,
        let header = try platform.host.bytes(of: path, from: 0, limit: SegmentForm.headerBytes)
      else { continue }
      result.sampled += 1
      if SegmentForm.store(inHeader: header) != store {
        result.gaps.append(Text("\(path) n'est pas un segment de cette plateforme.", "\(path) is no segment of this platform."))
      }
      for offset in offsets(bytes, platform.random) {
        guard let window = try platform.host.bytes(of: path, from: offset, limit: Self.windowBytes) else { continue }
        result.windows += 1
        let look = RawBytes(segment: window)
        if case .legible = look {
          result.gaps.append(Text("\(path) n'est pas chiffré à l'octet \(offset).", "\(path) is not encrypted at byte \(offset)."))
        }
        result.seen.append(["fichier": .string(name), "octet": .integer(Int64(offset)), "aspect": .string(look.name)])
      }
    }
    return result
  }

  /// The beginning, and places at random.
  private func offsets(_ bytes: Int, _ random: any RandomSource) -> [Int] {
    let last = max(SegmentForm.headerBytes, bytes - Self.windowBytes)
    return Set(
      [SegmentForm.headerBytes]
        + (1..<Self.windowsPerFile).map { _ in SegmentForm.headerBytes + random.number(below: last - SegmentForm.headerBytes + 1) }
    )
    .sorted()
  }

  private func payloads(_ platform: ObservedPlatform) async throws -> [[UInt8]] {
    let random = platform.random
    return try await platform.records.read { reader in
      let tenants = try reader.list(Tenant.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed).map(\.id)
      return try random.sample(tenants, Self.sampledPayloads).flatMap { tenant in
        // From an id at random on; from the first where there is none behind it.
        for id in [random.guid(), GUID.zero] {
          let found = try StorageAccounts.restingPayloads(
            tenant: tenant, after: id, limit: max(1, Self.sampledPayloads / max(1, tenants.count)), in: reader)
          if !found.isEmpty { return found }
        }
        return []
      }
    }
  }

  // MARK: Disks

  private struct Disks {
    var count = 0
    /// Whether there is anything that runs machines.
    var isThere = false
    var read: [(path: String, disk: EncryptedDisk)] = []
    var gaps: [Text] = []
    var ownerGaps: [Text] = []
    var pieces = 0
    var identifiers: Set<String> = []
  }

  private static let sampledDisks = 16
  private static let piecesPerDisk = 4
  private static let pieceBytes = 4096
  private static let maximumDisks = 2000
  /// What a disk's file is called until it is whole.
  private static let partialSuffix = ".partial"
  /// A header is written within seconds.
  private static let makingSeconds: Int64 = 600

  private func disks(_ platform: ObservedPlatform) async throws -> Disks {
    var result = Disks()
    guard let machines = platform.machines else { return result }
    result.isThere = true
    let disks = try await machines.disks()
    result.count = disks.count
    for entry in disks.prefix(Self.maximumDisks) {
      if !entry.hasDataKey {
        result.ownerGaps.append(Text("\(entry.path) n'a pas de clé de données.", "\(entry.path) has no data key."))
      }
      do {
        let disk = try EncryptedDisk(entry.path, on: platform.host)
        result.read.append((entry.path, disk))
        if !result.identifiers.insert(disk.identifier).inserted {
          result.ownerGaps.append(
            Text("\(entry.path) partage l'en-tête de clé d'un autre disque.", "\(entry.path) shares another disk's key header."))
        }
      } catch let gap as EncryptedDisk.Gap {
        // A disk that was deleted since it was listed is no gap, nor is one whose header is being written.
        guard let file = try platform.host.attributes(of: entry.path) else { continue }
        let isInTheMaking = entry.path.hasSuffix(Self.partialSuffix) && platform.now.seconds - file.modified < Self.makingSeconds
        if !isInTheMaking { result.gaps.append(gap.text) }
      }
    }
    for (path, disk) in platform.random.sample(result.read, Self.sampledDisks) {
      for piece in try disk.sample(Self.piecesPerDisk, bytes: Self.pieceBytes, random: platform.random) {
        result.pieces += 1
        if case .legible = RawBytes(piece) {
          result.gaps.append(Text("\(path) contient des octets en clair.", "\(path) holds bytes in clear."))
        }
      }
    }
    return result
  }

  /// 10.1.a of disks. Nil where this host has no machines.
  private func raw(_ disks: Disks, _ platform: ObservedPlatform) -> Finding? {
    guard disks.isThere, disks.count > 0 else { return nil }
    return Finding(
      ["10.1.a"],
      subject: Text(
        "en-tête LUKS de chaque fichier de disque, et grappes brutes d'un échantillon", "LUKS header of every disk file, and raw clusters of a sample"
      ),
      looked: disks.read.count + disks.gaps.count, gaps: disks.gaps,
      nothing: Text("aucun fichier de disque n'a pu être lu.", "no disk file could be read."),
      figures: [
        .init("fichiers de disques", "disk files", disks.count), .init("en-têtes LUKS lus", "LUKS headers read", disks.read.count),
        .init("grappes brutes lues", "raw clusters read", disks.pieces, unit: "4 Kio"),
      ],
      evidence: [
        "disques": .array(
          disks.read.prefix(Self.maximumNamed).map { entry in
            [
              "fichier": .string(entry.path), "chiffrement": .string(entry.disk.cipher), "bits": .integer(Int64(entry.disk.keyBits)),
              "empreinte": .string(entry.disk.digest), "luks": .string(entry.disk.identifier),
            ]
          })
      ])
  }

  // MARK: Keys

  /// Bits of the smallest data key and tenant key that rest in the records, and how many there are.
  private struct Keys {
    var tenantKeys = 0
    var dataKeys = 0
    var smallestBits = Int.max
  }

  private static let maximumDataKeys = 5000

  private func dataKeys(_ platform: ObservedPlatform) async throws -> Keys {
    try await platform.records.read { reader in
      var result = Keys()
      let tenantKeys = try Keyring.tenantKeys(limit: ObservationLimits.maximumListed, in: reader)
      result.tenantKeys = tenantKeys.count
      result.smallestBits = min(result.smallestBits, tenantKeys.map(\.bits).min() ?? Int.max)
      for tenant in Set(tenantKeys.map(\.tenant)) where result.dataKeys < Self.maximumDataKeys {
        let keys = try Keyring.dataKeys(ofTenant: tenant, limit: Self.maximumDataKeys - result.dataKeys, in: reader)
        result.dataKeys += keys.count
        result.smallestBits = min(result.smallestBits, keys.map(\.bits).min() ?? Int.max)
      }
      return result
    }
  }

  /// 10.1.a: at least one key for each client, and a data key for each account and disk.
  private func owners(_ platform: ObservedPlatform, _ disks: Disks) async throws -> Finding {
    var gaps = disks.ownerGaps
    let (accounts, found) = try await platform.records.read { reader in
      let accounts = try StorageAccounts.keyHolders(limit: Self.maximumDataKeys, in: reader)
      var gaps: [Text] = []
      var taken: Set<DataKeyID> = []
      for account in accounts {
        guard let key = try Keyring.description(ofDataKey: account.dataKey, tenant: account.tenant, in: reader) else {
          gaps.append(
            Text(
              "un compte de stockage du client \(account.tenant) n'a pas de clé de données \(account.dataKey) sous la clé de ce client.",
              "a storage account of the tenant \(account.tenant) has no data key \(account.dataKey) under that tenant's key."))
          continue
        }
        if !taken.insert(key.id).inserted {
          gaps.append(
            Text("deux comptes de stockage partagent la clé de données \(key.id).", "two storage accounts share the data key \(key.id)."))
        }
      }
      return (accounts, gaps)
    }
    gaps += found
    return Finding(
      ["10.1.a"],
      subject: Text("clé de données de chaque compte de stockage et de chaque disque", "data key of every storage account and of every disk"),
      looked: accounts.count + disks.count, gaps: gaps,
      nothing: Text("il n'y a encore ni compte de stockage ni disque.", "there is neither a storage account nor a disk yet."),
      figures: [.init("comptes de stockage", "storage accounts", accounts.count), .init("disques", "disks", disks.count)],
      evidence: [
        "comptes": .array(
          accounts.prefix(Self.maximumNamed).map {
            ["client": .string($0.tenant.description), "cle": .string($0.dataKey.description)]
          })
      ])
  }

  /// 10.1.a: a stolen medium must not carry the key that opens it.
  private func rootKey(_ platform: ObservedPlatform) throws -> Finding {
    let look = try RootKeyLook(platform)
    return Finding(
      ["10.1.a"],
      subject: Text(
        "fichier de la clé racine \(platform.site.rootKey), son dossier, et le support sur lequel il repose",
        "file of the root key \(platform.site.rootKey), its folder, and the medium that it lies on"),
      looked: look.isThere ? 1 : 0, gaps: look.gaps + look.mediumGaps,
      nothing: Text("\(platform.site.rootKey) n'est pas là.", "\(platform.site.rootKey) is not there."), figures: [], evidence: look.evidence)
  }

  // MARK: Algorithms

  /// 10.1.b by the rules, 10.1.c by the recommendations.
  private func algorithms(
    _ canary: Canary.Look, _ disks: Disks, _ keys: Keys, _ profile: CryptographicProfile, _ wanted: CryptographicProfile.Standing
  ) -> Finding {
    var gaps: [Text] = []
    if !canary.opensAsClaimed {
      gaps.append(Text("les segments ne s'ouvrent pas en AES-256-GCM.", "the segments do not open as AES-256-GCM."))
    }
    func judge(_ standing: CryptographicProfile.Standing, _ what: Text) {
      guard standing < wanted else { return }
      gaps.append(
        Text(
          "\(what.french) : hors du profil cryptographique au \(profile.day).",
          "\(what.english): outside of the cryptographic profile on \(profile.day)."))
    }
    judge(profile.standing(cipher: "aes-256-gcm"), Text("segments (aes-256-gcm)", "segments (aes-256-gcm)"))
    judge(
      profile.standing(.symmetricKey, bits: canary.keyBits),
      Text("clé du canari de \(canary.keyBits) bits", "the canary's key of \(canary.keyBits) bits"))
    if keys.tenantKeys > 0 {
      judge(
        profile.standing(.symmetricKey, bits: keys.smallestBits),
        Text("la plus petite clé enveloppée a \(keys.smallestBits) bits", "the smallest wrapped key has \(keys.smallestBits) bits"))
    }
    for (path, disk) in disks.read {
      judge(profile.standing(cipher: disk.cipher), Text("\(path) (\(disk.cipher))", "\(path) (\(disk.cipher))"))
      judge(profile.standing(digest: disk.digest), Text("\(path) (\(disk.digest))", "\(path) (\(disk.digest))"))
    }
    return Finding(
      [wanted == .permitted ? "10.1.b" : "10.1.c"],
      subject: Text(
        "algorithmes des segments (une trame rouverte hors du magasin), des clés enveloppées et des disques (en-têtes LUKS)",
        "algorithms of segments (a frame opened again outside of the store), wrapped keys and disks (LUKS headers)"),
      looked: 1 + disks.read.count, gaps: gaps, nothing: Text("", ""),
      figures: [
        .init("clés de clients examinées", "tenant keys looked at", keys.tenantKeys),
        .init("clés de données examinées", "data keys looked at", keys.dataKeys),
        .init("plus petite clé", "smallest key", keys.tenantKeys > 0 ? keys.smallestBits : 0, unit: "bits"),
      ],
      evidence: ["profil": .string(profile.day.description), "disques": .array(Set(disks.read.map(\.disk.cipher)).sorted().map { .string($0) })])
  }

  // MARK: Backups and erasure

  /// 10.1.d: what leaves the perimeter is encrypted.
  private func backups(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "contenu brut des sauvegardes déclarées ou faites par la plateforme", "raw content of backups, declared or made by the platform")
    let catalogue = try await BackupCatalogue(platform)
    let looks = try catalogue.latest(BackupCatalogue.sampledBackups).map { try BackupLook($0, on: platform) }
    var gaps = looks.flatMap(\.clearGaps)
    for backup in catalogue.backups where !backup.isEncrypted {
      gaps.append(Text("la sauvegarde \(backup.id) est déclarée non chiffrée.", "the backup \(backup.id) is declared as not encrypted."))
    }
    return Finding(
      ["10.1.d"], subject: subject, looked: looks.reduce(0) { $0 + $1.windows } + gaps.count, gaps: gaps,
      nothing: Text(
        "aucune sauvegarde dont le contenu puisse être lu : ni au catalogue de la plateforme, ni au registre « \(BackupRegister.name) ».",
        "no backup whose content could be read: neither in the platform's catalogue nor in the register “\(BackupRegister.name)”."),
      figures: [
        .init("sauvegardes connues", "backups known", catalogue.backups.count),
        .init("sauvegardes lues", "backups read", looks.count { $0.windows > 0 }),
        .init("fenêtres d'octets bruts lues", "windows of raw bytes read", looks.reduce(0) { $0 + $1.windows }),
      ])
  }

  /// 19.4.a and 11.9.a: what was given to a client becomes unreadable with its key.
  private func erasure(_ platform: ObservedPlatform, _ canary: Canary.Look) -> Finding {
    var gaps: [Text] = []
    if canary.isReadableAfterwards {
      gaps.append(Text("le canari se lit encore après la destruction de sa clé.", "the canary can still be read after its key was destroyed."))
    }
    if canary.isLegible {
      gaps.append(Text("le canari se lit sur le support sans aucune clé.", "the canary can be read on the medium without any key."))
    }
    let overwriting = (platform.records as? SQLiteRecordStore).flatMap { try? $0.setting("secure_delete") }
    if overwriting != "1" {
      gaps.append(
        Text(
          "les enregistrements ne réécrivent pas ce qui est supprimé : une clé détruite resterait sur le support.",
          "the records do not overwrite what is removed: a destroyed key would stay on the medium."))
    }
    return Finding(
      ["11.9.a", "19.4.a"],
      subject: Text(
        "destruction de la clé d'un canari, puis lecture ; effacement sûr des enregistrements (secure_delete)",
        "destruction of a canary's key, then reading; secure deletion of records (secure_delete)"),
      looked: canary.wasReadable ? 1 : 0, gaps: gaps,
      nothing: Text(
        "le canari n'a pas pu être relu avant la destruction de sa clé.", "the canary could not be read back before its key was destroyed."),
      figures: [.init("canaris rendus illisibles", "canaries made unreadable", canary.isReadableAfterwards ? 0 : 1)],
      evidence: ["secure_delete": .string(overwriting ?? "")])
  }
}

extension RawBytes {
  /// For evidence.
  var name: String {
    switch self {
    case .empty: "vide"
    case .noise: "bruit"
    case .few: "trop court"
    case .legible: "lisible"
    }
  }
}
