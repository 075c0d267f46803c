/// From where a data plane can be reached: what `networkAcls` and `publicNetworkAccess` of a storage account or a vault say.
///
/// Source: Microsoft, "Configure Azure Storage firewalls and virtual networks" and "Network security for Azure Key Vault".
public struct NetworkRules: Codable, Equatable, Sendable {
  /// False where `publicNetworkAccess` is off: then no address is let in, whatever the rules say.
  public var isPublic: Bool
  public var allowsByDefault: Bool
  /// Who is let in where the default is to deny.
  public var ranges: [IPv4Prefix]
  /// Whether the platform's own services are let in, such as a disk that is made of a blob.
  public var admitsServices: Bool

  public init(isPublic: Bool, allowsByDefault: Bool, ranges: [IPv4Prefix], admitsServices: Bool) {
    self.isPublic = isPublic
    self.allowsByDefault = allowsByDefault
    self.ranges = ranges
    self.admitsServices = admitsServices
  }

  public func admits(_ address: String) -> Bool {
    guard isPublic else { return false }
    if allowsByDefault { return true }
    // An IPv4 address may come in IPv6's clothes.
    let text = address.hasPrefix("::ffff:") ? String(address.dropFirst("::ffff:".count)) : address
    guard let address = IPv4Address(text) else { return false }
    return ranges.contains { $0.contains(address) }
  }
}
