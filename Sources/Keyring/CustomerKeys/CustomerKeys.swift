/// Who can use the keys of customers: the vaults.
public protocol CustomerKeys: Sendable {
  /// Wraps the 32 bytes of a data key with the version that is named, or with the newest.
  func wrap(_ content: [UInt8], with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> CustomerWrapping

  /// Unwraps what `wrap` gave, with the version that it gave.
  func unwrap(_ wrapping: CustomerWrapping, with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> [UInt8]

  /// Whether the key in its version may still be used for that; nothing is wrapped or unwrapped, and nothing is entered in the ledger. Gives the newest
  /// version.
  func check(_ key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String
}

/// What a customer's key has wrapped.
public struct CustomerWrapping: Hashable, Sendable {
  /// Of the customer's key.
  public var version: String
  public var wrapped: [UInt8]

  public init(version: String, wrapped: [UInt8]) {
    self.version = version
    self.wrapped = wrapped
  }
}

/// Why a customer's key cannot be used.
public enum CustomerKeyError: Error, Hashable, Sendable {
  case vaultNotFound
  /// A vault whose keys can be purged before their time, so that nobody could bring back what they protect.
  case unprotectedVault
  /// There is no such key or version, or it was deleted.
  case keyNotFound
  case keyDisabled
  /// The key's time has not come, or has passed.
  case keyNotValid
  /// The identity that is to use the key is not there.
  case identityNotFound
  /// The identity has no right to use the key, or the vault does not let it in.
  case accessDenied
  /// The customer's own policy says no; its code.
  case refused(String)
  /// The key is of a kind that wraps no data keys, or its operations exclude it.
  case unsuitable(String)
  /// What it wrapped does not open with it.
  case corrupt
  /// The vault, the module or the customer's server does not answer now.
  case unavailable(retryAfterSeconds: Int)

  /// Whether it says no, rather than nothing.
  public var isRefusal: Bool {
    if case .unavailable = self { false } else { true }
  }

  /// Its name for ledgers and logs.
  public var code: String {
    switch self {
    case .vaultNotFound: "VaultNotFound"
    case .unprotectedVault: "VaultNotProtected"
    case .keyNotFound: "KeyNotFound"
    case .keyDisabled: "KeyDisabled"
    case .keyNotValid: "KeyNotValid"
    case .identityNotFound: "IdentityNotFound"
    case .accessDenied: "AccessDenied"
    case .refused(let code): code
    case .unsuitable: "KeyUnsuitable"
    case .corrupt: "KeyCorrupt"
    case .unavailable: "KeyUnavailable"
    }
  }
}
