internal import Base
internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1
internal import NIOSSL

/// The pipeline of one connection: TLS, HTTP/1.1, limits, the fast path, and behind it Hummingbird, which takes every other request.
struct EdgeChannel: ServerChildChannel, HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  let door: DoorContext
  /// Nil for plain HTTP.
  let tls: RenewedTLS?
  let responder: HTTPChannelHandler.Responder

  init(door: DoorContext, tls: RenewedTLS?) {
    self.door = door
    self.tls = tls
    let path = RouterPath(door: door)
    responder = { request, writer, channel in
      let connection = EdgeConnection(channel, door)
      try await path.respond(to: request, with: writer, peer: channel.peerAddress, connection: connection)
    }
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      try channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
      try channel.syncOptions?.setOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 16 << 10, maximum: 256 << 10))
      // Whether there is room for more is asked between two reads.
      try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
      try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
      var decoderLimits = NIOHTTPDecoderLimitConfiguration()
      decoderLimits.maxHeaderFieldSize = door.limits.maximumHeaderFieldBytes
      decoderLimits.maxHeaderListSize = door.limits.maximumHeaderListBytes
      decoderLimits.maxHeaderFieldCount = door.limits.maximumHeaderFields
      let pipeline = channel.pipeline.syncOperations
      if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls.context())) }
      try pipeline.configureHTTPServerPipeline(
        withPipeliningAssistance: true, withErrorHandling: true, withOutboundHeaderValidation: true, withEncoderConfiguration: .init(),
        withDecoderLimitConfiguration: decoderLimits)
      try pipeline.addHandler(ConnectionLimits(limits: door.limits, logger: door.logger))
      try pipeline.addHandler(BlobFastPath(door: door))
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: door.isSecure))
      return try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async {
    await handleHTTP(asyncChannel: value, logger: logger)
  }
}
