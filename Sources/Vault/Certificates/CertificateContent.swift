internal import Base
internal import SwiftASN1
internal import Wire
internal import X509

/// A private key with its certificates, as somebody brings them: PEM or PKCS#12.
///
/// Source: Microsoft, "Import Certificate", Key Vault REST reference, and "About Azure Key Vault certificates", supported formats.
struct CertificateContent: Sendable {
  var key: SoftwareKey
  /// In DER: the one of the key, then those that lead from it to a root, then the rest.
  var chain: [[UInt8]]
  var contentType: CertificatePolicy.ContentType

  /// `text` is PEM, or either form in base64. Throws 400.
  init(_ text: String, password: String?, expected: CertificatePolicy.ContentType?, keepsOrder: Bool) throws {
    let password = password ?? ""
    guard text.utf8.count <= CertificateLimits.maximumImportBytes * 2, password.utf8.count <= CertificateLimits.maximumPasswordBytes else {
      throw CertificateError.tooLarge
    }
    let bytes: [UInt8]
    if PEMBlocks.begins(text.utf8) {
      bytes = Array(text.utf8)
    } else {
      let compact = text.filter { !$0.isWhitespace }
      guard let decoded = Base64.decode(compact) ?? Base64URL.decode(compact) else {
        throw expected == .pem ? CertificateError.malformedPEM : CertificateError.malformedPKCS12
      }
      bytes = decoded
    }
    guard bytes.count <= CertificateLimits.maximumImportBytes else { throw CertificateError.tooLarge }
    contentType = PEMBlocks.begins(bytes) ? .pem : .pkcs12
    guard expected == nil || expected == contentType else {
      throw expected == .pem ? CertificateError.malformedPEM : CertificateError.malformedPKCS12
    }
    let (keyBytes, certificates) = try contentType == .pem ? Self.pem(bytes, password) : Self.pkcs12(bytes, password)
    key = try SoftwareKey(any: keyBytes)
    chain = try CertificateChain.ordered(certificates, for: try key.publicKey.x509, keepsOrder: keepsOrder)
  }

  /// The certificate of the key.
  var leaf: Certificate {
    get throws { try Certificate(derEncoded: chain[0]) }
  }

  private static func pkcs12(_ bytes: [UInt8], _ password: String) throws -> (key: [UInt8], certificates: [[UInt8]]) {
    do {
      let file = try PKCS12File(bytes, password: password)
      guard let key = file.keys.first, !file.certificates.isEmpty else { throw CertificateError.malformedPKCS12 }
      return (key, file.certificates)
    } catch PKCS12Error.wrongPassword {
      throw CertificateError.wrongPassword
    } catch PKCS12Error.unsupported(let what) {
      throw CertificateError.unsupported(what)
    } catch is PKCS12Error {
      throw CertificateError.malformedPKCS12
    }
  }

  private static func pem(_ bytes: [UInt8], _ password: String) throws -> (key: [UInt8], certificates: [[UInt8]]) {
    let blocks = try PEMBlocks.read(bytes)
    let keys = blocks.filter { $0.label.hasSuffix("PRIVATE KEY") }
    let certificates = blocks.filter { $0.label == "CERTIFICATE" }.map(\.bytes)
    guard keys.count == 1, let key = keys.first, !certificates.isEmpty else { throw CertificateError.malformedPEM }
    guard key.label == "ENCRYPTED PRIVATE KEY" else { return (key.bytes, certificates) }
    do {
      let parts = try BER.parse(key.bytes).children()
      var budget = PKCS12Rounds()
      return (try PKCS12Protection.open(try parts.at(1).octets(), try parts.at(0), password: password, &budget), certificates)
    } catch PKCS12Error.wrongPassword {
      throw CertificateError.wrongPassword
    } catch PKCS12Error.unsupported(let what) {
      throw CertificateError.unsupported(what)
    } catch {
      throw CertificateError.malformedPEM
    }
  }
}

extension CertificateContent: CustomStringConvertible, CustomReflectable {
  var description: String { "a private key with its certificates" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// Blocks of PEM with whatever text stands between them.
///
/// Source: RFC 7468, its lax form.
enum PEMBlocks {
  private static let begin = "-----BEGIN "
  private static let end = "-----END "

  static func begins(_ bytes: some Collection<UInt8>) -> Bool {
    String(decoding: bytes.prefix(CertificateLimits.maximumImportBytes), as: UTF8.self).contains(begin)
  }

  /// Throws 400.
  static func read(_ bytes: [UInt8]) throws -> [(label: String, bytes: [UInt8])] {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw CertificateError.malformedPEM }
    var blocks: [(label: String, bytes: [UInt8])] = []
    var open: (label: String, body: String)?
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.filter { $0 != "\r" }
      if line.hasPrefix(begin) {
        guard open == nil, line.hasSuffix("-----") else { throw CertificateError.malformedPEM }
        open = (String(line.dropFirst(begin.count).dropLast(5)), "")
      } else if line.hasPrefix(end) {
        guard let block = open, let decoded = Base64.decode(block.body), !decoded.isEmpty else { throw CertificateError.malformedPEM }
        blocks.append((block.label, decoded))
        open = nil
      } else if open != nil {
        open?.body += line.filter { !$0.isWhitespace }
      }
    }
    guard open == nil, blocks.count <= CertificateLimits.maximumChain + 1 else { throw CertificateError.malformedPEM }
    return blocks
  }
}

/// Chains of certificates.
enum CertificateChain {
  /// The certificate of the key first, then each one's issuer, then the others; in the given order behind the first where that is wanted. Throws 400.
  static func ordered(_ certificates: [[UInt8]], for key: Certificate.PublicKey, keepsOrder: Bool) throws -> [[UInt8]] {
    guard certificates.count <= CertificateLimits.maximumChain else { throw CertificateError.tooLarge }
    var rest: [(bytes: [UInt8], certificate: Certificate)] = try certificates.map { bytes in
      guard let certificate = try? Certificate(derEncoded: bytes) else {
        throw CertificateError.invalidContent("One or more X.509 properties are invalid.")
      }
      return (bytes, certificate)
    }
    guard let leaf = rest.firstIndex(where: { $0.certificate.publicKey == key }) else { throw CertificateError.mismatch }
    var last = rest.remove(at: leaf)
    var chain = [last.bytes]
    if !keepsOrder {
      while let next = rest.firstIndex(where: { $0.certificate.subject == last.certificate.issuer && $0.certificate != last.certificate }) {
        last = rest.remove(at: next)
        chain.append(last.bytes)
      }
    }
    return chain + rest.map(\.bytes)
  }

  /// Throws 400 for a certificate that is over.
  static func requireCurrent(_ bytes: [UInt8], now: Timestamp) throws {
    let certificate = try Certificate(derEncoded: bytes)
    guard Timestamp(certificate.notValidAfter) > now else { throw CertificateError.expired }
    guard certificate.notValidBefore < certificate.notValidAfter else { throw CertificateError.invalidContent("It ends before it begins.") }
  }

  /// The value of the secret that goes with a certificate: the chain, with the private key (PKCS#8) where that may go out. Throws 400 where it is too large
  /// for a secret.
  static func secret(_ chain: [[UInt8]], key: [UInt8]?, _ contentType: CertificatePolicy.ContentType) throws -> String {
    let value: String
    switch contentType {
    case .pem:
      let documents =
        (key.map { [PEMDocument(type: "PRIVATE KEY", derBytes: $0)] } ?? []) + chain.map { PEMDocument(type: "CERTIFICATE", derBytes: $0) }
      value = documents.map { $0.pemString + "\n" }.joined()
    case .pkcs12:
      value = Base64.encode(
        try key.map { try PKCS12Writer.file(key: $0, certificates: chain) } ?? PKCS12Writer.file(certificates: chain))
    }
    guard value.utf8.count <= VaultLimits.maximumSecretBytes else { throw CertificateError.tooLarge }
    return value
  }
}
