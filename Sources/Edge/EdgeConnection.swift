internal import NIOCore
internal import NIOSSL

/// How the bytes of a connection are protected on their way, the weaker before the stronger.
public enum TransportSecurity: Int, Sendable, Comparable {
  /// Plain HTTP.
  case none
  case tls12
  case tls13

  public static func < (left: TransportSecurity, right: TransportSecurity) -> Bool { left.rawValue < right.rawValue }
}

/// The connection on which a request came.
public struct EdgeConnection: Sendable {
  /// Whether it is HTTPS.
  public let isSecure: Bool
  /// What its port is for, in the words of the service behind it; nil at the ports where the host name says that.
  public let portService: String?
  private let negotiated: @Sendable () async -> TransportSecurity

  public init(_ security: TransportSecurity, portService: String? = nil) {
    self.portService = portService
    isSecure = security != .none
    negotiated = { security }
  }

  /// What client and platform agreed on. It is asked for by the few requests to which it matters, as finding out costs a turn of the event loop.
  public func security() async -> TransportSecurity {
    await negotiated()
  }

  init(_ channel: any Channel, _ door: DoorContext) {
    let isSecure = door.isSecure
    self.isSecure = isSecure
    portService = door.portService
    negotiated = {
      guard isSecure else { return .none }
      // A connection that is gone has no handler any more, and nobody who reads the answer.
      guard let version = try? await channel.nioSSL_tlsVersion().get() else { return .none }
      return version == .tlsv13 ? .tls13 : .tls12
    }
  }
}
