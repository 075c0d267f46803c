import Base
import Keyring
import Ledger
import Logging
import Records

/// What a long ledger costs: how fast entries get their places in its first tenth and in its last, how long a receipt takes at its end, and how long
/// it takes to open it.
struct LedgerGrowth {
  /// Entries of one transaction of whoever files them.
  private static let batch = 256
  private static let receipts = 500
  private static let tenant = GUID(high: 0, low: 7)

  let folder: String
  let entries: Int
  let store: SQLiteRecordStore
  let keyring: Keyring
  let random = SystemRandom()
  let clock = SystemClock()

  init(folder: String, entries: Int) throws {
    self.folder = folder
    self.entries = entries
    store = try SQLiteRecordStore(path: folder)
    keyring = Keyring(rootKey: try RootKey(creatingAt: folder + ".key", random: random), random: random)
  }

  /// A line of JSON: entries a second at first and at last, milliseconds of a receipt in the middle and of the 99th of 100, milliseconds of opening.
  func run() async throws -> String {
    let ledger = try await open()
    let tenth = entries / 10
    let first = try await append(tenth, to: ledger)
    _ = try await append(entries - 2 * tenth, to: ledger)
    let last = try await append(tenth, to: ledger)
    try await ledger.signHead()
    var times: [Double] = []
    for _ in 0..<Self.receipts {
      let sequence = 1 + random.number(below: entries)
      let started = ContinuousClock.now
      guard try await ledger.receipt(for: sequence) != nil else { throw Missing(sequence: sequence) }
      times.append((ContinuousClock.now - started).seconds)
    }
    times.sort()
    let started = ContinuousClock.now
    let reopened = try await open()
    let opening = (ContinuousClock.now - started).seconds
    guard try await reopened.status().size > entries else { throw Missing(sequence: entries) }
    return """
      {"first": \(first), "last": \(last), "receipt": \(1000 * times[times.count / 2]), "slowReceipt": \(1000 * times[times.count * 99 / 100]), \
      "opening": \(1000 * opening)}
      """
  }

  private func open() async throws -> Ledger {
    try await Ledger(
      origin: "bench/ledger", records: store, keyring: keyring, clock: clock, random: random, logger: Logger(label: "bench"),
      isTenant: { _, _ in true })
  }

  /// Entries a second that are filed and get their places.
  private func append(_ count: Int, to ledger: Ledger) async throws -> Double {
    let started = ContinuousClock.now
    var rest = count
    while rest > 0 {
      let now = clock.now()
      let batch = (0..<min(rest, Self.batch)).map { _ in
        LedgerEntry(
          id: random.guid(), time: now, tenant: Self.tenant, kind: .controlWrite, subject: "/subscriptions/\(Self.tenant)/resourceGroups/bench",
          outcome: .succeeded, request: random.guid(),
          facts: ["operation": "Microsoft.Resources/subscriptions/resourceGroups/write", "statusCode": "200"],
          personal: ["caller": "admin@bench.cocagne.localhost"])
      }
      try await store.write { for entry in batch { try entry.append(in: $0) } }
      try await ledger.fileAll()
      rest -= batch.count
    }
    return Double(count) / (ContinuousClock.now - started).seconds
  }

  struct Missing: Error {
    var sequence: Int
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
