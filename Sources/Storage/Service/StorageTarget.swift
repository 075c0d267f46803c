internal import Base
internal import Edge
internal import Wire

/// What the host and path of a request name: an account, a container in it, a blob in that.
///
/// Source: Microsoft, "Naming and referencing containers, blobs, and metadata" and "Working with the root container".
struct StorageTarget: Equatable, Sendable {
  var service: StorageService
  var account: String
  var level: StorageOperation.Level
  /// The name of the container, queue or table, decoded; empty on account level.
  var container = ""
  /// The name of the blob, the id of the message or the key of the entity, decoded; empty above that.
  var blob = ""
  /// Whether the host was that of the account's secondary endpoint.
  var isSecondary = false

  static let rootContainer = "$root"

  /// Host style (`<account>.<service>.core.<domain>`) or, on any other host, path style (`/<account>/…`) for `addressService`.
  ///
  /// Throws `InvalidUri`.
  init(host: String, path: String, query: Query, domain: String, addressService: StorageService = .blob) throws {
    guard path.utf8.first == UInt8(ascii: "/") else { throw StorageError.invalidUri }
    var rest = path.utf8.dropFirst()
    if let (name, service) = Self.accountName(host: host, domain: domain) {
      self.service = service
      account = name
    } else {
      service = addressService
      account = try Self.takeSegment(&rest).lowercased()
      rest = rest.dropFirst(1)
    }
    if account.hasSuffix("-secondary") {
      account = String(account.dropLast("-secondary".count))
      isSecondary = true
    }
    level = .account
    switch service {
    case .blob: try parseBlob(rest, query)
    case .queue: try parseQueue(rest)
    case .table: try parseTable(rest)
    case .web: try parsePage(rest)
    }
  }

  private static func takeSegment(_ rest: inout Substring.UTF8View) throws -> String {
    let segment = rest.prefix { $0 != UInt8(ascii: "/") }
    rest = rest.dropFirst(segment.count)
    return try decoded(segment)
  }

  private static func decoded(_ bytes: Substring.UTF8View) throws -> String {
    guard let text = percentDecoded(bytes), !hasControlCharacter(text) else { throw StorageError.invalidUri }
    return text
  }

  /// The container is what stands before the first slash; the blob's name is all that follows it, opaque, with escapes resolved (an
  /// escaped slash is a slash). One segment alone is a blob of the root container unless `restype` says that it is a container.
  private mutating func parseBlob(_ path: Substring.UTF8View, _ query: Query) throws {
    var rest = path
    let first = try Self.takeSegment(&rest)
    let hasSlash = !rest.isEmpty
    let name = try Self.decoded(rest.dropFirst(1))
    let isContainer = query["restype"].map { $0.lowercased() == "container" || $0.lowercased() == "account" } ?? false
    if first.isEmpty {
      guard !hasSlash else { throw StorageError.invalidUri }
    } else if !name.isEmpty {
      (level, container, blob) = (.blob, first, name)
    } else if isContainer {
      (level, container) = (.container, first)
    } else {
      guard !hasSlash else { throw StorageError.invalidUri }
      (level, container, blob) = (.blob, Self.rootContainer, first)
    }
  }

  /// `/<queue>`, `/<queue>/messages`, `/<queue>/messages/<id>`.
  private mutating func parseQueue(_ path: Substring.UTF8View) throws {
    let segments = try path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true).map { try Self.decoded($0) }
    guard let queue = segments.first else { return }
    container = queue
    level = .queue
    guard segments.count > 1 else { return }
    guard segments.count <= 3, segments[1].lowercased() == "messages" else { throw StorageError.invalidUri }
    level = segments.count == 2 ? .messages : .message
    blob = segments.count == 3 ? segments[2] : ""
  }

  /// `/Tables`, `/Tables('<name>')`, `/<table>`, `/<table>()`, `/<table>(<key>)`, `/$batch`. Of further segments behind a table's name only a key in the
  /// last one counts, as the service has it.
  private mutating func parseTable(_ path: Substring.UTF8View) throws {
    let text = try Self.decoded(path)
    guard !text.isEmpty else { return }
    if text == "$batch" {
      level = .tableBatch
      return
    }
    var (name, key) = (text[...], "")
    if text.utf8.last == UInt8(ascii: ")"), let open = text.utf8.firstIndex(of: UInt8(ascii: "(")) {
      name = text[..<open]
      key = String(text[text.utf8.index(after: open)...].dropLast())
    }
    let table = name.prefix { $0 != "/" }
    guard !table.isEmpty else { throw StorageError.invalidUri }
    let isList = name.utf8.elementsEqual("Tables".utf8)
    if isList, key.isEmpty {
      level = .tables
    } else if isList {
      guard key.utf8.count > 2, key.utf8.first == UInt8(ascii: "'"), key.utf8.last == UInt8(ascii: "'") else { throw StorageError.invalidUri }
      (level, container) = (.table, String(key.dropFirst().dropLast()))
    } else {
      (level, container, blob) = (key.isEmpty ? .entities : .entity, String(table), key)
    }
  }

  /// Any path of a website; an empty one is its first page.
  private mutating func parsePage(_ path: Substring.UTF8View) throws {
    (level, container, blob) = (.page, "$web", try Self.decoded(path))
  }

  /// The account and service whose host this is; nil for every other host.
  static func accountName(host: String, domain: String) -> (account: String, service: StorageService)? {
    guard let dot = host.utf8.firstIndex(of: UInt8(ascii: ".")), dot > host.startIndex else { return nil }
    let parent = host.utf8[host.utf8.index(after: dot)...]
    let core = ".core.".utf8
    let service = StorageService.allCases.first { service in
      let name = service.rawValue.utf8
      guard parent.starts(with: name), parent.dropFirst(name.count).starts(with: core) else { return false }
      return parent.dropFirst(name.count + core.count).elementsEqual(domain.utf8)
    }
    return service.map { (String(host[..<dot]), $0) }
  }

  private static func hasControlCharacter(_ text: String) -> Bool {
    text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
  }
}
