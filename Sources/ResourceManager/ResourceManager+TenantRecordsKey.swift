internal import Access
internal import Base
internal import Keyring
internal import Records
internal import Wire

/// A tenant's own key over its records in the control plane.
extension ResourceManager {
  // MARK: Opening

  /// Opens what a tenant's records are sealed under, where that is a key of its own. Throws what a request is answered that needs it.
  func openRecords(of tenant: GUID, caller: GUID?, request: GUID?) async throws {
    guard let customerKeys, let choice = try await choice(of: tenant), choice.customerKey != nil else { return }
    do {
      try await customerKeys.open(choice.dataKey, tenant: tenant, caller: caller, request: request)
    } catch let error as CustomerKeyError {
      throw error.closedRecords
    }
  }

  /// What a request would be answered that needs the tenant's records; nil where they are open.
  func refusalOfRecords(_ context: ArmContext) async throws -> CloudError? {
    do {
      try await openRecords(of: context.tenant, caller: context.principal.objectID, request: context.requestID)
      return nil
    } catch let error as CloudError {
      return error
    }
  }

  private func choice(of tenant: GUID) async throws -> TenantRecordsKey? {
    try await records.read { try $0.fetch(TenantRecordsKey.self, TenantRecordsKey.key(tenant)) }
  }

  // MARK: Choosing

  func tenantRecordsKey(_ context: ArmContext) async throws -> JSON? {
    try await records.read { try $0.fetch(TenantRecordsKey.self, TenantRecordsKey.key(context.tenant))?.json(in: $0) }
  }

  /// Makes the identity that is to use the key, and puts the records under the key that the body names; under none where it names none.
  func putTenantRecordsKey(_ body: JSON, _ context: ArmContext) async throws -> (JSON, created: Bool) {
    let (customerKeys, keyring, identities) = try sovereignty()
    let wanted = try Self.wantedKey(body)
    let known = try await choice(of: context.tenant)
    var prepared: Keyring.PreparedDataKey?
    if let wanted, wanted != known?.customerKey {
      guard let known else { throw Self.withoutIdentity }
      prepared = try await refusing(context) {
        try await customerKeys.prepare(known.dataKey, tenant: context.tenant, wanted, Self.use(known, context))
      }
    } else if wanted == nil {
      try await open(known, customerKeys, context)
    }
    let etag = random.guid()
    return try await change(context) { [prepared] transaction in
      let existing = try transaction.fetch(TenantRecordsKey.self, TenantRecordsKey.key(context.tenant))
      guard existing?.etag == known?.etag else { throw Self.changedMeanwhile }
      var choice: TenantRecordsKey
      if let existing {
        choice = existing
      } else {
        let identity = try identities.makeManagedIdentity(
          displayName: "tenant-records", resourceID: TenantRecordsKey.path, tenant: context.tenant, in: transaction)
        choice = TenantRecordsKey(
          tenant: context.tenant, principal: identity.principal, application: identity.application, customerKey: nil,
          dataKey: try keyring.recordsKey(of: context.tenant, in: transaction), etag: etag, createdTime: context.now, changedTime: context.now)
      }
      if let prepared { try keyring.protect(prepared, in: transaction) }
      if wanted == nil { try keyring.unprotect(choice.dataKey, tenant: context.tenant, in: transaction) }
      (choice.customerKey, choice.etag, choice.changedTime) = (wanted, etag, context.now)
      try transaction.save(choice)
      return ((try choice.json(in: transaction), existing == nil), existing == nil ? 201 : 200)
    }
  }

  /// Gives the records back to the platform's key for the tenant; false where they were under it.
  func deleteTenantRecordsKey(_ context: ArmContext) async throws -> Bool {
    let (customerKeys, keyring, identities) = try sovereignty()
    let known = try await choice(of: context.tenant)
    try await open(known, customerKeys, context)
    return try await change(context) { transaction in
      guard let choice = try transaction.fetch(TenantRecordsKey.self, TenantRecordsKey.key(context.tenant)) else { return (false, 204) }
      guard choice.etag == known?.etag else { throw Self.changedMeanwhile }
      try keyring.unprotect(choice.dataKey, tenant: context.tenant, in: transaction)
      try identities.removeManagedIdentity(choice.principal, tenant: context.tenant, in: transaction)
      try transaction.remove(TenantRecordsKey.self, choice.key)
      return (true, 200)
    }
  }

  /// What was under the tenant's key can only be given back by it.
  private func open(_ choice: TenantRecordsKey?, _ customerKeys: CustomerKeyring, _ context: ArmContext) async throws {
    guard let choice, choice.customerKey != nil else { return }
    do {
      try await customerKeys.open(choice.dataKey, tenant: context.tenant, caller: context.principal.objectID, request: context.requestID)
    } catch let error as CustomerKeyError {
      await recordFailure(context, error.closedRecords)
      throw error.closedRecords
    }
  }

  private func refusing<Value: Sendable>(_ context: ArmContext, _ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as CustomerKeyError {
      await recordFailure(context, error.refusedChoice)
      throw error.refusedChoice
    }
  }

  private func sovereignty() throws -> (CustomerKeyring, Keyring, any ManagedIdentities) {
    guard let customerKeys, let identities else { throw CloudError(501, "NotImplemented", "This cloud has no vaults for keys of tenants.") }
    return (customerKeys, customerKeys.keyring, identities)
  }

  private static func use(_ choice: TenantRecordsKey, _ context: ArmContext) -> CustomerKeyUse {
    CustomerKeyUse(
      reason: .tenantRecords, tenant: context.tenant, subject: TenantRecordsKey.path, identity: choice.principal,
      caller: context.principal.objectID, request: context.requestID)
  }

  // MARK: Bodies

  private static func wantedKey(_ body: JSON) throws -> CustomerKey? {
    guard body.object != nil else { throw CloudError.invalidRequestContent("A JSON object is expected.") }
    if let type = body.member("identity")?.member("type"), type.string?.lowercased() != "systemassigned" {
      throw CloudError(400, "InvalidIdentityType", "The identity type '\(type.text)' is not supported: only 'SystemAssigned' is.")
    }
    guard let given = body.member("properties")?.member("keyUri"), !given.isNull else { return nil }
    guard let text = given.string, let key = CustomerKey(url: text) else {
      throw CloudError(
        400, "InvalidParameter",
        "The value '\(given.text.prefix(512))' of parameter 'properties.keyUri' is invalid: https://<vault>/keys/<name>, with or without a version.")
    }
    return key
  }

  private static var withoutIdentity: CloudError {
    CloudError(
      400, "IdentityNotFound",
      "The tenant's key has no identity yet. Make it without a 'keyUri', give its identity the role 'Key Vault Crypto Service Encryption User' on the "
        + "key vault, then name the key.")
  }

  private static var changedMeanwhile: CloudError {
    CloudError(409, "Conflict", "The tenant's key was changed by another request. Please retry.")
  }
}
