/// A key of a customer's, in a vault of theirs.
public struct CustomerKey: Hashable, Sendable, Codable {
  /// The vault's address, `https://<vault>.vault.<domain>`, without a slash at its end.
  public var vault: String
  public var name: String
  /// Nil: always the newest version.
  public var version: String?

  public init(vault: String, name: String, version: String? = nil) {
    self.vault = vault
    self.name = name
    self.version = version
  }

  /// The key's URL, with its version where it has one.
  public var url: String { "\(vault)/keys/\(name)" + (version.map { "/\($0)" } ?? "") }

  /// The same key in one version.
  public func at(_ version: String) -> CustomerKey { CustomerKey(vault: vault, name: name, version: version) }
}

extension CustomerKey {
  private static let maximumNameLength = 127
  private static let maximumAddressLength = 255

  /// Whether a text can be the name of a key, or of a version.
  public static func isName(_ text: String) -> Bool {
    (1...maximumNameLength).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// A vault's address as keys have it, without a slash at its end; nil for what is none.
  public static func address(_ text: String) -> String? {
    let address = text.hasSuffix("/") ? String(text.dropLast()) : text
    let prefix = "https://"
    guard address.utf8.count <= maximumAddressLength, address.lowercased().hasPrefix(prefix) else { return nil }
    let host = address.dropFirst(prefix.count)
    let isHost = host.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "."), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    return host.isEmpty || !isHost ? nil : prefix + host.lowercased()
  }

  /// The key of a URL `https://<vault>/keys/<name>[/<version>]`; nil for any other.
  public init?(url: String) {
    guard url.utf8.count <= Self.maximumAddressLength * 2 else { return nil }
    let parts = url.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (5...6).contains(parts.count), parts[3] == "keys", let vault = Self.address("\(parts[0])//\(parts[2])"), parts[1].isEmpty,
      Self.isName(parts[4]), parts.count == 5 || parts[5].isEmpty || Self.isName(parts[5])
    else { return nil }
    self.init(vault: vault, name: parts[4], version: parts.count == 5 || parts[5].isEmpty ? nil : parts[5])
  }
}
