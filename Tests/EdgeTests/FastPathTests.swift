import Base
import Edge
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Simulation
import Synchronization
import Testing

/// Answers each request with its path, after the delay that a test wants; `/fast…` takes the fast path.
private struct PathService: EdgeService {
  let name = "test"
  let answer: @Sendable (EdgeRequest) async -> EdgeResponse

  func prefersFastPath(method: HTTPMethod, path: String, query: Substring) -> Bool { path.hasPrefix("/fast") }
  func respond(to request: EdgeRequest) async -> EdgeResponse { await answer(request) }
}

/// Stands where Hummingbird stands: answers what the fast path lets through.
private final class Router: ChannelInboundHandler, Sendable {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "4"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "slow")))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else { return }
    context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .badRequest))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}

private func channel(
  limits: EdgeLimits = EdgeLimits(), answer: @escaping @Sendable (EdgeRequest) async -> EdgeResponse
) async throws -> NIOAsyncTestingChannel {
  let channel = NIOAsyncTestingChannel()
  let door = DoorContext(
    hosts: HostTable([(.exact("h"), PathService(answer: answer))]), limits: limits, clock: ManualClock(), random: SeededRandom(seed: 1),
    group: channel.eventLoop, logger: Logger(label: "test"))
  try await channel.testingEventLoop.executeInContext {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
    try pipeline.addHandler(ConnectionLimits(limits: limits, logger: Logger(label: "test")))
    try pipeline.addHandler(BlobFastPath(door: door))
    try pipeline.addHandler(Router())
  }
  try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
  return channel
}

/// Everything that the channel sends until `isComplete` says that it is enough, or it closes.
private func output(of channel: NIOAsyncTestingChannel, until isComplete: (String) -> Bool) async throws -> String {
  var text = ""
  while !isComplete(text) {
    guard let piece = try? await channel.waitForOutboundWrite(as: ByteBuffer.self) else { break }
    text += String(buffer: piece)
  }
  return text
}

private func occurrences(of word: String, in text: String) -> Int {
  var count = 0
  var rest = text[...]
  while let range = rest.firstRange(of: word) {
    count += 1
    rest = rest[range.upperBound...]
  }
  return count
}

@Suite(.timeLimit(.minutes(1))) struct FastPathTests {
  @Test func answersOfBothPathsKeepTheOrderOfPipelinedRequests() async throws {
    let gate = AsyncStream<Void>.makeStream()
    let channel = try await channel { request in
      // The first answer is held back until the later requests have long arrived.
      if request.path == "/fast1" { for await _ in gate.stream { break } }
      return EdgeResponse(.ok, body: .bytes(ByteBuffer(string: request.path)))
    }
    let requests = ["/fast1", "/slow2", "/fast3", "/slow4"].map { "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
    try await channel.writeInbound(ByteBuffer(string: requests))
    gate.continuation.yield()
    let text = try await output(of: channel) { occurrences(of: "slow", in: $0) == 2 }
    let order = ["/fast1", "slow", "/fast3", "slow"]
    var rest = text[...]
    for word in order {
      let found = try #require(rest.firstRange(of: word), "\(word) is missing or out of order in: \(text)")
      rest = rest[found.upperBound...]
    }
  }

  @Test(arguments: ["garbage\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{80}", "GET / HTTP/9.9\r\n\r\n"])
  func whatIsNoRequestIsAnsweredOnceAndClosed(noise: String) async throws {
    let channel = try await channel { _ in EdgeResponse(.ok) }
    // What the decoder throws comes back through the write.
    _ = try? await channel.writeInbound(ByteBuffer(string: noise))
    let text = try await output(of: channel) { _ in false }
    #expect(occurrences(of: "400 Bad Request", in: text) == 1)
    #expect(!channel.isActive)
  }

  @Test func aBodyArrivesWholeAndInOrder() async throws {
    let channel = try await channel { request in
      var whole = ByteBuffer()
      do {
        while var piece = try await request.body.next() { whole.writeBuffer(&piece) }
      } catch {
        return EdgeResponse(.internalServerError)
      }
      return EdgeResponse(.ok, body: .bytes(whole))
    }
    try await channel.writeInbound(ByteBuffer(string: "PUT /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"))
    try await channel.writeInbound(ByteBuffer(string: "def"))
    try await channel.writeInbound(ByteBuffer(string: "ghi"))
    let text = try await output(of: channel) { $0.hasSuffix("ghi") }
    #expect(text.hasSuffix("\r\n\r\nabcdefghi"))
    #expect(text.lowercased().contains("content-length: 9"))
  }

  @Test func continueIsSentOnlyWhenTheServiceWantsTheBody() async throws {
    let eager = try await channel { request in
      let body = try? await request.body.collect(upTo: 10)
      return EdgeResponse(.created, body: .bytes(body ?? ByteBuffer()))
    }
    let head = "PUT /fast HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    try await eager.writeInbound(ByteBuffer(string: head))
    let first = try await output(of: eager) { $0.contains("\r\n\r\n") }
    #expect(first.hasPrefix("HTTP/1.1 100 Continue"))
    try await eager.writeInbound(ByteBuffer(string: "abc"))
    #expect(try await output(of: eager) { $0.hasSuffix("abc") }.hasPrefix("HTTP/1.1 201"))

    let refusing = try await channel { _ in EdgeResponse(.forbidden) }
    try await refusing.writeInbound(ByteBuffer(string: head))
    let refusal = try await output(of: refusing) { $0.contains("\r\n\r\n") }
    #expect(refusal.hasPrefix("HTTP/1.1 403"))
    #expect(refusal.lowercased().contains("connection: close"))
  }

  @Test func anEarlyAnswerToAHugeBodyAnnouncesThatTheConnectionCloses() async throws {
    var limits = EdgeLimits()
    limits.maximumDrainedBytes = 100
    let channel = try await channel(limits: limits) { _ in EdgeResponse(.forbidden) }
    try await channel.writeInbound(ByteBuffer(string: "PUT /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc"))
    let text = try await output(of: channel) { $0.contains("\r\n\r\n") }
    #expect(text.hasPrefix("HTTP/1.1 403"))
    #expect(text.lowercased().contains("connection: close"))
    await channel.testingEventLoop.advanceTime(by: .seconds(limits.lingerSeconds + 1))
    #expect(!channel.isActive)
  }

  @Test func aSourceThatFailsMidwayClosesTheConnection() async throws {
    final class Source: EdgeBodySource {
      let inner = Mutex(0)
      func next() async throws -> ByteBuffer? {
        let count = inner.withLock { value in
          value += 1
          return value
        }
        if count == 1 { return ByteBuffer(string: "abc") }
        throw ChannelError.eof
      }
    }
    let channel = try await channel { _ in EdgeResponse(.ok, body: .stream(length: 1000, Source())) }
    try await channel.writeInbound(ByteBuffer(string: "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n"))
    let text = try await output(of: channel) { $0.hasSuffix("abc") }
    #expect(text.lowercased().contains("content-length: 1000"))
    try await channel.closeFuture.get()
  }

  @Test func aClientThatGoesAwayEndsTheBodyWithAnError() async throws {
    let outcome = AsyncStream<Bool>.makeStream()
    let channel = try await channel { request in
      do {
        while try await request.body.next() != nil {}
        outcome.continuation.yield(false)
      } catch {
        outcome.continuation.yield(true)
      }
      return EdgeResponse(.ok)
    }
    try await channel.writeInbound(ByteBuffer(string: "PUT /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"))
    try await channel.close()
    var hasFailed = false
    for await value in outcome.stream {
      hasFailed = value
      break
    }
    #expect(hasFailed)
  }
}

@Suite(.timeLimit(.minutes(1))) struct ConnectionLimitTests {
  @Test func aConnectionWithoutARequestIsClosed() async throws {
    let limits = EdgeLimits()
    let channel = try await channel(limits: limits) { _ in EdgeResponse(.ok) }
    await channel.testingEventLoop.advanceTime(by: .seconds(limits.firstHeadSeconds - 1))
    #expect(channel.isActive)
    await channel.testingEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test func aHeadThatTricklesIsClosed() async throws {
    let limits = EdgeLimits()
    let channel = try await channel(limits: limits) { _ in EdgeResponse(.ok) }
    for piece in ["GET ", "/fast ", "HTTP/1.1\r\n", "Host: h\r\n", "X-A: b\r\n"] where channel.isActive {
      try await channel.writeInbound(ByteBuffer(string: piece))
      await channel.testingEventLoop.advanceTime(by: .seconds(4))
    }
    #expect(!channel.isActive)
  }

  @Test func aBodyThatTricklesIsClosed() async throws {
    let limits = EdgeLimits()
    let channel = try await channel(limits: limits) { request in
      let body = try? await request.body.collect(upTo: 1 << 20)
      return EdgeResponse(body == nil ? .badRequest : .ok)
    }
    try await channel.writeInbound(ByteBuffer(string: "PUT /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"))
    for _ in 0..<8 where channel.isActive {
      try await channel.writeInbound(ByteBuffer(string: "x"))
      try await channel.testingEventLoop.executeInContext { channel.pipeline.syncOperations.read() }
      await channel.testingEventLoop.advanceTime(by: .seconds(limits.progressIntervalSeconds / 4))
    }
    #expect(!channel.isActive)
  }

  @Test func anIdleConnectionIsKeptForTheNextRequestAndNoLonger() async throws {
    let limits = EdgeLimits()
    let channel = try await channel(limits: limits) { _ in EdgeResponse(.ok) }
    try await channel.writeInbound(ByteBuffer(string: "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"))
    _ = try await output(of: channel) { $0.hasSuffix("slow") }
    await channel.testingEventLoop.advanceTime(by: .seconds(limits.keepAliveSeconds - 1))
    #expect(channel.isActive)
    await channel.testingEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }
}
