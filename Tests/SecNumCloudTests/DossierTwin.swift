import Base
import Catalogue
import Declarations
import SecNumCloud
import Simulation
import Wire

/// A service of which all 278 items are known: some compliant, some not, some not assessed, with proofs of every kind.
struct DossierTwin {
  let house: ObservedHouse
  let content: DossierContent

  private struct Scripted: ControlObservation {
    let control: String
    let test = ""
    let findings: [Finding]

    func observe(_ platform: ObservedPlatform) async throws -> [Finding] { findings }
  }

  static let architecture = ArchitecturePicture(bands: [
    .init(Text("Clients", "Clients"), [.init(Text("Clients <du> service", "The service's clients"), [Text("az & SDK", "az & SDKs")])]),
    .init(
      Text("Plan de contrôle", "Control plane"), link: Text("TLS", "TLS"),
      (1...5).map { .init(Text("Partie \($0)", "Part \($0)"), [Text("une ligne", "a line"), Text("une autre", "another")]) }),
  ])

  static let path = DossierContent.Path(
    summary: Text("prêt pour J0.", "ready for J0."), alarms: [Text("« PSSI » est à revoir.", "“PSSI” is to be reviewed.")], stages: stages)

  private static let stages = [
    DossierContent.Stage(
      code: "J0", title: Text("Demande acceptée", "Request accepted"), status: Text("prêt pour J0", "ready for J0"), progress: .ready,
      pieces: [
        .init(title: Text("Formulaire de demande", "Form"), source: Text("prestataire", "provider"), isRequired: true, isFiled: true),
        .init(title: Text("Accusé de l'ANSSI", "ANSSI's receipt"), source: Text("ANSSI", "ANSSI"), isRequired: false, isFiled: false),
      ]),
    DossierContent.Stage(
      code: "J1", title: Text("Stratégie acceptée", "Strategy accepted"), status: Text("2 pièces manquent", "2 pieces lack"), progress: .waiting,
      pieces: [.init(title: Text("Plan d'évaluation", "Plan"), source: Text("centre d'évaluation", "centre"), isRequired: true, isFiled: false)]),
  ]

  static let actions = [
    DossierContent.Action(
      id: "pa-1", title: "Fermer l'écart", items: ["9.3.a"], owner: "RSSI", due: "2027-03-01", status: Text("en cours", "under way"), isDone: false)
  ]

  /// `gaps` and `silent` say of an item's place whether it is not compliant, or not assessed. Pieces are filed for every other slot.
  init(
    model: String = "IaaS", gaps: (Int) -> Bool = { $0 % 5 == 0 }, silent: (Int) -> Bool = { $0 % 7 == 3 }, filesPieces: Bool = true
  ) async throws {
    house = try await ObservedHouse()
    let requirements = house.platform.requirements
    let places = Dictionary(uniqueKeysWithValues: requirements.items.enumerated().map { ($1.id, $0) })
    let scripted = requirements.controls.map { control in
      Scripted(control: control.id, findings: control.items.map { Self.finding($0, control, place: places[$0] ?? 0, gaps: gaps, silent: silent) })
    }
    try await Observatory(platform: house.platform, observations: scripted).observeAll()
    if filesPieces { try await Self.file(house, requirements) }
    content = DossierContent(
      service: house.platform.site.address.domain, version: "0.0.0", compliance: try await house.platform.compliance(model: model),
      registers: try await house.documents.registerVersions(), path: Self.path, architecture: Self.architecture, actions: Self.actions)
  }

  private static func finding(
    _ item: ItemID, _ control: Requirements.Control, place: Int, gaps: (Int) -> Bool, silent: (Int) -> Bool
  ) -> Finding {
    let subject = Text(
      "les objets de \(control.id) : registres, fichiers & connexions <réelles> de la plateforme",
      "the objects of \(control.id): records, files and connections")
    let figures = [
      Finding.Figure("objets regardés", "objects looked at", 12 + place), Finding.Figure(Text("durée", "duration"), 0.256, unit: "s"),
    ]
    let evidence: JSON = ["objects": .array((0..<20).map { .string("object-\(place)-\($0)") })]
    if silent(place) {
      return Finding(
        [item], .notAssessed, subject: subject, reason: Text("le mécanisme n'existe pas encore.", "the mechanism does not exist yet."),
        figures: figures,
        evidence: evidence)
    }
    guard gaps(place) else { return Finding([item], .compliant, subject: subject, figures: figures, evidence: evidence) }
    return Finding(
      [item], .nonCompliant, subject: subject,
      reason: Text("=3 objets sur 12 ne tiennent pas ; « le premier » est x.", "3 objects of 12 do not hold."),
      figures: figures, evidence: evidence)
  }

  private static func file(_ house: ObservedHouse, _ requirements: Requirements) async throws {
    let day = CalendarDate(house.clock.now())
    for (index, slot) in try SecNumCloudData.pieceSlots(requirements).slots.enumerated() where index % 3 != 2 {
      let draft = Piece.Draft(
        slot: slot.id, title: slot.title, file: "../\(slot.id) é.pdf", owner: "A. Martin", approver: "B. Durand", approved: day.adding(days: -30),
        nextReview: index % 4 == 0 ? day.adding(days: 10) : day.adding(months: 11))
      _ = try await house.documents.file(Array("pièce \(slot.id)".utf8), as: draft)
    }
    try await house.documents.set(PlatformRegister.self, text: PlatformRegister.example, file: "plateforme.yaml", author: "root")
  }

  func builder(reading read: (@Sendable (DocumentStore.Content) async throws -> [UInt8])? = nil) -> DossierBuilder {
    guard let read else { return DossierBuilder(content, platform: house.platform) }
    return DossierBuilder(content, key: house.evidenceKey, random: house.random, read: read)
  }
}
