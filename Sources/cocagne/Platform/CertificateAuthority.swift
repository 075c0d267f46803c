internal import Base
internal import Crypto
internal import FoundationEssentials
internal import Keyring
internal import Records
internal import SwiftASN1
internal import X509

/// The platform's own certificate authority. Its key rests sealed in the records and signs the front door's certificate.
struct CertificateAuthority: Record, Codable {
  static let kind = "platform.authority"
  static let key = RecordKey(tenant: .zero, "authority")
  /// Ten years for the authority; the front door's certificate is made anew at a start when less than a third of its year is left.
  private static let authorityLifetime: Duration = .seconds(10 * 365 * 86400)
  private static let serverLifetime: Duration = .seconds(365 * 86400)
  private static let renewalMargin: Duration = .seconds(122 * 86400)
  /// Clocks of clients may be a little behind.
  private static let backdating: Duration = .seconds(-3600)
  private static let sealContext = "platform.authority"

  var certificate: String
  var sealedKey: [UInt8]
  /// The domain that the server certificate is for.
  var domain: String
  var serverCertificate: String
  var sealedServerKey: [UInt8]
  var serverExpiry: Timestamp
  /// The wildcards that the server certificate has; nil in records of earlier days.
  var wildcards: [String]?

  /// A wildcard covers one label, so each depth of service names has its own.
  private static let wildcards = ["", "blob.core.", "queue.core.", "table.core.", "file.core.", "dfs.core.", "web.core.", "vault.", "ledger."]

  var key: RecordKey { Self.key }

  /// The authority with a server certificate for the domain that is good for months: the stored one, or made and stored.
  static func ready(
    domain: String, keyring: Keyring, clock: any WallClock, in transaction: RecordTransaction
  ) throws -> CertificateAuthority {
    let now = clock.now()
    if let stored = try transaction.fetch(CertificateAuthority.self, key) {
      let isForAll = stored.domain == domain && stored.wildcards == wildcards
      if isForAll && stored.serverExpiry > now.advanced(by: renewalMargin) { return stored }
      let rootKey = try stored.privateKey(sealed: stored.sealedKey, keyring: keyring, in: transaction)
      return try issue(stored.certificate, rootKey, domain: domain, now: now, keyring: keyring, in: transaction)
    }
    let rootKey = P256.Signing.PrivateKey()
    let certificate = try authorityCertificate(rootKey, now: now)
    return try issue(certificate.serializeAsPEM().pemString, rootKey, domain: domain, now: now, keyring: keyring, in: transaction)
  }

  /// The front door's private key, in PEM.
  func serverKey(keyring: Keyring, in reader: any RecordReader) throws -> String {
    try privateKey(sealed: sealedServerKey, keyring: keyring, in: reader).pemRepresentation
  }

  /// The authority's own private key: for what signs certificates, and nothing else.
  func rootKey(keyring: Keyring, in reader: any RecordReader) throws -> P256.Signing.PrivateKey {
    try privateKey(sealed: sealedKey, keyring: keyring, in: reader)
  }

  private func privateKey(sealed: [UInt8], keyring: Keyring, in reader: any RecordReader) throws -> P256.Signing.PrivateKey {
    try P256.Signing.PrivateKey(rawRepresentation: try keyring.open(sealed, context: Self.sealContext, tenant: .zero, in: reader))
  }

  private static func issue(
    _ authorityPEM: String, _ rootKey: P256.Signing.PrivateKey, domain: String, now: Timestamp, keyring: Keyring, in transaction: RecordTransaction
  ) throws -> CertificateAuthority {
    let serverKey = P256.Signing.PrivateKey()
    let server = try serverCertificate(serverKey, domain: domain, issuer: Certificate(pemEncoded: authorityPEM), issuerKey: rootKey, now: now)
    let record = CertificateAuthority(
      certificate: authorityPEM,
      sealedKey: try keyring.seal(rootKey.rawRepresentation, context: sealContext, tenant: .zero, in: transaction), domain: domain,
      serverCertificate: try server.serializeAsPEM().pemString,
      sealedServerKey: try keyring.seal(serverKey.rawRepresentation, context: sealContext, tenant: .zero, in: transaction),
      serverExpiry: now.advanced(by: serverLifetime), wildcards: wildcards)
    try transaction.save(record)
    return record
  }

  private static func authorityCertificate(_ key: P256.Signing.PrivateKey, now: Timestamp) throws -> Certificate {
    let name = try DistinguishedName {
      OrganizationName("Cocagne")
      CommonName("Cocagne Root CA")
    }
    let publicKey = Certificate.PublicKey(key.publicKey)
    return try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: date(now.advanced(by: backdating)),
      notValidAfter: date(now.advanced(by: authorityLifetime)), issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: publicKey)
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
  }

  private static func serverCertificate(
    _ key: P256.Signing.PrivateKey, domain: String, issuer: Certificate, issuerKey: P256.Signing.PrivateKey, now: Timestamp
  ) throws -> Certificate {
    let names: [GeneralName] =
      wildcards.map { .dnsName("*.\($0)\(domain)") } + [
        .dnsName(domain), .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
        .ipAddress(ASN1OctetString(contentBytes: ArraySlice(Array(repeating: 0, count: 15) + [1]))),
      ]
    let publicKey = Certificate.PublicKey(key.publicKey)
    return try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: date(now.advanced(by: backdating)),
      notValidAfter: date(now.advanced(by: serverLifetime)), issuer: issuer.subject,
      subject: try DistinguishedName {
        OrganizationName("Cocagne")
        CommonName(domain)
      },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names)
        SubjectKeyIdentifier(hash: publicKey)
        AuthorityKeyIdentifier(keyIdentifier: try issuer.extensions.subjectKeyIdentifier?.keyIdentifier)
      },
      issuerPrivateKey: Certificate.PrivateKey(issuerKey))
  }

  private static func date(_ timestamp: Timestamp) -> Date {
    Date(timeIntervalSince1970: Double(timestamp.seconds))
  }
}
