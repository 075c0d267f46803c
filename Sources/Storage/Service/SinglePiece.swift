internal import Edge
internal import NIOCore
internal import Synchronization

/// Bytes that are in memory already, as a stream.
final class SinglePiece: EdgeBodySource {
  private let piece: Mutex<ByteBuffer?>

  init(_ piece: ByteBuffer) {
    self.piece = Mutex(piece)
  }

  func next() async throws -> ByteBuffer? {
    piece.withLock { piece in
      defer { piece = nil }
      return piece
    }
  }
}
