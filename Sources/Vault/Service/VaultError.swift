internal import Base
internal import Wire

/// What vaults refuse, in Key Vault's codes.
///
/// Source: Microsoft, "Azure Key Vault REST API error codes" and "Authentication, requests and responses".
enum VaultError {
  static func badParameter(_ message: String) -> CloudError { CloudError(400, "BadParameter", message) }

  static func notFound(_ collection: VaultCollection, _ name: String) -> CloudError {
    let (code, article) =
      switch collection {
      case .keys: ("KeyNotFound", "A key")
      case .secrets: ("SecretNotFound", "A secret")
      case .certificates: ("CertificateNotFound", "A certificate")
      }
    return CloudError(
      404, code,
      "\(article) with (name/id) \(name) was not found in this key vault. If you recently deleted this \(collection.noun) you may be able to recover it using "
        + "the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182")
  }

  static func deletedNotFound(_ collection: VaultCollection, _ name: String) -> CloudError {
    let code =
      switch collection {
      case .keys: "KeyNotFound"
      case .secrets: "SecretNotFound"
      case .certificates: "CertificateNotFound"
      }
    return CloudError(404, code, "Deleted \(collection.noun.capitalizedFirst) not found: \(name)")
  }

  /// A name that a deleted thing still holds.
  static func deletedButRecoverable(_ collection: VaultCollection, _ name: String) -> CloudError {
    inner(
      409, "Conflict", "ObjectIsDeletedButRecoverable",
      "\(collection.noun.capitalizedFirst) \(name) is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the "
        + "\(collection.noun) can only be recovered or purged.")
  }

  /// Source: Microsoft, "Common error codes for Azure Key Vault", innererror `SecretDisabled` and its like.
  static func disabled(_ collection: VaultCollection) -> CloudError {
    let noun = collection.noun.capitalizedFirst
    return inner(403, "Forbidden", "\(noun)Disabled", "Operation get is not allowed on a disabled \(collection.noun).")
  }

  static func forbidden(_ innerCode: String, _ message: String) -> CloudError { inner(403, "Forbidden", innerCode, message) }

  static func inner(_ status: Int, _ code: String, _ innerCode: String, _ message: String) -> CloudError {
    CloudError(status, code, message, members: [(innerMember, innerCode)])
  }

  /// Under this name a member becomes `innererror.code`.
  static let innerMember = "innererror"

  /// The document: `{"error": {"code", "message", "innererror"?}}`.
  static func json(_ error: CloudError) -> JSON {
    let inner = error.members.first { $0.name == innerMember }
    return .object([
      "error": .object([
        "code": .string(error.code), "message": .string(error.message),
        "innererror": inner.map { .object(["code": .string($0.value)]) },
      ])
    ])
  }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
