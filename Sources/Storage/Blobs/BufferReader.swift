internal import NIOCore
internal import Synchronization

/// Bytes at hand, read piece by piece.
final class BufferReader: BlobByteReader {
  private let rest: Mutex<ByteBuffer>

  init(_ buffer: ByteBuffer) {
    rest = Mutex(buffer)
  }

  func next(upTo maximumBytes: Int) async throws -> ByteBuffer? {
    rest.withLock { rest in
      rest.readableBytes == 0 ? nil : rest.readSlice(length: min(maximumBytes, rest.readableBytes))
    }
  }
}
