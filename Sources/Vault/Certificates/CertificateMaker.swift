internal import Base
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Makes certificates and requests for them, by a policy.
///
/// Source: RFC 5280, RFC 2986.
struct CertificateMaker: Sendable {
  let policy: CertificatePolicy
  let key: CertificateKey

  /// Signed by its own key.
  func selfSigned(now: Timestamp, random: any RandomSource) async throws -> [UInt8] {
    let subject = try DistinguishedName(subject: policy.subject)
    var extensions = try extensions(policy.usages)
    if let identifier = try extensions.subjectKeyIdentifier {
      try extensions.append(try Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: identifier.keyIdentifier), critical: false))
    }
    let (notBefore, expires) = validity(now)
    let certificate = try await Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(bytes: Self.serialNumber(random)), publicKey: key.publicKey,
      notValidBefore: notBefore.date, notValidAfter: expires.date, issuer: subject, subject: subject,
      signatureAlgorithm: key.defaultSignatureAlgorithm, extensions: extensions, issuerAsyncPrivateKey: Certificate.PrivateKey(key))
    return try certificate.bytes
  }

  /// A request to whoever signs. `usages` are those of the policy, unless the issuer has its own mind.
  func request(_ usages: [CertificatePolicy.Usage]? = nil) async throws -> [UInt8] {
    let extensions = try extensions(usages ?? policy.usages)
    let request = try await CertificateSigningRequest(
      version: .v1, subject: try DistinguishedName(subject: policy.subject), asyncPrivateKey: Certificate.PrivateKey(key),
      attributes: CertificateSigningRequest.Attributes([try CertificateSigningRequest.Attribute(ExtensionRequest(extensions: extensions))]),
      signatureAlgorithm: key.defaultSignatureAlgorithm)
    var serializer = DER.Serializer()
    try serializer.serialize(request)
    return serializer.serializedBytes
  }

  /// Begins a little in the past, for clocks that are behind.
  func validity(_ now: Timestamp) -> (notBefore: Timestamp, expires: Timestamp) {
    let expires = ISODuration("P\(policy.validityMonths)M")?.after(now) ?? now
    return (Timestamp(seconds: now.seconds - CertificateLimits.backdating.components.seconds), Timestamp(seconds: expires.seconds))
  }

  /// 20 bytes, positive.
  static func serialNumber(_ random: any RandomSource) -> [UInt8] {
    var bytes = random.bytes(20)
    bytes[0] = bytes[0] & 0x7F | 0x40
    return bytes
  }

  private func extensions(_ usages: [CertificatePolicy.Usage]) throws -> Certificate.Extensions {
    var extensions = Certificate.Extensions()
    try extensions.append(try Certificate.Extension(BasicConstraints.notCertificateAuthority, critical: true))
    if !usages.isEmpty { try extensions.append(try Certificate.Extension(KeyUsage(usages), critical: true)) }
    if !policy.purposes.isEmpty {
      let purposes = policy.purposes.compactMap { ASN1ObjectIdentifier(dotted: $0) }.map { ExtendedKeyUsage.Usage(oid: $0) }
      try extensions.append(try Certificate.Extension(ExtendedKeyUsage(purposes), critical: false))
    }
    if !policy.names.isEmpty {
      // RFC 5280, 4.2.1.6: critical where there is no subject.
      let names = SubjectAlternativeNames(try policy.names.generalNames())
      try extensions.append(try Certificate.Extension(names, critical: policy.subject.isEmpty))
    }
    try extensions.append(try Certificate.Extension(SubjectKeyIdentifier(hash: key.publicKey), critical: false))
    return extensions
  }
}

extension Timestamp {
  var date: Date { Date(timeIntervalSince1970: Double(seconds)) }

  init(_ date: Date) {
    self.init(seconds: Int64(max(-62_135_596_800, min(253_402_300_799, date.timeIntervalSince1970))))
  }
}

extension Certificate {
  /// In DER.
  var bytes: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(self)
      return serializer.serializedBytes
    }
  }
}
