internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import Wire

/// Images: each that tenants may choose is still mended by its publisher, and was built not too long ago. So is the system of the host.
package struct ControlIMG01: ControlObservation {
  package let control = "CTL-IMG-01"
  package let test = "CTL-IMG-01Tests: an image that was built too long ago is a gap"

  /// An image lacks the corrections of so many days at most.
  private static let maximumAgeDays = 90
  private static let maximumShown = 500

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let table = try SecNumCloudData.support()
    return [try await images(platform, table), try host(platform, table)]
  }

  private func images(_ platform: ObservedPlatform, _ table: SupportTable) async throws -> Finding {
    let subject = Text(
      "chaque version du catalogue d'images, la table des fins de support (\(table.day)) et le registre « \(ImageRegister.name) »",
      "each version of the catalogue of images, the table of ends of support (\(table.day)) and the register “\(ImageRegister.name)”")
    guard let engines = platform.machineInventory else {
      return Finding(
        ["12.10.b"], .notApplicable, subject: subject,
        reason: Text("ce nuage n'offre ni machines ni images.", "this cloud offers neither machines nor images."))
    }
    let own = try await platform.documents.register(ImageRegister.self)?.value.images ?? []
    let today = CalendarDate(platform.now)
    var (gaps, unknown, shown): ([Text], [Text], [JSON]) = ([], [], [])
    let images = try await engines.images()
    for image in images {
      let built = Self.day(of: image)
      let age = built.days(to: today)
      if age > Self.maximumAgeDays {
        gaps.append(
          Text(
            "\(image.urn) a \(age) jours ; le seuil est de \(Self.maximumAgeDays).",
            "\(image.urn) is \(age) days old; the threshold is \(Self.maximumAgeDays)."))
      }
      let declared = own.first { $0.publisher == image.publisher && $0.offer == image.offer && $0.sku == image.sku }
      let end = declared?.end ?? table.system(publisher: image.publisher, offer: image.offer)?.end
      if let end {
        if end < today {
          gaps.append(
            Text("\(image.urn) n'est plus corrigée depuis le \(end).", "\(image.urn) is not mended any more since \(end)."))
        }
      } else {
        unknown.append(
          Text(
            "aucune fin de support n'est connue pour \(image.urn) : registre « \(ImageRegister.name) ».",
            "no end of support is known of \(image.urn): register “\(ImageRegister.name)”."))
      }
      guard shown.count < Self.maximumShown else { continue }
      shown.append(.object(["image": .string(image.urn), "built": .string(built.description), "end": .string(end?.description)]))
    }
    let figures: [Finding.Figure] = [
      .init("versions d'images", "versions of images", images.count), .init("écarts", "gaps", gaps.count),
      .init("sans fin de support connue", "without a known end of support", unknown.count),
      .init("seuil d'âge", "threshold of age", Self.maximumAgeDays, unit: "jours"),
    ]
    if gaps.isEmpty, let first = unknown.first {
      return Finding(["12.10.b"], .notAssessed, subject: subject, reason: first, figures: figures, evidence: ["images": .array(shown)])
    }
    return Finding(
      ["12.10.b"], subject: subject, looked: images.count, gaps: gaps,
      nothing: Text("le catalogue d'images est vide.", "the catalogue of images is empty."), figures: figures, evidence: ["images": .array(shown)])
  }

  /// The day that the version names, as `12.0.20261124` does; else when it came into the catalogue.
  private static func day(of image: ImageOnOffer) -> CalendarDate {
    let digits = image.version.split(separator: ".").last.map(String.init) ?? ""
    if digits.count == 8, let number = Int(digits),
      let day = CalendarDate(year: number / 10_000, month: number / 100 % 100, day: number % 100)
    {
      return day
    }
    return CalendarDate(image.published)
  }

  private func host(_ platform: ObservedPlatform, _ table: SupportTable) throws -> Finding {
    let subject = Text(
      "/etc/os-release de l'hôte et la table des fins de support (\(table.day))",
      "/etc/os-release of the host and the table of ends of support (\(table.day))")
    let release = try platform.host.variables(of: "/etc/os-release")
    let name = "\(release["ID"] ?? "?"):\(release["VERSION_ID"] ?? "?")"
    guard let system = table.system(release: name) else {
      return Finding(
        ["5.1.a"], .notAssessed, subject: subject,
        reason: Text("aucune fin de support n'est connue pour « \(name) ».", "no end of support is known of “\(name)”."))
    }
    let today = CalendarDate(platform.now)
    let rest = today.days(to: system.end)
    let gap = Text(
      "\(system.name) n'est plus corrigé depuis le \(system.end) (\(system.support)).",
      "\(system.name) is not mended any more since \(system.end) (\(system.support)).")
    return Finding(
      ["5.1.a"], subject: subject, looked: 1, gaps: rest < 0 ? [gap] : [], nothing: Text("", ""),
      figures: [.init("jours de support restants", "days of support left", rest, unit: "jours")],
      evidence: [
        "system": .string(system.name), "end": .string(system.end.description), "support": .string(system.support), "source": .string(system.source),
        "kernel": .string(try platform.host.kernel() ?? ""),
      ])
  }
}

extension SecNumCloudData {
  /// Until when systems are mended.
  static func support() throws -> SupportTable { try SupportTable(reading: Declaration(EmbeddedData.support, file: "support.yaml")) }
}
