/// The bounds of containers and blobs.
///
/// Source: Microsoft, "Scalability and performance targets for Blob storage"; "Naming and referencing containers, blobs, and metadata".
public struct StorageLimits: Sendable {
  /// Bytes of one Put Blob (5,000 MiB).
  public var putBlobBytes = 5000 << 20
  /// Bytes of one Put Block (4,000 MiB).
  public var putBlockBytes = 4000 << 20
  /// Bytes of one Append Block (100 MiB), and in older versions (4 MiB).
  public var appendBlockBytes = 100 << 20
  public var olderAppendBlockBytes = 4 << 20
  /// Bytes of one Put Page.
  public var putPageBytes = 4 << 20
  /// Bytes of a page blob (8 TiB).
  public var pageBlobBytes = 8 << 40
  /// Ranges of one answer of Get Page Ranges.
  public var listedPageRanges = 10_000
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
  /// Seconds that a blob takes out of the archive at standard priority, and at high. There is no tape to be fetched: long enough to be seen.
  public var standardRehydrationSeconds: Int64 = 300
  public var highRehydrationSeconds: Int64 = 60
  /// Bytes of a blob that Copy Blob From URL takes (256 MiB).
  public var synchronousCopyBytes = 256 << 20
  /// Blocks of a blob of another account that it takes: they become the copy's in one transaction.
  public var synchronousCopyBlocks = 4096
  /// Bytes up to which Copy Blob copies from another account before it answers; what is larger is copied afterwards.
  public var promptCopyBytes = 8 << 20
  /// Seconds after which a copy that has not ended fails (2 weeks).
  public var copySeconds: Int64 = 14 * 86400
  /// Bytes of a batch, and the requests in it.
  public var batchBytes = 4 << 20
  public var batchRequests = 256

  /// Seconds that a change of a blob waits before it is published in the change feed.
  public var changeFeedDelaySeconds = 60
  /// Seconds that a chunk of the feed waits beyond that for more changes.
  public var changeFeedBatchSeconds = 30
  /// Changes of one chunk of the feed.
  public var changeFeedChunkEvents = 1000

  /// Seconds from the beginning of one run of an account's lifecycle rules to that of the next.
  public var lifecycleIntervalSeconds: Int64 = 86400
  /// Containers, blobs and earlier states that one step of a run looks at, and the pause between two steps.
  public var lifecyclePageRecords = 128
  public var lifecyclePauseMilliseconds = 100

  public init() {}
}
