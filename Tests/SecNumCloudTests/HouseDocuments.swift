import Base
import Declarations
import SecNumCloud
import Simulation

extension ObservedHouse {
  /// The day on which the registers' examples are all in order, at noon.
  static let today = day("2026-11-20")

  static func day(_ text: String) -> CalendarDate {
    guard let day = CalendarDate(text) else { preconditionFailure("\(text) is no day") }
    return day
  }

  /// Moves the clock to noon of a day.
  func move(to day: CalendarDate) { clock.set(day.start.advanced(by: .seconds(12 * 3600))) }

  func set<R: Register>(_ type: R.Type, _ text: String, file: String = "registre.yaml") async throws {
    try await documents.set(type, text: text, file: file, author: "root")
    // Versions are told apart by their time.
    clock.advance(by: .seconds(1))
  }

  @discardableResult
  func file(
    _ slot: String, _ content: String = "contenu", approved: CalendarDate = today.adding(days: -10), nextReview: CalendarDate? = nil
  ) async throws -> Piece {
    let piece = try await documents.file(
      Array(content.utf8),
      as: Piece.Draft(
        slot: slot, title: slot, file: "\(slot).pdf", owner: "Responsable", approver: "Direction", approved: approved, nextReview: nextReview))
    clock.advance(by: .seconds(1))
    return piece
  }

  /// Files a document and puts its digest in the place of one that an example has made up.
  func file(_ slot: String, insteadOf digit: Character, in text: inout String) async throws {
    let piece = try await file(slot, "document \(digit) de \(slot)")
    text = text.replacing(String(repeating: digit, count: 64), with: piece.content.sha256)
  }
}

/// What findings say in French of why they are not compliant.
func reasons(_ findings: [Finding]) -> [String] { findings.compactMap { $0.reason?.french } }
