internal import Base
internal import Wire

/// What the operations on certificates refuse, in Key Vault's codes and sentences.
///
/// Source: observed answers of Azure Key Vault, as its clients' recorded tests and issues have them; Microsoft, "Monitor and manage certificate creation".
enum CertificateError {
  static let inProgress = CloudError(
    409, "Conflict",
    "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.")

  static func pendingNotFound(_ name: String) -> CloudError {
    CloudError(404, "PendingCertificateNotFound", "Pending certificate not found: \(name)")
  }

  static let notInProgress = CloudError(403, "Forbidden", "Pending status must be in progress to allow update. ")

  static let contactsNotFound = CloudError(404, "ContactsNotFound", "Contacts not found")

  static func issuerNotFound(_ name: String) -> CloudError {
    CloudError(404, "CertificateIssuerNotFound", "Issuer not found: \(name)")
  }

  static func invalid(_ property: String, _ why: String = "") -> CloudError {
    VaultError.badParameter("Property \(property) has invalid value\r\n\(why)")
  }

  static func missing(_ property: String) -> CloudError { VaultError.badParameter("Property \(property) is required\r\n") }

  /// The key of a version that did not let it out is not let out by a later one.
  static let notExportable = invalid("exportable", "A private key that was made or imported as not exportable can not be reused as exportable.")

  static let malformedPKCS12 = VaultError.badParameter(
    "The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format.")

  static let malformedPEM = VaultError.badParameter(
    "The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.")

  static let wrongPassword = VaultError.badParameter("The specified PKCS#12 X.509 certificate content can not be read: the password is incorrect.")

  static func unsupported(_ what: String) -> CloudError {
    VaultError.badParameter(
      "The specified PKCS#12 X.509 certificate content can not be read: it uses \(what.prefix(64)), which is not supported. Export it with AES-256 and SHA-256."
    )
  }

  static let mismatch = VaultError.badParameter(
    "The public key of the end-entity certificate in the specified X.509 certificate content does not match the public part of the specified private key. "
      + "Please check if certificate is valid.")

  static func invalidContent(_ why: String) -> CloudError {
    VaultError.badParameter("The specified X.509 certificate content is invalid. Error: \(why)")
  }

  static let expired = invalidContent("The certificate has expired.")

  static let tooLarge = VaultError.badParameter("The specified X.509 certificate content is too large.")

  static let noChain = VaultError.badParameter("Property x5c has invalid value\r\nX5C must has at least one valid item")

  /// A key or a secret that no certificate owns has the name.
  static func nameTaken(_ collection: VaultCollection, _ name: String) -> CloudError {
    CloudError(
      409, "Conflict",
      "A \(collection.noun) with the name \(name.prefix(128)) exists in this key vault and is not managed by a certificate. Choose another name for the certificate."
    )
  }

  /// What the platform's own authority does not certify.
  static func notCertified(_ why: String) -> CloudError {
    CloudError(403, "Forbidden", "The issuer does not certify this request: \(why)", members: [(VaultError.innerMember, "CertificateIssuerPolicy")])
  }
}
