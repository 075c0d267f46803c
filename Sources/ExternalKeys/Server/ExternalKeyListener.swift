internal import Crypto
package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Wire

/// The reference server's door: HTTPS where both sides show a certificate, TLS 1.3 alone.
package struct ExternalKeyListener: Sendable {
  private let service: ExternalKeyService
  private let clients: [ExternalKeyClientName]
  private let certificate: ExternalKeyCertificate
  private let logger: Logger

  /// `certificate` is the server's own; nobody but `clients` is answered.
  package init(service: ExternalKeyService, clients: [ExternalKeyClientName], certificate: ExternalKeyCertificate, logger: Logger) {
    self.service = service
    self.clients = clients
    self.certificate = certificate
    self.logger = logger
  }

  private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>

  /// Serves until its task is cancelled. `onReady` gets the port that it listens at.
  package func run(address: String, port: Int, onReady: @escaping @Sendable (Int) -> Void) async throws {
    let tls = try tlsContext()
    let slots = ConnectionSlots(ExternalKeyLimits.maximumConnections)
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: address, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(Int64(ExternalKeyLimits.idleSeconds))))
          try pipeline.addHandler(NIOSSLServerHandler(context: tls))
          try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
          try pipeline.addHandler(CloseWhenIdle())
          try pipeline.addHandler(BodiesOfBytes())
          return try Connection(wrappingChannelSynchronously: channel)
        }
      }
    try await withThrowingDiscardingTaskGroup { group in
      try await server.executeThenClose { connections in
        onReady(server.channel.localAddress?.port ?? port)
        for try await connection in connections {
          group.addTask {
            guard slots.take() else {
              try? await connection.channel.close()
              return
            }
            defer { slots.giveBack() }
            do {
              try await serve(connection)
            } catch {
              logger.debug("a connection ended", metadata: ["cause": "\(error)"])
            }
          }
        }
      }
    }
  }

  private func tlsContext() throws -> NIOSSLContext {
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: try certificate.chain.map { .certificate(try NIOSSLCertificate(bytes: $0, format: .der)) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: [UInt8](certificate.privateKey.derRepresentation), format: .der)))
    tls.minimumTLSVersion = .tlsv13
    // A client's certificate must come from one of these. Whose it is, is looked at in each connection.
    tls.certificateVerification = .noHostnameVerification
    tls.trustRoots = .certificates(try clients.flatMap(\.authorities).map { try NIOSSLCertificate(bytes: $0, format: .der) })
    return try NIOSSLContext(configuration: tls)
  }

  // MARK: One connection

  private func serve(_ connection: Connection) async throws {
    try await connection.executeThenClose { requests, answers in
      var client: (isAsked: Bool, name: String?) = (false, nil)
      var head: HTTPRequestHead?
      var body = ByteBuffer()
      for try await part in requests {
        switch part {
        case .head(let received):
          head = received
          body.clear()
          if !client.isAsked { client = (true, try await name(of: connection.channel)) }
        case .body(var bytes):
          guard body.readableBytes + bytes.readableBytes <= ExternalKeyLimits.maximumBodyBytes else { return }
          body.writeBuffer(&bytes)
        case .end:
          guard let request = head else { return }
          let answer = answer(request, body, client.name)
          try await answers.write(contentsOf: answer)
          guard request.isKeepAlive else { return }
        }
      }
    }
  }

  /// Nil where the certificate is nobody's that is known.
  private func name(of channel: any Channel) async throws -> String? {
    guard let certificate = try await channel.nioSSL_peerCertificate().get() else { return nil }
    let bytes = try certificate.toDERBytes()
    return clients.first { $0.isBorne(by: bytes) }?.commonName
  }

  private func answer(_ request: HTTPRequestHead, _ body: ByteBuffer, _ client: String?) -> [HTTPPart<HTTPResponseHead, ByteBuffer>] {
    let parts = request.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let answer: ExternalKeyService.Answer =
      request.method == .POST
      ? service.answer(
        path: String(parts[0]), query: parts.count == 2 ? String(parts[1]) : "", body: Array(body.readableBytesView), client: client)
      : ExternalKeyService.Answer.failed(405, "MethodNotAllowed", "POST only.")
    let bytes = ByteBuffer(bytes: answer.json.bytes)
    var headers: HTTPHeaders = ["Content-Type": "application/json", "Content-Length": "\(bytes.readableBytes)"]
    if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
    let status = HTTPResponseStatus(statusCode: answer.status)
    return [.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), .body(bytes), .end(nil)]
  }
}

/// Closes a connection that says nothing.
private final class CloseWhenIdle: ChannelInboundHandler {
  typealias InboundIn = Any

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) } else { context.fireUserInboundEventTriggered(event) }
  }
}

/// The codec wants bodies that may be files; here they are bytes.
private final class BodiesOfBytes: ChannelOutboundHandler {
  typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
  typealias OutboundOut = HTTPServerResponsePart

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let part: HTTPServerResponsePart =
      switch unwrapOutboundIn(data) {
      case .head(let head): .head(head)
      case .body(let bytes): .body(.byteBuffer(bytes))
      case .end(let trailers): .end(trailers)
      }
    context.write(wrapOutboundOut(part), promise: promise)
  }
}
