public import Wire

/// What the operator decides of networks.
public struct NetworkConfiguration: Sendable, Equatable {
  /// The name of this host, as placements and host records spell it.
  public var host: String
  /// Addresses that tenants' public IP addresses are taken from.
  public var publicPool: [IPv4Prefix]
  /// What machines without a public address are seen as from outside: the first usable address of the pool.
  public var outboundAddress: IPv4Address?
  /// Whether packets may leave this machine by its own routes.
  public var reachesBeyondHost: Bool
  /// Where names outside the networks are asked for.
  public var resolvers: [IPv4Address]
  /// The domain below which machines' names stand, for example `internal.cocagne.localhost`.
  public var internalDomain: String

  public init(
    host: String, publicPool: [IPv4Prefix], reachesBeyondHost: Bool = false, resolvers: [IPv4Address] = [], internalDomain: String
  ) {
    self.host = host
    self.publicPool = publicPool
    outboundAddress = publicPool.first.flatMap { $0.count > 2 ? $0.address(at: 1) : nil }
    self.reachesBeyondHost = reachesBeyondHost
    self.resolvers = resolvers
    self.internalDomain = internalDomain
  }

  var poolSize: Int { publicPool.reduce(0) { $0 + $1.count } }
}
