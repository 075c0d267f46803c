internal import Edge
internal import Extents
internal import Logging
internal import NIOCore
internal import Synchronization

/// A blob's bytes on their way to a client. Damage ends it with an error, and a log line that names the blob.
final class BlobStream: EdgeBodySource {
  /// Bytes of one piece.
  static let maximumPieceBytes = 256 << 10
  /// Smaller pieces are joined: a blob may be of thousands of appends or pages.
  static let joinedPieceBytes = 64 << 10

  private let reader: any BlobByteReader
  private let blob: String
  private let logger: Logger
  private let pending = Mutex<ByteBuffer?>(nil)

  init(reader: any BlobByteReader, blob: String, logger: Logger) {
    self.reader = reader
    self.blob = blob
    self.logger = logger
  }

  /// Gives a piece that was taken back, to be the next one.
  func pushBack(_ piece: ByteBuffer) {
    pending.withLock { $0 = piece }
  }

  func next() async throws -> ByteBuffer? {
    let waiting = pending.withLock { pending in
      defer { pending = nil }
      return pending
    }
    if let waiting, waiting.readableBytes > 0 { return waiting }
    do {
      guard var piece = try await reader.next(upTo: Self.maximumPieceBytes) else { return nil }
      while piece.readableBytes < Self.joinedPieceBytes, var next = try await reader.next(upTo: Self.joinedPieceBytes) { piece.writeBuffer(&next) }
      return piece
    } catch let error as ExtentError {
      logger.error("a blob cannot be read: its bytes are damaged", metadata: ["blob": "\(blob)", "error": "\(error)"])
      throw error
    }
  }
}
