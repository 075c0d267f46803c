public import Base
internal import HummingbirdCore
public import Logging
public import NIOCore
public import NIOSSL
public import ServiceLifecycle
internal import Synchronization

/// The one HTTP entrance: TLS, host name to service, limits; and plain ports of the loopback where the operator wants them. It knows no service's
/// rules.
public struct FrontDoor: Service {
  public struct Configuration: Sendable {
    /// IP addresses to listen on, for example `127.0.0.1` and `::1`.
    public var addresses: [String]
    public var port: Int
    public var plainListeners: [PlainListener]
    public var limits: EdgeLimits

    public init(addresses: [String], port: Int, plainListeners: [PlainListener] = [], limits: EdgeLimits = EdgeLimits()) {
      self.addresses = addresses
      self.port = port
      self.plainListeners = plainListeners
      self.limits = limits
    }
  }

  private let configuration: Configuration
  private let door: DoorContext
  private let tls: RenewedTLS
  private let onReady: @Sendable () async -> Void

  /// `onReady` runs once every address is listened on.
  public init(
    configuration: Configuration, hosts: HostTable, certificates: [NIOSSLCertificate], privateKey: NIOSSLPrivateKey, group: any EventLoopGroup,
    clock: any WallClock, random: any RandomSource, logger: Logger, onReady: @escaping @Sendable () async -> Void
  ) throws {
    self.configuration = configuration
    self.onReady = onReady
    door = DoorContext(
      hosts: hosts, limits: configuration.limits, clock: clock, random: random, group: group, logger: logger)
    var settings = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    settings.minimumTLSVersion = .tlsv12
    // TLS 1.2 with forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
    settings.cipherSuiteValues = [
      .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
    // The hybrid first, which a quantum computer does not break; then the curves of ANSSI's guide.
    settings.curves = [.x25519_MLKEM768, .x25519, .secp256r1, .secp384r1, .secp521r1]
    settings.applicationProtocols = ["http/1.1"]
    // How long a closed connection waits for its client's farewell.
    settings.shutdownTimeout = .seconds(1)
    tls = try RenewedTLS(settings: settings, clock: clock)
  }

  /// Serves until graceful shutdown, then lets requests under way finish.
  public func run() async throws {
    let waiting = Mutex(configuration.addresses.count + configuration.plainListeners.count)
    let onReady = onReady
    let onServerRunning: @Sendable (any Channel) async -> Void = { _ in
      let isLast = waiting.withLock { count in
        count -= 1
        return count == 0
      }
      if isLast { await onReady() }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for address in configuration.addresses {
        let server = server(EdgeChannel(door: door, tls: tls), address, configuration.port, onServerRunning)
        group.addTask { try await server.run() }
      }
      for listener in configuration.plainListeners {
        let server = server(EdgeChannel(door: door.serving(listener), tls: nil), PlainListener.address, listener.port, onServerRunning)
        group.addTask { try await server.run() }
      }
      try await group.waitForAll()
    }
  }

  private func server(
    _ channel: EdgeChannel, _ address: String, _ port: Int, _ onServerRunning: @escaping @Sendable (any Channel) async -> Void
  ) -> Server<EdgeChannel> {
    Server(
      childChannelSetup: channel,
      configuration: ServerConfiguration(
        address: .hostname(address, port: port), backlog: 512,
        availableConnectionsDelegate: MaximumAvailableConnections(configuration.limits.maximumConnections)),
      onServerRunning: onServerRunning, eventLoopGroup: door.group, logger: door.logger)
  }
}
