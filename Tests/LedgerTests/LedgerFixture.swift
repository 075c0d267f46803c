import Base
import Foundation
import Keyring
import Ledger
import Logging
import Records
import Simulation
import Wire

/// A ledger over a record store that can be closed and opened again, as after the end of the process.
final class LedgerFixture: Sendable {
  static let origin = "cloud.example/ledger"

  let directory: ScratchDirectory
  let rootKey: RootKey
  let records: SQLiteRecordStore
  let keyring: Keyring
  let clock: ManualClock
  let ledger: Ledger
  let tenant: GUID
  let other: GUID

  convenience init(witnesses: [any LedgerWitness] = []) async throws {
    let directory = ScratchDirectory()
    try await self.init(
      directory, try RootKey(creatingAt: directory("root.key"), random: SystemRandom()), ManualClock(),
      (SystemRandom().guid(), SystemRandom().guid()), witnesses)
  }

  private init(
    _ directory: ScratchDirectory, _ rootKey: RootKey, _ clock: ManualClock, _ tenants: (GUID, GUID), _ witnesses: [any LedgerWitness]
  ) async throws {
    (self.directory, self.rootKey, self.clock, (tenant, other)) = (directory, rootKey, clock, tenants)
    records = try SQLiteRecordStore(path: directory("records"))
    keyring = Keyring(rootKey: rootKey, random: SystemRandom())
    let known = [tenants.0, tenants.1]
    ledger = try await Ledger(
      origin: Self.origin, records: records, keyring: keyring, witnesses: witnesses, clock: clock, random: SystemRandom(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isTenant: { tenant, _ in known.contains(tenant) })
  }

  /// The same data, opened by another process.
  func reopened(witnesses: [any LedgerWitness] = []) async throws -> LedgerFixture {
    try await records.close()
    return try await LedgerFixture(directory, rootKey, clock, (tenant, other), witnesses)
  }

  /// Another ledger over the same records.
  func another(over records: any RecordStore) async throws -> Ledger {
    try await Ledger(
      origin: Self.origin, records: records, keyring: keyring, clock: clock, random: SystemRandom(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isTenant: { _, _ in true })
  }

  /// The same data twice, opened by two processes that know nothing of each other.
  func forked(_ witnesses: [any LedgerWitness] = []) async throws -> (LedgerFixture, LedgerFixture) {
    try await records.close()
    let copy = ScratchDirectory()
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
      try FileManager.default.copyItem(atPath: directory(name), toPath: copy(name))
    }
    let first = try await LedgerFixture(directory, rootKey, clock, (tenant, other), witnesses)
    return (first, try await LedgerFixture(copy, rootKey, clock, (tenant, other), witnesses))
  }

  func entry(
    _ subject: String, tenant: GUID? = nil, kind: LedgerEntry.Kind = .controlWrite, facts: [String: String] = ["operation": "write"],
    personal: [String: String] = [:]
  ) -> LedgerEntry {
    LedgerEntry(
      id: SystemRandom().guid(), time: clock.now(), tenant: tenant ?? self.tenant, kind: kind, subject: subject, outcome: .succeeded, facts: facts,
      personal: personal)
  }

  /// Files an entry, which gets no place yet.
  func append(
    _ subject: String, tenant: GUID? = nil, kind: LedgerEntry.Kind = .controlWrite, facts: [String: String] = ["operation": "write"],
    personal: [String: String] = [:]
  ) async throws {
    clock.advance(by: .milliseconds(1))
    let entry = entry(subject, tenant: tenant, kind: kind, facts: facts, personal: personal)
    try await records.write { try entry.append(in: $0) }
  }

  /// The subjects of the whole log, in its order.
  func subjects() async throws -> [String] {
    var subjects: [String] = []
    while true {
      let page = try await ledger.filedEntries(after: subjects.count, limit: 1000)
      guard !page.isEmpty else { return subjects }
      subjects += page.map { $0.json["subject"]?.string ?? "" }
    }
  }

  /// What an export of the log has in it now.
  func export() async throws -> LedgerVerifier.Files {
    try await ledger.fileAll()
    let head = try await ledger.signHead().head
    let entries = try await ledger.filedEntries(after: 0, limit: 1000)
    let heads = try await ledger.heads(after: 0, limit: 1000)
    return LedgerVerifier.Files(
      header: try await LedgerExport.header(of: ledger, head: head).bytes, entries: Self.lines(entries.map(\.writeSet)),
      leaves: Self.lines(entries.map { Array($0.leaf.hash.hexadecimal.utf8) }), heads: Self.lines(heads.map(\.json.bytes)))
  }

  static func lines(_ lines: [[UInt8]]) -> [UInt8] { lines.flatMap { $0 + [0x0A] } }
}

/// A witness that keeps what it is given, in memory, by the rules of the reference witness.
final class MemoryStore: ReferenceWitness.Store {
  private let state = Locked<(notes: [String: SignedNote], contradictions: [SignedNote], unproven: [SignedNote])>(([:], [], []))

  var contradictions: [SignedNote] { state.value.contradictions }
  var unproven: [SignedNote] { state.value.unproven }

  func newest(of origin: String) throws -> SignedNote? { state.value.notes[origin] }
  func keep(_ note: SignedNote, of origin: String) throws { state.change { $0.notes[origin] = note } }
  func keepContradiction(_ note: SignedNote, _ checkpoint: Checkpoint) throws { state.change { $0.contradictions.append(note) } }
  func keepUnproven(_ note: SignedNote, _ checkpoint: Checkpoint) throws { state.change { $0.unproven.append(note) } }
}
