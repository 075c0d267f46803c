internal import Access
internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations of the queue service.
///
/// Source: Microsoft, "Queue Storage REST API" and "Authorize with Microsoft Entra ID: Permissions for queue service operations", REST reference.
struct QueueOperations: Sendable {
  private let records: any RecordStore
  private let contents: BlobContents
  private let limits: StorageLimits
  private let lists: QueueLists
  private let messages: MessageOperations

  init(_ services: StorageServices, limits: StorageLimits) {
    records = services.records
    contents = BlobContents(services)
    self.limits = limits
    lists = QueueLists(records: services.records, limits: limits, address: services.address)
    messages = MessageOperations(services)
  }

  private static let queues = "Microsoft.Storage/storageAccounts/queueServices/queues"
  private static let list = Action("\(queues)/read", signed: SignedRequirement("s", anyOf: "l"))
  private static let read = Action("\(queues)/read", signed: SignedRequirement("c", anyOf: "r", inService: "r"))
  private static let create = Action("\(queues)/write", signed: SignedRequirement("c", anyOf: "cw"))
  private static let write = Action("\(queues)/write", signed: SignedRequirement("c", anyOf: "w"))
  private static let delete = Action("\(queues)/delete", signed: SignedRequirement("c", anyOf: "d"))
  private static let getACL = Action("\(queues)/getAcl/action")
  private static let setACL = Action("\(queues)/setAcl/action")
  private static let readMessages = Action(data: "\(queues)/messages/read", signed: SignedRequirement("o", anyOf: "r"))
  private static let addMessages = Action(
    data: "\(queues)/messages/add/action", or: ["\(queues)/messages/write"], signed: SignedRequirement("o", anyOf: "a"))
  private static let writeMessages = Action(data: "\(queues)/messages/write", signed: SignedRequirement("o", anyOf: "u"))
  private static let takeMessages = Action(data: "\(queues)/messages/process/action", signed: SignedRequirement("o", anyOf: "p"))
  private static let deleteMessage = Action(
    data: "\(queues)/messages/process/action", or: ["\(queues)/messages/delete"], signed: SignedRequirement("o", anyOf: "p"))
  private static let clearMessages = Action(data: "\(queues)/messages/delete", signed: SignedRequirement("o", anyOf: "d"))

  var operations: [StorageOperation] {
    var peek = Self.operation("Peek Messages", .GET, .messages, nil, Self.readMessages, messages.peek)
    peek.matches = { $0.query["peekonly"]?.lowercased() == "true" }
    return [
      StorageOperation(
        name: "List Queues", service: .queue, method: .GET, level: .account, comp: "list", resourceType: nil, action: { _ in Self.list },
        run: lists.listQueues),
      Self.operation("Create Queue", .PUT, .queue, nil, Self.create, createQueue),
      Self.operation("Delete Queue", .DELETE, .queue, nil, Self.delete, deleteQueue),
      Self.operation("Get Queue Metadata", .GET, .queue, "metadata", Self.read, getMetadata),
      Self.operation("Get Queue Metadata", .HEAD, .queue, "metadata", Self.read, getMetadata),
      Self.operation("Set Queue Metadata", .PUT, .queue, "metadata", Self.write, setMetadata),
      Self.operation("Get Queue ACL", .GET, .queue, "acl", Self.getACL, getAccessPolicy),
      Self.operation("Get Queue ACL", .HEAD, .queue, "acl", Self.getACL, getAccessPolicy),
      Self.operation("Set Queue ACL", .PUT, .queue, "acl", Self.setACL, setAccessPolicy),
      Self.operation("Put Message", .POST, .messages, nil, Self.addMessages, messages.put),
      peek,
      Self.operation("Get Messages", .GET, .messages, nil, Self.takeMessages, messages.get),
      Self.operation("Clear Messages", .DELETE, .messages, nil, Self.clearMessages, clear),
      Self.operation("Update Message", .PUT, .message, nil, Self.writeMessages, messages.update),
      Self.operation("Delete Message", .DELETE, .message, nil, Self.deleteMessage, messages.delete),
    ]
  }

  private static func operation(
    _ name: String, _ method: HTTPMethod, _ level: StorageOperation.Level, _ comp: String?, _ action: Action,
    _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
  ) -> StorageOperation {
    StorageOperation(
      name: name, service: .queue, method: method, level: level, comp: comp, resourceType: nil, action: { _ in action },
      run: { call in
        try Queue.checkName(call.container)
        return try await run(call)
      })
  }

  /// Source: Microsoft, "Create Queue", REST reference.
  @Sendable
  private func createQueue(_ call: StorageCall) async throws -> EdgeResponse {
    let queue = Queue(
      tenant: call.account.tenant, partition: call.account.partition, name: call.container, messages: contents.makeID(at: call.now),
      createdTime: call.now, metadata: try Metadata(call.request.headers), policies: [])
    return try await records.write { transaction in
      // The account may have been deleted since the request was authenticated.
      guard try transaction.fetch(StorageAccount.self, StorageAccount.key(call.account.name))?.partition == call.account.partition else {
        throw StorageError.resourceNotFound
      }
      if let existing = try transaction.fetch(Queue.self, queue.key) {
        guard existing.metadata.says(theSameAs: queue.metadata) else { throw StorageError.queueAlreadyExists }
        return EdgeResponse(.noContent)
      }
      try transaction.save(queue)
      return EdgeResponse(.created)
    }
  }

  /// The queue is gone with the commit; its messages are purged afterwards.
  ///
  /// Source: Microsoft, "Delete Queue", REST reference.
  @Sendable
  private func deleteQueue(_ call: StorageCall) async throws -> EdgeResponse {
    try await records.write { [contents] transaction in
      let queue = try Queue.require(call, in: transaction)
      try transaction.remove(Queue.self, queue.key)
      try contents.schedule(.messages(queue.messages), tenant: queue.tenant, in: transaction)
    }
    return EdgeResponse(.noContent)
  }

  /// Source: Microsoft, "Get Queue Metadata", REST reference.
  @Sendable
  private func getMetadata(_ call: StorageCall) async throws -> EdgeResponse {
    let (queue, count) = try await records.read { reader in
      let queue = try Queue.require(call, in: reader)
      return (queue, try QueueCount.total(queue, in: reader))
    }
    var headers: HTTPHeaders = ["x-ms-approximate-messages-count": String(count), "Cache-Control": "no-cache"]
    queue.metadata.add(to: &headers)
    return EdgeResponse(.ok, headers: headers, body: call.request.method == .HEAD ? .head(length: 0) : .bytes(ByteBuffer()))
  }

  /// Source: Microsoft, "Set Queue Metadata", REST reference.
  @Sendable
  private func setMetadata(_ call: StorageCall) async throws -> EdgeResponse {
    let metadata = try Metadata(call.request.headers)
    return try await change(call) { $0.metadata = metadata }
  }

  /// Source: Microsoft, "Get Queue ACL", REST reference.
  @Sendable
  private func getAccessPolicy(_ call: StorageCall) async throws -> EdgeResponse {
    let queue = try await records.read { try Queue.require(call, in: $0) }
    let document = StoredAccessPolicy.document(queue.policies)
    return EdgeResponse(
      .ok, headers: ["Content-Type": "application/xml", "Cache-Control": "no-cache"],
      body: call.request.method == .HEAD ? .head(length: document.count) : .bytes(ByteBuffer(bytes: document)))
  }

  /// Source: Microsoft, "Set Queue ACL", REST reference.
  @Sendable
  private func setAccessPolicy(_ call: StorageCall) async throws -> EdgeResponse {
    var digest = try ContentDigest(call, wanted: .nothing)
    let body = try await call.smallBody(upTo: limits.accessPolicyBytes)
    digest.update(body)
    _ = try digest.finish()
    let policies = try StoredAccessPolicy.parse(body, maximumCount: limits.accessPolicies)
    return try await change(call) { $0.policies = policies }
  }

  private func change(_ call: StorageCall, _ apply: @escaping @Sendable (inout Queue) -> Void) async throws -> EdgeResponse {
    try await records.write { transaction in
      var queue = try Queue.require(call, in: transaction)
      apply(&queue)
      try transaction.save(queue)
    }
    return EdgeResponse(.noContent)
  }

  /// However many messages there are, what is written is where the next ones go; the old ones are purged afterwards.
  ///
  /// Source: Microsoft, "Clear Messages", REST reference.
  @Sendable
  private func clear(_ call: StorageCall) async throws -> EdgeResponse {
    try await records.write { [contents] transaction in
      var queue = try Queue.require(call, in: transaction)
      try contents.schedule(.messages(queue.messages), tenant: queue.tenant, in: transaction)
      queue.messages = contents.makeID(at: call.now)
      try transaction.save(queue)
    }
    return EdgeResponse(.noContent)
  }
}

extension Metadata {
  /// Whether the names, in any case and order, have the same values.
  fileprivate func says(theSameAs other: Metadata) -> Bool {
    func sorted(_ metadata: Metadata) -> [Metadata.Item] {
      metadata.items.map { Metadata.Item(name: $0.name.lowercased(), value: $0.value) }.sorted { $0.name < $1.name }
    }
    return sorted(self) == sorted(other)
  }
}
