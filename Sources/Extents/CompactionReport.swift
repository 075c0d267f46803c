/// What a round of compaction did.
public struct CompactionReport: Equatable, Sendable {
  /// Segments removed from the disk.
  public var removedSegments = 0
  /// Bytes of those segments.
  public var removedBytes = 0
  /// Extents moved, and their bytes.
  public var movedExtents = 0
  public var movedBytes = 0

  public init() {}
}
