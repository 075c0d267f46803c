public import Declarations

/// The pieces that a dossier is made of: what each is, for which milestone, who owes it, and which items it speaks for.
public struct PieceSlots: Sendable {
  public let slots: [Slot]
  private let byID: [String: Slot]

  /// The steps of a qualification, in their order.
  public enum Phase: String, Sendable, Codable, CaseIterable, Comparable {
    case preparation, J0, J1, J2, J3
    /// After the decision.
    case followUp = "suivi"

    public static func < (left: Self, right: Self) -> Bool {
      (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
  }

  /// Who writes a piece.
  public enum Source: String, Sendable, Codable, CaseIterable {
    case provider = "prestataire"
    /// The evaluation centre that ANSSI has approved.
    case centre
    /// The security auditor whom the provider mandates.
    case auditor = "passi"
    case anssi
  }

  public struct Slot: Sendable {
    /// For example `pssi`.
    public let id: String
    public let title: String
    public let english: String
    public let phase: Phase
    public let source: Source
    /// Whether the phase waits for it.
    public let isRequired: Bool
    public let items: [ItemID]
  }

  public func slot(_ id: String) -> Slot? { byID[id] }

  /// Those that speak for an item.
  public func slots(for item: ItemID) -> [Slot] { slots.filter { $0.items.contains(item) } }

  /// Reads the file of pieces. Throws `DeclarationError` for an id given twice and for an item that the referential has not; and where an item of
  /// the referential whose proof is a document has no piece.
  public init(reading document: Declaration, requirements: Requirements) throws {
    let root = try document.members(required: ["schema", "pieces"])
    _ = try root.required("schema").integer(in: 1...1)
    var byID: [String: Slot] = [:]
    slots = try root.required("pieces").list().map { entry in
      let members = try entry.members(required: ["id", "titre", "anglais", "phase", "source", "alineas"], optional: ["facultative"])
      let id = try members.required("id").text()
      let items = try members.required("alineas").list().map { item in
        guard let id = ItemID(try item.text()), requirements.item(id) != nil else {
          throw item.error("alinéa inconnu : \(try item.text()).", "unknown item: \(try item.text()).")
        }
        return id
      }
      let phase = try members.required("phase").text(of: Phase.allCases.map(\.rawValue))
      let source = try members.required("source").text(of: Source.allCases.map(\.rawValue))
      let slot = Slot(
        id: id, title: try members.required("titre").text(), english: try members.required("anglais").text(),
        phase: Phase(rawValue: phase) ?? .preparation, source: Source(rawValue: source) ?? .provider,
        isRequired: try !(members["facultative"]?.boolean() ?? false), items: items)
      guard byID.updateValue(slot, forKey: id) == nil else {
        throw entry.error("la pièce \(id) est là deux fois.", "the piece \(id) is there twice.")
      }
      return slot
    }
    self.byID = byID
    let covered = Set(slots.flatMap(\.items))
    for item in requirements.items where item.proof != .automatic && item.controls.isEmpty && !covered.contains(item.id) {
      throw document.error("aucune pièce ne parle de l'alinéa \(item.id).", "no piece speaks for the item \(item.id).")
    }
  }
}
