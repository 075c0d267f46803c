internal import Base
public import Catalogue
internal import Declarations
public import Records

extension ObservedPlatform {
  /// What holds now, for one kind of service.
  public func compliance(model: String) async throws -> Compliance {
    let inheritance = try await inheritance()
    let slots = try SecNumCloudData.pieceSlots(requirements)
    return try await records.read { reader in try compliance(model: model, slots: slots, inheritance: inheritance, in: reader) }
  }

  /// The same, in a reader that is open already.
  public func compliance(
    model: String, slots: PieceSlots, inheritance: [Compliance.Inheritance], in reader: any RecordReader
  ) throws -> Compliance {
    let looks = try reader.list(LatestLook.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed)
    return Compliance(
      requirements: requirements, slots: slots, model: model, time: now,
      observations: Dictionary(looks.map { ($0.control, $0.observations) }) { first, _ in first }, pieces: try DocumentStore.pieces(in: reader),
      inheritance: inheritance)
  }

  /// What the service inherits from qualified bases, as the operator declared it.
  func inheritance() async throws -> [Compliance.Inheritance] {
    let filed = Set(try await documents.pieces().filter { $0.replaced == nil }.map(\.content.sha256))
    return try await documents.register(BaseRegister.self)?.value.inheritance(filed: filed) ?? []
  }

  /// Where the service stands on the way to its qualification. Every requirement that is not met is a major gap until it is.
  public func milestones(_ compliance: Compliance) async throws -> Milestones {
    Milestones(
      slots: compliance.slots, pieces: compliance.pieces, decision: try await documents.register(DecisionRegister.self)?.value,
      openMajorGaps: compliance.items.count { $0.verdict == .nonCompliant && $0.item.level == .requirement },
      on: CalendarDate(compliance.time))
  }

  /// Enters in the ledger which milestone is reached, where that has changed: by a document, a decision, or a day.
  public func enterMilestone(model: String) async throws {
    try await MilestoneMark.enter(try await milestones(try await compliance(model: model)), self)
  }
}
