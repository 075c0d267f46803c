internal import Crypto

/// What a tenant's key is used for, each use under a key of its own.
struct TenantKeyMaterial: Sendable {
  private let key: SymmetricKey

  init(_ key: SymmetricKey) {
    self.key = key
  }

  var wrappingKey: SymmetricKey { key.derived(for: "tenant key: data keys") }
  var secretsKey: SymmetricKey { key.derived(for: "tenant key: secrets") }
}
