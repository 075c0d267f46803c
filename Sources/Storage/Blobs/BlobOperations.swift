internal import Access
internal import Edge
internal import NIOHTTP1

/// The operations on blobs.
///
/// Source: Microsoft, "Operations on blobs" and "Authorize with Microsoft Entra ID: Permissions for blob service operations", REST reference.
struct BlobOperations: Sendable {
  private let writes: BlobWrites
  private let blocks: BlockWrites
  private let reads: BlobReads
  private let changes: BlobChanges

  init(_ services: StorageServices, limits: StorageLimits = StorageLimits()) {
    let contents = BlobContents(services)
    writes = BlobWrites(records: services.records, contents: contents, limits: limits)
    blocks = BlockWrites(records: services.records, contents: contents, limits: limits)
    reads = BlobReads(records: services.records, contents: contents, limits: limits, logger: services.logger)
    changes = BlobChanges(records: services.records, contents: contents)
  }

  private static let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
  private static let read = Action(data: "\(blobs)/read", signed: SignedRequirement("o", anyOf: "r"))
  private static let create = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "cw"))
  private static let write = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "w"))
  private static let delete = Action(data: "\(blobs)/delete", signed: SignedRequirement("o", anyOf: "d"))

  var operations: [StorageOperation] {
    [
      Self.operation("Put Blob", .PUT, nil, Self.create, writes.putBlob),
      Self.operation("Put Block", .PUT, "block", Self.write, blocks.putBlock),
      Self.operation("Put Block List", .PUT, "blocklist", Self.write, blocks.putBlockList),
      Self.operation("Get Block List", .GET, "blocklist", Self.read, access: .blob, reads.getBlockList),
      Self.operation("Get Blob", .GET, nil, Self.read, access: .blob, reads.getBlob),
      Self.operation("Get Blob Properties", .HEAD, nil, Self.read, access: .blob, reads.getProperties),
      Self.operation("Get Blob Metadata", .GET, "metadata", Self.read, access: .blob, reads.getMetadata),
      Self.operation("Get Blob Metadata", .HEAD, "metadata", Self.read, access: .blob, reads.getMetadata),
      Self.operation("Set Blob Metadata", .PUT, "metadata", Self.write, changes.setMetadata),
      Self.operation("Set Blob Properties", .PUT, "properties", Self.write, changes.setProperties),
      Self.operation("Set Blob Tier", .PUT, "tier", Self.write, changes.setTier),
      Self.operation("Delete Blob", .DELETE, nil, Self.delete, changes.delete),
    ]
  }

  private static func operation(
    _ name: String, _ method: HTTPMethod, _ comp: String?, _ action: Action, access: PublicAccess = .none,
    _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
  ) -> StorageOperation {
    StorageOperation(
      name: name, method: method, level: .blob, comp: comp, resourceType: nil, action: { _ in action }, publicAccess: access,
      run: { call in
        try ResourceNames.checkContainer(call.container)
        try ResourceNames.checkBlob(call.blob, container: call.container)
        return try await run(call)
      })
  }
}
