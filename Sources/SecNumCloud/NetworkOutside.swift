internal import AsyncHTTPClient
public import Base
public import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// The platform through its network: real connections to its front door, nothing else. Whatever the host of a request, the connection goes to the
/// cloud's own listening address.
public struct NetworkOutside: OutsideView {
  private static let connecting: TimeAmount = .seconds(3)
  private static let answering: TimeAmount = .seconds(10)
  private static let handshaking: TimeAmount = .seconds(5)
  private static let exchanging: TimeAmount = .seconds(2)
  private static let maximumDatagramBytes = 2048

  private let address: CloudAddress
  private let listening: String
  private let authority: String
  private let group: any EventLoopGroup

  /// `connectTo` is an address that the front door listens on, `authority` the certificate of the platform's authority in PEM.
  public init(address: CloudAddress, connectTo: String, authority: String, group: any EventLoopGroup) {
    self.address = address
    listening = connectTo
    self.authority = authority
    self.group = group
  }

  // MARK: Requests

  /// Throws where there is no connection, where the certificate is not the authority's, and past ten seconds.
  public func request(_ request: OutsideRequest) async throws -> OutsideAnswer {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
    tls.minimumTLSVersion = .tlsv12
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: Self.connecting, read: Self.answering))
    configuration.dnsOverride = [request.host: listening]
    configuration.httpVersion = .http1Only
    // A client of its own for each request: what a stranger gets may not hang on an earlier connection, and nothing stays open.
    let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    do {
      let answer = try await send(request, by: client)
      try? await client.shutdown()
      return answer
    } catch {
      try? await client.shutdown()
      throw error
    }
  }

  private func send(_ request: OutsideRequest, by client: HTTPClient) async throws -> OutsideAnswer {
    let path = request.path.hasPrefix("/") ? request.path : "/" + request.path
    var message = HTTPClientRequest(url: "https://\(request.host):\(request.port ?? address.port)\(path)")
    message.method = .init(rawValue: request.method)
    for (name, value) in request.headers { message.headers.add(name: name, value: value) }
    if !request.body.isEmpty { message.body = .bytes(ByteBuffer(bytes: request.body)) }
    let response = try await client.execute(message, timeout: Self.answering)
    var body: [UInt8] = []
    for try await chunk in response.body {
      body += chunk.readableBytesView.prefix(OutsideAnswer.maximumBodyBytes - body.count)
      if body.count == OutsideAnswer.maximumBodyBytes { break }
    }
    return OutsideAnswer(
      status: Int(response.status.code), headers: response.headers.map { (name: $0.name.lowercased(), value: $0.value) }, body: body)
  }

  // MARK: Handshakes

  /// The certificates are not judged here: they are what the caller wants to see.
  public func handshake(_ offer: HandshakeOffer) async throws -> Handshake? {
    var settings = TLSConfiguration.makeClientConfiguration()
    settings.minimumTLSVersion = Self.version(offer.minimum)
    settings.maximumTLSVersion = Self.version(offer.maximum)
    // Anything but `.none`, for which the certificates would not be shown.
    settings.certificateVerification = .noHostnameVerification
    // What the library offers by itself is too good to meet a server of old.
    settings.cipherSuiteValues = try Self.suites(offer.cipherSuites ?? Self.offeredSuites.joined(separator: ":"))
    let context = try NIOSSLContext(configuration: settings)
    let loop = group.next()
    let outcome = loop.makePromise(of: Handshake?.self)
    let name = (try? SocketAddress(ipAddress: offer.serverName, port: 0)) == nil ? offer.serverName : nil
    let channel: any Channel
    do {
      channel = try await ClientBootstrap(group: loop).connectTimeout(Self.connecting).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let observer = HandshakeObserver(outcome: outcome)
          let presented = observer.presented
          let handler = try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, verdict in
            presented.certificates = certificates
            verdict.succeed(.certificateVerified)
          }
          try channel.pipeline.syncOperations.addHandlers(handler, observer)
        }
      }.connect(host: offer.address, port: offer.port).get()
    } catch {
      outcome.fail(error)
      throw error
    }
    let alarm = loop.scheduleTask(in: Self.handshaking) {
      outcome.fail(
        ObservationFailure(
          "\(offer.address):\(offer.port) n'a pas terminé la négociation TLS.", "\(offer.address):\(offer.port) did not end the TLS handshake."))
    }
    defer {
      alarm.cancel()
      channel.close(promise: nil)
    }
    return try await outcome.futureResult.get()
  }

  private static func version(_ version: TLSVersion) -> NIOSSL.TLSVersion {
    switch version {
    case .tls10: .tlsv1
    case .tls11: .tlsv11
    case .tls12: .tlsv12
    case .tls13: .tlsv13
    }
  }

  /// The suites that this client can offer. The library ends the process at a name that it does not know.
  private static func suites(_ names: String) throws -> [NIOTLSCipher] {
    try names.split(separator: ":").map { name in
      guard let suite = knownSuites[String(name)] else {
        throw ObservationFailure("la suite « \(name) » ne peut pas être proposée.", "the suite “\(name)” cannot be offered.")
      }
      return suite
    }
  }

  private static let knownSuites: [String: NIOTLSCipher] = [
    "AES128-SHA": .TLS_RSA_WITH_AES_128_CBC_SHA, "AES256-SHA": .TLS_RSA_WITH_AES_256_CBC_SHA,
    "AES128-GCM-SHA256": .TLS_RSA_WITH_AES_128_GCM_SHA256, "AES256-GCM-SHA384": .TLS_RSA_WITH_AES_256_GCM_SHA384,
    "ECDHE-ECDSA-AES128-SHA": .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES256-SHA": .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    "ECDHE-RSA-AES128-SHA": .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES256-SHA": .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    "ECDHE-ECDSA-AES128-GCM-SHA256": .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    "ECDHE-ECDSA-AES256-GCM-SHA384": .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    "ECDHE-RSA-AES128-GCM-SHA256": .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    "ECDHE-RSA-AES256-GCM-SHA384": .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    "ECDHE-ECDSA-CHACHA20-POLY1305": .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    "ECDHE-RSA-CHACHA20-POLY1305": .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  ]

  /// OpenSSL's names of the suites up to TLS 1.2 that `handshake` can offer, sorted.
  static let offeredSuites = knownSuites.keys.sorted()

  // MARK: Datagrams

  /// Waits two seconds for the answer, which must come from where the datagram went.
  public func exchange(_ datagram: [UInt8], host: String, port: Int) async throws -> [UInt8]? {
    let loop = group.next()
    // A name is looked up by a call that blocks.
    let remote = try await NIOThreadPool.singleton.runIfActive { try SocketAddress.makeAddressResolvingHost(host, port: port) }
    let any = try SocketAddress(ipAddress: remote.protocol == .inet6 ? "::" : "0.0.0.0", port: 0)
    let outcome = loop.makePromise(of: [UInt8]?.self)
    let channel: any Channel
    do {
      channel = try await DatagramBootstrap(group: loop).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(DatagramObserver(remote: remote, outcome: outcome, limit: Self.maximumDatagramBytes))
        }
      }.bind(to: any).get()
    } catch {
      outcome.fail(error)
      throw error
    }
    let alarm = loop.scheduleTask(in: Self.exchanging) { outcome.succeed(nil) }
    defer {
      alarm.cancel()
      channel.close(promise: nil)
    }
    try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: remote, data: ByteBuffer(bytes: datagram)))
    return try await outcome.futureResult.get()
  }
}

/// Waits for the end of one handshake.
private final class HandshakeObserver: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// What the server showed; touched on the channel's loop alone.
  final class Presented {
    var certificates: [NIOSSLCertificate] = []
  }

  let presented = Presented()
  private let outcome: EventLoopPromise<Handshake?>

  init(outcome: EventLoopPromise<Handshake?>) { self.outcome = outcome }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted? = event as? TLSUserEvent else { return context.fireUserInboundEventTriggered(event) }
    do {
      let version: TLSVersion? =
        switch try context.pipeline.syncOperations.nioSSL_tlsVersion() {
        case .tlsv1: .tls10
        case .tlsv11: .tls11
        case .tlsv12: .tls12
        case .tlsv13: .tls13
        default: nil
        }
      guard let version else { throw ObservationFailure("version de TLS inconnue.", "unknown version of TLS.") }
      outcome.succeed(Handshake(version: version, certificates: try presented.certificates.map { try $0.toDERBytes() }))
    } catch {
      outcome.fail(error)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  /// The server answered with an alert, or with something that is no TLS: it refuses.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    outcome.succeed(nil)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    outcome.succeed(nil)
    context.fireChannelInactive()
  }
}

/// Waits for one datagram of one sender.
private final class DatagramObserver: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let remote: SocketAddress
  private let outcome: EventLoopPromise<[UInt8]?>
  private let limit: Int

  init(remote: SocketAddress, outcome: EventLoopPromise<[UInt8]?>, limit: Int) {
    self.remote = remote
    self.outcome = outcome
    self.limit = limit
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    guard envelope.remoteAddress == remote else { return }
    outcome.succeed(Array(envelope.data.readableBytesView.prefix(limit)))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    outcome.fail(error)
    context.close(promise: nil)
  }
}
