internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.KeyVault/vaults`.
///
/// Source: Microsoft, "Vaults", REST reference of the Key Vault resource provider.
struct VaultType: ResourceType {
  let vaults: Vaults
  let address: CloudAddress
  /// Whether keys of premium vaults have a module to live in.
  let hasSecurityModule: Bool

  static let name = "Microsoft.KeyVault/vaults"

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(type: Self.name, apiVersions: VaultProvider.apiVersions, createdStatus: 200, updatedStatus: 200)
  }

  // MARK: Create, update and recover

  private static let assigning = "Microsoft.Authorization/roleAssignments/write"

  var furtherPermissions: [String] { [Self.assigning] }

  /// Who changes whether roles or access policies decide gives and takes access to everything in the vault.
  ///
  /// Source: Microsoft, "Migrate from vault access policy to an Azure role-based access control permission model".
  func furtherPermission(_ body: JSON, existing: Resource?) -> String? {
    guard let existing, let wanted = body.object?.member(ignoringCase: "properties")?.object else { return nil }
    let usesRoles = Self.usesRoles(existing.properties.object ?? JSON.Object())
    let switches = wanted.members.contains { member in
      member.name.equalsIgnoringASCIICase("enableRbacAuthorization") && !member.value.isNull && member.value.boolean != usesRoles
    }
    return switches ? Self.assigning : nil
  }

  private static func usesRoles(_ settings: JSON.Object) -> Bool { settings["enableRbacAuthorization"]?.boolean ?? true }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let body = change.body.object ?? JSON.Object()
    let properties = body.member(ignoringCase: "properties")
    let isRecovery = try Self.isRecovery(properties)
    guard let existing = change.existing else {
      return isRecovery ? try recover(change, body, in: transaction) : try create(change, body, properties, in: transaction)
    }
    guard !isRecovery else { throw Self.nothingToRecover }
    var vault = try Self.vault(of: existing, in: transaction)
    var resource = existing
    let settings = try VaultSettings.merging(
      properties, into: existing.properties.object ?? JSON.Object(), tenant: vault.tenant, isNew: false)
    if let policies = properties?.member("accessPolicies") { vault.accessPolicies = try AccessPolicy.list(policies, tenant: vault.tenant) }
    try apply(settings, to: &vault)
    try transaction.save(vault)
    vaults.invalidate(vault.name, after: transaction)
    resource.properties = .object(settings)
    return resource
  }

  private static func isRecovery(_ properties: JSON?) throws -> Bool {
    guard let mode = properties?.member("createMode") else { return false }
    switch mode.string?.lowercased() {
    case "recover": return true
    case "default": return false
    default: throw VaultSettings.invalid("createMode")
    }
  }

  private func create(_ change: ResourceChange, _ body: JSON.Object, _ properties: JSON?, in transaction: RecordTransaction) throws -> Resource {
    let (name, context) = (change.id.name, change.context)
    try VaultResourceName.check(name)
    guard let properties, !properties.isNull else { throw VaultSettings.missing("properties") }
    for required in ["tenantId", "sku"] where properties.member(required) == nil { throw VaultSettings.missing(required) }
    let settings = try VaultSettings.merging(
      properties, into: VaultSettings.initial(apiVersion: context.apiVersion), tenant: context.tenant, isNew: true)
    let policies = try properties.member("accessPolicies").map { try AccessPolicy.list($0, tenant: context.tenant) }
    guard policies != nil || settings["enableRbacAuthorization"] == true else { throw VaultSettings.missing("accessPolicies") }
    if let other = try transaction.fetch(Vault.self, Vault.key(name)) {
      let isOwn = other.tenant == context.tenant && other.id.subscription == change.id.subscription
      throw isOwn && other.deletion != nil ? VaultResourceName.isDeleted : VaultResourceName.alreadyExists(name)
    }
    let neighbours = try transaction.list(
      Vault.self, index: Vault.subscriptionIndex, [context.subscription.description], tenant: context.tenant, limit: VaultLimits.maximumVaults)
    guard neighbours.count < VaultLimits.maximumVaults else {
      throw CloudError(
        409, "QuotaExceeded", "The subscription has \(VaultLimits.maximumVaults) vaults, deleted ones among them, and cannot have more.")
    }
    let location = body.member(ignoringCase: "location")?.string ?? ""
    var vault = Vault(
      name: name, tenant: context.tenant, id: change.id, dataKey: try vaults.keyring.makeDataKey(tenant: context.tenant, in: transaction),
      location: location, createdTime: context.now)
    vault.accessPolicies = policies ?? []
    try apply(settings, to: &vault)
    try transaction.save(vault)
    vaults.invalidate(name, after: transaction)
    return Resource(
      tenant: context.tenant, id: change.id, location: location, properties: .object(settings), etag: .zero, createdTime: context.now,
      changedTime: context.now)
  }

  private func recover(_ change: ResourceChange, _ body: JSON.Object, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    guard var vault = try transaction.fetch(Vault.self, Vault.key(change.id.name)), let deletion = vault.deletion, vault.tenant == context.tenant,
      vault.id == change.id, vault.location == body.member(ignoringCase: "location")?.string
    else { throw Self.nothingToRecover }
    guard !vault.isPremium || hasSecurityModule else { throw Self.noSecurityModule }
    vault.deletion = nil
    try transaction.save(vault)
    vaults.invalidate(vault.name, after: transaction)
    return Resource(
      tenant: context.tenant, id: vault.id, location: vault.location, tags: deletion.tags, properties: try JSON(parsing: deletion.properties),
      etag: .zero, createdTime: context.now, changedTime: context.now)
  }

  private static let nothingToRecover = CloudError(
    400, "SoftDeletedVaultDoesNotExist",
    "A soft deleted vault with the given name does not exist. Ensure that the name for the vault that is being attempted to recover is in a recoverable "
      + "state. For more information on soft delete please follow this link https://go.microsoft.com/fwlink/?linkid=2149745")

  private static let noSecurityModule = CloudError(
    409, "SkuNotAvailable",
    "The SKU 'premium' is not available in this cloud: it has no hardware security module for the keys of premium vaults.", target: "sku.name")

  /// What the data plane must know of the settings.
  private func apply(_ settings: JSON.Object, to vault: inout Vault) throws {
    let isPremium = settings["sku"]?["name"]?.string == "premium"
    guard !isPremium || vault.isPremium || hasSecurityModule else { throw Self.noSecurityModule }
    vault.isPremium = isPremium
    vault.usesRoles = Self.usesRoles(settings)
    vault.retentionDays = Int(settings["softDeleteRetentionInDays"]?.integer ?? 90)
    vault.hasPurgeProtection = settings["enablePurgeProtection"]?.boolean ?? false
    vault.networkRules = NetworkRules(vault: settings)
  }

  static func vault(of resource: Resource, in reader: any RecordReader) throws -> Vault {
    guard let vault = try reader.fetch(Vault.self, Vault.key(resource.id.name)), vault.id == resource.id, vault.deletion == nil else {
      throw CloudError.internalError(VaultMissing(id: resource.id.description))
    }
    return vault
  }

  /// The resource is there and its vault is not: they are written together, so this is a defect.
  struct VaultMissing: Error {
    var id: String
  }

  // MARK: Delete

  /// The resource goes, and nobody reaches the vault; what is in it stays until the vault is recovered or purged.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    var vault = try Self.vault(of: resource, in: transaction)
    vault.deletion = Vault.Deletion(
      time: context.now, purgeTime: context.now.advanced(by: .seconds(vault.retentionDays * 86_400)), tags: resource.tags,
      properties: String(decoding: resource.properties.bytes, as: UTF8.self))
    try transaction.save(vault)
    vaults.invalidate(vault.name, after: transaction)
  }

  // MARK: Read

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    let vault = try Self.vault(of: resource, in: reader)
    var properties = resource.properties.object ?? JSON.Object()
    properties["accessPolicies"] = .array(vault.accessPolicies.map(\.json))
    properties["vaultUri"] = .string(vault.url(address) + "/")
    properties["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(properties)
  }
}

extension Vault {
  /// `https://<vault>.vault.<domain>`, with the port where it is not 443; no trailing slash.
  func url(_ address: CloudAddress) -> String { address.url("\(name.lowercased()).vault") }
}
