internal import Base
internal import Crypto
internal import Wire

/// What a version shows: `VaultObjectVersion.publicPart` of certificates.
struct CertificateDescription: Sendable, Equatable {
  /// In DER.
  var certificate: [UInt8]
  var keepsOrder: Bool?

  init(certificate: [UInt8], keepsOrder: Bool?) {
    self.certificate = certificate
    self.keepsOrder = keepsOrder
  }

  var text: String {
    JSON.object(["cer": .string(Base64.encode(certificate)), "preserveCertOrder": keepsOrder.map { .boolean($0) }]).text
  }

  /// Reads what `text` gave; nil for anything else.
  init?(_ text: String?) {
    guard let text, let json = try? JSON(parsing: text.utf8), let certificate = json["cer"]?.string.flatMap({ Base64.decode($0) }) else { return nil }
    self.certificate = certificate
    keepsOrder = json["preserveCertOrder"]?.boolean
  }

  /// `x5t`: SHA-1 is what the field is made of; nothing trusts it here.
  ///
  /// Source: RFC 7515, 4.1.7; Microsoft, "CertificateBundle", Key Vault REST reference.
  var thumbprint: String { Base64URL.encode(Insecure.SHA1.hash(data: certificate)) }
}
