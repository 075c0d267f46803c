package import NIOCore
internal import Synchronization

/// The body of a request on the fast path: filled by the channel's event loop, emptied by the service's task.
package final class FastPathBody: EdgeBody {
  package let length: Int?
  /// Asks the event loop for more, once there is room again; also sends `100 Continue` when the service first asks for bytes.
  private let wantMore: @Sendable () -> Void
  private let highWaterBytes: Int
  private let state = Mutex(State())

  private struct State {
    var pieces: CircularBuffer<ByteBuffer> = []
    var bufferedBytes = 0
    var end: Result<Void, any Error>?
    var waiter: CheckedContinuation<ByteBuffer?, any Error>?
    var hasAsked = false
  }

  package init(length: Int?, highWaterBytes: Int, wantMore: @escaping @Sendable () -> Void) {
    self.length = length
    self.highWaterBytes = highWaterBytes
    self.wantMore = wantMore
  }

  /// Whether the socket should not be read for now.
  package var isFull: Bool {
    state.withLock { $0.bufferedBytes >= highWaterBytes }
  }

  package func append(_ piece: ByteBuffer) {
    let waiter = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
      if let waiter = state.waiter {
        state.waiter = nil
        return waiter
      }
      state.pieces.append(piece)
      state.bufferedBytes += piece.readableBytes
      return nil
    }
    waiter?.resume(returning: piece)
  }

  /// Marks the end: of the body, or of the connection before it.
  package func end(_ result: Result<Void, any Error>) {
    let waiter = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
      guard state.end == nil else { return nil }
      state.end = result
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(with: result.map { nil })
  }

  package func next() async throws -> ByteBuffer? {
    let isFirst = state.withLock { state in
      defer { state.hasAsked = true }
      // What has arrived whole need not be asked for.
      return !state.hasAsked && state.end == nil
    }
    if isFirst { wantMore() }
    return try await withCheckedThrowingContinuation { continuation in
      let (immediate, hasRoomAgain) = state.withLock { state -> (Result<ByteBuffer?, any Error>?, Bool) in
        if let piece = state.pieces.popFirst() {
          // Whoever finds the body full stops reading, and goes on when the piece is taken that makes room again: that must be seen as it is taken.
          let wasFull = state.bufferedBytes >= highWaterBytes
          state.bufferedBytes -= piece.readableBytes
          return (.success(piece), wasFull && state.bufferedBytes < highWaterBytes)
        }
        if let end = state.end { return (end.map { nil }, false) }
        state.waiter = continuation
        return (nil, false)
      }
      if hasRoomAgain { wantMore() }
      if let immediate { continuation.resume(with: immediate) }
    }
  }
}
