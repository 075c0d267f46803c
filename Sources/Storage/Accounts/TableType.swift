internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/tableServices/tables`: the data plane's tables as Resource Manager shows them.
///
/// Source: Microsoft, "Table", REST reference of the storage resource provider.
struct TableType: ProjectedResourceType {
  let random: any RandomSource

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/tableServices/tables", apiVersions: StorageProvider.apiVersions, isTracked: false, supportsTags: false,
      createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(Table.self, Table.key(account, name: id.name)).map { Self.resource($0, account) }
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard let account = try BlobServiceType.account(above: parent, tenant: tenant, in: reader) else { return [] }
    let tables = try reader.list(
      Table.self, under: RecordKey(tenant: account.tenant, account.partition), after: after.map { Table.key(account, name: $0) }, limit: limit)
    return tables.map { Self.resource($0, account) }
  }

  private static func resource(_ table: Table, _ account: StorageAccount) -> Resource {
    var id = ServiceType.id(of: account, "tableServices")
    id.provided[id.provided.count - 1].segments.append((type: "tables", name: table.name))
    return Resource(
      tenant: table.tenant, id: id, location: nil, etag: table.id, createdTime: table.createdTime, changedTime: table.createdTime)
  }

  private static func table(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Table? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(Table.self, Table.key(account, name: id.name))
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    try Table.checkName(change.id.name)
    guard let account = try BlobServiceType.account(above: change.id, tenant: context.tenant, in: transaction) else {
      throw StorageAccountSettings.invalid("accountName")
    }
    var table =
      try transaction.fetch(Table.self, Table.key(account, name: change.id.name))
      ?? Table(
        tenant: account.tenant, partition: account.partition, name: change.id.name, id: random.guid(), createdTime: context.now)
    for (name, value) in change.body.object?.member(ignoringCase: "properties")?.object?.members ?? [] where value != .null {
      switch name.lowercased() {
      case "signedidentifiers": table.policies = try StoredAccessPolicy.list(value)
      case "tablename", "provisioningstate": continue
      default: throw StorageAccountSettings.invalid(name)
      }
    }
    try transaction.save(table)
    return Self.resource(table, account)
  }

  /// The table is gone with the commit; its entities are purged afterwards.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard let table = try Self.table(resource.id, tenant: resource.tenant, in: transaction) else { return }
    try transaction.remove(Table.self, table.key)
    try transaction.save(PurgeTask(id: random.guid(), tenant: table.tenant, subject: .entities(table.id)))
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let table = try Self.table(resource.id, tenant: resource.tenant, in: reader) else { return [:] }
    return ["tableName": .string(table.name), "signedIdentifiers": .array(table.policies.map(\.json))]
  }
}
