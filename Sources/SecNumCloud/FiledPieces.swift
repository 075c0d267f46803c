internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// The pieces of the dossier as an observation looks at them.
struct FiledPieces {
  /// Every piece ever filed, in the order of filing.
  let all: [Piece]
  let day: CalendarDate

  init(_ platform: ObservedPlatform) async throws {
    all = try await platform.documents.pieces()
    day = CalendarDate(platform.now)
  }

  func inForce(_ slot: String) -> Piece? { all.last { $0.slot == slot && $0.replaced == nil } }

  /// Whether a document of this digest was ever filed, for one of these slots where any are named.
  func holds(_ digest: String, in slots: Set<String> = []) -> Bool {
    all.contains { $0.content.sha256 == digest && (slots.isEmpty || slots.contains($0.slot)) }
  }

  /// What keeps a piece from speaking today: that it is late, not yet approved, or no longer what was filed.
  func gaps(of piece: Piece, in documents: DocumentStore) async throws -> [Text] {
    var gaps: [Text] = []
    let title = "« \(piece.title) »"
    let english = "“\(piece.title)”"
    if piece.approved > day {
      gaps.append(Text("\(title) n'est approuvée qu'au \(piece.approved).", "\(english) is approved as of \(piece.approved) only."))
    }
    if let due = piece.nextReview, due < day {
      gaps.append(Text("\(title) devait être revue le \(due).", "\(english) was to be reviewed by \(due)."))
    }
    if let altered = try await alteration(of: piece, in: documents) { gaps.append(altered) }
    return gaps
  }

  /// Reads a piece whole: nil where it is what was filed.
  private func alteration(of piece: Piece, in documents: DocumentStore) async throws -> Text? {
    do {
      _ = try await documents.bytes(of: piece.content)
      return nil
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      return Text(
        "« \(piece.title) » (\(piece.file)) n'est plus lisible telle qu'elle a été déposée, empreinte \(piece.content.sha256).",
        "“\(piece.title)” (\(piece.file)) can no longer be read as it was filed, digest \(piece.content.sha256).")
    }
  }
}

extension Piece {
  /// What an auditor finds a piece again by.
  var evidence: JSON {
    var members = JSON.Object([
      ("piece", .string(slot)), ("fichier", .string(file)), ("sha256", .string(content.sha256)), ("approuvee", .string(approved.description)),
      ("deposee", .string(filed.iso8601)),
    ])
    if let nextReview { members["prochaineRevue"] = .string(nextReview.description) }
    return .object(members)
  }
}
