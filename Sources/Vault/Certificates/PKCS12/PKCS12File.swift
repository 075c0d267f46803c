internal import SwiftASN1

/// What a PKCS#12 file holds: private keys and certificates, under a password.
///
/// Source: RFC 7292.
struct PKCS12File {
  /// In DER; of the legacy ciphers as the library gives them, otherwise PKCS#8.
  private(set) var keys: [[UInt8]] = []
  /// In DER, in the order of the file.
  private(set) var certificates: [[UInt8]] = []
  private var budget = PKCS12Rounds()

  /// Throws `PKCS12Error`.
  init(_ bytes: [UInt8], password: String) throws {
    do {
      try read(bytes, password)
    } catch let error as PKCS12Error {
      throw error
    } catch {
      throw PKCS12Error.malformed
    }
  }

  private mutating func read(_ bytes: [UInt8], _ password: String) throws {
    // Windows and Java write lengths that DER does not allow.
    let parts = try BER.parse(bytes).children()
    guard try Int(derEncoded: try parts.at(0)) == 3 else { throw PKCS12Error.malformed }
    let content = try Self.data(try parts.at(1))
    let form = try Self.check(content, parts, password, &budget)
    let infos = try BER.parse(content).children()
    guard infos.count <= CertificateLimits.maximumFileParts else {
      throw PKCS12Error.unsupported("more than \(CertificateLimits.maximumFileParts) parts")
    }
    for info in infos {
      let pieces = try info.children()
      switch try pieces.at(0).objectIdentifier() {
      case PKCS12Identifiers.data: try read(bags: BER.parse(try Self.data(info)), form, password)
      case PKCS12Identifiers.encryptedData:
        let encrypted = try pieces.at(1).tagged(0).children().at(1).children()
        let algorithm = try encrypted.at(1)
        if try Self.isLegacy(algorithm, &budget) {
          certificates += try PKCS12Legacy.certificates(of: info, form, password: password)
        } else {
          let ciphertext = try encrypted.at(2).octets(ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific))
          let plaintext = try PKCS12Protection.open(ciphertext, algorithm, password: password, &budget)
          try read(bags: BER.parse(plaintext), form, password)
        }
      case let other: throw PKCS12Error.unsupported("\(other)")
      }
    }
  }

  /// The bytes in a `ContentInfo` of plain data.
  private static func data(_ info: ASN1Node) throws -> ArraySlice<UInt8> {
    let parts = try info.children()
    guard try parts.at(0).objectIdentifier() == PKCS12Identifiers.data else {
      throw PKCS12Error.unsupported("\(try parts.at(0).objectIdentifier())")
    }
    return try parts.at(1).tagged(0).octets()
  }

  /// Checks the code over the content; gives the form of the password that made it. Throws `PKCS12Error.wrongPassword`.
  private static func check(
    _ content: ArraySlice<UInt8>, _ parts: [ASN1Node], _ password: String, _ budget: inout PKCS12Rounds
  ) throws -> PKCS12Integrity.Password {
    guard parts.count == 3 else { throw PKCS12Error.unsupported("no message authentication code") }
    let code = try parts.at(2).children()
    let digest = try code.at(0).children()
    let name = try digest.at(0).children().at(0).objectIdentifier()
    let expected = try digest.at(1).octets()
    let salt = try code.at(1).octets()
    guard !salt.isEmpty else { throw PKCS12Error.malformed }
    var rounds = 1
    if code.count > 2 { rounds = try budget.take(code[2]) }
    let forms: [PKCS12Integrity.Password] = password.isEmpty ? [.text(""), .none] : [.text(password)]
    for (index, form) in forms.enumerated() {
      if index > 0 { try budget.take(rounds) }
      if try PKCS12Integrity.verifies(expected, of: content, name, form, salt: salt, rounds: rounds) { return form }
    }
    throw PKCS12Error.wrongPassword
  }

  private mutating func read(bags: ASN1Node, _ form: PKCS12Integrity.Password, _ password: String) throws {
    for bag in try bags.children() {
      let parts = try bag.children()
      let value = try parts.at(1).tagged(0)
      switch try parts.at(0).objectIdentifier() {
      case PKCS12Identifiers.keyBag: keys.append(Array(value.encodedBytes))
      case PKCS12Identifiers.shroudedKeyBag:
        let pieces = try value.children()
        if try Self.isLegacy(try pieces.at(0), &budget) {
          keys.append(try PKCS12Legacy.key(Array(value.encodedBytes), password: password))
        } else {
          let key = try PKCS12Protection.open(try pieces.at(1).octets(), try pieces.at(0), password: password, &budget)
          keys.append(key)
        }
      case PKCS12Identifiers.certificateBag:
        let pieces = try value.children()
        guard try pieces.at(0).objectIdentifier() == PKCS12Identifiers.x509Certificate else { continue }
        certificates.append(Array(try pieces.at(1).tagged(0).octets()))
      default: continue
      }
      guard keys.count <= 1, certificates.count <= CertificateLimits.maximumChain else { throw PKCS12Error.malformed }
    }
  }

  /// Whether an algorithm is one of those that came before PBES2; takes its count of rounds from the budget as well.
  private static func isLegacy(_ algorithm: ASN1Node, _ budget: inout PKCS12Rounds) throws -> Bool {
    let parts = try algorithm.children()
    guard PKCS12Identifiers.legacyProtection.contains(try parts.at(0).objectIdentifier()) else { return false }
    _ = try budget.take(try parts.at(1).children().at(1))
    return true
  }
}
