internal import Base
internal import Crypto
internal import CryptoExtras

/// OAEP with SHA-256 for tokens that have it with SHA-1 alone. The token does the arithmetic of the private key (`CKM_RSA_X_509`), so that the key stays in
/// it; the padding is taken off here, because no library at hand takes one off a block that somebody else decrypted.
///
/// Source: RFC 8017, 7.1.
extension ModuleRSAPadding {
  func encrypt(_ plaintext: [UInt8], for key: ModulePublicKey) throws -> [UInt8] {
    guard case .rsa(let modulus, let exponent) = key, self == .oaep(.sha256) else { throw SecurityModuleError.unsupported("\(self)") }
    do {
      return Array(try _RSA.Encryption.PublicKey(n: modulus, e: exponent).encrypt(plaintext, padding: .PKCS1_OAEP_SHA256))
    } catch {
      throw SecurityModuleError.invalidData
    }
  }

  /// Takes the padding off a decrypted block. Which part of it is wrong can be told neither from the error nor from how long it takes.
  package func open(_ block: [UInt8], modulusBytes: Int) throws -> [UInt8] {
    guard self == .oaep(.sha256) else { throw SecurityModuleError.unsupported("\(self)") }
    let length = SHA256.byteCount
    guard block.count <= modulusBytes, modulusBytes >= 2 * length + 2 else { throw SecurityModuleError.invalidData }
    let block = [UInt8](repeating: 0, count: modulusBytes - block.count) + block
    let maskedSeed = block[1...length]
    let maskedData = block[(length + 1)...]
    let seed = zip(maskedSeed, Self.mask(maskedData, count: length)).map { $0 ^ $1 }
    let data = zip(maskedData, Self.mask(seed, count: maskedData.count)).map { $0 ^ $1 }
    // Every byte is looked at, whatever the ones before it were.
    var wrong = block[0]
    for (byte, expected) in zip(data, SHA256.hash(data: [UInt8]())) { wrong |= byte ^ expected }
    var isFound: UInt8 = 0
    var start = 0
    for position in length..<data.count {
      let byte = data[position]
      let isOne = Self.isZero(byte ^ 1)
      let isFirst = isOne & ~isFound
      start |= (position + 1) & Int(bitPattern: UInt(0) &- UInt(isFirst & 1))
      isFound |= isOne
      // Before the one there are zeros and nothing else.
      wrong |= ~isFound & ~Self.isZero(byte)
    }
    guard wrong == 0, isFound != 0 else { throw SecurityModuleError.invalidData }
    return Array(data[start...])
  }

  /// 0xFF for zero, otherwise 0, without a branch.
  private static func isZero(_ byte: UInt8) -> UInt8 {
    let folded = UInt16(byte) &- 1
    return UInt8(truncatingIfNeeded: folded >> 8)
  }

  /// MGF1 with SHA-256.
  private static func mask(_ seed: some Collection<UInt8>, count: Int) -> [UInt8] {
    var mask: [UInt8] = []
    var counter: UInt32 = 0
    while mask.count < count {
      mask += SHA256.hash(data: Array(seed) + withUnsafeBytes(of: counter.bigEndian) { Array($0) })
      counter += 1
    }
    return Array(mask.prefix(count))
  }
}
