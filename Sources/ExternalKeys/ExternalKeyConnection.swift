/// Where a vault's external key manager is, and by what it is known.
///
/// Source: Microsoft, "EkmConnection", Key Vault REST reference, 2026-01-01-preview.
public struct ExternalKeyConnection: Hashable, Sendable {
  /// A name or an IPv4 address, and a port.
  public var host: String
  public var port: Int
  /// Empty, or `/…` without a slash at its end.
  public var pathPrefix: String
  /// The certificates that the server's must come from, in DER; no others are trusted.
  public var authorities: [[UInt8]]
  /// The name that the server's certificate must bear; nil: the host's.
  public var serverName: String?

  public static let standardPort = 443
  /// Characters of a host name.
  private static let maximumNameCharacters = 253

  /// Nil where a part of it cannot be. `host` is `name` or `name:port`.
  public init?(host: String, pathPrefix: String?, authorities: [[UInt8]], serverName: String?) {
    let parts = host.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let name = parts.first, Self.isName(name) else { return nil }
    var port = Self.standardPort
    if parts.count == 2 {
      guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]), (1...65535).contains(number) else { return nil }
      port = number
    }
    let prefix = pathPrefix ?? ""
    guard prefix.isEmpty || Self.isPrefix(prefix) else { return nil }
    if let serverName {
      guard Self.isName(serverName.hasPrefix("*.") ? serverName.dropFirst(2) : serverName[...]) else { return nil }
    }
    self.host = name.lowercased()
    self.port = port
    self.pathPrefix = prefix
    self.authorities = authorities
    self.serverName = serverName?.lowercased()
  }

  /// Whether an external key may be called so.
  public static func isIdentifier(_ text: some StringProtocol) -> Bool {
    (1...ExternalKeyLimits.maximumIdentifierCharacters).contains(text.utf8.count)
      && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isPrefix(_ text: String) -> Bool {
    text.hasPrefix("/") && !text.hasSuffix("/") && text.utf8.count <= ExternalKeyLimits.maximumIdentifierCharacters
      && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "/") }
  }

  private static func isName(_ text: some StringProtocol) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    return text.utf8.count <= maximumNameCharacters
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
          && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
      }
  }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    default: false
    }
  }

  /// The name to verify the server's certificate by. A wildcard stands for the host, where that is one of its names.
  ///
  /// Nil where the host can have no certificate of that name.
  var verifiedName: String? {
    guard let serverName else { return host }
    guard serverName.hasPrefix("*.") else { return serverName }
    guard let dot = host.firstIndex(of: "."), host[dot...] == serverName.dropFirst() else { return nil }
    return host
  }
}
