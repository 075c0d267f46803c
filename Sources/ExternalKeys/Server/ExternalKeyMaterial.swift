internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
package import Wire

/// A key of a customer's, as the reference server keeps it.
package struct ExternalKeyMaterial: Sendable {
  /// What can be made.
  package enum Sort: String, CaseIterable, Sendable {
    case aes256 = "AES-256"
    case rsa3072 = "RSA-3072"
    case rsa4096 = "RSA-4096"
  }

  /// The value does not fit the key, or the algorithm does not.
  enum Failure: Error {
    case unsupportedAlgorithm
    case invalidValue
  }

  private enum Content {
    case aes([UInt8])
    /// In DER. The library's type may not go from one task to another.
    case rsa([UInt8])
  }

  private let content: Content

  package init(making sort: Sort) throws {
    switch sort {
    case .aes256: content = .aes(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
    case .rsa3072: content = .rsa(Array(try _RSA.Encryption.PrivateKey(keySize: .bits3072).derRepresentation))
    case .rsa4096: content = .rsa(Array(try _RSA.Encryption.PrivateKey(keySize: .bits4096).derRepresentation))
    }
  }

  var kind: ExternalKeyKind {
    get throws {
      switch content {
      case .aes: return .aes
      case .rsa(let bytes):
        let primitives = try _RSA.Encryption.PrivateKey(derRepresentation: bytes).publicKey.getKeyPrimitives()
        return .rsa(modulus: Array(primitives.modulus), exponent: Array(primitives.publicExponent))
      }
    }
  }

  func wrap(_ value: [UInt8], _ algorithm: ExternalKeyAlgorithm) throws -> [UInt8] {
    switch (content, algorithm) {
    case (.aes(let key), .a256KW):
      guard value.count >= 16, value.count % 8 == 0 else { throw Failure.invalidValue }
      return Array(try AES.KeyWrap.wrap(SymmetricKey(data: value), using: SymmetricKey(data: key)))
    case (.rsa(let bytes), .rsaOAEP256):
      let key = try _RSA.Encryption.PrivateKey(derRepresentation: bytes).publicKey
      // Asked before: the library stops the process for what is too long.
      guard value.count <= key.maximumEncryptSize(with: .PKCS1_OAEP_SHA256) else { throw Failure.invalidValue }
      return Array(try key.encrypt(value, padding: .PKCS1_OAEP_SHA256))
    default: throw Failure.unsupportedAlgorithm
    }
  }

  func unwrap(_ wrapped: [UInt8], _ algorithm: ExternalKeyAlgorithm) throws -> [UInt8] {
    switch (content, algorithm) {
    case (.aes(let key), .a256KW):
      guard wrapped.count >= 24, wrapped.count % 8 == 0 else { throw Failure.invalidValue }
      return try opened { try AES.KeyWrap.unwrap(wrapped, using: SymmetricKey(data: key)).withUnsafeBytes { Array($0) } }
    case (.rsa(let bytes), .rsaOAEP256):
      let key = try _RSA.Encryption.PrivateKey(derRepresentation: bytes)
      return try opened { Array(try key.decrypt(wrapped, padding: .PKCS1_OAEP_SHA256)) }
    default: throw Failure.unsupportedAlgorithm
    }
  }

  /// One answer for all that does not open, so that nobody learns from it what was wrong.
  private func opened(_ body: () throws -> [UInt8]) throws -> [UInt8] {
    do {
      return try body()
    } catch {
      throw Failure.invalidValue
    }
  }

  // MARK: At rest

  package var json: JSON {
    switch content {
    case .aes(let key): ["type": "AES", "key": .string(Base64.encode(key))]
    case .rsa(let key): ["type": "RSA", "key": .string(Base64.encode(key))]
    }
  }

  /// Nil for what `json` did not give.
  package init?(_ json: JSON) {
    guard let bytes = json["key"]?.string.flatMap({ Base64.decode($0) }) else { return nil }
    switch json["type"]?.string {
    case "AES":
      guard bytes.count == 32 else { return nil }
      content = .aes(bytes)
    case "RSA":
      guard (try? _RSA.Encryption.PrivateKey(derRepresentation: bytes)) != nil else { return nil }
      content = .rsa(bytes)
    default: return nil
    }
  }
}

extension ExternalKeyMaterial: CustomStringConvertible, CustomReflectable {
  package var description: String { "a key" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
