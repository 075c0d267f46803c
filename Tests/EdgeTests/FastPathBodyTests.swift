import Edge
import NIOCore
import NIOPosix
import Testing

/// What an event loop does with a body: it hands over a piece at a time, stops when the body is full, and goes on when it is told that there is room.
///
/// Sendable because it is reached on its event loop alone.
private final class Reading: @unchecked Sendable {
  private let loop: any EventLoop
  private var left: Int
  private var isHeld = false
  private var body: FastPathBody?

  init(pieces: Int, loop: any EventLoop) {
    left = pieces
    self.loop = loop
  }

  func begin(highWaterBytes: Int) -> FastPathBody {
    let body = FastPathBody(length: nil, highWaterBytes: highWaterBytes) { [self] in
      loop.execute { self.goOn() }
    }
    loop.execute {
      self.body = body
      self.read()
    }
    return body
  }

  private func goOn() {
    guard isHeld else { return }
    isHeld = false
    read()
  }

  private func read() {
    guard let body else { return }
    guard left > 0 else { return body.end(.success(())) }
    guard !body.isFull else {
      isHeld = true
      return
    }
    left -= 1
    body.append(ByteBuffer(repeating: 1, count: 1))
    loop.execute { self.read() }
  }
}

@Suite(.timeLimit(.minutes(2))) struct FastPathBodyTests {
  /// Whoever takes a piece at the moment at which the body is found full tells the reader all the same.
  @Test(arguments: [1, 2, 3])
  func aBodyThatWasFullIsReadOn(highWaterBytes: Int) async throws {
    let pieces = 100_000
    let body = Reading(pieces: pieces, loop: MultiThreadedEventLoopGroup.singleton.next()).begin(highWaterBytes: highWaterBytes)
    var count = 0
    while let piece = try await body.next() { count += piece.readableBytes }
    #expect(count == pieces)
  }
}
