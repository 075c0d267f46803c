internal import Base
internal import Crypto

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// AES-256-GCM as it rests in records: a nonce of 12 bytes, the ciphertext, a tag of 16 bytes.
enum SealedBytes {
  static let nonceBytes = 12

  static func seal(_ plaintext: some DataProtocol, using key: SymmetricKey, context: [UInt8], random: any RandomSource) throws -> [UInt8] {
    let nonce = try AES.GCM.Nonce(data: random.bytes(nonceBytes))
    let box = try AES.GCM.seal(plaintext, using: key, nonce: nonce, authenticating: context)
    return Array(box.nonce) + box.ciphertext + box.tag
  }

  /// Throws `KeyringError.corrupt` when it does not authenticate.
  static func open(_ sealed: some DataProtocol, using key: SymmetricKey, context: [UInt8]) throws(KeyringError) -> Data {
    do {
      return try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: key, authenticating: context)
    } catch {
      throw .corrupt
    }
  }
}

extension SymmetricKey {
  /// A new key of 256 bits.
  init(random: any RandomSource) {
    self.init(data: random.bytes(32))
  }

  /// A key of 256 bits for one purpose. What one purpose reveals tells nothing about another's key.
  func derived(for purpose: String) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(inputKeyMaterial: self, info: Array("cocagne \(purpose)".utf8), outputByteCount: 32)
  }

  func wrap(_ key: SymmetricKey, context: [UInt8], random: any RandomSource) throws -> [UInt8] {
    try key.withUnsafeBytes { try SealedBytes.seal($0, using: self, context: context, random: random) }
  }

  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws(KeyringError) -> SymmetricKey {
    let key = SymmetricKey(data: try SealedBytes.open(wrapped, using: self, context: context))
    guard key.bitCount == 256 else { throw .corrupt }
    return key
  }
}
