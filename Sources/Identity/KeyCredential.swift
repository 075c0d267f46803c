public import Base
internal import Crypto
internal import CryptoExtras
internal import SwiftASN1
internal import Wire
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A certificate whose private key an application signs in with.
public struct KeyCredential: Codable, Sendable, Equatable {
  public var keyID: GUID
  public var displayName: String?
  /// The certificate's DER in base64.
  public var certificate: String
  /// SHA-1 of the DER: what clients send as `x5t`, and Graph's `customKeyIdentifier` by default.
  public var thumbprint: [UInt8]
  /// SHA-256 of the DER: what clients send as `x5t#S256`.
  public var sha256Thumbprint: [UInt8]
  public var start: Timestamp
  public var end: Timestamp

  /// Which keys may sign assertions.
  package enum Keys: Sendable {
    /// What Entra takes: RSA of 2048 bits or more.
    case applications
    /// P-256, P-384, and RSA of 3072 bits or more.
    case operators

    func permit(_ key: AssertionKey) -> Bool {
      switch (self, key) {
      case (.applications, .rsa(let key)): key.keySizeInBits >= IdentityLimits.minimumRSAKeyBits
      case (.operators, .rsa(let key)): key.keySizeInBits >= IdentityLimits.minimumOperatorRSAKeyBits
      case (.applications, _): false
      case (.operators, _): true
      }
    }
  }

  /// Reads an X.509 certificate in DER with an RSA key of 2048 bits or more. Its validity period bounds the credential's.
  ///
  /// Throws a 400 `CloudError` for anything else.
  public init(keyID: GUID, displayName: String?, certificateDER der: [UInt8], start: Timestamp? = nil, end: Timestamp? = nil) throws {
    try self.init(keyID: keyID, displayName: displayName, certificateDER: der, start: start, end: end, keys: .applications)
  }

  /// The same for other keys.
  package init(
    keyID: GUID, displayName: String?, certificateDER der: [UInt8], start: Timestamp? = nil, end: Timestamp? = nil, keys: Keys
  ) throws {
    let invalid = CloudError(
      400, "Request_BadRequest", "Key credential value is invalid certificate.", target: "keyCredentials",
      members: [(name: "innererror.code", value: "KeyCredentialsInvalidCertificate")])
    guard der.count <= IdentityLimits.maximumCertificateBytes, let parsed = try? Certificate(derEncoded: der),
      let publicKey = AssertionKey(parsed.publicKey), keys.permit(publicKey)
    else { throw invalid }
    let notBefore = Timestamp(seconds: Int64(parsed.notValidBefore.timeIntervalSince1970))
    let notAfter = Timestamp(seconds: Int64(parsed.notValidAfter.timeIntervalSince1970))
    self.keyID = keyID
    self.displayName = displayName
    certificate = Base64.encode(der)
    thumbprint = Array(Insecure.SHA1.hash(data: der))
    sha256Thumbprint = Array(SHA256.hash(data: der))
    self.start = max(start ?? notBefore, notBefore)
    self.end = min(end ?? notAfter, notAfter)
    guard self.start < self.end else {
      throw CloudError(400, "Request_BadRequest", "Key credential end date is invalid.", target: "keyCredentials")
    }
  }

  /// The certificate's DER.
  public var certificateDER: [UInt8] { Base64.decode(certificate) ?? [] }

  var publicKey: AssertionKey? {
    (try? Certificate(derEncoded: certificateDER)).flatMap { AssertionKey($0.publicKey) }
  }
}
