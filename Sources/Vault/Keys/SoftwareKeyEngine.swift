internal import Base
internal import NIOCore
internal import SecurityModule

/// Keys that rest sealed in the records and are opened in this process: RSA and elliptic curves.
final class SoftwareKeyEngine: KeyEngine {
  let openKeys: OpenKeys
  private let making = KeyThreads(System.coreCount / 2, maximumWaiting: KeyLimits.maximumWaitingMakings)
  private let using = KeyThreads(System.coreCount, maximumWaiting: KeyLimits.maximumWaitingUses)

  init(clock: any WallClock) {
    openKeys = OpenKeys(clock: clock)
  }

  func makes(_ kind: ModuleKeyKind) -> Bool {
    switch kind {
    case .rsa(let bits): [2048, 3072, 4096].contains(bits)
    case .ec(let curve): curve != .secp256k1
    case .aes, .hmac: false
    }
  }

  func make(_ kind: ModuleKeyKind, id: GUID, for tenant: GUID) async throws -> MadeKey {
    try await making.run(for: tenant) { try Self.made(SoftwareKey(making: kind), kind) }
  }

  func take(_ material: ModuleKeyMaterial, id: GUID, for tenant: GUID) async throws -> MadeKey {
    let kind = try material.kind
    return try await using.run(for: tenant) { try Self.made(SoftwareKey(material), kind) }
  }

  private static func made(_ key: SoftwareKey, _ kind: ModuleKeyKind) throws -> MadeKey {
    MadeKey(kind: kind, publicKey: try key.publicKey, content: key.content, moduleKey: nil)
  }

  func sign(_ digest: [UInt8], _ algorithm: ModuleSignature, _ key: StoredKey) async throws -> [UInt8] {
    // A curve takes microseconds, less than the way to another thread.
    if case .ec = key.kind { return try opened(key).signature(of: digest, algorithm) }
    return try await using.run(for: key.tenant) { try self.opened(key).signature(of: digest, algorithm) }
  }

  func decrypt(_ ciphertext: [UInt8], _ padding: ModuleRSAPadding, _ key: StoredKey) async throws -> [UInt8] {
    try await using.run(for: key.tenant) { try self.opened(key).decrypted(ciphertext, padding) }
  }

  func authenticate(_ message: [UInt8], _ key: StoredKey) async throws -> [UInt8] { throw KeyError.unsupportedType("oct") }

  func encrypt(_ plaintext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8] { throw KeyError.unsupportedType("oct") }

  func decrypt(_ ciphertext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8] { throw KeyError.unsupportedType("oct") }

  func wrap(_ content: [UInt8], _ key: StoredKey) async throws -> [UInt8] { throw KeyError.unsupportedType("oct") }

  func unwrap(_ wrapped: [UInt8], _ key: StoredKey) async throws -> [UInt8] { throw KeyError.unsupportedType("oct") }

  private func opened(_ key: StoredKey) throws -> SoftwareKey {
    switch key.place {
    case .open(let open): return open
    case .content(let content):
      let open = try SoftwareKey(content, key.kind)
      openKeys.insert(open, id: key.id, incarnation: key.incarnation)
      return open
    case .module, .external: preconditionFailure("a key that is not here was given to the wrong engine")
    }
  }
}

extension ModuleKeyMaterial {
  /// What key the parts make. Throws 400 for a size that is none.
  var kind: ModuleKeyKind {
    get throws {
      switch self {
      case .rsa(let parts):
        let significant = parts.modulus.drop { $0 == 0 }
        guard let first = significant.first, significant.count <= 512 else { throw KeyError.invalid("n") }
        return .rsa(bits: significant.count * 8 - first.leadingZeroBitCount)
      case .ec(let curve, _, _, _): return .ec(curve)
      case .aes(let bytes): return .aes(bits: bytes.count * 8)
      }
    }
  }
}
