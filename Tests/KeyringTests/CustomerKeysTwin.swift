import Base
import Keyring
import Synchronization

/// A customer's key in a vault of a test's: its versions, what it is asked, and what it answers.
final class CustomerKeysTwin: CustomerKeys {
  struct State {
    var versions = ["v1"]
    var disabled: Set<String> = []
    /// Who may use the key; nil: everybody.
    var identities: Set<GUID>?
    /// What is answered instead.
    var error: CustomerKeyError?
    /// Whether what is wrapped cannot be opened again.
    var wrapsWrongly = false
    var wraps: [CustomerKeyUse] = []
    var unwraps: [CustomerKeyUse] = []
    var checks = 0
  }

  private let state = Mutex(State())
  /// Runs while a question to unwrap is on its way back.
  let onUnwrap = Mutex<(@Sendable () async throws -> Void)?>(nil)

  func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
  var now: State { state.withLock { $0 } }

  func wrap(_ content: [UInt8], with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> CustomerWrapping {
    state.withLock { $0.wraps.append(use) }
    let version = try require(key, use)
    return CustomerWrapping(version: version, wrapped: Self.mask(content, now.wrapsWrongly ? "another" : key.name, version))
  }

  func unwrap(_ wrapping: CustomerWrapping, with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> [UInt8] {
    state.withLock { $0.unwraps.append(use) }
    let version = try require(key, use)
    if let hook = onUnwrap.withLock({ $0 }) {
      do { try await hook() } catch { throw .unavailable(retryAfterSeconds: 1) }
    }
    return Self.mask(wrapping.wrapped, key.name, version)
  }

  func check(_ key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String {
    state.withLock { $0.checks += 1 }
    _ = try require(key, use)
    return now.versions.last ?? ""
  }

  private func require(_ key: CustomerKey, _ use: CustomerKeyUse) throws(CustomerKeyError) -> String {
    let state = now
    if let error = state.error { throw error }
    if let identities = state.identities, !identities.contains(use.identity) { throw .identityNotFound }
    guard let version = key.version ?? state.versions.last, state.versions.contains(version) else { throw .keyNotFound }
    guard !state.disabled.contains(version) else { throw .keyDisabled }
    return version
  }

  /// Not encryption: enough to see that what is opened with another key or version is not the same.
  private static func mask(_ bytes: [UInt8], _ name: String, _ version: String) -> [UInt8] {
    let mask = Array("\(name) \(version)".utf8)
    return bytes.enumerated().map { $1 ^ mask[$0 % mask.count] }
  }
}
