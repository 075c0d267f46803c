internal import Base
internal import ExternalKeys
internal import SecurityModule

/// Keys that live with the customer, outside of the platform: each use is asked of their external key manager, and is one that it may refuse.
struct ExternalKeyEngine: KeyEngine {
  let services: VaultServices

  func makes(_ kind: ModuleKeyKind) -> Bool { false }

  func make(_ kind: ModuleKeyKind, id: GUID, for tenant: GUID) async throws -> MadeKey { throw KeyError.unsupportedType(kind.family) }

  func take(_ material: ModuleKeyMaterial, id: GUID, for tenant: GUID) async throws -> MadeKey {
    throw KeyError.unsupportedType(try material.kind.family)
  }

  func sign(_ digest: [UInt8], _ algorithm: ModuleSignature, _ key: StoredKey) async throws -> [UInt8] { throw KeyError.notPermitted(.sign) }

  func authenticate(_ message: [UInt8], _ key: StoredKey) async throws -> [UInt8] { throw KeyError.notPermitted(.sign) }

  func encrypt(_ plaintext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8] { throw KeyError.notPermitted(.encrypt) }

  func decrypt(_ ciphertext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8] { throw KeyError.notPermitted(.decrypt) }

  /// Unwraps what RSA has wrapped.
  func decrypt(_ ciphertext: [UInt8], _ padding: ModuleRSAPadding, _ key: StoredKey) async throws -> [UInt8] {
    try await unwrap(ciphertext, try padding.externalAlgorithm, key)
  }

  func wrap(_ content: [UInt8], _ key: StoredKey) async throws -> [UInt8] { try await wrap(content, key.kind.externalAlgorithm, key) }

  func unwrap(_ wrapped: [UInt8], _ key: StoredKey) async throws -> [UInt8] { try await unwrap(wrapped, key.kind.externalAlgorithm, key) }

  func wrap(_ content: [UInt8], _ padding: ModuleRSAPadding, _ key: StoredKey) async throws -> [UInt8] {
    try await wrap(content, try padding.externalAlgorithm, key)
  }

  private func wrap(_ content: [UInt8], _ algorithm: ExternalKeyAlgorithm, _ key: StoredKey) async throws -> [UInt8] {
    try await call(key) { try await $0.wrap(content, algorithm, key: $1, $2) }
  }

  private func unwrap(_ wrapped: [UInt8], _ algorithm: ExternalKeyAlgorithm, _ key: StoredKey) async throws -> [UInt8] {
    try await call(key) { try await $0.unwrap(wrapped, algorithm, key: $1, $2) }
  }

  /// Asks whether the key may still be used for its purpose; nothing is wrapped or unwrapped.
  func check(_ key: StoredKey) async throws {
    _ = try await call(key) { try await $0.kind(of: $1, $2) }
  }

  private func call<Value: Sendable>(
    _ key: StoredKey, _ body: (any ExternalKeyManager, String, ExternalKeyContext) async throws -> Value
  ) async throws -> Value {
    guard case .external(let reference) = key.place else { preconditionFailure("a key of this platform was given to the customer's") }
    guard let purpose = key.purpose else { throw ExternalKeyRefusal.noPurpose }
    let context = purpose.context(of: reference.vault, services)
    return try await services.externalKeys.call(reference.vault, services) { try await body($0, reference.id, context) }
  }
}

/// Where an external key is.
struct ExternalKeyReference: Sendable {
  /// Its name there.
  var id: String
  /// Whose connection leads there.
  var vault: Vault
}

extension ModuleRSAPadding {
  fileprivate var externalAlgorithm: ExternalKeyAlgorithm {
    get throws {
      switch self {
      case .oaep(.sha256): .rsaOAEP256
      case .oaep(.sha1): .rsaOAEP
      default: throw KeyError.invalid("alg")
      }
    }
  }
}

extension ModuleKeyKind {
  fileprivate var externalAlgorithm: ExternalKeyAlgorithm {
    if case .rsa = self { .rsaOAEP256 } else { .a256KW }
  }
}
