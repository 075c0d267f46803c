internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Backups: there, of today, whole, out of reach, tried, elsewhere in the Union, and a copy offline.
public struct ControlSAUV01: ControlObservation {
  public let control = "CTL-SAUV-01"
  public let test = "CTL-SAUV-01Tests: a backup whose file has changed is seen"

  public init() {}

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let catalogue = try await BackupCatalogue(platform)
    let looks = try catalogue.latest(BackupCatalogue.sampledBackups).map { (backup: $0, look: try BackupLook($0, on: platform)) }
    let site = try await platform.documents.register(PlatformRegister.self)?.value.site
    return [
      daily(platform, catalogue, looks.map(\.look)), try access(platform, catalogue), tests(platform, catalogue), distance(catalogue, site),
      offline(platform, catalogue),
    ]
  }

  private static func unknown(_ item: ItemID, _ subject: Text) -> Finding {
    Finding(
      [item], .notAssessed, subject: subject,
      reason: Text(
        "aucune sauvegarde n'est connue : ni faite par « cocagne backup create », ni déclarée au registre « \(BackupRegister.name) ».",
        "no backup is known: neither made by “cocagne backup create” nor declared in the register “\(BackupRegister.name)”."))
  }

  private static func days(_ time: Timestamp, _ now: Timestamp) -> Int { Int((now.seconds - time.seconds) / 86400) }

  /// 12.5.a
  private func daily(_ platform: ObservedPlatform, _ catalogue: BackupCatalogue, _ looks: [BackupLook]) -> Finding {
    let subject = Text("date et fichiers des dernières sauvegardes", "date and files of the latest backups")
    guard let latest = catalogue.backups.last else {
      guard catalogue.register != nil else { return Self.unknown("12.5.a", subject) }
      return Finding(
        ["12.5.a"], .nonCompliant, subject: subject, reason: Text("le catalogue des sauvegardes est vide.", "the catalogue of backups is empty."))
    }
    var gaps = looks.flatMap(\.gaps)
    if latest.time.advanced(by: .seconds(BackupAge.maximumSeconds)) < platform.now {
      gaps.append(Text("la dernière sauvegarde date du \(latest.time.iso8601).", "the latest backup is of \(latest.time.iso8601)."))
    }
    return Finding(
      ["12.5.a"], subject: subject, looked: looks.reduce(gaps.count) { $0 + $1.digested }, gaps: gaps,
      nothing: Text("aucun fichier de sauvegarde n'a pu être relu.", "no file of a backup could be read again."),
      figures: [
        .init("sauvegardes connues", "backups known", catalogue.backups.count),
        .init("âge de la dernière", "age of the latest", Int((platform.now.seconds - latest.time.seconds) / 3600), unit: "h"),
        .init("fichiers des dernières", "files of the latest", looks.reduce(0) { $0 + $1.files }),
        .init("fichiers dont l'empreinte a été recalculée", "files whose digest was computed again", looks.reduce(0) { $0 + $1.digested }),
        .init("octets relus", "bytes read again", looks.reduce(0) { $0 + $1.digestedBytes }, unit: "octets"),
      ], evidence: ["derniere": .string(latest.id), "dossier": .string(latest.folder), "empreinte": .string(latest.sums)])
  }

  /// 12.5.b
  private func access(_ platform: ObservedPlatform, _ catalogue: BackupCatalogue) throws -> Finding {
    let subject = Text(
      "droits des dossiers de sauvegarde, et revue mensuelle des traces d'accès",
      "rights to folders of backups, and monthly review of traces of access")
    guard !catalogue.backups.isEmpty else { return Self.unknown("12.5.b", subject) }
    guard let register = catalogue.register else { return .unfiled(BackupRegister.self, ["12.5.b"], subject: subject) }
    var gaps: [Text] = []
    var looked = 0
    for backup in catalogue.latest(BackupCatalogue.sampledBackups) {
      guard let folder = try platform.host.attributes(of: backup.folder) else { continue }
      looked += 1
      if folder.mode & 0o077 != 0 {
        gaps.append(
          Text(
            "\(backup.folder) est ouvert à d'autres que son propriétaire (mode \(String(folder.mode, radix: 8))).",
            "\(backup.folder) is open to others than its owner (mode \(String(folder.mode, radix: 8)))."))
      }
    }
    let today = CalendarDate(platform.now)
    let review = register.value.accessReviews.map(\.day).filter { $0 <= today }.max()
    if let review, review.days(to: today) > BackupAge.maximumReviewDays {
      gaps.append(Text("la dernière revue des accès date du \(review).", "the last review of accesses is of \(review)."))
    } else if review == nil {
      gaps.append(Text("aucune revue des accès n'est déclarée.", "no review of accesses is declared."))
    }
    return Finding(
      ["12.5.b"], subject: subject, looked: looked, gaps: gaps,
      nothing: Text("aucun dossier de sauvegarde n'est visible d'ici.", "no folder of backups can be seen from here."),
      figures: [
        .init("dossiers examinés", "folders looked at", looked), .init("revues déclarées", "reviews declared", register.value.accessReviews.count),
      ], evidence: ["registre": register.evidence])
  }

  /// 12.5.c
  private func tests(_ platform: ObservedPlatform, _ catalogue: BackupCatalogue) -> Finding {
    let subject = Text("essais de restauration, de la plateforme et déclarés", "restore tests, of the platform and declared")
    var gaps: [Text] = []
    let tests = catalogue.tests.filter { $0.time <= platform.now }
    if let last = tests.last, !last.isSuccess {
      gaps.append(Text("le dernier essai (\(last.what)) a échoué.", "the last test (\(last.what)) failed."))
    }
    if let success = tests.last(where: \.isSuccess), Self.days(success.time, platform.now) > BackupAge.maximumRestoreTestDays {
      gaps.append(Text("le dernier essai réussi date du \(success.time.iso8601).", "the last successful test is of \(success.time.iso8601)."))
    }
    return Finding(
      ["12.5.c"], subject: subject, looked: tests.count, gaps: gaps,
      nothing: Text("aucun essai de restauration n'est connu.", "no restore test is known."),
      figures: [
        .init("essais connus", "tests known", tests.count), .init("essais réussis", "tests that succeeded", tests.count(where: \.isSuccess)),
        .init("âge maximal d'un essai", "greatest age of a test", BackupAge.maximumRestoreTestDays, unit: "jours"),
      ])
  }

  /// 12.5.d
  private func distance(_ catalogue: BackupCatalogue, _ site: PlatformRegister.Site?) -> Finding {
    let subject = Text("lieu des dernières sauvegardes, et liaison qui y mène", "place of the latest backups, and the link that leads there")
    guard !catalogue.backups.isEmpty else { return Self.unknown("12.5.d", subject) }
    guard let site else { return .unfiled(PlatformRegister.self, ["12.5.d"], subject: subject) }
    var gaps: [Text] = []
    let latest = catalogue.latest(BackupCatalogue.sampledBackups)
    for backup in latest {
      guard let place = backup.destination else {
        gaps.append(Text("le lieu de \(backup.folder) n'est pas déclaré.", "the place of \(backup.folder) is not declared."))
        continue
      }
      if !OfferVocabulary.europeanUnion.contains(place.country) {
        gaps.append(Text("\(backup.folder) est en \(place.country).", "\(backup.folder) is in \(place.country)."))
      }
      if place.site == site.name {
        gaps.append(Text("\(backup.folder) est sur le site qu'il sauvegarde.", "\(backup.folder) is on the site that it backs up."))
      } else if place.isLinkEncrypted != true {
        gaps.append(Text("la liaison vers \(place.site) n'est pas déclarée chiffrée.", "the link to \(place.site) is not declared as encrypted."))
      }
    }
    return Finding(
      ["12.5.d"], subject: subject, looked: latest.count, gaps: gaps, nothing: Text("", ""),
      figures: [.init("sauvegardes examinées", "backups looked at", latest.count)],
      evidence: .object([
        "site": .string(site.name),
        "lieux": .array(Set(latest.compactMap(\.destination).map { "\($0.site) (\($0.country))" }).sorted().map { .string($0) }),
        "registre": catalogue.register?.evidence,
      ]))
  }

  /// 17.5.a
  private func offline(_ platform: ObservedPlatform, _ catalogue: BackupCatalogue) -> Finding {
    let subject = Text("copies hors ligne déclarées", "offline copies that are declared")
    guard let register = catalogue.register else { return .unfiled(BackupRegister.self, ["17.5.a"], subject: subject) }
    let today = CalendarDate(platform.now)
    let copies = register.value.offlineCopies.filter { $0.day <= today }.sorted { $0.day < $1.day }
    var gaps: [Text] = []
    if let last = copies.last {
      if last.day.days(to: today) > BackupAge.maximumOfflineCopyDays {
        gaps.append(Text("la dernière copie hors ligne date du \(last.day).", "the last offline copy is of \(last.day)."))
      }
      if !OfferVocabulary.europeanUnion.contains(last.country) {
        gaps.append(Text("la dernière copie hors ligne est en \(last.country).", "the last offline copy is in \(last.country)."))
      }
    } else {
      gaps.append(Text("aucune copie hors ligne n'est déclarée.", "no offline copy is declared."))
    }
    return Finding(
      ["17.5.a"], subject: subject, looked: 1, gaps: gaps, nothing: Text("", ""),
      figures: [.init("copies déclarées", "copies declared", copies.count)], evidence: ["registre": register.evidence])
  }
}
