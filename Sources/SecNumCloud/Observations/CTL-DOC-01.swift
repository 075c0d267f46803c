internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Documents whose review the referential imposes: filed, approved, reviewed in time and after each major change, and still what was filed.
package struct ControlDOC01: ControlObservation {
  package let control = "CTL-DOC-01"
  package let test = "CTL-DOC-01Tests: a document whose bytes changed on disk is a gap, by its name"

  package init() {}

  /// Those that must be looked at again after a major change as well.
  static let reviewedAfterChange: Set<ItemID> = ["5.2.e", "5.3.h", "6.1.d", "9.1.b", "17.1.b"]

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let slots = try SecNumCloudData.pieceSlots(platform.requirements)
    let pieces = try await FiledPieces(platform)
    let changes = try await platform.documents.register(AuditRegister.self)?.value.majorChanges
    var findings: [Finding] = []
    for id in platform.requirements.control(control)?.items ?? [] {
      guard let item = platform.requirements.item(id) else { continue }
      findings.append(try await finding(item, slots.slots(for: id), pieces, changes, platform.documents))
    }
    return findings
  }

  private func finding(
    _ item: Requirements.Item, _ slots: [PieceSlots.Slot], _ pieces: FiledPieces, _ changes: [AuditRegister.MajorChange]?, _ documents: DocumentStore
  ) async throws -> Finding {
    let subject = Text(
      "les pièces : \(slots.map(\.title).joined(separator: " ; "))", "the pieces: \(slots.map(\.english).joined(separator: "; "))")
    let filed = slots.compactMap { pieces.inForce($0.id) }
    let isAfterChange = Self.reviewedAfterChange.contains(item.id)
    var gaps: [Text] = []
    for piece in filed {
      gaps += try await pieces.gaps(of: piece, in: documents)
      gaps += lateness(piece, item, pieces.day)
      if isAfterChange { gaps += unreviewed(piece, changes ?? [], pieces.day) }
    }
    let figures: [Finding.Figure] = [
      .init("pièces attendues", "pieces wanted", slots.count), .init("pièces en vigueur", "pieces in force", filed.count),
      .init("changements majeurs déclarés", "major changes declared", changes?.count ?? 0),
    ]
    let evidence: JSON = .array(filed.map(\.evidence))
    let missing = slots.filter { slot in slot.isRequired && !filed.contains { $0.slot == slot.id } }
    if gaps.isEmpty, let first = missing.first {
      return Finding(
        [item.id], .notAssessed, subject: subject, reason: Text("pièce à déposer : \(first.title).", "piece to be filed: \(first.english)."),
        figures: figures,
        evidence: evidence)
    }
    if gaps.isEmpty, isAfterChange, changes == nil {
      return Finding(
        [item.id], .notAssessed, subject: subject,
        reason: Text(
          "les changements majeurs ne sont pas déclarés : ./cocagne secnumcloud register set \(AuditRegister.name) FICHIER.yaml.",
          "major changes are not declared: ./cocagne secnumcloud register set \(AuditRegister.name) FILE.yaml."), figures: figures, evidence: evidence
      )
    }
    return Finding(
      [item.id], subject: subject, looked: filed.count, gaps: gaps, nothing: Text("aucune pièce n'en parle.", "no piece speaks of it."),
      figures: figures,
      evidence: evidence)
  }

  /// The referential's deadline binds, whatever review the piece itself was filed with.
  private func lateness(_ piece: Piece, _ item: Requirements.Item, _ day: CalendarDate) -> [Text] {
    guard let due = item.deadline?.after(piece.approved), due < day else { return [] }
    return [
      Text(
        "« \(piece.title) », approuvée le \(piece.approved), devait l'être de nouveau le \(due).",
        "“\(piece.title)”, approved on \(piece.approved), was to be approved again by \(due).")
    ]
  }

  private func unreviewed(_ piece: Piece, _ changes: [AuditRegister.MajorChange], _ day: CalendarDate) -> [Text] {
    changes.filter { $0.reviewUntil < day && piece.approved < $0.date }.map { change in
      Text(
        "« \(piece.title) » n'a pas été revue après « \(change.what) » (\(change.date)).",
        "“\(piece.title)” was not reviewed after “\(change.what)” (\(change.date)).")
    }
  }
}
