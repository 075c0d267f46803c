internal import Crypto
internal import CryptoExtras
internal import SwiftASN1

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// PBES2: AES in CBC mode under a key that PBKDF2 makes of a password.
///
/// Source: RFC 8018, 6.2 and appendix A.
enum PKCS12Protection {
  /// Decrypts by an `AlgorithmIdentifier`. Throws `PKCS12Error.wrongPassword` where the padding does not fit.
  static func open(_ ciphertext: ArraySlice<UInt8>, _ algorithm: ASN1Node, password: String, _ budget: inout PKCS12Rounds) throws -> [UInt8] {
    let parts = try algorithm.children()
    guard try parts.at(0).objectIdentifier() == PKCS12Identifiers.pbes2 else {
      throw PKCS12Error.unsupported("\(try parts.at(0).objectIdentifier())")
    }
    let schemes = try parts.at(1).children()
    let cipher = try schemes.at(1).children()
    let keyBytes: Int
    switch try cipher.at(0).objectIdentifier() {
    case PKCS12Identifiers.aes128CBC: keyBytes = 16
    case PKCS12Identifiers.aes192CBC: keyBytes = 24
    case PKCS12Identifiers.aes256CBC: keyBytes = 32
    case let other: throw PKCS12Error.unsupported("\(other)")
    }
    let key = try key(try schemes.at(0), keyBytes, password, &budget)
    let vector = try cipher.at(1).octets()
    guard vector.count == 16, !ciphertext.isEmpty, ciphertext.count.isMultiple(of: 16) else { throw PKCS12Error.malformed }
    do {
      return Array(try AES._CBC.decrypt(Array(ciphertext), using: key, iv: try AES._CBC.IV(ivBytes: Array(vector))))
    } catch {
      throw PKCS12Error.wrongPassword
    }
  }

  private static func key(_ derivation: ASN1Node, _ keyBytes: Int, _ password: String, _ budget: inout PKCS12Rounds) throws -> SymmetricKey {
    let parts = try derivation.children()
    guard try parts.at(0).objectIdentifier() == PKCS12Identifiers.pbkdf2 else {
      throw PKCS12Error.unsupported("\(try parts.at(0).objectIdentifier())")
    }
    var parameters = try parts.at(1).children()[...]
    guard let salt = try parameters.popFirst()?.octets(), !salt.isEmpty, let count = parameters.popFirst() else {
      throw PKCS12Error.malformed
    }
    let rounds = try budget.take(count)
    if parameters.first?.identifier == .integer, let length = try parameters.popFirst().map({ try Int(derEncoded: $0) }), length != keyBytes {
      throw PKCS12Error.malformed
    }
    let function = try parameters.popFirst().map { try $0.children().at(0).objectIdentifier() } ?? PKCS12Identifiers.hmacSHA1
    // HMAC fills keys up with zeros, so that an empty password is the same as one zero; the library wants at least a byte.
    let bytes = password.isEmpty ? [0] : Array(password.utf8)
    return try KDF.Insecure.PBKDF2.deriveKey(
      from: bytes, salt: Array(salt), using: try hash(function), outputByteCount: keyBytes, unsafeUncheckedRounds: rounds)
  }

  private static func hash(_ function: ASN1ObjectIdentifier) throws -> KDF.Insecure.PBKDF2.HashFunction {
    switch function {
    // Read, as many writers leave the default; never written.
    case PKCS12Identifiers.hmacSHA1: .insecureSHA1
    case PKCS12Identifiers.hmacSHA256: .sha256
    case PKCS12Identifiers.hmacSHA384: .sha384
    case PKCS12Identifiers.hmacSHA512: .sha512
    default: throw PKCS12Error.unsupported("\(function)")
    }
  }
}
