public import Base
public import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A certificate with its private key, by which one side of a connection knows the other.
public struct ExternalKeyCertificate: Sendable {
  /// In DER: the certificate, and the one that signed it.
  public var chain: [[UInt8]]
  public var privateKey: P256.Signing.PrivateKey
}

extension ExternalKeyCertificate: CustomStringConvertible, CustomReflectable {
  public var description: String { "a certificate" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// An authority of one vault, or of one external key manager: nobody else's certificates come from it.
public struct ExternalKeyAuthority: Sendable {
  /// In DER.
  public let certificate: [UInt8]
  private let privateKey: P256.Signing.PrivateKey

  private static let authorityLifetime: Duration = .seconds(10 * 365 * 86400)
  /// Clocks of the other side may be a little behind.
  private static let backdating: Duration = .seconds(-3600)

  /// A new one.
  public init(name: String, now: Timestamp) throws {
    let key = P256.Signing.PrivateKey()
    let subject = try DistinguishedName { CommonName(name) }
    let publicKey = Certificate.PublicKey(key.publicKey)
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: Self.date(now.advanced(by: Self.backdating)),
      notValidAfter: Self.date(now.advanced(by: Self.authorityLifetime)), issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: publicKey)
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
    self.certificate = try Self.bytes(certificate)
    privateKey = key
  }

  /// The one that was there before.
  public init(certificate: [UInt8], privateKey: some Collection<UInt8>) throws {
    self.certificate = certificate
    self.privateKey = try P256.Signing.PrivateKey(rawRepresentation: Array(privateKey))
  }

  /// What `init(certificate:privateKey:)` takes: a secret.
  public var privateKeyBytes: [UInt8] { Array(privateKey.rawRepresentation) }

  /// Of a client: it is known by its common name.
  public func client(_ name: String, lifetime: Duration, now: Timestamp) throws -> ExternalKeyCertificate {
    try issue(name, [], .clientAuth, lifetime, now)
  }

  /// Of a server at a name or an IPv4 address.
  public func server(_ name: String, lifetime: Duration, now: Timestamp) throws -> ExternalKeyCertificate {
    let numbers = name.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
    let isAddress = numbers.count == 4 && name.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    return try issue(name, [isAddress ? .ipAddress(ASN1OctetString(contentBytes: numbers[...])) : .dnsName(name)], .serverAuth, lifetime, now)
  }

  private func issue(
    _ name: String, _ names: [GeneralName], _ usage: ExtendedKeyUsage.Usage, _ lifetime: Duration, _ now: Timestamp
  ) throws -> ExternalKeyCertificate {
    let issuer = try Certificate(derEncoded: certificate)
    let key = P256.Signing.PrivateKey()
    let publicKey = Certificate.PublicKey(key.publicKey)
    var extensions = try Certificate.Extensions {
      Critical(BasicConstraints.notCertificateAuthority)
      Critical(KeyUsage(digitalSignature: true))
      try ExtendedKeyUsage([usage])
      SubjectKeyIdentifier(hash: publicKey)
      AuthorityKeyIdentifier(keyIdentifier: try issuer.extensions.subjectKeyIdentifier?.keyIdentifier)
    }
    if !names.isEmpty { try extensions.append(try Certificate.Extension(SubjectAlternativeNames(names), critical: false)) }
    let issued = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: Self.date(now.advanced(by: Self.backdating)),
      notValidAfter: Self.date(now.advanced(by: lifetime)), issuer: issuer.subject, subject: try DistinguishedName { CommonName(name) },
      signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(privateKey))
    return ExternalKeyCertificate(chain: [try Self.bytes(issued), certificate], privateKey: key)
  }

  private static func bytes(_ certificate: Certificate) throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return serializer.serializedBytes
  }

  private static func date(_ time: Timestamp) -> Date { Date(timeIntervalSince1970: Double(time.seconds)) }

  // MARK: Others' certificates

  /// Whether some bytes are a certificate, in DER.
  public static func isCertificate(_ bytes: [UInt8]) -> Bool { (try? Certificate(derEncoded: bytes)) != nil }

  /// In PEM.
  public static func pem(_ certificate: [UInt8]) throws -> String { try Certificate(derEncoded: certificate).serializeAsPEM().pemString }

  /// The common name of a certificate's subject, where an authority has signed it.
  static func commonName(of certificate: [UInt8], signedBy authority: [UInt8]) -> String? {
    guard let certificate = try? Certificate(derEncoded: certificate), let authority = try? Certificate(derEncoded: authority),
      certificate.issuer == authority.subject, authority.publicKey.isValidSignature(certificate.signature, for: certificate)
    else { return nil }
    return certificate.subject.compactMap { name in
      name.compactMap { $0.type == .RDNAttributeType.commonName ? String(describing: $0.value) : nil }.first
    }.first
  }
}

extension ExternalKeyAuthority: CustomStringConvertible, CustomReflectable {
  public var description: String { "an authority" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
