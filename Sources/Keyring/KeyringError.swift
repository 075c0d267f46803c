public import Base

/// What a keyring cannot do. No case carries key material.
public enum KeyringError: Error, Equatable {
  /// There is no such key: it was never made, or it was destroyed.
  case noSuchKey
  /// A wrapped key or sealed secret does not authenticate: altered, or under another key.
  case corrupt
  /// The tenant's key is wrapped, but not by the root key that was given. `expected` are the identifiers of those that wrap it.
  case wrongRootKey(expected: [GUID])
  /// The file of a root key cannot be used: why, with its path.
  case rootKeyFile(String)
  /// The module that holds the root key does not answer: why. What is in memory goes on; everything comes back with the module.
  case rootKeyUnavailable(String)
  /// A customer's key protects it, and is not open now: `CustomerKeyring.open` asks for it.
  case closed
}

extension KeyringError: TemporaryFailure {
  private static let secondsToModule = 5
  private static let secondsToOpening = 1

  public var retryAfterSeconds: Int? {
    switch self {
    case .rootKeyUnavailable: Self.secondsToModule
    case .closed: Self.secondsToOpening
    case .noSuchKey, .corrupt, .wrongRootKey, .rootKeyFile: nil
    }
  }
}
