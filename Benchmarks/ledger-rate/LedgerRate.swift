import Base
import Keyring
import Ledger
import Logging
import Records
import ResourceManager

/// What the ledger costs: how many transactions a second become durable that write what Resource Manager writes of a change, with and without the ledger's
/// entry, by some tasks at a time, while the ledger gives entries their places; and how many entries a second get theirs.
///
/// Both ways take turns, in rounds, so that what else happens on the machine falls on both.
@main
struct LedgerRate {
  /// A changed resource, as long as that of a group with tags.
  struct Change: Record {
    static let kind = "bench.change"

    var name: String
    var bytes: [UInt8]

    var key: RecordKey { RecordKey(tenant: .zero, name) }

    func encode(to writer: inout ByteWriter) {
      writer.string(name)
      writer.blob(bytes)
    }

    init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }

    init(from reader: inout ByteReader, format: UInt8) throws {
      name = try reader.string()
      bytes = try reader.blob()
    }
  }

  enum Way: CaseIterable {
    case without
    case with
    /// An entry alone.
    case append
  }

  static let changeBytes = 400
  /// Turns of each way.
  static let rounds = 4
  static let tenant = GUID(high: 0, low: 7)

  let store: SQLiteRecordStore
  let ledger: Ledger
  let random = SystemRandom()
  let clock = SystemClock()

  /// `ledger-rate FOLDER TASKS SECONDS` prints a line of JSON, in transactions and in entries a second; `ledger-rate growth FOLDER ENTRIES` what a long
  /// log costs.
  static func main() async throws {
    let arguments = CommandLine.arguments
    if arguments.count == 4, arguments[1] == "growth", let entries = Int(arguments[3]), entries >= 10 {
      return print(try await LedgerGrowth(folder: arguments[2], entries: entries).run())
    }
    guard arguments.count == 4, let tasks = Int(arguments[2]), let seconds = Int(arguments[3]), tasks > 0, seconds > 0 else { throw Usage() }
    let (store, random, clock) = (try SQLiteRecordStore(path: arguments[1]), SystemRandom(), SystemClock())
    let keyring = Keyring(rootKey: try RootKey(creatingAt: arguments[1] + ".key", random: random), random: random)
    let ledger = try await Ledger(
      origin: "bench/ledger", records: store, keyring: keyring, clock: clock, random: random, logger: Logger(label: "bench"),
      isTenant: { _, _ in true })
    let rate = LedgerRate(store: store, ledger: ledger)
    let sequencer = Task { try await ledger.run() }
    var rates: [Way: Double] = [:]
    for _ in 0..<rounds {
      for way in Way.allCases { rates[way, default: 0] += try await rate.run(way, tasks, .seconds(seconds) / rounds) / Double(rounds) }
    }
    sequencer.cancel()
    print(
      "{\"without\": \(rates[.without] ?? 0), \"with\": \(rates[.with] ?? 0), \"appends\": \(rates[.append] ?? 0)}")
  }

  /// Transactions a second. Of entries alone, those count that have their places when all is done.
  private func run(_ way: Way, _ tasks: Int, _ duration: Duration) async throws -> Double {
    let started = ContinuousClock.now
    let end = started + duration
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for task in 0..<tasks {
        group.addTask {
          var count = 0
          while ContinuousClock.now < end {
            try await change(way, task)
            count += 1
          }
          return count
        }
      }
      var total = 0
      for try await count in group { total += count }
      return total
    }
    if way == .append { try await ledger.fileAll() }
    let elapsed = ContinuousClock.now - started
    if way == .with { try await ledger.fileAll() }
    return Double(count) / elapsed.seconds
  }

  private func change(_ way: Way, _ task: Int) async throws {
    let now = clock.now()
    let (id, request) = (random.guid(), random.guid())
    let path = "/subscriptions/\(Self.tenant)/resourceGroups/bench-\(task)"
    let principal = random.guid()
    if way == .append {
      let entry = LedgerEntry(
        id: id, time: now, tenant: Self.tenant, kind: .controlWrite, subject: path, outcome: .succeeded, request: request,
        facts: ["operation": "Microsoft.Resources/subscriptions/resourceGroups/write", "statusCode": "200"],
        personal: ["caller": "admin@bench.cocagne.localhost", "principal": principal.description, "address": "127.0.0.1"])
      return try await store.write { try entry.append(in: $0) }
    }
    let change = Change(name: path, bytes: random.bytes(Self.changeBytes))
    let event = ActivityLogEntry(
      id: id, tenant: Self.tenant, subscription: Self.tenant, time: now, operationName: "Microsoft.Resources/subscriptions/resourceGroups/write",
      resourceID: path, status: .succeeded, statusCode: 200, caller: "admin@bench.cocagne.localhost", principalID: principal,
      claims: ["aud": "https://management.cocagne.localhost", "iss": "https://login.cocagne.localhost/\(Self.tenant)/v2.0", "oid": "\(principal)"],
      correlationID: request, operationID: request, clientAddress: "127.0.0.1", method: "PUT")
    try await store.write { transaction in
      _ = try transaction.fetch(Change.self, change.key)
      try transaction.save(change)
      if way == .with { try event.record(in: transaction) } else { try transaction.save(event) }
    }
  }

  struct Usage: Error, CustomStringConvertible {
    var description: String { "ledger-rate FOLDER TASKS SECONDS, or: ledger-rate growth FOLDER ENTRIES" }
  }
}
