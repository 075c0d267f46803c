internal import Access
internal import Edge
internal import NIOHTTP1
internal import Wire

/// The operations that take bytes from another blob, and Set Blob Tier. They come before the others: some differ from one of those by a header only.
///
/// Source: Microsoft, "Operations on blobs" and "Authorize with Microsoft Entra ID: Permissions for blob service operations", REST reference.
struct CopyOperations: Sendable {
  private let copies: BlobCopies
  private let increments: IncrementalCopies
  private let fromURL: WritesFromURL
  private let writes: BlobWrites
  private let blocks: BlockWrites
  private let appends: AppendWrites
  private let pages: PageWrites
  private let tiers: BlobTiers

  init(_ services: StorageServices, copier: BlobCopier, limits: StorageLimits) {
    let contents = BlobContents(services)
    copies = BlobCopies(records: services.records, contents: contents, limits: limits, copier: copier)
    increments = IncrementalCopies(records: services.records, contents: contents, copier: copier)
    fromURL = WritesFromURL(records: services.records)
    writes = BlobWrites(records: services.records, contents: contents, limits: limits)
    blocks = BlockWrites(records: services.records, contents: contents, limits: limits)
    appends = AppendWrites(records: services.records, contents: contents, limits: limits)
    pages = PageWrites(records: services.records, contents: contents, limits: limits)
    tiers = BlobTiers(records: services.records, limits: limits)
  }

  private static let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
  private static let create = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "cw"))
  private static let write = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "w"))
  private static let append = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "aw"))

  var operations: [StorageOperation] {
    [
      Self.operation("Copy Blob From URL", nil, Self.create, copies.copyFromURL) { request in
        request.hasSource && request.headers.first(name: "x-ms-requires-sync")?.lowercased() == "true"
      },
      Self.operation("Put Blob From URL", nil, Self.create, fromURL.putBlob(writes.putBlob)) { request in
        request.hasSource && request.headers.contains(name: "x-ms-blob-type")
      },
      Self.operation("Copy Blob", nil, Self.create, copies.copy) { $0.hasSource },
      Self.operation("Abort Copy Blob", "copy", Self.write, copies.abort) { _ in true },
      Self.operation("Incremental Copy Blob", "incrementalcopy", Self.create, increments.copy) { _ in true },
      Self.operation("Put Block From URL", "block", Self.create, fromURL.from(blocks.putBlock)) { $0.hasSource },
      Self.operation("Append Block From URL", "appendblock", Self.append, fromURL.from(appends.appendBlock)) { $0.hasSource },
      Self.operation("Put Page From URL", "page", Self.write, fromURL.from(pages.putPage)) { $0.hasSource },
      Self.operation("Set Blob Tier", "tier", Self.write, tiers.setTier) { _ in true },
    ]
  }

  private static func operation(
    _ name: String, _ comp: String?, _ action: Action, _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse,
    when matches: @escaping @Sendable (EdgeRequest) -> Bool
  ) -> StorageOperation {
    StorageOperation(
      name: name, method: .PUT, level: .blob, comp: comp, resourceType: nil, matches: matches, action: { _ in action },
      run: { call in
        try ResourceNames.checkContainer(call.container)
        try ResourceNames.checkBlob(call.blob, container: call.container)
        return try await run(call)
      })
  }
}

extension EdgeRequest {
  fileprivate var hasSource: Bool { headers.contains(name: "x-ms-copy-source") }
}
