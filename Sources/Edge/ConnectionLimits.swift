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
  /// When what the connection waits for has taken too long, or is looked at.
  private var due = NIODeadline.distantFuture
  /// When the timer rings: at the latest when something is due. It is not set anew for every request, but when it rings too early.
  private var alarm = NIODeadline.distantFuture
  private var timer: Scheduled<Void>?
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
    timer?.cancel()
  }

  package func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  private func awaitHead(seconds: Int64, context: ChannelHandlerContext) {
    phase = .awaitingHead
    wait(seconds: seconds, context: context)
  }

  private func watchProgress(context: ChannelHandlerContext) {
    progressedBytes = 0
    wait(seconds: limits.progressIntervalSeconds, context: context)
  }

  private func wait(seconds: Int64, context: ChannelHandlerContext) {
    due = context.eventLoop.now + .seconds(seconds)
    if due < alarm { setTimer(context: context) }
  }

  private func setTimer(context: ChannelHandlerContext) {
    timer?.cancel()
    alarm = due
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(deadline: due) {
      let (handler, context) = bound.value
      handler.ring(context: context)
    }
  }

  private func ring(context: ChannelHandlerContext) {
    alarm = .distantFuture
    guard context.eventLoop.now >= due else { return setTimer(context: context) }
    switch phase {
    case .awaitingHead: close("no request in time", context: context)
    case .awaitingBody, .answering:
      let isClientsTurn = phase == .awaitingBody ? wantsRead : unsentBytes > 0
      if isClientsTurn && progressedBytes < limits.minimumProgressBytes {
        close("transfer too slow", context: context)
      } else {
        watchProgress(context: context)
      }
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
