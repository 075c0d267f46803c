internal import Base
internal import ExternalKeys
internal import SecurityModule
internal import Wire

/// What a body says of a key that the customer holds: its name there, and nothing of what it is.
///
/// Source: Microsoft, "Create Key" with `attributes.external_key`, Key Vault REST reference, 2026-01-01-preview.
struct ExternalKeyRequest: Sendable {
  var id: String

  /// Nil where the body names no external key. Throws 400.
  init?(_ body: JSON) throws {
    guard let reference = body.member("attributes", "external_key") else { return nil }
    guard let id = reference.member("id")?.string, ExternalKeyConnection.isIdentifier(id) else { throw KeyError.invalid("external_key.id") }
    for name in ["kty", "key_size", "crv", "key_ops", "public_exponent", "release_policy"] where body.member(name) != nil {
      throw ExternalKeyRefusal.badMember(name)
    }
    guard body.member("attributes", "exportable")?.boolean != true else { throw ExternalKeyRefusal.badMember("exportable") }
    self.id = id
  }
}

extension VaultKeys {
  /// Asks the vault's external key manager what a key is, before there is a record of it.
  func externalDescription(_ request: ExternalKeyRequest, _ call: VaultCall) async throws -> KeyDescription {
    var context = KeyPurpose(call, url: call.keyURL(call.name)).context(of: call.vault, services)
    // Nothing is used yet: what for will be said at each use.
    context.reason = nil
    let kind = try await services.externalKeys.call(call.vault, services) { try await $0.kind(of: request.id, context) }
    return KeyDescription(external: request.id, kind)
  }
}

extension KeyDescription {
  /// A key that its customer holds wraps and unwraps, and nothing else.
  static let externalOperations: [KeyOperation] = [.wrapKey, .unwrapKey]

  init(external id: String, _ kind: ExternalKeyKind) {
    let publicKey: PublicKey?
    switch kind {
    case .aes:
      self.init(kind: .aes(bits: 256), operations: Self.externalOperations, publicKey: nil, externalID: id)
      return
    case .rsa(let modulus, let exponent):
      publicKey = PublicKey(.rsa(modulus: modulus, exponent: exponent))
      self.init(kind: .rsa(bits: modulus.count * 8), operations: Self.externalOperations, publicKey: publicKey, externalID: id)
    }
  }
}
