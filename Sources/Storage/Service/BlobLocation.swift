internal import Wire

/// A blob's URL in its parts.
struct BlobLocation: Sendable {
  var isSecure: Bool
  /// The host with its port, if it has one.
  var authority: String
  /// In lower case, without the port.
  var host: String
  /// As it is in the URL: still percent-encoded.
  var path: String
  var query: Query

  /// Nil for what is no URL of the web.
  init?(_ url: String) {
    guard let scheme = ["https://", "http://"].first(where: { url.hasPrefix($0) }) else { return nil }
    isSecure = scheme == "https://"
    let rest = url.dropFirst(scheme.utf8.count)
    authority = String(rest.prefix { $0 != "/" && $0 != "?" })
    let target = rest.dropFirst(authority.count)
    path = String(target.prefix { $0 != "?" })
    guard !path.isEmpty, let query = Query(parsing: target.dropFirst(path.count + 1)) else { return nil }
    host = String(authority.prefix { $0 != ":" }).lowercased()
    self.query = query
  }

  /// The URL without a signature: what names the blob, its snapshot or its version.
  var display: String {
    let named = ["snapshot", "versionid"].compactMap { name in query[name].map { "\(name)=\(percentEncoded($0, keeping: ":"))" } }
    return "\(isSecure ? "https" : "http")://\(authority)\(path)" + (named.isEmpty ? "" : "?" + named.joined(separator: "&"))
  }
}
