import Base
import Ledger
import Logging
import Records
import Simulation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct LedgerNotesTests {
  private let clock = ManualClock()
  private let tenant = GUID(high: 7, low: 1)
  private let other = GUID(high: 7, low: 2)

  private func notes(_ records: any RecordStore) -> LedgerNotes {
    LedgerNotes(records: records, clock: clock, random: SystemRandom(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func store() throws -> (SQLiteRecordStore, ScratchDirectory) {
    let directory = ScratchDirectory()
    return (try SQLiteRecordStore(path: directory("records")), directory)
  }

  private func entries(_ records: any RecordStore) async throws -> [LedgerEntry] { try await records.read { try LedgerEntry.waiting(in: $0) } }

  @Test func aNoteBecomesAnEntryWithWhatItSaid() async throws {
    let (records, directory) = try store()
    let notes = notes(records)
    let request = GUID(high: 1, low: 1)
    notes.note(
      .refusal, tenant: tenant, subject: "/x", request: request, facts: ["code": "Forbidden"], personal: ["caller": "alice@a.test", "address": ""])
    #expect(try await entries(records).isEmpty, "a note is written on the way of its request")
    await notes.finish()
    let entry = try #require(try await entries(records).first)
    #expect((entry.kind, entry.tenant, entry.subject, entry.request) == (.refusal, tenant, "/x", request))
    #expect(entry.outcome == .refused)
    #expect(entry.facts == ["code": "Forbidden"])
    #expect(entry.personal == ["caller": "alice@a.test"])
    #expect(entry.time == clock.now())
    try await records.close()
    withExtendedLifetime(directory) {}
  }

  /// However many refusals there are, the log gets no more than its number of them in a minute, and one that tells how many more there were.
  @Test func aFloodOfRefusalsLeavesABoundedNumberOfEntriesAndOneThatCountsTheRest() async throws {
    let (records, directory) = try store()
    let notes = notes(records)
    let flood = 100_000
    for number in 0..<flood {
      notes.note(.refusal, tenant: tenant, subject: "/\(number)")
      if number.isMultiple(of: 10_000) { await notes.write() }
    }
    // Another's, and those of another kind, find their place all the same.
    notes.note(.refusal, tenant: other, subject: "/other")
    notes.note(.authenticationFailure, tenant: tenant, subject: "/failure")
    await notes.write()
    let before = try await entries(records)
    #expect(before.count == LedgerNotes.maximumPerMinute + 2)
    #expect(before.contains { $0.tenant == other } && before.contains { $0.kind == .authenticationFailure })
    clock.advance(by: .seconds(60))
    await notes.write()
    let after = try await entries(records)
    #expect(after.count == before.count + 1)
    let rest = try #require(after.last)
    #expect(rest.facts["unlisted"] == String(flood - LedgerNotes.maximumPerMinute))
    #expect((rest.kind, rest.tenant, rest.personal) == (.refusal, tenant, [:]))
    notes.note(.refusal, tenant: tenant, subject: "/next minute")
    await notes.write()
    #expect(try await entries(records).contains { $0.subject == "/next minute" })
    try await records.close()
    withExtendedLifetime(directory) {}
  }

  @Test func aFloodOfUnknownCallersHidesNoRefusalOfAKnownOne() async throws {
    let (records, directory) = try store()
    let notes = notes(records)
    for _ in 0..<(2 * LedgerNotes.maximumPerMinute) { notes.note(.refusal, tenant: tenant, subject: "/flood") }
    notes.note(.refusal, tenant: tenant, subject: "/real", personal: ["principal": GUID(high: 3, low: 3).description])
    await notes.write()
    #expect(try await entries(records).contains { $0.subject == "/real" })
    try await records.close()
    withExtendedLifetime(directory) {}
  }

  @Test func whatIsDroppedBecauseItCannotBeWrittenIsCounted() async throws {
    let (records, directory) = try store()
    let unwilling = UnwillingStore(records)
    let notes = notes(unwilling)
    unwilling.refuses.withLock { $0 = true }
    var noted = 0
    for number in 0..<200 {
      let personal = ["principal": GUID(high: 3, low: 3).description]
      for _ in 0..<LedgerNotes.maximumPerMinute {
        notes.note(.refusal, tenant: GUID(high: 8, low: UInt64(number)), subject: "/x", personal: personal)
      }
      noted += LedgerNotes.maximumPerMinute
      if number.isMultiple(of: 50) { await notes.write() }
    }
    unwilling.refuses.withLock { $0 = false }
    await notes.finish()
    let told = try await records.read { try LedgerEntry.waiting(limit: 10_000, in: $0) }.map { $0.facts["unlisted"].flatMap { Int($0) } ?? 1 }
    #expect(told.reduce(0, +) == noted)
    try await records.close()
    withExtendedLifetime(directory) {}
  }

  @Test func whatWasOnlyCountedIsToldAtAnOrderlyStop() async throws {
    let (records, directory) = try store()
    let notes = notes(records)
    for _ in 0...LedgerNotes.maximumPerMinute { notes.note(.refusal, tenant: tenant, subject: "/x") }
    await notes.finish()
    #expect(try await entries(records).compactMap { $0.facts["unlisted"] } == ["1"])
    try await records.close()
    withExtendedLifetime(directory) {}
  }

  @Test func notesAreWrittenByThemselvesAndWhenTheTaskIsCancelled() async throws {
    let (records, directory) = try store()
    let notes = notes(records)
    let task = Task { try await notes.run() }
    notes.note(.refusal, tenant: tenant, subject: "/first")
    while try await entries(records).isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    notes.note(.refusal, tenant: tenant, subject: "/second")
    task.cancel()
    _ = try? await task.value
    await notes.finish()
    #expect(try await entries(records).count == 2)
    try await records.close()
    withExtendedLifetime(directory) {}
  }

  @Test func notesThatCannotBeWrittenAreKeptForLater() async throws {
    let (records, directory) = try store()
    let unwilling = UnwillingStore(records)
    let notes = notes(unwilling)
    notes.note(.refusal, tenant: tenant, subject: "/first")
    unwilling.refuses.withLock { $0 = true }
    await notes.write()
    notes.note(.refusal, tenant: tenant, subject: "/second")
    unwilling.refuses.withLock { $0 = false }
    await notes.write()
    #expect(try await entries(records).map(\.subject).sorted() == ["/first", "/second"])
    try await records.close()
    withExtendedLifetime(directory) {}
  }
}

/// A store whose disk is full for as long as a test wants.
private final class UnwillingStore: RecordStore {
  struct Full: Error {}

  let refuses = Mutex(false)
  private let records: SQLiteRecordStore

  init(_ records: SQLiteRecordStore) { self.records = records }

  func read<Value: Sendable>(_ body: @Sendable (any RecordReader) throws -> Value) async throws -> Value { try await records.read(body) }

  func write<Value: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Value) async throws -> Value {
    if refuses.withLock({ $0 }) { throw Full() }
    return try await records.write(body)
  }

  func settle() async { await records.settle() }
}
