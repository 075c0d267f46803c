import Base
import ExternalKeys
import Ledger
import NIOHTTP1
import Records
import Simulation
import Synchronization
import Wire

/// A customer's external key manager, which does what the test says and remembers what it was asked.
final class ExternalManagerTwin: ExternalKeyManager {
  struct Call: Sendable {
    var operation: String
    var key: String
    var algorithm: ExternalKeyAlgorithm?
    var context: ExternalKeyContext
  }

  private struct State {
    var calls: [Call] = []
    var error: ExternalKeyError?
    /// Reasons that are refused.
    var refused: Set<String> = []
    var kinds: [String: ExternalKeyKind] = [:]
    var isHanging = false
    var hanging: [CheckedContinuation<Void, Never>] = []
  }

  /// What is in front of what it has wrapped.
  private static let mark: UInt8 = 0xEE
  private let state = Mutex(State())

  init() {
    state.withLock {
      $0.kinds = ["aes": .aes, "rsa": .rsa(modulus: [UInt8](repeating: 0xC1, count: 384), exponent: [1, 0, 1])]
    }
  }

  func fail(_ error: ExternalKeyError?) { state.withLock { $0.error = error } }
  func refuse(_ reasons: Set<String>) { state.withLock { $0.refused = reasons } }
  func hang() { state.withLock { $0.isHanging = true } }
  var hangingCount: Int { state.withLock { $0.hanging.count } }

  func goOn() {
    let waiting = state.withLock { state in
      defer { state.hanging = [] }
      state.isHanging = false
      return state.hanging
    }
    for continuation in waiting { continuation.resume() }
  }

  func takeCalls() -> [Call] {
    state.withLock { state in
      defer { state.calls = [] }
      return state.calls
    }
  }

  private func call(_ operation: String, _ key: String, _ algorithm: ExternalKeyAlgorithm?, _ context: ExternalKeyContext) async throws {
    await withCheckedContinuation { continuation in
      let goesOn = state.withLock { state in
        guard state.isHanging else { return true }
        state.hanging.append(continuation)
        return false
      }
      if goesOn { continuation.resume() }
    }
    try state.withLock { state in
      state.calls.append(Call(operation: operation, key: key, algorithm: algorithm, context: context))
      if let error = state.error { throw error }
      if let reason = context.reason, state.refused.contains(reason) {
        throw ExternalKeyError.refused(code: "ReasonNotAllowed", message: "No.")
      }
      guard operation == "info" || state.kinds[key] != nil else { throw ExternalKeyError.keyNotFound(code: "KeyNotFound", message: "") }
    }
  }

  func info(_ context: ExternalKeyContext) async throws -> ExternalKeyManagerInfo {
    try await call("info", "", nil, context)
    return ExternalKeyManagerInfo(apiVersion: "0.1-preview", proxyVendor: "a", proxyName: "b", vendor: "c", product: "d")
  }

  func kind(of key: String, _ context: ExternalKeyContext) async throws -> ExternalKeyKind {
    try await call("metadata", key, nil, context)
    return state.withLock { $0.kinds[key] } ?? .aes
  }

  func wrap(_ content: [UInt8], _ algorithm: ExternalKeyAlgorithm, key: String, _ context: ExternalKeyContext) async throws -> [UInt8] {
    try await call("wrap", key, algorithm, context)
    return [UInt8](repeating: Self.mark, count: 8) + content
  }

  func unwrap(_ wrapped: [UInt8], _ algorithm: ExternalKeyAlgorithm, key: String, _ context: ExternalKeyContext) async throws -> [UInt8] {
    try await call("unwrap", key, algorithm, context)
    guard wrapped.prefix(8).allSatisfy({ $0 == Self.mark }) else { throw ExternalKeyError.invalid(code: "InvalidRequest", message: "") }
    return Array(wrapped.dropFirst(8))
  }
}

/// A vault whose keys live with the customer.
struct ExternalFixture {
  static let vault = "external1"

  let manager = ExternalManagerTwin()
  let cloud: VaultFixture
  let authority: String

  init(directory: ScratchDirectory? = nil) async throws {
    let manager = manager
    cloud = try await VaultFixture(externalKeys: { _, _ in manager }, directory: directory)
    authority = Base64.encode(try ExternalKeyAuthority(name: "customer", now: cloud.clock.now()).certificate)
    guard directory == nil else { return }
    try await cloud.makeVault(Self.vault, [("enablePurgeProtection", true)])
    _ = try await connect()
  }

  @discardableResult
  func connect(_ members: [(String, JSON)] = []) async throws -> VaultReply {
    var body = JSON.Object([("host", "keys.example.org:8460"), ("server_ca_certificates", [.string(authority)])])
    for (name, value) in members { body[name] = value }
    return try await send(.POST, "/ekm/create", .object(body))
  }

  @discardableResult
  func send(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async throws -> VaultReply {
    try await cloud.send(method, path, body, apiVersion: "2026-01-01-preview", vault: Self.vault)
  }

  @discardableResult
  func make(_ name: String, _ external: String, _ members: [(String, JSON)] = []) async throws -> VaultReply {
    try await send(.POST, "/keys/\(name)/create", .object(JSON.Object([("attributes", ["external_key": ["id": .string(external)]])] + members)))
  }

  func use(_ verb: String, _ name: String, _ value: [UInt8], _ algorithm: String = "A256KW") async throws -> VaultReply {
    try await send(.POST, "/keys/\(name)/\(verb)", ["alg": .string(algorithm), "value": .string(Base64URL.encode(value))])
  }

  /// What the ledger is to get, of uses of keys.
  func uses() async throws -> [LedgerEntry] {
    try await cloud.records.read { try LedgerEntry.waiting(in: $0) }.filter { $0.kind == .keyUse }
  }
}
