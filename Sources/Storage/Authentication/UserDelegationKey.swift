internal import Base
internal import Crypto
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A key that was made for a user or service principal to sign with. It is not stored: it follows from the account's secret and the terms
/// under which it was given, so that a signature which names other terms has another key.
///
/// Source: Microsoft, "Get User Delegation Key", REST reference of the blob service.
struct UserDelegationKey: Equatable, Sendable {
  var objectID: GUID
  var tenant: GUID
  var start: String
  var expiry: String
  var service: String
  var version: String
  /// The tenant of the one user who may use what this key signs; nil for anybody.
  var delegatedTenant: String?

  /// The longest life of a key, in days.
  static let maximumDays = 7

  init(
    objectID: GUID, tenant: GUID, start: Timestamp, expiry: Timestamp, service: StorageService, version: String, delegatedTenant: String? = nil
  ) {
    self.objectID = objectID
    self.tenant = tenant
    self.start = start.iso8601
    self.expiry = expiry.iso8601
    self.service = service.letter.map { String($0) } ?? ""
    self.version = version
    self.delegatedTenant = delegatedTenant
  }

  /// The key that a signature says it was made with. Throws where that key holds for another tenant or another time.
  init(_ signature: SharedAccessSignature, account: OpenAccount, now: Timestamp) throws {
    guard let objectID = signature["skoid"].flatMap({ GUID($0) }), let tenant = signature["sktid"].flatMap({ GUID($0) }),
      let start = signature["skt"], let expiry = signature["ske"], let service = signature["sks"], let version = signature["skv"],
      let keyStart = Timestamp(iso8601: start), let keyExpiry = Timestamp(iso8601: expiry)
    else { throw StorageError.authenticationFailed("Signature fields not well formed.") }
    guard tenant == account.account.tenant else { throw StorageError.authenticationFailed("Issuer validation failed. Issuer did not match.") }
    guard keyStart <= now, now < keyExpiry else {
      throw StorageError.authenticationFailed(
        "Signature not valid in the specified key time frame: Start [\(keyStart.httpDate)] - Expiry [\(keyExpiry.httpDate)] "
          + "- Current [\(now.httpDate)]")
    }
    self.objectID = objectID
    self.tenant = tenant
    self.start = start
    self.expiry = expiry
    self.service = service
    self.version = version
    delegatedTenant = signature["skdutid"]
  }

  func key(_ secret: SymmetricKey) -> SymmetricKey {
    // None can hold a line break (a signature's fields may not), so that the join says which is which.
    let terms = [objectID.description, tenant.description, start, expiry, service, version, delegatedTenant?.lowercased() ?? ""]
    return SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(terms.joined(separator: "\n").utf8), using: secret))
  }

  /// The answer to the request for it.
  func document(_ secret: SymmetricKey) -> [UInt8] {
    var writer = XMLWriter(reserving: 512)
    writer.element("UserDelegationKey") { writer in
      writer.element("SignedOid", objectID.description)
      writer.element("SignedTid", tenant.description)
      writer.element("SignedStart", start)
      writer.element("SignedExpiry", expiry)
      writer.element("SignedService", service)
      writer.element("SignedVersion", version)
      if let delegatedTenant { writer.element("SignedDelegatedUserTid", delegatedTenant) }
      writer.element("Value", key(secret).withUnsafeBytes { Data($0).base64EncodedString() })
    }
    return writer.bytes
  }
}
