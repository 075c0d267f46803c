internal import Base
internal import Records

/// That a client assertion was redeemed for a resource.
///
/// One assertion is good for each resource once. MSAL keeps an assertion for nine minutes and presents it again for every further resource of the same
/// client, so refusing its `jti` outright would refuse the Azure SDKs; a token that was asked for once is in their cache and is not asked for again.
struct AssertionUse: ExpiringRecord, Codable {
  static let kind = "identity.assertionUse"

  var tenant: GUID
  var client: GUID
  /// SHA-256 of the `jti`, in hexadecimal.
  var identifier: String
  /// SHA-256 of the whole assertion, in hexadecimal: another assertion may not use the same `jti`.
  var assertion: String
  /// In the form in which names of resources are compared.
  var resources: [String]
  var expires: Timestamp

  static func key(tenant: GUID, client: GUID, identifier: String) -> RecordKey { RecordKey(tenant: tenant, client.description, identifier) }

  var key: RecordKey { Self.key(tenant: tenant, client: client, identifier: identifier) }

  var indexes: [RecordIndex] { [expiryIndex] }
}
