internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/blobServices/containers`: the data plane's containers as Resource Manager shows them.
///
/// Source: Microsoft, "Blob Containers", REST reference of the storage resource provider.
struct ContainerType: ProjectedResourceType {
  let random: any RandomSource
  let clock: any WallClock

  var actions: [ResourceAction] { ContainerLegalHolds().actions }

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/blobServices/containers", apiVersions: StorageProvider.apiVersions, isTracked: false,
      supportsTags: false)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(Container.self, Container.key(account, name: id.name)).map { Self.resource($0, account) }
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard let account = try BlobServiceType.account(above: parent, tenant: tenant, in: reader) else { return [] }
    let containers = try reader.list(
      Container.self, under: RecordKey(tenant: account.tenant, account.partition), after: after.map { Container.key(account, name: $0) }, limit: limit
    )
    return containers.map { Self.resource($0, account) }
  }

  private static func resource(_ container: Container, _ account: StorageAccount) -> Resource {
    var id = BlobServiceType.id(of: account)
    id.provided[id.provided.count - 1].segments.append((type: "containers", name: container.name))
    return Resource(
      tenant: container.tenant, id: id, location: nil, etag: container.id, createdTime: container.createdTime, changedTime: container.lastModified)
  }

  private func container(of id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Container? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(Container.self, Container.key(account, name: id.name))
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    try ResourceNames.checkContainer(change.id.name)
    guard let account = try BlobServiceType.account(above: change.id, tenant: context.tenant, in: transaction) else {
      throw StorageAccountSettings.invalid("accountName")
    }
    let existing = try transaction.fetch(Container.self, Container.key(account, name: change.id.name))
    var container =
      existing
      ?? Container(
        tenant: account.tenant, partition: account.partition, name: change.id.name, id: random.guid(), etag: ETag(at: context.now),
        lastModified: context.now, createdTime: context.now, metadata: Metadata(), publicAccess: .none, policies: [])
    if existing == nil { container.immutability.isVersionLevel = account.hasImmutableVersions ?? false }
    for (name, value) in change.body.object?.member(ignoringCase: "properties")?.object?.members ?? [] where value != .null {
      try Self.set(name, value, in: &container, of: account)
    }
    try container.requireScope(of: account, replacing: existing, in: transaction)
    if let existing {
      container.etag = ETag(at: context.now, after: existing.etag)
      container.lastModified = max(context.now, existing.lastModified)
    }
    try transaction.save(container)
    return Self.resource(container, account)
  }

  /// What answers show and requests may repeat without effect.
  private static let readOnly: Set<String> = [
    "version", "deleted", "deletedtime", "remainingretentiondays", "leasestatus", "leasestate", "leaseduration", "lastmodifiedtime",
    "hasimmutabilitypolicy", "haslegalhold", "immutabilitypolicy", "legalhold", "provisioningstate", "etag",
  ]

  private static func set(_ name: String, _ value: JSON, in container: inout Container, of account: StorageAccount) throws {
    switch name.lowercased() {
    case "publicaccess":
      guard let access = value.string.flatMap({ PublicAccess(rawValue: $0.lowercased()) }) else { throw StorageAccountSettings.invalid(name) }
      guard access == .none || account.allowsPublicAccess else { throw StorageError.publicAccessNotPermitted }
      container.publicAccess = access
    case "metadata": container.metadata = try Metadata(value)
    case "defaultencryptionscope":
      guard let scope = value.string else { throw StorageAccountSettings.invalid(name) }
      container.defaultScope = scope == EncryptionScope.account ? nil : scope
    case "denyencryptionscopeoverride":
      guard let denies = value.boolean else { throw StorageAccountSettings.invalid(name) }
      container.deniesOtherScopes = denies
    case "enablenfsv3rootsquash", "enablenfsv3allsquash":
      guard value.boolean == false else { throw StorageAccountSettings.unsupported("The property \(name)", "properties.\(name)") }
    case "immutablestoragewithversioning":
      guard let isEnabled = value["enabled"]?.boolean, isEnabled || !container.immutability.isVersionLevel else {
        throw StorageAccountSettings.invalid(name)
      }
      container.immutability.isVersionLevel = isEnabled
    case let lowered:
      guard readOnly.contains(lowered) else { throw StorageAccountSettings.invalid(name) }
    }
  }

  /// The container is gone with the commit; what was in it is purged afterwards.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard let container = try container(of: resource.id, tenant: resource.tenant, in: transaction) else { return }
    guard let account = try BlobServiceType.account(above: resource.id, tenant: resource.tenant, in: transaction) else { return }
    let retention = try BlobServiceProperties.of(account, in: transaction).containerDeleteRetention
    try container.requireRemovableWhenEmpty(in: transaction)
    if container.lease.state(at: clock.steady()).isLocked { throw LeaseErrors.container.operationIDMissing }
    try container.remove(retention, at: context.now, random: random, in: transaction)
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let container = try container(of: resource.id, tenant: resource.tenant, in: reader) else { return [:] }
    let access: JSON =
      switch container.publicAccess {
      case .none: "None"
      case .blob: "Blob"
      case .container: "Container"
      }
    let metadata = JSON.object(JSON.Object(container.metadata.items.map { ($0.name, .string($0.value)) }))
    let state = container.lease.state(at: clock.steady())
    var properties: [(String, JSON)] = [
      ("deleted", false), ("remainingRetentionDays", 0), ("publicAccess", access), ("leaseStatus", .string(state.status.capitalizedFirst)),
      ("leaseState", .string(state.rawValue.capitalizedFirst)), ("lastModifiedTime", .string(container.lastModified.iso8601Fractional)),
      ("metadata", metadata), ("defaultEncryptionScope", .string(container.defaultScope ?? EncryptionScope.account)),
      ("denyEncryptionScopeOverride", .boolean(container.deniesOtherScopes)),
    ]
    if let duration = container.lease?.durationName(at: clock.steady()) { properties.append(("leaseDuration", .string(duration.capitalizedFirst))) }
    return .object(JSON.Object((properties + container.immutability.json(tenant: container.tenant)).map { (name: $0.0, value: $0.1) }))
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
