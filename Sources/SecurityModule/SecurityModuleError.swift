public import Base

/// Why a hardware security module did not do what it was asked. No case carries key material or a PIN.
public enum SecurityModuleError: Error, Equatable, Sendable {
  /// The library cannot be loaded, gives no token of that name, or the token went away in the middle: no key is lost, and the next call opens it
  /// again. Endpoints answer with 503 and `Retry-After`.
  case unavailable(String)
  /// Every session was in use for too long, or too many calls waited for one: 503 with `Retry-After`.
  case busy
  /// The token refuses the PIN. It is not tried again until another one is there, because tokens lock themselves after a few.
  case pinRefused
  /// There is no key of this identifier.
  case noSuchKey
  /// There is a key of this identifier already.
  case keyExists
  /// The token has no such mechanism, curve or key size.
  case unsupported(String)
  /// What was given does not fit the key or does not authenticate: a ciphertext, a wrapped key, a length.
  case invalidData
  /// The token answered with another PKCS#11 return value, for example `0x31`.
  case failed(function: String, code: UInt)
}

extension SecurityModuleError: TemporaryFailure {
  private static let secondsToModule = 5

  public var retryAfterSeconds: Int? {
    switch self {
    case .unavailable, .pinRefused: Self.secondsToModule
    case .busy: 1
    case .noSuchKey, .keyExists, .unsupported, .invalidData, .failed: nil
    }
  }
}
