internal import NIOCore
internal import Synchronization

/// The body of a request on the fast path: filled by the channel's event loop, emptied by the service's task.
final class FastPathBody: EdgeBody {
  let length: Int?
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

  init(length: Int?, highWaterBytes: Int, wantMore: @escaping @Sendable () -> Void) {
    self.length = length
    self.highWaterBytes = highWaterBytes
    self.wantMore = wantMore
  }

  /// Whether the socket should not be read for now.
  var isFull: Bool {
    state.withLock { $0.bufferedBytes >= highWaterBytes }
  }

  func append(_ piece: ByteBuffer) {
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
  func end(_ result: Result<Void, any Error>) {
    let waiter = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
      guard state.end == nil else { return nil }
      state.end = result
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(with: result.map { nil })
  }

  func next() async throws -> ByteBuffer? {
    let (isFirst, wasFull) = state.withLock { state in
      defer { state.hasAsked = true }
      // What has arrived whole need not be asked for.
      return (!state.hasAsked && state.end == nil, state.bufferedBytes >= highWaterBytes)
    }
    if isFirst { wantMore() }
    let piece: ByteBuffer? = try await withCheckedThrowingContinuation { continuation in
      let immediate = state.withLock { state -> Result<ByteBuffer?, any Error>? in
        if let piece = state.pieces.popFirst() {
          state.bufferedBytes -= piece.readableBytes
          return .success(piece)
        }
        if let end = state.end { return end.map { nil } }
        state.waiter = continuation
        return nil
      }
      if let immediate { continuation.resume(with: immediate) }
    }
    if wasFull && !isFull { wantMore() }
    return piece
  }
}
