/// The bounds of containers and blobs.
///
/// Source: Microsoft, "Scalability and performance targets for Blob storage"; "Naming and referencing containers, blobs, and metadata".
public struct StorageLimits: Sendable {
  /// Bytes of one Put Blob (5,000 MiB).
  public var putBlobBytes = 5000 << 20
  /// Bytes of one Put Block (4,000 MiB).
  public var putBlockBytes = 4000 << 20
  /// Blocks of one blob.
  public var committedBlocks = 50_000
  /// Blocks that wait to be committed to one blob.
  public var uncommittedBlocks = 100_000
  /// One block in this many has the uncommitted ones of its blob counted, so that the bound costs next to nothing.
  public var uncommittedBlocksPerCount = 1024
  /// Bytes of a block list's XML.
  public var blockListBytes = 8 << 20
  /// Bytes of an access policy document.
  public var accessPolicyBytes = 64 << 10
  /// Stored access policies of one container.
  public var accessPolicies = 5
  /// Items of one page of a list.
  public var listedItems = 5000
  /// Bytes of a blob that rests in the record store instead of an extent.
  public var inlineBytes = 16 << 10
  /// Bytes of a range whose digest may be asked for.
  public var rangeDigestBytes = 4 << 20
  /// Seconds after the last activity on them that uncommitted blocks are dropped (7 days).
  public var uncommittedSeconds: Int64 = 7 * 86400

  public init() {}
}
