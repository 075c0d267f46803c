internal import Base
internal import Keyring
internal import Records
internal import Wire

/// How keys are written in answers.
///
/// Source: Microsoft, "KeyBundle", "KeyItem", "DeletedKeyBundle" and "DeletedKeyItem", Key Vault REST reference.
extension VaultCall {
  /// A key with its public part.
  func bundle(of object: VaultObject, _ version: VaultObjectVersion) throws -> JSON {
    guard let description = KeyDescription(version.publicPart) else { throw CloudError.internalError(KeyringError.corrupt) }
    let document = JSON.object([
      "key": description.json(url: keyURL(object.name, version.version)), "attributes": keyAttributes(of: version),
      "tags": version.tags.map { _ in tags(of: version) }, "managed": object.isManaged ? true : nil,
    ])
    return deleted(document, object)
  }

  /// A key in a list; the versions of one key are told apart by theirs.
  func item(of object: VaultObject, _ version: VaultObjectVersion, withVersion: Bool) -> JSON {
    let document = JSON.object([
      "kid": .string(keyURL(object.name, withVersion ? version.version : nil)), "attributes": keyAttributes(of: version),
      "tags": version.tags.map { _ in tags(of: version) }, "managed": object.isManaged ? true : nil,
    ])
    return deleted(document, object)
  }

  private func keyAttributes(of version: VaultObjectVersion) -> JSON {
    guard case .object(var members) = attributes(of: version) else { return attributes(of: version) }
    members["exportable"] = false
    if let id = KeyDescription(version.publicPart)?.externalID { members["external_key"] = ["id": .string(id)] }
    return .object(members)
  }
}
