/// Where this cloud is reached: every service's host name and URL follow from the domain and the one port.
public struct CloudAddress: Sendable, Equatable {
  /// For example `cocagne.localhost`. Lower case.
  public var domain: String
  public var port: Int

  public init(domain: String, port: Int) {
    self.domain = domain.lowercased()
    self.port = port
  }

  /// `login` gives `login.cocagne.localhost`.
  public func host(_ service: String) -> String {
    "\(service).\(domain)"
  }

  /// `login` gives `https://login.cocagne.localhost`, with the port where it is not 443. No trailing slash.
  public func url(_ service: String) -> String {
    "https://\(host(service))\(portSuffix)"
  }

  /// What stands behind `<account>.blob.` in storage's host names: `core.cocagne.localhost`, with the port where it is not 443.
  public var storageSuffix: String {
    "core.\(domain)\(portSuffix)"
  }

  /// What stands behind `<vault>.` in vaults' host names: `vault.cocagne.localhost`, with the port where it is not 443.
  public var vaultSuffix: String {
    "vault.\(domain)\(portSuffix)"
  }

  private var portSuffix: String { port == 443 ? "" : ":\(port)" }
}
