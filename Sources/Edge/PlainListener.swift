/// A port of the loopback that serves one service in plain HTTP, to callers that name it by an address or as `localhost`.
///
/// Pages of other sites that resolve their own name to the loopback are not served.
public struct PlainListener: Sendable {
  public static let address = "127.0.0.1"

  public var port: Int
  /// What the port is for, in the words of its service.
  public var name: String
  public var service: any EdgeService

  public init(port: Int, name: String, service: any EdgeService) {
    self.port = port
    self.name = name
    self.service = service
  }
}
