internal import Base
internal import Crypto
internal import SwiftASN1
internal import Wire
internal import X509

/// A request for an operator's certificate, from whoever holds the private key, which never leaves that person.
struct CertificateRequest {
  let publicKey: Certificate.PublicKey
  /// SHA-256 of the public key, in hexadecimal.
  let digest: String

  /// Reads a PKCS#10 request in PEM whose signature is that of its key. Throws `OperatorRefusal`.
  init(pem: String) throws {
    guard pem.utf8.count <= OperatorLimits.maximumRequestBytes, let document = try? PEMDocument(pemString: pem),
      let request = try? CertificateSigningRequest(pemDocument: document)
    else { throw OperatorRefusal.badRequest("ce n'est pas une demande PKCS#10 en PEM", "it is no PKCS#10 request in PEM") }
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw OperatorRefusal.badRequest(
        "sa signature n'est pas celle de sa clé privée", "its signature is not that of its private key")
    }
    publicKey = request.publicKey
    digest = Array(SHA256.hash(data: Array(request.publicKey.subjectPublicKeyInfoBytes))).hexadecimal
  }
}
