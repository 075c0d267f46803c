internal import Wire

/// What is shown of a secret.
///
/// Source: Microsoft, "SecretBundle" and "SecretItem", Key Vault REST reference.
enum SecretDocument {
  /// A version, with its value where it is to be shown.
  static func bundle(_ call: VaultCall, _ object: VaultObject, _ version: VaultObjectVersion, value: String? = nil) -> JSON {
    .object([
      "value": JSON.string(value), "contentType": JSON.string(version.contentType), "id": .string(call.id(of: object, version)),
      "managed": object.isManaged ? true : nil, "attributes": call.attributes(of: version), "tags": call.tags(of: version),
      "kid": JSON.string(version.keyURL),
    ])
  }

  /// A line of a list of secrets, whose id names no version.
  static func item(_ call: VaultCall, _ object: VaultObject, _ version: VaultObjectVersion) -> JSON {
    .object([
      "contentType": JSON.string(version.contentType), "id": .string(call.id(.secrets, object.name)), "managed": object.isManaged ? true : nil,
      "attributes": call.attributes(of: version), "tags": call.tags(of: version),
    ])
  }
}
