import Base
import Crypto
import CryptoExtras
import FoundationEssentials
import SwiftASN1
import X509

/// An authority that issues what a test wants of it.
struct TestAuthority {
  let certificate: Certificate
  private let key: Certificate.PrivateKey
  private let name: DistinguishedName

  init(_ name: String, now: Timestamp) throws {
    self.name = try DistinguishedName { CommonName(name) }
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    self.key = key
    certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: Self.date(now, -1),
      notValidAfter: Self.date(now, 3650), issuer: self.name, subject: self.name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: key.publicKey)
      }, issuerPrivateKey: key)
  }

  /// What a server's certificate has; a test takes something away.
  struct Wish {
    var days = 365
    var startsInDays = -1
    var isKeyUsageCritical = true
    var hasRevocation = true
    var isRSA = false
    var names = ["*.cloud.test", "*.blob.core.cloud.test", "localhost"]
  }

  /// A certificate and its key, in PEM.
  func issue(_ wish: Wish = Wish(), now: Timestamp) throws -> (certificate: Certificate, pem: String, key: String) {
    let key: Certificate.PrivateKey
    let keyPEM: String
    if wish.isRSA {
      let made = try _RSA.Signing.PrivateKey(keySize: .bits2048)
      (key, keyPEM) = (Certificate.PrivateKey(made), made.pemRepresentation)
    } else {
      let made = P256.Signing.PrivateKey()
      (key, keyPEM) = (Certificate.PrivateKey(made), made.pemRepresentation)
    }
    let usage = KeyUsage(digitalSignature: true)
    let names: [GeneralName] =
      wish.names.map { .dnsName($0) } + [.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))]
    var extensions = try Certificate.Extensions {
      Critical(BasicConstraints.notCertificateAuthority)
      try ExtendedKeyUsage([.serverAuth])
      SubjectAlternativeNames(names)
      AuthorityKeyIdentifier(keyIdentifier: try self.certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
    }
    try extensions.append(Certificate.Extension(usage, critical: wish.isKeyUsageCritical))
    if wish.hasRevocation {
      let place = AuthorityInformationAccess.AccessDescription(
        method: .ocspServer, location: .uniformResourceIdentifier("http://ocsp.cloud.test"))
      try extensions.append(Certificate.Extension(AuthorityInformationAccess([place]), critical: false))
    }
    let issued = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: Self.date(now, wish.startsInDays),
      notValidAfter: Self.date(now, wish.startsInDays + wish.days), issuer: name, subject: try DistinguishedName { CommonName("door") },
      signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: self.key)
    return (issued, try issued.serializeAsPEM().pemString, keyPEM)
  }

  var pem: String { get throws { try certificate.serializeAsPEM().pemString } }

  private static func date(_ now: Timestamp, _ days: Int) -> Date { Date(timeIntervalSince1970: Double(now.seconds) + Double(days) * 86400) }
}

extension Certificate {
  var der: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(self)
      return serializer.serializedBytes
    }
  }
}
