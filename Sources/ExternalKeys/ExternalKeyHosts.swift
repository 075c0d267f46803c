/// The hosts of external key managers to which the operator lets vaults connect: the platform opens no connection that its operator did not allow.
public struct ExternalKeyHosts: Sendable, Equatable {
  /// Each a name or an IPv4 address, with a port where it is for that alone; `*.name` stands for every name below.
  private let names: [String]

  /// Names that may be allowed.
  public static let maximumNames = 1000

  /// Allows none.
  public static let none = ExternalKeyHosts(names: [])

  private init(names: [String]) {
    self.names = names
  }

  /// Nil where one of them cannot be.
  public init?(_ names: [String]) {
    guard names.count <= Self.maximumNames else { return nil }
    for name in names {
      let host = name.hasPrefix("*.") ? String(name.dropFirst(2)) : name
      guard ExternalKeyConnection(host: host, pathPrefix: nil, authorities: [], serverName: nil) != nil else { return nil }
    }
    self.names = names.map { $0.lowercased() }
  }

  public func allow(_ connection: ExternalKeyConnection) -> Bool {
    names.contains { name in
      let parts = name.split(separator: ":")
      guard let host = parts.first, parts.count == 1 || parts[1] == String(connection.port) else { return false }
      guard host.hasPrefix("*.") else { return host == connection.host }
      return connection.host.hasSuffix(host.dropFirst())
    }
  }
}
