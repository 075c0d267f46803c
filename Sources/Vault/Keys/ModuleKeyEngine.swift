internal import Base
internal import SecurityModule

/// Keys that live in the hardware security module and never leave it.
struct ModuleKeyEngine: KeyEngine {
  /// By it the module's keys are told from others on the same token.
  static let label = "cocagne vault"

  let module: SecurityModule
  private let shares = TenantShares(of: ModuleLimits.maximumWaitingCalls)

  init(module: SecurityModule) {
    self.module = module
  }

  func makes(_ kind: ModuleKeyKind) -> Bool {
    switch kind {
    case .rsa(let bits): [2048, 3072, 4096].contains(bits)
    case .aes(let bits): [128, 192, 256].contains(bits)
    case .ec, .hmac: true
    }
  }

  func make(_ kind: ModuleKeyKind, id: GUID, for tenant: GUID) async throws -> MadeKey {
    try await call(for: tenant) {
      try await module.generate(kind, id: id, label: Self.label, canBeExported: true)
      return MadeKey(kind: kind, publicKey: try await publicKey(of: kind, id), content: nil, moduleKey: id)
    }
  }

  func take(_ material: ModuleKeyMaterial, id: GUID, for tenant: GUID) async throws -> MadeKey {
    let kind = try material.kind
    return try await call(for: tenant) {
      try await module.importKey(material, id: id, label: Self.label, canBeExported: true)
      return MadeKey(kind: kind, publicKey: try await publicKey(of: kind, id), content: nil, moduleKey: id)
    }
  }

  private func publicKey(of kind: ModuleKeyKind, _ id: GUID) async throws -> PublicKey? {
    switch kind {
    case .rsa, .ec: PublicKey(try await module.publicKey(id))
    case .aes, .hmac: nil
    }
  }

  func sign(_ digest: [UInt8], _ algorithm: ModuleSignature, _ key: StoredKey) async throws -> [UInt8] {
    try await use(key) { try await module.sign(digest, key: $0, algorithm) }
  }

  /// With a curve that no library here knows.
  func verifies(_ signature: [UInt8], of digest: [UInt8], _ algorithm: ModuleSignature, _ key: StoredKey) async throws -> Bool {
    try await use(key) { try await module.verify(signature, of: digest, key: $0, algorithm) }
  }

  func decrypt(_ ciphertext: [UInt8], _ padding: ModuleRSAPadding, _ key: StoredKey) async throws -> [UInt8] {
    try await use(key) { try await module.decrypt(ciphertext, key: $0, padding) }
  }

  func authenticate(_ message: [UInt8], _ key: StoredKey) async throws -> [UInt8] {
    try await use(key) { try await module.authenticate(message, key: $0) }
  }

  func encrypt(_ plaintext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8] {
    try await use(key) { try await module.encrypt(plaintext, key: $0, cipher) }
  }

  func decrypt(_ ciphertext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8] {
    try await use(key) { try await module.decrypt(ciphertext, key: $0, cipher) }
  }

  func wrap(_ content: [UInt8], _ key: StoredKey) async throws -> [UInt8] {
    try await use(key) { try await module.wrap(content, by: $0, padded: false) }
  }

  func unwrap(_ wrapped: [UInt8], _ key: StoredKey) async throws -> [UInt8] {
    try await use(key) { try await module.unwrap(wrapped, by: $0, padded: false) }
  }

  private func use<Value: Sendable>(_ key: StoredKey, _ body: (GUID) async throws -> Value) async throws -> Value {
    guard case .module(let id) = key.place else { preconditionFailure("a key of this process was given to the module") }
    return try await call(for: key.tenant) { try await body(id) }
  }

  /// Calls the module for a tenant, with errors as callers of vaults know them. Throws 503 when the tenant has its share of the calls under way.
  func call<Value: Sendable>(for tenant: GUID, _ body: () async throws -> Value) async throws -> Value {
    try shares.enter(tenant)
    defer { shares.leave(tenant) }
    return try await Self.translated(body)
  }

  private static func translated<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as SecurityModuleError {
      throw KeyError.meaning(of: error)
    }
  }
}
