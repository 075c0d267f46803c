internal import Access
internal import Edge
internal import NIOHTTP1
internal import Wire

/// The operations on blobs.
///
/// Source: Microsoft, "Operations on blobs" and "Authorize with Microsoft Entra ID: Permissions for blob service operations", REST reference.
struct BlobOperations: Sendable {
  private let writes: BlobWrites
  private let blocks: BlockWrites
  private let reads: BlobReads
  private let changes: BlobChanges
  private let snapshots: BlobSnapshots
  private let deletions: BlobDeletions
  private let appends: AppendWrites
  private let pages: PageWrites
  private let pageRanges: PageRanges
  private let queries: QueryBlobContents

  init(_ services: StorageServices, limits: StorageLimits = StorageLimits()) {
    let contents = BlobContents(services)
    writes = BlobWrites(records: services.records, contents: contents, limits: limits)
    blocks = BlockWrites(records: services.records, contents: contents, limits: limits)
    reads = BlobReads(records: services.records, contents: contents, limits: limits, logger: services.logger, accesses: services.accesses)
    changes = BlobChanges(records: services.records, contents: contents, limits: limits)
    appends = AppendWrites(records: services.records, contents: contents, limits: limits)
    pages = PageWrites(records: services.records, contents: contents, limits: limits)
    pageRanges = PageRanges(records: services.records, limits: limits)
    snapshots = BlobSnapshots(records: services.records, contents: contents)
    deletions = BlobDeletions(records: services.records, contents: contents)
    queries = QueryBlobContents(records: services.records, contents: contents, random: services.random, logger: services.logger)
  }

  private static let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
  private static let read = Action(data: "\(blobs)/read", signed: SignedRequirement("o", anyOf: "r"))
  private static let create = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "cw"))
  private static let write = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "w"))
  private static let append = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "aw"))
  private static let delete = Action(data: "\(blobs)/delete", signed: SignedRequirement("o", anyOf: "d"))
  private static let deleteVersion = Action(data: "\(blobs)/deleteBlobVersion/action", signed: SignedRequirement("o", anyOf: "x"))
  private static let deletePermanently = Action(data: "\(blobs)/permanentDelete/action", signed: SignedRequirement("o", anyOf: "y"))

  var operations: [StorageOperation] {
    [
      Self.operation("Put Blob", .PUT, nil, Self.create, StructuredContent.receiving(writes.putBlob)),
      Self.operation("Put Block", .PUT, "block", Self.create, StructuredContent.receiving(blocks.putBlock)),
      Self.operation("Put Block List", .PUT, "blocklist", Self.create, blocks.putBlockList),
      Self.operation("Append Block", .PUT, "appendblock", Self.append, StructuredContent.receiving(appends.appendBlock)),
      Self.operation("Append Blob Seal", .PUT, "seal", Self.write, appends.seal),
      Self.operation("Put Page", .PUT, "page", Self.write, StructuredContent.receiving(pages.putPage)),
      Self.operation("Get Page Ranges", .GET, "pagelist", Self.read, access: .blob, pageRanges.getPageRanges),
      Self.operation("Get Block List", .GET, "blocklist", Self.read, access: .blob, reads.getBlockList),
      Self.operation("Get Blob", .GET, nil, Self.read, access: .blob, StructuredContent.sending(reads.getBlob)),
      Self.operation("Get Blob Properties", .HEAD, nil, Self.read, access: .blob, reads.getProperties),
      Self.operation("Get Blob Metadata", .GET, "metadata", Self.read, access: .blob, reads.getMetadata),
      Self.operation("Get Blob Metadata", .HEAD, "metadata", Self.read, access: .blob, reads.getMetadata),
      Self.operation("Set Blob Metadata", .PUT, "metadata", Self.write, changes.setMetadata),
      Self.operation("Set Blob Properties", .PUT, "properties", Self.write, changes.setProperties),
      Self.operation("Snapshot Blob", .PUT, "snapshot", Self.create, snapshots.snapshot),
      Self.operation("Undelete Blob", .PUT, "undelete", Self.write, deletions.undelete),
      Self.deleteOperation(deletions.delete),
      Self.operation("Query Blob Contents", .POST, "query", Self.read, queries.query),
    ]
  }

  /// Versions, and what is deleted for good, need permissions of their own.
  private static func deleteOperation(_ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse) -> StorageOperation {
    var operation = operation("Delete Blob", .DELETE, nil, delete, run)
    operation.action = { request in
      if request.query["deletetype"] != nil { return deletePermanently }
      return request.query["versionid"] == nil ? delete : deleteVersion
    }
    return operation
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
