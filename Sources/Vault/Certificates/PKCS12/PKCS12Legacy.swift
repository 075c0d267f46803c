internal import Crypto
internal import NIOSSL
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// PKCS#12 as it was encrypted before PBES2: 3DES and RC2, which many programs still write. The one library here that reads them is that of TLS.
///
/// That library opens whole files alone, and ends the process where one has no key with its certificate. So it never sees somebody's file: a key is given to
/// it by itself, and encrypted certificates in a file of our own, beside a key and a certificate that fit each other.
enum PKCS12Legacy {
  /// Decrypts an `EncryptedPrivateKeyInfo`. The key comes in its traditional form (RFC 8017, RFC 5915). Throws `PKCS12Error`.
  static func key(_ bytes: [UInt8], password: String) throws -> [UInt8] {
    let password = try readable(password)
    let document = PEMDocument(type: "ENCRYPTED PRIVATE KEY", derBytes: bytes)
    do {
      return try NIOSSLPrivateKey(bytes: Array(document.pemString.utf8), format: .pem) { $0(password) }.derBytes
    } catch {
      throw PKCS12Error.wrongPassword
    }
  }

  /// The certificates in an encrypted `ContentInfo`. Throws `PKCS12Error`.
  static func certificates(of info: ASN1Node, _ form: PKCS12Integrity.Password, password: String) throws -> [[UInt8]] {
    let password = try readable(password)
    let companion = P256.Signing.PrivateKey()
    let certificate = try companionCertificate(companion)
    // Behind the companion's key the library opens no other, whose rounds nobody here has seen.
    let file = try PKCS12Writer.file(
      [try PKCS12Writer.content(key: Array(companion.derRepresentation), certificates: [certificate]), Array(info.encodedBytes)], form)
    let bundle: NIOSSLPKCS12Bundle
    do {
      bundle = try NIOSSLPKCS12Bundle(buffer: file, passphrase: form == .none ? nil : password)
    } catch {
      throw PKCS12Error.malformed
    }
    // The companion's certificate comes first.
    return try bundle.certificateChain.dropFirst().map { try $0.toDERBytes() }
  }

  /// The library stops the process at a byte beyond ASCII, and takes a zero for the end.
  private static func readable(_ password: String) throws -> [UInt8] {
    let bytes = Array(password.utf8)
    guard bytes.allSatisfy({ (1...127).contains($0) }), bytes.count <= CertificateLimits.maximumPasswordBytes else {
      throw PKCS12Error.unsupported("a password beyond ASCII with 3DES or RC2")
    }
    return bytes
  }

  private static func companionCertificate(_ key: P256.Signing.PrivateKey) throws -> [UInt8] {
    let name = try DistinguishedName { CommonName("companion") }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: Date(timeIntervalSince1970: 0), notValidAfter: Date(timeIntervalSince1970: 86_400), issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256, extensions: Certificate.Extensions(), issuerPrivateKey: Certificate.PrivateKey(key))
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return serializer.serializedBytes
  }
}
