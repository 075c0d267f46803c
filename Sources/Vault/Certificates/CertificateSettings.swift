internal import Base
internal import Records
internal import Wire

/// Whom a vault tells of its certificates, and who signs them.
struct CertificateSettings: Record, Codable, Equatable {
  static let kind = "vault.certificateSettings"

  struct Contact: Codable, Equatable {
    var email: String
    var name: String?
    var phone: String?
  }

  struct Administrator: Codable, Equatable {
    var firstName: String?
    var lastName: String?
    var email: String?
    var phone: String?
  }

  struct Issuer: Codable, Equatable {
    /// As it was first written; compared without regard to case.
    var name: String
    var provider: String
    var accountID: String?
    var organizationID: String?
    var administrators: [Administrator] = []
    var isEnabled = true
    var created: Timestamp
    var updated: Timestamp

    /// Whether it stands for the platform's own authority.
    var isPlatform: Bool { provider.equalsIgnoringASCIICase("Cocagne") }
  }

  var tenant: GUID
  var partition: String
  var contacts: [Contact] = []
  /// In the order of their names.
  var issuers: [Issuer] = []

  var key: RecordKey { Self.key(tenant: tenant, partition) }

  static func key(tenant: GUID, _ partition: String) -> RecordKey { RecordKey(tenant: tenant, partition) }

  func issuer(_ name: String) -> Issuer? { issuers.first { $0.name.equalsIgnoringASCIICase(name) } }
}
