public import Base
internal import Ledger
public import Logging
public import Records
internal import Wire

/// Enters what operators do in the ledger, from the host and through their API, each with who did it and how it ended.
///
/// What is done may take many transactions. So it is recorded before it begins; how it ended takes that record's place, in one transaction with the
/// entry; and a record that a start finds is of what was cut short.
public struct ActionLog: Sendable {
  private let records: any RecordStore
  private let clock: any WallClock
  private let random: any RandomSource
  private let logger: Logger

  public init(records: any RecordStore, clock: any WallClock, random: any RandomSource, logger: Logger) {
    self.records = records
    self.clock = clock
    self.random = random
    self.logger = logger
  }

  /// An action under way.
  private struct Begun: Record, Codable {
    static let kind = "operator.command"
    static let all = RecordKey(tenant: Ledger.partition, "operator")

    var id: GUID
    var time: Timestamp
    var command: String
    var subject: String
    var personal: [String: String]
    var request: GUID?

    var key: RecordKey { RecordKey(tenant: Ledger.partition, "operator", id.description) }

    func entry(_ outcome: LedgerEntry.Outcome, at now: Timestamp, _ facts: [String: String] = [:]) -> LedgerEntry {
      LedgerEntry(
        id: id, time: now, tenant: .zero, kind: .operatorAction, subject: subject, outcome: outcome, request: request,
        facts: ["operation": command, "begun": time.iso8601].merging(facts) { $1 }, personal: personal)
    }
  }

  /// Does something, and enters it. `operation` and `subject` name no person.
  public func perform<Answer: Sendable>(
    _ operation: String, subject: String, personal: [String: String], request: GUID? = nil, _ body: @Sendable () async throws -> Answer
  ) async throws -> Answer {
    let begun = Begun(id: random.guid(), time: clock.now(), command: operation, subject: subject, personal: personal, request: request)
    try await records.write { try $0.save(begun) }
    let answer: Answer
    do {
      answer = try await body()
    } catch {
      // What it failed with is what its caller has to know.
      do {
        try await end(begun, Self.outcome(of: error), (error as? CloudError).map { ["code": $0.code] } ?? [:])
      } catch {
        logger.error("the end of a command waits for the ledger", metadata: ["command": "\(operation)", "error": "\(error)"])
      }
      throw error
    }
    try await end(begun, .succeeded)
    return answer
  }

  private static func outcome(of error: any Error) -> LedgerEntry.Outcome {
    (error as? CloudError)?.status == 403 ? .refused : .failed
  }

  private func end(_ begun: Begun, _ outcome: LedgerEntry.Outcome, _ facts: [String: String] = [:]) async throws {
    let now = clock.now()
    try await records.write { transaction in
      try transaction.remove(Begun.self, begun.key)
      try begun.entry(outcome, at: now, facts).append(in: transaction)
    }
  }

  private static let maximumInterrupted = 1000

  /// Enters actions of an earlier run that did not come to their end.
  public func enterInterrupted() async throws {
    let now = clock.now()
    try await records.write { transaction in
      for begun in try transaction.list(Begun.self, under: Begun.all, limit: Self.maximumInterrupted) {
        try transaction.remove(Begun.self, begun.key)
        try begun.entry(.failed, at: now, ["reason": "interrupted"]).append(in: transaction)
      }
    }
  }
}
