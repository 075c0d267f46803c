import Crypto
import ExternalKeys
import NIOCore
import NIOPosix
import NIOSSL

/// A server with a good certificate that answers every request with the same bytes, whatever they are.
final class ScriptedServer: Sendable {
  private let channel: any Channel

  var port: Int { channel.localAddress?.port ?? 0 }

  /// `delay` passes before each of `pieces`.
  init(_ certificate: ExternalKeyCertificate, _ pieces: [String], delay: TimeAmount = .zero, closes: Bool = false) async throws {
    let tls = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: try certificate.chain.map { .certificate(try NIOSSLCertificate(bytes: $0, format: .der)) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: [UInt8](certificate.privateKey.derRepresentation), format: .der))))
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: tls), Script(pieces, delay, closes))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  func stop() async throws { try await channel.close() }

  static func http(_ status: String, _ body: String, _ headers: String = "") -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
  }

  private final class Script: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let pieces: [String]
    private let delay: TimeAmount
    private let closes: Bool
    private var hasAnswered = false

    init(_ pieces: [String], _ delay: TimeAmount, _ closes: Bool) {
      self.pieces = pieces
      self.delay = delay
      self.closes = closes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard !hasAnswered else { return }
      hasAnswered = true
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      for (index, piece) in pieces.enumerated() {
        context.eventLoop.scheduleTask(in: delay * (index + 1)) {
          bound.value.writeAndFlush(NIOAny(ByteBuffer(string: piece)), promise: nil)
        }
      }
      if closes { context.eventLoop.scheduleTask(in: delay * (pieces.count + 1)) { bound.value.close(promise: nil) } }
    }
  }
}
