internal import Base
internal import SecurityModule

/// What the operations on keys refuse, in Key Vault's codes.
///
/// Source: Microsoft, "Common error codes for Azure Key Vault", and "About keys".
enum KeyError {
  /// Wrong padding, a truncated ciphertext, a tag that does not fit, what another key made: one answer for all.
  static let wrongData = VaultError.badParameter("The parameter is incorrect.")

  static func unsupportedType(_ name: String) -> CloudError {
    VaultError.inner(400, "BadParameter", "KeyTypeNotSupported", "Invalid kty value: \(name.prefix(32))")
  }

  static let hardwareInStandardVault = VaultError.badParameter("Hardware key operation not allowed on standard vault")

  /// The operator has given the cloud no module.
  static let noModule = VaultError.badParameter("Hardware key operation not allowed: this cloud has no hardware security module.")

  static func unsupportedCurve(_ name: String) -> CloudError {
    VaultError.inner(400, "BadParameter", "KeyCurveNotSupported", "Invalid crv value: \(name.prefix(32))")
  }

  static func invalid(_ property: String) -> CloudError { VaultError.badParameter("Property '\(property)' has invalid value\r\n") }

  static func missing(_ property: String) -> CloudError { VaultError.badParameter("Property '\(property)' is required\r\n") }

  static func notPermitted(_ operation: KeyOperation) -> CloudError {
    VaultError.forbidden("KeyOperationForbidden", "Operation \(operation.rawValue) is not permitted on this key.")
  }

  static func disabled(_ operation: KeyOperation) -> CloudError {
    VaultError.forbidden("KeyDisabled", "Operation \(operation.rawValue) is not allowed on a disabled key.")
  }

  static func expired(_ operation: KeyOperation) -> CloudError {
    VaultError.forbidden("KeyExpired", "Operation \(operation.rawValue) is not allowed on an expired key.")
  }

  static func notYetValid(_ operation: KeyOperation) -> CloudError {
    VaultError.forbidden("KeyNotYetValid", "Operation \(operation.rawValue) is not allowed on a key that is not yet valid.")
  }

  static func wrongLength(_ property: String, _ count: Int, _ algorithm: String, _ wanted: Int) -> CloudError {
    VaultError.badParameter("Invalid length of '\(property)': \(count) bytes. \(algorithm) requires \(wanted) bytes, encoded with base64url.")
  }

  /// The module is away, or has more to do than it can: it comes back, and no key is lost.
  static func unavailable(_ cause: any Error) -> CloudError {
    CloudError(
      503, "ServiceUnavailable", "The hardware security module is temporarily unavailable. Please retry the request.",
      headers: [("Retry-After", "5")], cause: cause)
  }

  /// What a module's refusal means to the one who called.
  static func meaning(of error: SecurityModuleError) -> CloudError {
    switch error {
    case .invalidData: wrongData
    case .unsupported: VaultError.badParameter("The hardware security module does not support this key or algorithm.")
    case .unavailable, .busy, .pinRefused, .failed: unavailable(error)
    case .noSuchKey, .keyExists: .internalError(error)
    }
  }
}
