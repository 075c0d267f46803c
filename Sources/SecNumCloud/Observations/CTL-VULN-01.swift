internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import Wire

/// Vulnerabilities: the feed that the operator imports and the lists of the package manager are fresh, and nothing that can be mended waits too long.
package struct ControlVULN01: ControlObservation {
  package let control = "CTL-VULN-01"
  package let test = "CTL-VULN-01Tests: a vulnerability past its delay is a gap until it is mended or excused"

  /// The feed and the lists may be so old.
  private static let maximumAgeDays = 7
  /// For updates of security while the operator has said nothing of delays.
  private static let defaultDelayDays = 30
  private static let maximumShown = 300

  /// Neither too old nor of a day to come.
  private static func isFresh(_ age: Int) -> Bool { (0...maximumAgeDays).contains(age) }

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let register = try await platform.documents.register(VulnerabilityRegister.self)
    let lists = try PackageLists(platform.host)
    return [watch(platform, register, lists), try await treatment(platform, register, lists)]
  }

  // MARK: Watching

  private func watch(_ platform: ObservedPlatform, _ register: FiledRegister<VulnerabilityRegister>?, _ lists: PackageLists) -> Finding {
    let subject = Text(
      "la date du flux de vulnérabilités importé et des listes de sécurité d'apt",
      "the day of the imported feed of vulnerabilities and of apt's security lists")
    guard let register else { return .unfiled(VulnerabilityRegister.self, ["12.11.a"], subject: subject) }
    let today = CalendarDate(platform.now)
    var gaps: [Text] = []
    let age = register.value.day.days(to: today)
    if age < 0 {
      gaps.append(Text("le flux importé est daté du \(register.value.day), à venir.", "the imported feed is of \(register.value.day), yet to come."))
    } else if !Self.isFresh(age) {
      gaps.append(Text("le flux importé a \(age) jours.", "the imported feed is \(age) days old."))
    }
    let listAge = lists.day?.days(to: today)
    if let listAge, listAge > Self.maximumAgeDays {
      gaps.append(
        Text("les listes de sécurité d'apt ont \(listAge) jours.", "apt's security lists are \(listAge) days old."))
    }
    if listAge == nil { gaps.append(Text("apt n'a aucune liste de sécurité.", "apt has no security list.")) }
    return Finding(
      ["12.11.a"], subject: subject, looked: 1, gaps: gaps, nothing: Text("", ""),
      figures: [
        .init("âge du flux", "age of the feed", age, unit: "jours"), .init("âge des listes", "age of the lists", listAge ?? -1, unit: "jours"),
        .init("vulnérabilités du flux", "vulnerabilities of the feed", register.value.vulnerabilities.count),
      ],
      evidence: ["register": register.evidence, "source": .string(register.value.source), "lists": .string(lists.day?.description ?? "")])
  }

  // MARK: Treating

  /// A vulnerable package that is installed, or an update of security that is not.
  private struct Exposure {
    var id: String
    var package: String
    var version: String
    var fixed: String?
    var severity: VulnerabilityRegister.Severity
    var published: CalendarDate?
    var delay: Int
  }

  private func treatment(
    _ platform: ObservedPlatform, _ register: FiledRegister<VulnerabilityRegister>?, _ lists: PackageLists
  ) async throws -> Finding {
    let subject = Text(
      "les paquets de l'hôte et de l'exécutable, le flux importé, les mises à jour de sécurité qu'apt connaît",
      "the packages of the host and of the executable, the imported feed, the security updates that apt knows")
    let bill = try await SoftwareBill.read(platform)
    let updates = try await PackageLists.pendingUpdates(platform.host)
    let delays = register?.value.delays ?? [:]
    var exposures = updates.map { update in
      Exposure(
        id: "mise à jour", package: update.package, version: update.installed, fixed: update.available, severity: .high, published: nil,
        delay: delays[.high] ?? Self.defaultDelayDays)
    }
    let bySource = Dictionary(grouping: bill.components) { "\($0.ecosystem.rawValue) \($0.source)" }
    for vulnerability in register?.value.vulnerabilities ?? [] {
      let installed = bySource["\(vulnerability.ecosystem.rawValue) \(vulnerability.package)"] ?? []
      let vulnerable = installed.first { component in
        vulnerability.fixed.map { DebianVersion(component.sourceVersion) < DebianVersion($0) } ?? true
      }
      guard let vulnerable else { continue }
      exposures.append(
        Exposure(
          id: vulnerability.id, package: vulnerability.package, version: vulnerable.sourceVersion, fixed: vulnerability.fixed,
          severity: vulnerability.severity, published: vulnerability.published, delay: delays[vulnerability.severity] ?? Self.defaultDelayDays))
    }
    let today = CalendarDate(platform.now)
    let known = try await Sighting.note(exposures.map { ($0.id, $0.package) }, today, in: platform.records)
    var gaps: [Text] = []
    var shown: [JSON] = []
    var excused = 0
    var oldest = 0
    for exposure in exposures.sorted(by: { ($0.severity, $0.package, $0.id) < ($1.severity, $1.package, $1.id) }) {
      let since = min(exposure.published ?? today, known[Sighting.name(exposure.id, exposure.package)] ?? today)
      let age = since.days(to: today)
      oldest = max(oldest, age)
      let derogation = register?.value.derogations.first { $0.id == exposure.id && $0.package == exposure.package && $0.until >= today }
      if derogation != nil { excused += 1 }
      if age > exposure.delay, derogation == nil {
        gaps.append(
          Text(
            "\(exposure.package) \(exposure.version) : \(exposure.id) (\(exposure.severity.rawValue)) attend depuis \(age) jours, délai \(exposure.delay).",
            "\(exposure.package) \(exposure.version): \(exposure.id) (\(exposure.severity.rawValue)) has waited \(age) days, delay \(exposure.delay)."
          ))
      }
      guard shown.count < Self.maximumShown else { continue }
      shown.append(
        .object([
          "id": .string(exposure.id), "package": .string(exposure.package), "version": .string(exposure.version), "fixed": .string(exposure.fixed),
          "severity": .string(exposure.severity.rawValue), "days": .integer(Int64(age)), "derogation": .boolean(derogation != nil),
        ]))
    }
    let figures: [Finding.Figure] = [
      .init("paquets", "packages", bill.components.count), .init("expositions", "exposures", exposures.count),
      .init("mises à jour de sécurité en attente", "pending security updates", updates.count), .init("dérogations", "derogations", excused),
      .init("au-delà du délai", "past their delay", gaps.count), .init("la plus ancienne", "the oldest", oldest, unit: "jours"),
    ]
    let evidence: JSON = .object([
      "register": register?.evidence, "exposures": .array(shown), "omitted": .integer(Int64(max(0, exposures.count - Self.maximumShown))),
    ])
    if register == nil, gaps.isEmpty { return .unfiled(VulnerabilityRegister.self, ["12.11.b"], subject: subject) }
    let isFresh = [register?.value.day, lists.day].allSatisfy { $0.map { Self.isFresh($0.days(to: today)) } ?? false }
    if gaps.isEmpty, !isFresh {
      return Finding(
        ["12.11.b"], .notAssessed, subject: subject,
        reason: Text(
          "le flux importé ou les listes de sécurité d'apt ne sont pas à jour : une vulnérabilité récente ne serait pas vue.",
          "the imported feed or apt's security lists are not up to date: a recent vulnerability would not be seen."),
        figures: figures, evidence: evidence)
    }
    return Finding(
      ["12.11.b"], subject: subject, looked: bill.components.count, gaps: gaps, nothing: Text("aucun paquet n'a été vu.", "no package was seen."),
      figures: figures, evidence: evidence)
  }
}

/// What apt knows without asking anybody.
private struct PackageLists {
  struct Update {
    var package: String
    var installed: String
    var available: String
  }

  /// The day of the newest list of security updates, as its publisher signed it.
  let day: CalendarDate?

  private static let folder = "/var/lib/apt/lists"
  private static let headBytes = 4096

  init(_ host: any HostView) throws {
    let names = (try host.names(in: Self.folder) ?? []).filter { $0.hasSuffix("_InRelease") && $0.contains("security") }
    day = try names.compactMap { name -> CalendarDate? in
      let head = String(decoding: try host.bytes(of: "\(Self.folder)/\(name)", from: 0, limit: Self.headBytes) ?? [], as: UTF8.self)
      guard let line = head.split(separator: "\n").first(where: { $0.hasPrefix("Date: ") }) else { return nil }
      return Timestamp(httpDate: line.dropFirst("Date: ".count).replacing("UTC", with: "GMT")).map { CalendarDate($0) }
    }.max()
  }

  /// Updates of security that are not installed. `Inst openssl [3.0.1-1] (3.0.1-2 Debian-Security:12/oldstable-security [amd64])`
  static func pendingUpdates(_ host: any HostView) async throws -> [Update] {
    let (status, output) = try await host.run("apt-get", ["-s", "-o", "Debug::NoLocking=true", "dist-upgrade"])
    guard status == 0 else { throw ObservationFailure("apt-get a répondu \(status).", "apt-get answered \(status).") }
    return output.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 4, words[0] == "Inst", words[2].hasPrefix("["), words[3].hasPrefix("("), line.lowercased().contains("security") else {
        return nil
      }
      return Update(package: String(words[1]), installed: String(words[2].dropFirst().dropLast()), available: String(words[3].dropFirst()))
    }
  }
}

/// Since when the platform knows of exposures: a feed does not always say.
private struct Sighting: Record, Codable {
  static let kind = "secnumcloud.exposures"
  static let key = RecordKey(tenant: .zero, "exposures")
  /// The first day of each, by name.
  var first: [String: CalendarDate]
  var key: RecordKey { Self.key }

  static func name(_ id: String, _ package: String) -> String { "\(id) \(package)" }

  /// Adds what is new, forgets what is gone, and tells since when each is known.
  static func note(_ exposures: [(id: String, package: String)], _ today: CalendarDate, in records: any RecordStore) async throws -> [String:
    CalendarDate]
  {
    let names = Set(exposures.map { name($0.id, $0.package) })
    return try await records.write { transaction in
      let before = try transaction.fetch(Sighting.self, key)?.first ?? [:]
      var after = before.filter { names.contains($0.key) }
      for name in names where after[name] == nil { after[name] = today }
      if after != before { try transaction.save(Sighting(first: after)) }
      return after
    }
  }
}
