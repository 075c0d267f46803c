internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// The service runs without any one supplier: by what the register says of each component, and by a test with the suppliers cut off.
package struct ControlEXTRA03: ControlObservation {
  package let control = "CTL-EXTRA-03"
  package let test = "CTL-EXTRA-03Tests: a component with one supplier and no skills is a gap, as is a test older than a year"

  package init() {}

  private static let subject = Text(
    "le registre « autonomie » et les procès-verbaux déposés", "the register “autonomie” and the minutes that were filed")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    guard let filed = try await platform.documents.register(AutonomyRegister.self) else {
      return [.unfiled(AutonomyRegister.self, ["19.6.d"], subject: Self.subject)]
    }
    let register = filed.value
    let pieces = try await FiledPieces(platform)
    let parties = try await platform.documents.register(ThirdPartyRegister.self)?.value.parties ?? []
    var gaps = components(register, pieces.day)
    let suppliers = Set(register.components.flatMap(\.suppliers))
    gaps += parties.filter { $0.isNecessary && suppliers.isDisjoint(with: [$0.name, $0.id]) }.map { party in
      Text("\(party.name) est dit nécessaire, et n'est dans aucun composant.", "\(party.name) is said to be needed, and is in no component.")
    }
    let recent = register.tests.filter { test in
      test.isPassed && test.days >= register.minimumDays && test.until <= pieces.day && test.until.adding(months: 12) >= pieces.day
    }
    gaps += tests(register, recent, suppliers, pieces)
    return [
      Finding(
        ["19.6.d"], subject: Self.subject, looked: register.components.count, gaps: gaps,
        nothing: Text("le registre ne cite aucun composant.", "the register names no component."),
        figures: [
          .init("composants", "components", register.components.count), .init("fournisseurs", "suppliers", suppliers.count),
          .init("tiers nécessaires", "third parties that are needed", parties.count(where: \.isNecessary)),
          .init("essais réussis depuis un an", "tests passed within a year", recent.count),
        ],
        evidence: [
          "source": filed.evidence,
          "matrice": .array(
            register.components.map {
              .object(["composant": .string($0.id), "competences": .string($0.skills), "fournisseurs": .array($0.suppliers.map(JSON.string))])
            }),
        ])
    ]
  }

  private func components(_ register: AutonomyRegister, _ day: CalendarDate) -> [Text] {
    register.components.compactMap { component in
      if component.skills != nil || component.suppliers.count >= 2 { return nil }
      guard let qualification = component.qualification else {
        return Text(
          "« \(component.name) » n'a ni compétence propre ni deux fournisseurs.",
          "“\(component.name)” has neither skills of its own nor two suppliers.")
      }
      guard qualification.until < day else { return nil }
      return Text(
        "« \(component.name) » : la décision \(qualification.decision) a expiré le \(qualification.until).",
        "“\(component.name)”: the decision \(qualification.decision) expired on \(qualification.until).")
    }
  }

  private func tests(_ register: AutonomyRegister, _ recent: [AutonomyRegister.Test], _ suppliers: Set<String>, _ pieces: FiledPieces) -> [Text] {
    guard !recent.isEmpty else {
      return [
        Text(
          "aucun essai de coupure réussi de \(register.minimumDays) jours depuis un an.",
          "no passed cut-off test of \(register.minimumDays) days within a year.")
      ]
    }
    var gaps = recent.filter { !pieces.holds($0.digest, in: ["essai-autonomie"]) }.map { test in
      Text("le procès-verbal de « \(test.id) » n'est pas déposé (essai-autonomie).", "the minutes of “\(test.id)” are not filed (essai-autonomie).")
    }
    let cut = recent.reduce(into: Set<String>()) { $0.formUnion($1.suppliers) }
    // A second supplier is what the first one is cut off for.
    let spared = register.components.filter { cut.isDisjoint(with: $0.suppliers) && !$0.suppliers.isEmpty }
    gaps += spared.map { component in
      Text("aucun fournisseur de « \(component.name) » n'a été coupé.", "no supplier of “\(component.name)” was cut off.")
    }
    return gaps
  }
}
