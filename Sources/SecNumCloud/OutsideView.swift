/// The platform as a stranger on its network sees it. Nothing is asked of the process itself: what is answered came through the front door.
public protocol OutsideView: Sendable {
  /// Sends one request to one of the cloud's hosts, over TLS that trusts the platform's authority alone, and gives the answer. `host` is a full name.
  func request(_ request: OutsideRequest) async throws -> OutsideAnswer
  /// Tries one TLS handshake; nil where the server refuses it. Throws where there is no connection.
  func handshake(_ offer: HandshakeOffer) async throws -> Handshake?
  /// Sends one datagram and waits for the one that answers; nil when none came in time.
  func exchange(_ datagram: [UInt8], host: String, port: Int) async throws -> [UInt8]?
}

/// A request of a stranger.
public struct OutsideRequest: Sendable {
  public var method: String
  public var host: String
  /// Nil: the cloud's own.
  public var port: Int?
  /// With its query.
  public var path: String
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(
    _ method: String = "GET", host: String, port: Int? = nil, path: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.host = host
    self.port = port
    self.path = path
    self.headers = headers
    self.body = body
  }
}

/// What came back.
public struct OutsideAnswer: Sendable {
  public var status: Int
  /// Names in lower case.
  public var headers: [(name: String, value: String)]
  /// The beginning of the body: at most `maximumBodyBytes`.
  public var body: [UInt8]

  public static let maximumBodyBytes = 256 << 10

  public init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Versions of TLS, as the wire numbers them.
public enum TLSVersion: UInt16, Sendable, CaseIterable, Comparable {
  case tls10 = 0x0301
  case tls11 = 0x0302
  case tls12 = 0x0303
  case tls13 = 0x0304

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  public var name: String {
    switch self {
    case .tls10: "TLS 1.0"
    case .tls11: "TLS 1.1"
    case .tls12: "TLS 1.2"
    case .tls13: "TLS 1.3"
    }
  }
}

/// What a client would offer.
public struct HandshakeOffer: Sendable {
  /// An address or name to connect to, and a port.
  public var address: String
  public var port: Int
  /// The name that the client asks for.
  public var serverName: String
  public var minimum: TLSVersion
  public var maximum: TLSVersion
  /// OpenSSL's names of the suites that are offered up to TLS 1.2, joined by colons; nil for the library's own.
  public var cipherSuites: String?

  public init(address: String, port: Int, serverName: String, minimum: TLSVersion, maximum: TLSVersion, cipherSuites: String? = nil) {
    self.address = address
    self.port = port
    self.serverName = serverName
    self.minimum = minimum
    self.maximum = maximum
    self.cipherSuites = cipherSuites
  }
}

/// What the server agreed to.
public struct Handshake: Sendable {
  public var version: TLSVersion
  /// The server's certificate and those that it sent with it, in DER.
  public var certificates: [[UInt8]]

  public init(version: TLSVersion, certificates: [[UInt8]]) {
    self.version = version
    self.certificates = certificates
  }
}
