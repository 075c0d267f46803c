import Base
import Declarations
import ExternalKeys
import Logging
import Simulation
import Synchronization
import Wire

/// A customer's keys and policy in memory, which a test changes.
final class KeyStoreTwin: ExternalKeyStore {
  private struct State {
    var keys: [String: ExternalKeyMaterial]
    var policy: ExternalKeyPolicy?
  }

  private struct Unreadable: Error {}

  static let tenant = GUID(high: 7, low: 7)
  private let state: Mutex<State>

  init(reasons: [String] = ["storageData"]) throws {
    state = Mutex(
      State(
        keys: ["aes": try ExternalKeyMaterial(making: .aes256), "rsa": try ExternalKeyMaterial(making: .rsa3072)],
        policy: try Self.policy(reasons)))
  }

  static func policy(_ reasons: [String]) throws -> ExternalKeyPolicy {
    let rule = "{motifs: [\(reasons.joined(separator: ", "))], locataires: ['\(tenant)']}"
    return try ExternalKeyPolicy(try Declaration("cles: {aes: \(rule), rsa: \(rule)}", file: "politique.yaml"))
  }

  /// Nil: it cannot be read.
  func set(_ policy: ExternalKeyPolicy?) { state.withLock { $0.policy = policy } }

  func policy() throws -> ExternalKeyPolicy {
    guard let policy = state.withLock({ $0.policy }) else { throw Unreadable() }
    return policy
  }

  func key(_ name: String) throws -> ExternalKeyMaterial? { state.withLock { $0.keys[name] } }
}

/// A customer's server with its journal, and what a platform tells it.
struct ServiceFixture {
  let directory = ScratchDirectory()
  let store: KeyStoreTwin
  let service: ExternalKeyService
  let clock = ManualClock()

  init() throws {
    store = try KeyStoreTwin()
    service = ExternalKeyService(store: store, journal: try ExternalKeyJournal(path: directory("journal")), clock: clock, version: "1")
  }

  static func context(_ reason: String? = "storageData") -> ExternalKeyContext {
    ExternalKeyContext(
      request: GUID(high: 1, low: 1), correlation: GUID(high: 2, low: 2), pool: "vault1", reason: reason, subject: "/subscriptions/1/a",
      caller: GUID(high: 3, low: 3), identity: GUID(high: 4, low: 4), tenant: KeyStoreTwin.tenant, time: Timestamp(seconds: 1_800_000_000))
  }

  func ask(
    _ path: String, _ members: [(name: String, value: JSON)] = [], reason: String? = "storageData", client: String? = "vault1",
    query: String = "api-version=0.1-preview"
  ) -> ExternalKeyService.Answer {
    let body = JSON.object(JSON.Object([("request_context", Self.context(reason).json)] + members))
    return service.answer(path: path, query: query, body: body.bytes, client: client)
  }

  var journal: [JSON] {
    get throws { try journalText.split(separator: "\n").map { try JSON(parsing: String($0)) } }
  }

  var journalText: String { get throws { try contents(of: directory("journal")) } }
}

enum Quiet {
  static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
