internal import Base
internal import Edge
internal import Wire

/// What the host and path of a request name: an account, a container in it, a blob in that.
///
/// Source: Microsoft, "Naming and referencing containers, blobs, and metadata" and "Working with the root container".
struct StorageTarget: Equatable, Sendable {
  var account: String
  /// Decoded; empty on account level.
  var container: String
  /// Decoded; empty above blob level.
  var blob: String
  /// Whether the host was that of the account's secondary endpoint.
  var isSecondary = false

  var level: StorageOperation.Level {
    container.isEmpty ? .account : blob.isEmpty ? .container : .blob
  }

  static let rootContainer = "$root"

  /// Host style (`<account>.blob.core.<domain>`) or, on any other host, path style (`/<account>/…`).
  ///
  /// The container is what stands before the first slash; the blob's name is all that follows it, opaque, with escapes resolved (an
  /// escaped slash is a slash). One segment alone is a blob of the root container unless `restype` says that it is a container.
  /// Throws `InvalidUri`.
  init(host: String, path: String, query: Query, domain: String) throws {
    guard path.utf8.first == UInt8(ascii: "/") else { throw StorageError.invalidUri }
    var rest = path.utf8.dropFirst()
    func takeSegment() throws -> String {
      let segment = rest.prefix { $0 != UInt8(ascii: "/") }
      rest = rest.dropFirst(segment.count)
      guard let text = percentDecoded(segment), !Self.hasControlCharacter(text) else { throw StorageError.invalidUri }
      return text
    }
    if let name = Self.accountName(host: host, domain: domain) {
      account = name
    } else {
      account = try takeSegment().lowercased()
      rest = rest.dropFirst(1)
    }
    if account.hasSuffix("-secondary") {
      account = String(account.dropLast("-secondary".count))
      isSecondary = true
    }
    let first = try takeSegment()
    let hasSlash = !rest.isEmpty
    guard let name = percentDecoded(rest.dropFirst(1)), !Self.hasControlCharacter(name) else { throw StorageError.invalidUri }
    let isContainer = query["restype"].map { $0.lowercased() == "container" || $0.lowercased() == "account" } ?? false
    if first.isEmpty {
      guard !hasSlash else { throw StorageError.invalidUri }
      (container, blob) = ("", "")
    } else if !name.isEmpty {
      (container, blob) = (first, name)
    } else if isContainer {
      (container, blob) = (first, "")
    } else {
      guard !hasSlash else { throw StorageError.invalidUri }
      (container, blob) = (Self.rootContainer, first)
    }
  }

  /// The account whose host this is; nil for every other host.
  static func accountName(host: String, domain: String) -> String? {
    let suffix = ".blob.core.\(domain)"
    guard host.hasSuffix(suffix) else { return nil }
    let name = host.dropLast(suffix.count)
    return name.isEmpty || name.contains(".") ? nil : String(name)
  }

  private static func hasControlCharacter(_ text: String) -> Bool {
    text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
  }
}
