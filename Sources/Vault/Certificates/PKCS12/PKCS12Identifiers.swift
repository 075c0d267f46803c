internal import SwiftASN1

/// Names of the parts of PKCS#12.
///
/// Source: RFC 7292, RFC 8018, RFC 2315.
enum PKCS12Identifiers {
  static let data: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 1]
  static let encryptedData: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 6]
  static let keyBag: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 12, 10, 1, 1]
  static let shroudedKeyBag: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 12, 10, 1, 2]
  static let certificateBag: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 12, 10, 1, 3]
  static let x509Certificate: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 22, 1]
  /// Algorithms under 1.2.840.113549.1.12.1: 3DES and RC2 with a derivation of their own.
  static let legacyProtection = [
    [1, 2, 840, 113549, 1, 12, 1, 3] as ASN1ObjectIdentifier, [1, 2, 840, 113549, 1, 12, 1, 6],
  ]
  static let pbes2: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 13]
  static let pbkdf2: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 12]
  static let aes128CBC: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 1, 2]
  static let aes192CBC: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 1, 22]
  static let aes256CBC: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 1, 42]
  static let hmacSHA1: ASN1ObjectIdentifier = [1, 2, 840, 113549, 2, 7]
  static let hmacSHA256: ASN1ObjectIdentifier = [1, 2, 840, 113549, 2, 9]
  static let hmacSHA384: ASN1ObjectIdentifier = [1, 2, 840, 113549, 2, 10]
  static let hmacSHA512: ASN1ObjectIdentifier = [1, 2, 840, 113549, 2, 11]
  static let sha1: ASN1ObjectIdentifier = [1, 3, 14, 3, 2, 26]
  static let sha256: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 1]
  static let sha384: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 2]
  static let sha512: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 3]
}

extension ASN1Node {
  /// What a constructed node holds. Throws `PKCS12Error.malformed` for any other.
  func children(_ identifier: ASN1Identifier = .sequence) throws -> [ASN1Node] {
    guard self.identifier == identifier, case .constructed(let nodes) = content else { throw PKCS12Error.malformed }
    return Array(nodes)
  }

  /// What stands under an explicit tag.
  func tagged(_ number: UInt) throws -> ASN1Node {
    let nodes = try children(ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific))
    guard nodes.count == 1, let node = nodes.first else { throw PKCS12Error.malformed }
    return node
  }

  func octets(_ identifier: ASN1Identifier = .octetString) throws -> ArraySlice<UInt8> {
    try ASN1OctetString(berEncoded: self, withIdentifier: identifier).bytes
  }

  func objectIdentifier() throws -> ASN1ObjectIdentifier { try ASN1ObjectIdentifier(derEncoded: self) }
}

extension Array where Element == ASN1Node {
  /// Throws `PKCS12Error.malformed` where there are fewer.
  func at(_ index: Int) throws -> ASN1Node {
    guard indices.contains(index) else { throw PKCS12Error.malformed }
    return self[index]
  }
}
