internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// A qualified auditor looks every year, before the evaluation, and after each major change; each report is filed.
package struct ControlAUD01: ControlObservation {
  package let control = "CTL-AUD-01"
  package let test = "CTL-AUD-01Tests: an audit older than a year, or whose report is not filed, is a gap"

  package init() {}

  static let auditDays = 365

  private static let subject = Text("le registre « audits » et les rapports déposés", "the register “audits” and the reports that were filed")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    guard let filed = try await platform.documents.register(AuditRegister.self) else {
      return [.unfiled(AuditRegister.self, ["18.2.1.a", "18.2.2.a", "18.2.3.a"], subject: Self.subject)]
    }
    let pieces = try await FiledPieces(platform)
    return [
      programme(filed.value, filed.evidence, pieces), initialReview(filed.value, filed.evidence, pieces),
      majorChanges(filed.value, filed.evidence, pieces),
    ]
  }

  private func unfiledReports(_ audits: [AuditRegister.Audit], _ pieces: FiledPieces) -> [Text] {
    audits.filter { !pieces.holds($0.digest) }.map { audit in
      Text("le rapport de « \(audit.id) » n'est pas parmi les pièces.", "the report of “\(audit.id)” is not among the pieces.")
    }
  }

  private func missing(_ wanted: Set<AuditRegister.Part>, in parts: Set<AuditRegister.Part>) -> String? {
    let names = wanted.subtracting(parts).map(\.rawValue).sorted()
    return names.isEmpty ? nil : names.joined(separator: ", ")
  }

  // MARK: 18.2.1.a

  private func programme(_ register: AuditRegister, _ evidence: JSON, _ pieces: FiledPieces) -> Finding {
    let day = pieces.day
    let made = register.audits.filter { $0.kind == .yearly && $0.date <= day }
    let covered = (register.planned.map(\.parts) + made.filter { $0.date >= register.from }.map(\.parts)).reduce(into: Set()) { $0.formUnion($1) }
    var gaps = unfiledReports(made, pieces)
    if day < register.from || register.until < day {
      gaps.append(
        Text(
          "aucun programme ne couvre ce jour : \(register.from) à \(register.until).",
          "no programme covers this day: \(register.from) to \(register.until)."))
    }
    if let missing = missing(Self.yearly(register.models), in: covered) {
      gaps.append(Text("le programme n'a pas : \(missing).", "the programme lacks: \(missing)."))
    }
    let last = made.map(\.date).max()
    let age = (last ?? register.from).days(to: day)
    if age > Self.auditDays {
      gaps.append(
        last.map { Text("le dernier audit est du \($0).", "the last audit is of \($0).") }
          ?? Text("aucun audit depuis le \(register.from).", "no audit since \(register.from)."))
    }
    return Finding(
      ["18.2.1.a"], subject: Self.subject, looked: gaps.isEmpty ? made.count : 1, gaps: gaps,
      nothing: Text("le premier audit annuel n'est pas encore dû.", "the first yearly audit is not due yet."),
      figures: [
        .init("audits annuels faits", "yearly audits made", made.count), .init("audits prévus", "audits planned", register.planned.count),
        .init("jours depuis le dernier", "days since the last", age, unit: "jours"),
      ], evidence: evidence)
  }

  private static func yearly(_ models: Set<AuditRegister.Model>) -> Set<AuditRegister.Part> {
    models.contains(.saas) ? [.configuration, .intrusion, .source, .interface] : [.configuration, .intrusion, .source]
  }

  // MARK: 18.2.2.a

  private func initialReview(_ register: AuditRegister, _ evidence: JSON, _ pieces: FiledPieces) -> Finding {
    let reviews = register.audits.filter { $0.kind == .initial && $0.date <= pieces.day }
    var wanted: Set<AuditRegister.Part> = [.intrusion]
    if register.models != [.iaas] { wanted.insert(.configuration) }
    if register.models.contains(.saas) { wanted.formUnion([.interface, .source]) }
    var gaps = unfiledReports(reviews, pieces)
    if reviews.isEmpty {
      gaps.append(Text("la revue initiale n'a pas été faite.", "the initial review was not made."))
    } else if let missing = missing(wanted, in: reviews.reduce(into: Set()) { $0.formUnion($1.parts) }) {
      gaps.append(Text("la revue initiale n'a pas vu : \(missing).", "the initial review did not look at: \(missing)."))
    }
    return Finding(
      ["18.2.2.a"], subject: Self.subject, looked: 1, gaps: gaps, nothing: Self.subject,
      figures: [.init("revues initiales", "initial reviews", reviews.count)], evidence: evidence)
  }

  // MARK: 18.2.3.a

  private func majorChanges(_ register: AuditRegister, _ evidence: JSON, _ pieces: FiledPieces) -> Finding {
    var wanted: Set<AuditRegister.Part> = [.architecture, .organisation, .configuration, .intrusion]
    if register.models.contains(.saas) { wanted.formUnion([.interface, .source]) }
    let changes = register.majorChanges.filter { $0.date <= pieces.day }
    var gaps: [Text] = []
    var reviewed = 0
    for change in changes {
      let reviews = register.audits.filter { $0.change == change.id && $0.date <= pieces.day }
      gaps += unfiledReports(reviews, pieces)
      let missing = missing(wanted, in: reviews.reduce(into: Set()) { $0.formUnion($1.parts) })
      guard let missing else {
        reviewed += 1
        continue
      }
      guard change.reviewUntil < pieces.day else { continue }
      gaps.append(
        Text(
          "« \(change.what) » (\(change.date)) devait être revu le \(change.reviewUntil) ; manquent : \(missing).",
          "“\(change.what)” (\(change.date)) was to be reviewed by \(change.reviewUntil); lacking: \(missing)."))
    }
    return Finding(
      ["18.2.3.a"], subject: Self.subject, looked: gaps.isEmpty ? reviewed : changes.count, gaps: gaps,
      nothing: changes.isEmpty
        ? Text("aucun changement majeur n'est déclaré.", "no major change is declared.")
        : Text("la revue du changement majeur n'est pas encore due.", "the review of the major change is not due yet."),
      figures: [.init("changements majeurs", "major changes", changes.count), .init("revus", "reviewed", reviewed)], evidence: evidence)
  }
}
