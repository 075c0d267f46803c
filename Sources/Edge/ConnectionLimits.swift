package import Logging
package import NIOCore
package import NIOHTTP1

/// Closes connections that do not move: heads that do not arrive, bodies and answers that trickle.
package final class ConnectionLimits: ChannelDuplexHandler {
  package typealias InboundIn = HTTPServerRequestPart
  package typealias InboundOut = HTTPServerRequestPart
  package typealias OutboundIn = HTTPServerResponsePart
  package typealias OutboundOut = HTTPServerResponsePart

  /// Whom the connection is waiting for.
  private enum Phase {
    case awaitingHead
    case awaitingBody
    /// The request is complete; the service works, or the client takes the answer.
    case answering
  }

  private let limits: EdgeLimits
  private let logger: Logger
  private var phase = Phase.awaitingHead
  private var deadline: Scheduled<Void>?
  /// Bytes in either direction since the last look.
  private var progressedBytes = 0
  /// Bytes handed to the socket that it has not taken.
  private var unsentBytes = 0
  private var wantsRead = true

  package init(limits: EdgeLimits, logger: Logger) {
    self.limits = limits
    self.logger = logger
  }

  package func handlerAdded(context: ChannelHandlerContext) {
    awaitHead(seconds: limits.firstHeadSeconds, context: context)
  }

  package func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
  }

  package func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  private func awaitHead(seconds: Int64, context: ChannelHandlerContext) {
    phase = .awaitingHead
    schedule(seconds: seconds, context: context) { handler, context in handler.close("no request in time", context: context) }
  }

  private func watchProgress(context: ChannelHandlerContext) {
    progressedBytes = 0
    schedule(seconds: limits.progressIntervalSeconds, context: context) { handler, context in
      let isClientsTurn = handler.phase == .awaitingBody ? handler.wantsRead : handler.unsentBytes > 0
      if isClientsTurn && handler.progressedBytes < handler.limits.minimumProgressBytes {
        handler.close("transfer too slow", context: context)
      } else {
        handler.watchProgress(context: context)
      }
    }
  }

  private func schedule(seconds: Int64, context: ChannelHandlerContext, _ action: @escaping (ConnectionLimits, ChannelHandlerContext) -> Void) {
    deadline?.cancel()
    let bound = NIOLoopBound((self, context, action), eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: .seconds(seconds)) {
      let (handler, context, action) = bound.value
      action(handler, context)
    }
  }

  private func close(_ reason: String, context: ChannelHandlerContext) {
    logger.info("connection closed", metadata: ["reason": "\(reason)", "peer": "\(context.channel.peerAddress)"])
    context.close(promise: nil)
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      phase = .awaitingBody
      watchProgress(context: context)
    case .body(let piece): progressedBytes += piece.readableBytes
    case .end: phase = .answering
    }
    wantsRead = false
    context.fireChannelRead(data)
  }

  package func read(context: ChannelHandlerContext) {
    wantsRead = true
    context.read()
  }

  package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .body(let piece):
      let count = piece.readableBytes
      unsentBytes += count
      let written = promise ?? context.eventLoop.makePromise()
      let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
      written.futureResult.whenComplete { _ in
        bound.value.unsentBytes -= count
        bound.value.progressedBytes += count
      }
      context.write(data, promise: written)
    case .end:
      context.write(data, promise: promise)
      awaitHead(seconds: limits.keepAliveSeconds, context: context)
    case .head:
      context.write(data, promise: promise)
    }
  }
}
