internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/queueServices/queues`: the data plane's queues as Resource Manager shows them.
///
/// Source: Microsoft, "Queue", REST reference of the storage resource provider.
struct QueueType: ProjectedResourceType {
  let random: any RandomSource

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/queueServices/queues", apiVersions: StorageProvider.apiVersions, isTracked: false, supportsTags: false,
      createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(Queue.self, Queue.key(account, name: id.name)).map { Self.resource($0, account) }
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard let account = try BlobServiceType.account(above: parent, tenant: tenant, in: reader) else { return [] }
    let queues = try reader.list(
      Queue.self, under: RecordKey(tenant: account.tenant, account.partition), after: after.map { Queue.key(account, name: $0) }, limit: limit)
    return queues.map { Self.resource($0, account) }
  }

  private static func resource(_ queue: Queue, _ account: StorageAccount) -> Resource {
    var id = ServiceType.id(of: account, "queueServices")
    id.provided[id.provided.count - 1].segments.append((type: "queues", name: queue.name))
    return Resource(
      tenant: queue.tenant, id: id, location: nil, etag: queue.messages, createdTime: queue.createdTime, changedTime: queue.createdTime)
  }

  private static func queue(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Queue? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(Queue.self, Queue.key(account, name: id.name))
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    try Queue.checkName(change.id.name)
    guard let account = try BlobServiceType.account(above: change.id, tenant: context.tenant, in: transaction) else {
      throw StorageAccountSettings.invalid("accountName")
    }
    var queue =
      try transaction.fetch(Queue.self, Queue.key(account, name: change.id.name))
      ?? Queue(
        tenant: account.tenant, partition: account.partition, name: change.id.name, messages: random.guid(), createdTime: context.now,
        metadata: Metadata(), policies: [])
    for (name, value) in change.body.object?.member(ignoringCase: "properties")?.object?.members ?? [] where value != .null {
      switch name.lowercased() {
      case "metadata": queue.metadata = try Metadata(value)
      case "approximatemessagecount", "provisioningstate": continue
      default: throw StorageAccountSettings.invalid(name)
      }
    }
    try transaction.save(queue)
    return Self.resource(queue, account)
  }

  /// The queue is gone with the commit; its messages are purged afterwards.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard let queue = try Self.queue(resource.id, tenant: resource.tenant, in: transaction) else { return }
    try transaction.remove(Queue.self, queue.key)
    try transaction.save(PurgeTask(id: random.guid(), tenant: queue.tenant, subject: .messages(queue.messages)))
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let queue = try Self.queue(resource.id, tenant: resource.tenant, in: reader) else { return [:] }
    return ["metadata": .object(JSON.Object(queue.metadata.items.map { ($0.name, .string($0.value)) }))]
  }
}
