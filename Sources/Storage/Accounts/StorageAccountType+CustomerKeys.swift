internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// An account under a key of its customer's, and the identity that uses it.
extension StorageAccountType {
  func prepare(_ change: ResourceChange) async throws -> (any Sendable)? {
    let existing = change.existing
    let stored = existing?.properties.object ?? JSON.Object()
    let wanted = change.body.object?.member(ignoringCase: "properties")?.object?.member(ignoringCase: AccountEncryption.member)
    var settings = stored
    if let wanted, wanted != .null { settings[AccountEncryption.member] = try AccountEncryption.merging(wanted, into: stored).setting }
    let identity = try await announcedIdentity(change)
    let wish = try protectionWish(settings, identity)
    if wish == nil, AccountEncryption(stored).customerKey == nil { return nil }
    let dataKey = try await accounts.records.read { reader in
      try existing.map { try Self.account(of: $0, in: reader).dataKey }
    }
    return try await accounts.protection.prepare(
      dataKey, wish, identity: ManagedServiceIdentity.principal(of: identity, userAssigned: nil), subject: change.id, change.context)
  }

  /// How the account's data key is to be protected; nil where the platform's own key is enough. Throws where there is no identity to use the key.
  func protectionWish(_ settings: JSON.Object, _ identity: JSON?) throws(CloudError) -> DataKeyProtection.Wish? {
    let encryption = AccountEncryption(settings)
    guard let key = encryption.customerKey else { return nil }
    guard let principal = ManagedServiceIdentity.principal(of: identity, userAssigned: encryption.userAssignedIdentity) else {
      throw StorageAccountSettings.refused(.identityNotFound)
    }
    return DataKeyProtection.Wish(key: key, identity: principal)
  }

  /// What the account's identity becomes.
  func identity(_ change: ResourceChange, _ body: JSON.Object, in transaction: RecordTransaction) throws -> JSON? {
    let given = body.member(ignoringCase: "identity")
    guard let identities else {
      guard given == nil || given == .null || given?["type"]?.string?.lowercased() == "none" else {
        throw StorageAccountSettings.unsupported("Managed identity", "identity.type")
      }
      return nil
    }
    return try identities.changed(given, from: change.existing?.identity, of: change.id, tenant: change.context.tenant, in: transaction)
  }

  /// The same, before the transaction: an identity that is still to be made is not there yet, and could not have been allowed anything.
  private func announcedIdentity(_ change: ResourceChange) async throws -> JSON? {
    guard let given = change.body.object?.member(ignoringCase: "identity"), given != .null else { return change.existing?.identity }
    return try await accounts.records.read { reader in
      try ManagedServiceIdentity.announced(given, from: change.existing?.identity, of: change.id, tenant: change.context.tenant, in: reader)
    }
  }
}
