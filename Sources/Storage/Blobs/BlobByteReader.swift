internal import Extents
internal import NIOCore

/// Gives a blob's plain bytes piece by piece. One call at a time.
protocol BlobByteReader: Sendable {
  /// The next piece, of at most `maximumBytes` (more than 0), or nil at the end.
  func next(upTo maximumBytes: Int) async throws -> ByteBuffer?
}

extension ExtentReader: BlobByteReader {}
