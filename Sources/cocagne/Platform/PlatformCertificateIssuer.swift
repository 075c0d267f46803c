internal import Base
internal import Crypto
internal import FoundationEssentials
internal import Identity
internal import Keyring
internal import Records
internal import SwiftASN1
internal import Vault
internal import X509

/// The platform's authority, as the certificates of vaults have it.
struct PlatformCertificateIssuer: CertificateIssuer {
  let authority: CertificateAuthority
  let identity: IdentityService
  let records: any RecordStore
  let keyring: Keyring

  /// A request whose signature is not that of its key.
  private struct Unproven: Error {}

  /// What the operator has entered, and a domain that every tenant has: below `internal`, which nobody has on the Internet, the tenant's id, which no other
  /// tenant has.
  func domains(of tenant: GUID) async throws -> [String] {
    try await records.read { try identity.tenant(tenant, in: $0)?.domains ?? [] } + ["\(tenant).internal"]
  }

  func issue(_ request: CertificateIssuance) async throws -> [[UInt8]] {
    let proof = try CertificateSigningRequest(derEncoded: request.request)
    guard proof.publicKey.isValidSignature(proof.signature, for: proof) else { throw Unproven() }
    let root = try Certificate(pemEncoded: authority.certificate)
    let rootKey = try await records.read { try authority.rootKey(keyring: keyring, in: $0) }
    var extensions = try proof.attributes.extensionRequest?.extensions ?? Certificate.Extensions()
    let identifier = try root.extensions.subjectKeyIdentifier?.keyIdentifier
    try extensions.append(try Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: identifier), critical: false))
    let expires = Date(timeIntervalSince1970: Double(request.expires.seconds))
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(bytes: request.serialNumber), publicKey: proof.publicKey,
      notValidBefore: Date(timeIntervalSince1970: Double(request.notBefore.seconds)), notValidAfter: min(expires, root.notValidAfter),
      issuer: root.subject, subject: proof.subject, signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
      issuerPrivateKey: Certificate.PrivateKey(rootKey))
    return try [certificate, root].map { certificate in
      var serializer = DER.Serializer()
      try serializer.serialize(certificate)
      return serializer.serializedBytes
    }
  }
}
