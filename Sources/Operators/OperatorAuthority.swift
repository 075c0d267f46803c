internal import Base
internal import Crypto
internal import Keyring
internal import Records
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The authority over operators' certificates: its own, so that nothing that the platform's other authority signs makes an operator.
struct OperatorAuthority: Record, Codable {
  static let kind = "operator.authority"
  static let key = RecordKey(tenant: .zero, "authority")
  private static let sealContext = "operator.authority"
  /// Clocks of clients may be a little behind.
  private static let backdating: Duration = .seconds(-300)
  static let daySeconds = 86400

  /// In PEM.
  var certificate: String
  var sealedKey: [UInt8]
  var expires: Timestamp

  var key: RecordKey { Self.key }

  /// The stored authority, or a new one where there is none or it comes to its end. Certificates of an earlier one stay good: the register says which are.
  static func ready(keyring: Keyring, now: Timestamp, in transaction: RecordTransaction) throws -> OperatorAuthority {
    let margin = Duration.seconds(OperatorLimits.authorityMarginDays * daySeconds)
    if let stored = try transaction.fetch(OperatorAuthority.self, key), stored.expires > now.advanced(by: margin) { return stored }
    let key = P384.Signing.PrivateKey()
    let expires = now.advanced(by: .seconds(OperatorLimits.authorityDays * daySeconds))
    let name = try DistinguishedName {
      OrganizationName("Cocagne")
      CommonName("Cocagne Operators CA")
    }
    let publicKey = Certificate.PublicKey(key.publicKey)
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: date(now.advanced(by: backdating)),
      notValidAfter: date(expires), issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA384,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: publicKey)
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
    let record = OperatorAuthority(
      certificate: try certificate.serializeAsPEM().pemString,
      sealedKey: try keyring.seal(Array(key.rawRepresentation), context: sealContext, tenant: .zero, in: transaction), expires: expires)
    try transaction.save(record)
    return record
  }

  /// A certificate in DER for a person, with the public key that was asked for and nothing else of what the request says.
  func issue(
    _ publicKey: Certificate.PublicKey, name: String, email: String, days: Int, now: Timestamp, keyring: Keyring, in reader: any RecordReader
  ) throws -> [UInt8] {
    let privateKey = try P384.Signing.PrivateKey(
      rawRepresentation: try keyring.open(sealedKey, context: Self.sealContext, tenant: .zero, in: reader))
    let authority = try Certificate(pemEncoded: certificate)
    let issued = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: Self.date(now.advanced(by: Self.backdating)),
      notValidAfter: Self.date(now.advanced(by: .seconds(days * Self.daySeconds))), issuer: authority.subject,
      subject: try DistinguishedName {
        OrganizationName("Cocagne")
        OrganizationalUnitName("Operators")
        CommonName(name)
      },
      signatureAlgorithm: .ecdsaWithSHA384,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.clientAuth])
        SubjectAlternativeNames([.rfc822Name(email)])
        SubjectKeyIdentifier(hash: publicKey)
        AuthorityKeyIdentifier(keyIdentifier: try authority.extensions.subjectKeyIdentifier?.keyIdentifier)
      },
      issuerPrivateKey: Certificate.PrivateKey(privateKey))
    var serializer = DER.Serializer()
    try serializer.serialize(issued)
    return serializer.serializedBytes
  }

  private static func date(_ timestamp: Timestamp) -> Date {
    Date(timeIntervalSince1970: Double(timestamp.seconds))
  }
}
