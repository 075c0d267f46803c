internal import Crypto
internal import CryptoExtras
internal import SwiftASN1

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The message authentication code over a PKCS#12 file, under a password.
///
/// Source: RFC 7292, 4 and appendix B. Its derivation of keys is in no library's interface; the hash functions and HMAC are the library's.
enum PKCS12Integrity {
  /// How a password enters the derivation. An empty one has two forms: most write its terminator, some write nothing.
  enum Password: Equatable {
    case none
    case text(String)

    /// UTF-16, big-endian, with a terminator.
    fileprivate var bytes: [UInt8] {
      switch self {
      case .none: []
      case .text(let text): (Array(text.utf16) + [0]).flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
      }
    }
  }

  /// Whether the code is that of the content. SHA-1 is read, as most writers still take it, and never written.
  static func verifies(
    _ code: ArraySlice<UInt8>, of content: ArraySlice<UInt8>, _ digest: ASN1ObjectIdentifier, _ password: Password, salt: ArraySlice<UInt8>,
    rounds: Int
  ) throws -> Bool {
    switch digest {
    case PKCS12Identifiers.sha1: return verifies(Insecure.SHA1.self, code, content, password, salt, rounds)
    case PKCS12Identifiers.sha256: return verifies(SHA256.self, code, content, password, salt, rounds)
    case PKCS12Identifiers.sha384: return verifies(SHA384.self, code, content, password, salt, rounds)
    case PKCS12Identifiers.sha512: return verifies(SHA512.self, code, content, password, salt, rounds)
    default: throw PKCS12Error.unsupported("\(digest)")
    }
  }

  private static func verifies<Hash: HashFunction>(
    _ hash: Hash.Type, _ code: ArraySlice<UInt8>, _ content: ArraySlice<UInt8>, _ password: Password, _ salt: ArraySlice<UInt8>, _ rounds: Int
  ) -> Bool {
    let key = key(hash, password, salt, rounds)
    return HMAC<Hash>.isValidAuthenticationCode(Array(code), authenticating: Array(content), using: key)
  }

  /// The code of a content with SHA-256.
  static func code(of content: [UInt8], _ password: Password, salt: [UInt8], rounds: Int) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: content, using: key(SHA256.self, password, salt[...], rounds)))
  }

  /// The key has the length of a digest, so that of the derivation's blocks there is one.
  private static func key<Hash: HashFunction>(
    _ hash: Hash.Type, _ password: Password, _ salt: ArraySlice<UInt8>, _ rounds: Int
  ) -> SymmetricKey {
    let block = Hash.blockByteCount
    let purpose: UInt8 = 3
    let input = [UInt8](repeating: purpose, count: block) + repeated(Array(salt), block) + repeated(password.bytes, block)
    var digest = Array(Hash.hash(data: input))
    for _ in 1..<max(rounds, 1) { digest = Array(Hash.hash(data: digest)) }
    return SymmetricKey(data: digest)
  }

  /// Copies up to a multiple of the block.
  private static func repeated(_ bytes: [UInt8], _ block: Int) -> [UInt8] {
    let count = (bytes.count + block - 1) / block * block
    return (0..<count).map { bytes[$0 % bytes.count] }
  }
}
