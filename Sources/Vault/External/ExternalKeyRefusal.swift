internal import Base
internal import ExternalKeys

/// What an external key manager's answers mean to the one who called the vault.
///
/// Source: Microsoft, "Troubleshoot Managed HSM external key management": the manager's codes are passed on.
enum ExternalKeyRefusal {
  static let noConnection = CloudError(404, "EkmConnectionNotFound", "The vault has no connection to an external key manager.")

  static let hostNotAllowed = VaultError.forbidden(
    "EkmHostNotAllowed", "The operator of this cloud has not allowed connections to the host of this external key manager.")

  /// The external id of a version never changes; a key's next version names the next one.
  static let notRotatable = VaultError.forbidden(
    "KeyOperationForbidden",
    "Operation rotate is not permitted on an external key. Create a new version with another external key identifier instead.")

  static let immutable = VaultError.badParameter("The external key identifier of a key version cannot be changed.")

  static let mixed = VaultError.badParameter(
    "The versions of a key are either all external or none: a key that its customer holds is not replaced by one of the vault's, nor the other way round."
  )

  static func badMember(_ name: String) -> CloudError {
    VaultError.badParameter("Property '\(name)' cannot be specified for an external key.")
  }

  /// Who uses an external key says what for.
  static let noPurpose = CloudError(500, "InternalError", "The server encountered an internal error. Please retry the request.")

  static func meaning(of error: ExternalKeyError) -> CloudError {
    switch error {
    case .refused(let code, let message): VaultError.forbidden(code, "The external key manager refused the operation. \(message)")
    case .keyNotFound(let code, let message):
      VaultError.inner(404, "KeyNotFound", code, "The external key manager does not have the key. \(message)")
    case .invalid(let code, let message):
      VaultError.inner(400, "BadParameter", code, "The external key manager cannot carry out the operation. \(message)")
    case .throttled(let seconds):
      CloudError(
        429, "Throttled", "The external key manager has too much to do. Please retry the request.", headers: [("Retry-After", String(seconds))])
    case .unavailable:
      CloudError(
        503, "ServiceUnavailable", "The external key manager does not answer, or not as it should. Please retry the request.",
        headers: [("Retry-After", String(ExternalKeyLimits.retryAfterSeconds))], cause: error)
    }
  }
}
