public import Base

/// The platform's own certificate authority, as certificates see it. Issuers whose provider is `Cocagne` stand for it.
public protocol CertificateIssuer: Sendable {
  /// The domains that the operator has entered for a tenant: the only names that are certified for it.
  func domains(of tenant: GUID) async throws -> [String]

  /// Certifies; gives the certificate and what leads from it to a root, in DER, beginning with it.
  func issue(_ request: CertificateIssuance) async throws -> [[UInt8]]
}

/// What the authority is to certify. Whether it may was decided before.
public struct CertificateIssuance: Sendable {
  /// A PKCS#10 request, whose signature proves that the key is there: public key, subject and extensions.
  public var request: [UInt8]
  /// 20 random bytes, positive.
  public var serialNumber: [UInt8]
  public var notBefore: Timestamp
  /// The authority may end it earlier: not after itself, and not beyond the profile's 825 days.
  public var expires: Timestamp
}
