internal import Wire

/// From where an account's data can be reached.
///
/// Source: Microsoft, "Configure Azure Storage firewalls and virtual networks".
struct NetworkRules: Codable, Equatable, Sendable {
  /// False where `publicNetworkAccess` is off: then no address is let in, whatever the rules say.
  var isPublic: Bool
  var allowsByDefault: Bool
  /// Who is let in where the default is to deny.
  var ranges: [IPv4Prefix]
  /// Whether the platform's own services are let in, such as a disk that is made of a blob.
  var admitsServices: Bool

  /// Rules of one account.
  static let maximumRanges = 400

  func admits(_ address: String) -> Bool {
    guard isPublic else { return false }
    if allowsByDefault { return true }
    // An IPv4 address may come in IPv6's clothes.
    let text = address.hasPrefix("::ffff:") ? String(address.dropFirst("::ffff:".count)) : address
    guard let address = IPv4Address(text) else { return false }
    return ranges.contains { $0.contains(address) }
  }
}
