internal import Base
internal import Crypto
internal import Declarations
internal import SwiftASN1
internal import Wire
@_spi(FixedExpiryValidationTime) internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A certificate that a listener of the platform shows, with what ANSSI's guide to TLS asks of it.
struct InfrastructureCertificate: Sendable {
  let certificate: Certificate
  let sha256: String

  /// Throws where the bytes are no certificate.
  init(der: [UInt8]) throws {
    certificate = try Certificate(derEncoded: der)
    sha256 = sha256Hexadecimal(der)
  }

  enum Key: Equatable {
    case curve(CryptographicProfile.Curve)
    case rsa(bits: Int)
    case other(String)

    var name: String {
      switch self {
      case .curve(let curve): "ECDSA \(curve.rawValue)"
      case .rsa(let bits): "RSA \(bits)"
      case .other(let name): name
      }
    }
  }

  var key: Key {
    let key = certificate.publicKey
    if P256.Signing.PublicKey(key) != nil { return .curve(.secp256r1) }
    if P384.Signing.PublicKey(key) != nil { return .curve(.secp384r1) }
    if P521.Signing.PublicKey(key) != nil { return .curve(.secp521r1) }
    if Curve25519.Signing.PublicKey(key) != nil { return .curve(.curve25519) }
    return Self.modulusBits(key.subjectPublicKeyInfoBytes).map { .rsa(bits: $0) } ?? .other("\(key)")
  }

  /// Of `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`; nil where it is none.
  private static func modulusBits(_ der: ArraySlice<UInt8>) -> Int? {
    guard let root = try? DER.parse(der),
      let modulus = try? DER.sequence(
        root, identifier: .sequence,
        { nodes in
          let modulus = try ArraySlice<UInt8>(derEncoded: &nodes)
          _ = try ArraySlice<UInt8>(derEncoded: &nodes)
          return modulus
        })
    else { return nil }
    let digits = modulus.drop { $0 == 0 }
    return digits.first.map { digits.count * 8 - $0.leadingZeroBitCount }
  }

  var notBefore: Timestamp { Timestamp(certificate.notValidBefore) }
  var notAfter: Timestamp { Timestamp(certificate.notValidAfter) }
  /// From its first to its last moment, rounded up.
  var lifetimeDays: Int { Int((certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore) / 86400).rounded(.up)) }

  /// Where the size of its key, or the digest of its signature, is against the rules of the day.
  func mechanismGaps(_ profile: CryptographicProfile) -> [Text] {
    var gaps: [Text] = []
    let standing: CryptographicProfile.Standing =
      switch key {
      case .curve(let curve): profile.standing(curve)
      case .rsa(let bits): profile.standing(.modulus, bits: bits)
      case .other: .refused
      }
    if standing == .refused {
      gaps.append(
        Text(
          "le certificat \(name) a une clé \(key.name), refusée au \(profile.day).",
          "the certificate \(name) has a key of \(key.name), refused on \(profile.day)."))
    }
    if !Self.permittedSignatures.contains(certificate.signatureAlgorithm) {
      gaps.append(
        Text(
          "le certificat \(name) est signé par \(signature).",
          "the certificate \(name) is signed by \(signature)."))
    }
    return gaps
  }

  /// Whether its key is of a size and kind that is recommended.
  func hasRecommendedKey(_ profile: CryptographicProfile) -> Bool {
    switch key {
    case .curve(let curve): profile.standing(curve) == .recommended
    case .rsa(let bits): profile.standing(.modulus, bits: bits) == .recommended
    case .other: false
    }
  }

  private static let permittedSignatures: Set<Certificate.SignatureAlgorithm> = [
    .ecdsaWithSHA256, .ecdsaWithSHA384, .ecdsaWithSHA512, .sha256WithRSAEncryption, .sha384WithRSAEncryption, .sha512WithRSAEncryption, .ed25519,
  ]

  /// What a server's certificate lacks of the guide's profile. `host` is the name that it is shown for.
  func profileGaps(for host: String, at now: Timestamp) -> [Text] {
    var gaps: [Text] = []
    func gap(_ french: String, _ english: String) {
      gaps.append(Text("le certificat \(name) \(french) (\(host)).", "the certificate \(name) \(english) (\(host))."))
    }
    if now < notBefore || now >= notAfter { gap("n'est pas dans sa période de validité", "is not within its validity") }
    if lifetimeDays > CryptographicProfile.maximumCertificateDays {
      gap("vaut \(lifetimeDays) jours", "is valid for \(lifetimeDays) days")
    }
    if certificate.version != .v3 { gap("n'est pas de version 3", "is not of version 3") }
    let extensions = certificate.extensions
    if extensions[oid: .X509ExtensionID.keyUsage]?.critical != true { gap("n'a pas de KeyUsage critique", "has no critical KeyUsage") }
    if (try? extensions.keyUsage)?.keyCertSign == true { gap("peut en signer d'autres", "may sign others") }
    if (try? extensions.extendedKeyUsage)?.contains(.serverAuth) != true { gap("n'a pas l'usage serverAuth", "has no usage serverAuth") }
    if (try? extensions.authorityKeyIdentifier) == nil { gap("n'a pas d'AuthorityKeyIdentifier", "has no AuthorityKeyIdentifier") }
    if !names(host) { gap("ne nomme pas l'hôte dans SubjectAlternativeName", "does not name the host in SubjectAlternativeName") }
    return gaps
  }

  /// Whether it says where its revocation can be read: distribution points of lists, or a responder.
  var hasRevocation: Bool {
    if certificate.extensions[oid: Self.distributionPoints] != nil { return true }
    return (try? certificate.extensions.authorityInformationAccess)?.contains { $0.method == .ocspServer } == true
  }

  private static let distributionPoints: ASN1ObjectIdentifier = [2, 5, 29, 31]

  /// Whether SubjectAlternativeName has the host, literally or by a wildcard for its first label (RFC 6125, section 6.4.3).
  private func names(_ host: String) -> Bool {
    guard let alternatives = try? certificate.extensions.subjectAlternativeNames else { return false }
    let address = InternetAddress(host)
    return alternatives.contains { name in
      switch name {
      case .ipAddress(let octets): return address.map { $0.bytes == Array(octets.bytes) } ?? false
      case .dnsName(let pattern):
        guard address == nil else { return false }
        if pattern.lowercased() == host.lowercased() { return true }
        guard pattern.hasPrefix("*."), let dot = host.firstIndex(of: ".") else { return false }
        return host[dot...].lowercased() == pattern.dropFirst().lowercased()
      default: return false
      }
    }
  }

  /// Whether it was issued, directly or through `others`, by one of `roots`.
  func chains(to roots: [Certificate], through others: [Certificate], at now: Timestamp) async -> Bool {
    var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
      RFC5280Policy(fixedExpiryValidationTime: Date(timeIntervalSince1970: Double(now.seconds)))
    }
    if case .validCertificate = await verifier.validate(leaf: certificate, intermediates: CertificateStore(others)) { return true }
    return false
  }

  /// The library puts its type's name before.
  private var signature: String { "\(certificate.signatureAlgorithm)".split(separator: ".").last.map { String($0) } ?? "" }
  private var name: String { "« \(certificate.subject) »" }

  var evidence: JSON {
    .object([
      "subject": .string("\(certificate.subject)"), "issuer": .string("\(certificate.issuer)"), "sha256": .string(sha256), "key": .string(key.name),
      "signature": .string(signature), "notBefore": .string(notBefore.iso8601), "notAfter": .string(notAfter.iso8601),
      "days": .integer(Int64(lifetimeDays)), "revocation": .boolean(hasRevocation),
    ])
  }

  /// Every certificate of a text in PEM. Throws where one of them is none; other things than certificates are passed over.
  static func all(pem text: String) throws -> [InfrastructureCertificate] {
    try PEMDocument.parseMultiple(pemString: text).filter { $0.discriminator == Certificate.defaultPEMDiscriminator }.map {
      try InfrastructureCertificate(der: $0.derBytes)
    }
  }

  static func certificates(pem text: String) throws -> [Certificate] { try all(pem: text).map(\.certificate) }
}

extension Timestamp {
  fileprivate init(_ date: Date) { self.init(seconds: Int64(date.timeIntervalSince1970.rounded(.down))) }
}
