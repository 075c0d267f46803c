internal import Base
internal import Logging
package import NIOCore
package import NIOHTTP1

/// Serves the bodies of blob GET and PUT in the channel's pipeline, ahead of the router: a quarter of its cost for each request.
///
/// It stands behind NIO's `HTTPServerPipelineHandler`, which delivers a request only when the answer before it has ended: answers
/// of the two paths cannot overtake each other on one connection.
package final class BlobFastPath: ChannelDuplexHandler {
  package typealias InboundIn = HTTPServerRequestPart
  package typealias InboundOut = HTTPServerRequestPart
  package typealias OutboundIn = HTTPServerResponsePart
  package typealias OutboundOut = HTTPServerResponsePart

  private let door: DoorContext
  private var exchange: Exchange?
  private var context: ChannelHandlerContext?
  private var hasHeldRead = false
  /// Who is at the other end, found out at the first request.
  private var peer: (address: String, connection: EdgeConnection)?

  /// One request of the fast path that is under way.
  private struct Exchange {
    let body: FastPathBody
    var task: Task<Void, Never>?
    let announcedBytes: Int?
    var receivedBytes = 0
    var expectsContinue: Bool
    var requestHasEnded = false
    var answerHasEnded = false
    var closes: Bool
  }

  package init(door: DoorContext) {
    self.door = door
  }

  package func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  package func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  // MARK: Requests

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    switch part {
    case .head(let head):
      if !begin(head, context: context) { context.fireChannelRead(data) }
    case .body(let piece):
      guard exchange != nil else { return context.fireChannelRead(data) }
      receive(piece, context: context)
    case .end:
      guard exchange != nil else { return context.fireChannelRead(data) }
      exchange?.requestHasEnded = true
      exchange?.body.end(.success(()))
      if exchange?.answerHasEnded == true { exchange = nil }
    }
  }

  /// Takes the request if it is one for this path.
  private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) -> Bool {
    guard let parts = RequestHead(head) else {
      refuse()
      return true
    }
    guard let service = door.hosts.service(for: parts.host),
      service.prefersFastPath(method: parts.method, path: String(parts.path), query: parts.query)
    else { return false }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    let length = head.headers.contains(name: "transfer-encoding") ? nil : head.headers.first(name: "content-length").map { Int($0) ?? 0 } ?? 0
    let body = FastPathBody(length: length, highWaterBytes: door.limits.bodyHighWaterBytes) {
      eventLoop.execute { bound.value.bodyIsWanted() }
    }
    let peer = peer ?? (context.channel.peerAddress, EdgeConnection(context.channel, door))
    self.peer = peer
    guard let request = parts.request(body: body, remoteAddress: peer.address, connection: peer.connection, random: door.random) else {
      return false
    }
    exchange = Exchange(
      body: body, announcedBytes: length, expectsContinue: head.headers.first(name: "expect")?.lowercased() == "100-continue",
      closes: !head.isKeepAlive)
    let writer = FastPathWriter(handler: bound, eventLoop: eventLoop, headers: door.answers, logger: door.logger)
    exchange?.task = writer.start(service, request)
    return true
  }

  /// For which host a request is, its head does not say, or says twice: whoever is in front of the cloud may read it otherwise. Nothing more
  /// is taken from such a connection.
  private func refuse() {
    let response = EdgeResponse.badRequest
    exchange = Exchange(body: FastPathBody(length: nil, highWaterBytes: 0) {}, announcedBytes: nil, expectsContinue: false, closes: true)
    guard case .bytes(let buffer) = response.body else { preconditionFailure("a streamed refusal") }
    answer(HTTPResponseHead(version: .http1_1, status: response.status, headers: door.answers.complete(response)), buffer)
  }

  private func receive(_ piece: ByteBuffer, context: ChannelHandlerContext) {
    exchange?.receivedBytes += piece.readableBytes
    guard exchange?.answerHasEnded == true else {
      exchange?.body.append(piece)
      return
    }
    // The service answered without reading this; a little of it is thrown away so that the connection can serve on.
    if let exchange, exchange.receivedBytes > door.limits.maximumDrainedBytes, !exchange.closes { context.close(promise: nil) }
  }

  /// The service asks for bytes: let the client send them, and read the socket on.
  private func bodyIsWanted() {
    guard let context, let current = exchange, !current.answerHasEnded else { return }
    if current.expectsContinue {
      exchange?.expectsContinue = false
      if current.receivedBytes == 0 && !current.requestHasEnded {
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
      }
    }
    releaseHeldRead(context: context)
  }

  package func read(context: ChannelHandlerContext) {
    if let exchange, !exchange.answerHasEnded, exchange.body.isFull {
      hasHeldRead = true
    } else {
      context.read()
    }
  }

  private func releaseHeldRead(context: ChannelHandlerContext) {
    if hasHeldRead {
      hasHeldRead = false
      context.read()
    }
  }

  package func channelInactive(context: ChannelHandlerContext) {
    abandon(ChannelError.eof)
    context.fireChannelInactive()
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    abandon(error)
    // What is no HTTP has been answered by the handler before this one; told of it, the router would answer a second time.
    if !(error is HTTPParserError) { context.fireErrorCaught(error) }
    context.close(promise: nil)
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client that stops sending in the middle of a body will not send the rest.
    if case ChannelEvent.inputClosed? = event as? ChannelEvent, let exchange, !exchange.requestHasEnded { abandon(ChannelError.inputClosed) }
    context.fireUserInboundEventTriggered(event)
  }

  private func abandon(_ error: any Error) {
    exchange?.body.end(.failure(error))
    exchange?.task?.cancel()
  }

  // MARK: Answers

  fileprivate func answer(_ head: HTTPResponseHead, _ body: ByteBuffer?) {
    writeHead(head)
    if let body, let context { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    endAnswer()
  }

  fileprivate func writeHead(_ head: HTTPResponseHead) {
    guard let context, var current = exchange else { return }
    var head = head
    if !current.requestHasEnded {
      let rest = current.announcedBytes.map { $0 - current.receivedBytes } ?? .max
      if rest > door.limits.maximumDrainedBytes || current.expectsContinue { current.closes = true }
    }
    if current.closes { head.headers.replaceOrAdd(name: "Connection", value: "close") }
    exchange = current
    context.write(wrapOutboundOut(.head(head)), promise: nil)
  }

  fileprivate func write(_ piece: ByteBuffer) -> EventLoopFuture<Void> {
    guard let context else { return door.group.next().makeFailedFuture(ChannelError.ioOnClosedChannel) }
    return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))))
  }

  fileprivate func endAnswer() {
    guard let context, var current = exchange else { return }
    current.answerHasEnded = true
    // Writing the end lets the next pipelined request in, within this very call: the exchange must be over by then.
    exchange = current.requestHasEnded ? nil : current
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    releaseHeldRead(context: context)
    if current.closes { close(context: context, afterLingering: !current.requestHasEnded) }
  }

  /// The length was promised and cannot be kept: only a closed connection tells the client.
  fileprivate func breakOff() {
    exchange = nil
    context?.close(promise: nil)
  }

  private func close(context: ChannelHandlerContext, afterLingering: Bool) {
    guard afterLingering else { return context.close(promise: nil) }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .seconds(door.limits.lingerSeconds)) { bound.value.close(promise: nil) }
  }
}

/// Runs the service for one request and writes its answer from outside the event loop.
private struct FastPathWriter: Sendable {
  let handler: NIOLoopBound<BlobFastPath>
  let eventLoop: any EventLoop
  let headers: AnswerHeaders
  let logger: Logger

  func start(_ service: any EdgeService, _ request: EdgeRequest) -> Task<Void, Never> {
    Task {
      let response = await service.respond(to: request)
      await send(response)
    }
  }

  /// Pieces of a stream are fetched while the one before is being sent: one is in flight, one in hand.
  private func send(_ response: EdgeResponse) async {
    let handler = handler
    let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: headers.complete(response))
    switch response.body {
    case .bytes(let buffer):
      eventLoop.execute { handler.value.answer(head, buffer.readableBytes > 0 ? buffer : nil) }
    case .head:
      eventLoop.execute { handler.value.answer(head, nil) }
    case .stream(_, let source):
      do {
        var pending: EventLoopFuture<Void> = eventLoop.submit { handler.value.writeHead(head) }
        while let piece = try await source.next() {
          try await pending.get()
          pending = eventLoop.flatSubmit { handler.value.write(piece) }
        }
        try await pending.get()
        eventLoop.execute { handler.value.endAnswer() }
      } catch {
        logger.debug("answer broken off", metadata: ["error": "\(error)"])
        eventLoop.execute { handler.value.breakOff() }
      }
    }
  }
}
