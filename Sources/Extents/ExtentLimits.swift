/// The bounds of an extent store.
public struct ExtentLimits: Sendable {
  /// Bytes of a segment. An extent that would need more gets a segment of its own.
  public var segmentBytes = 256 << 20
  /// Plain bytes of one frame.
  public var frameBytes = 64 << 10
  /// Bytes that one read takes from the disk at most.
  public var readBytes = 1 << 20
  /// Writes of extents up to this many bytes run on the caller's thread, for the page cache takes them; larger ones go to the store's threads.
  public var inlineBytes = 128 << 10
  /// Bytes after which a long write asks the disk to begin, so that a sync never finds more than twice as many of it unwritten.
  public var writeBehindBytes = 8 << 20
  /// Threads that wait for the disk.
  public var threads = 4
  /// Segments whose files stay open, besides those in use.
  public var openSegments = 256
  /// Bytes of the disk that extents leave free for the records, without which nothing could be deleted.
  public var recordReserveBytes = 64 << 20
  /// Bytes that new extents leave free besides, for compaction: what lives in a mostly dead segment is copied before the segment goes.
  public var compactionReserveBytes = 256 << 20
  /// Time between rounds of compaction.
  public var compactionInterval = Duration.seconds(30)
  /// A segment is worth compacting once this part of it is dead, in percent.
  public var deadPercent = 50
  /// The same where new extents are refused for want of space, or soon will be.
  public var deadPercentWhenFull = 10
  /// So many segments that are filled to less than a quarter are merged, even where nothing in them is dead: each start of the store leaves one.
  public var smallSegments = 8
  /// Bytes that one round of compaction moves; the segment that passes the bound is the round's last.
  public var compactionBytes = 1 << 30
  /// Extents that one transaction of compaction moves.
  public var movesPerTransaction = 256

  public init() {}
}
