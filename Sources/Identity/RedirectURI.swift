internal import Base
internal import Wire

/// Where a browser is sent after a sign-in.
enum RedirectURI {
  private static let loopbackHosts = ["localhost", "127.0.0.1", "[::1]"]
  private static let refusedSchemes: Set<String> = ["javascript", "data", "vbscript", "file", "blob", "about"]

  /// Whether an application may register it: https, http on the loopback interface, or a scheme of its own; no fragment.
  static func isAcceptable(_ text: String) -> Bool {
    guard text.utf8.count <= 256, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"<>\"'\\`#;,".utf8.contains($0) }),
      let colon = text.firstIndex(of: ":")
    else { return false }
    let scheme = text[..<colon].lowercased()
    guard !scheme.isEmpty, scheme.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz0123456789+-.".utf8.contains($0) }) else { return false }
    switch scheme {
    case "https": return origin(text) != nil
    case "http": return loopback(text) != nil
    default: return !refusedSchemes.contains(scheme)
    }
  }

  /// Whether a registered URI permits one in a request. The port of a loopback URI is the client's to choose.
  ///
  /// Source: RFC 8252 section 7.3; Microsoft Entra, "Redirect URI restrictions", localhost exceptions.
  static func permits(_ registered: String, _ requested: String) -> Bool {
    if registered == requested { return true }
    guard let one = loopback(registered), let other = loopback(requested) else { return false }
    return one.host == other.host && (one.path == other.path || (one.path.isEmpty && other.path == "/") || (one.path == "/" && other.path.isEmpty))
  }

  /// Whether it is an address of the user's own machine, as the platform's own command lines use.
  static func isLoopback(_ text: String) -> Bool {
    isAcceptable(text) && loopback(text) != nil
  }

  /// `scheme://host[:port]`, for a content security policy; the scheme and its colon for a scheme of a client's own.
  static func source(_ text: String) -> String {
    origin(text) ?? String(text.prefix { $0 != ":" }) + ":"
  }

  private static func origin(_ text: String) -> String? {
    for scheme in ["https://", "http://"] where text.lowercased().hasPrefix(scheme) {
      let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
      guard !authority.isEmpty, !authority.contains("@"), !authority.contains("*") else { return nil }
      return scheme + authority
    }
    return nil
  }

  private static func loopback(_ text: String) -> (host: String, path: String)? {
    guard text.lowercased().hasPrefix("http://") else { return nil }
    let rest = text.dropFirst("http://".count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let path = String(rest.dropFirst(authority.count))
    for host in loopbackHosts where authority.lowercased().hasPrefix(host) {
      let port = authority.dropFirst(host.count)
      guard port.isEmpty || (port.first == ":" && port.dropFirst().count <= 5 && port.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) })
      else {
        return nil
      }
      return (host, path)
    }
    return nil
  }
}
