internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// List Queues.
struct QueueLists: Sendable {
  let records: any RecordStore
  let limits: StorageLimits
  let address: CloudAddress

  /// Source: Microsoft, "List Queues", REST reference.
  @Sendable
  func listQueues(_ call: StorageCall) async throws -> EdgeResponse {
    let query = call.request.query
    let prefix = query["prefix"] ?? ""
    let maximum = try call.maximumResults(limit: limits.listedItems)
    let withMetadata = try call.included(known: ["metadata"]).contains("metadata")
    let marker = query["marker"].flatMap { $0.isEmpty ? nil : $0 }
    var after: RecordKey?
    if let marker {
      guard case .after(let name)? = ListMarker(marker) else { throw StorageError.outOfRangeInput }
      after = Queue.key(call.account, name: name)
    }
    let parent = RecordKey(tenant: call.account.tenant, call.account.partition)
    var queues = try await records.read { [after] reader in
      try reader.list(Queue.self, under: parent, namePrefix: prefix, after: after, limit: maximum + 1)
    }
    let hasMore = queues.count > maximum
    if hasMore { queues.removeLast() }
    var writer = XMLWriter(reserving: 512 + queues.count * 128)
    writer.element("EnumerationResults", ["ServiceEndpoint": call.endpoint(of: .queue, at: address)]) { writer in
      if !prefix.isEmpty { writer.element("Prefix", prefix) }
      if let marker { writer.element("Marker", marker) }
      if query["maxresults"] != nil { writer.element("MaxResults", maximum) }
      writer.element("Queues") { writer in
        for queue in queues {
          writer.element("Queue") { writer in
            writer.element("Name", queue.name)
            if withMetadata { queue.metadata.write(to: &writer) }
          }
        }
      }
      writer.element("NextMarker", hasMore ? queues.last.map { ListMarker.after($0.name).text } ?? "" : "")
    }
    return EdgeResponse(.ok, headers: ["Content-Type": "application/xml"], body: .bytes(ByteBuffer(bytes: writer.bytes)))
  }
}
