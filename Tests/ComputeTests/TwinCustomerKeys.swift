import Base
import Keyring
import Synchronization

/// A customer's vault: keys that are made by being named, wrap by turning bits over, and that a test rotates, disables and denies.
final class TwinCustomerKeys: CustomerKeys {
  private struct State {
    /// The newest version of a key, by its name.
    var versions: [String: Int] = [:]
    /// By the key's name.
    var refusals: [String: CustomerKeyError] = [:]
    var identities: [CustomerKeyUse] = []
  }

  private let state = Mutex(State())

  /// Every wrapping and unwrapping.
  var uses: [CustomerKeyUse] { state.withLock { $0.identities } }

  /// A version as vaults name them: 32 digits.
  static func version(_ number: Int) -> String { String(repeating: "0", count: 31) + String(number) }

  func rotate(_ name: String) { state.withLock { $0.versions[name, default: 1] += 1 } }

  /// What a key's customer says from now on; nil: yes.
  func refuse(_ name: String, _ refusal: CustomerKeyError?) { state.withLock { $0.refusals[name] = refusal } }

  private func version(of key: CustomerKey, _ use: CustomerKeyUse?) throws(CustomerKeyError) -> String {
    let (refusal, newest) = state.withLock { state in
      if let use { state.identities.append(use) }
      return (state.refusals[key.name], state.versions[key.name, default: 1])
    }
    if let refusal { throw refusal }
    return key.version ?? Self.version(newest)
  }

  /// Every version of every key has a mask of its own.
  private static func mask(_ key: CustomerKey, _ version: String) -> UInt8 {
    (key.name + version).utf8.reduce(0xA5) { ($0 &* 31) &+ $1 } | 1
  }

  func wrap(_ content: [UInt8], with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> CustomerWrapping {
    let version = try version(of: key, use)
    return CustomerWrapping(version: version, wrapped: content.map { $0 ^ Self.mask(key, version) })
  }

  func unwrap(_ wrapping: CustomerWrapping, with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> [UInt8] {
    _ = try version(of: key, use)
    return wrapping.wrapped.map { $0 ^ Self.mask(key, wrapping.version) }
  }

  func check(_ key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String {
    try version(of: CustomerKey(vault: key.vault, name: key.name), nil)
  }
}
