internal import Base
internal import NIOHTTP1
internal import Wire

/// The user-defined names and values of a container or blob, in the order and case in which they were set.
///
/// Source: Microsoft, "Setting and retrieving properties and metadata for Blob service resources", REST reference.
struct Metadata: Sendable, Equatable {
  struct Item: Sendable, Equatable {
    var name: String
    var value: String
  }

  var items: [Item] = []

  /// Bytes of all names and values together.
  static let maximumBytes = 8192
  private static let headerPrefix = "x-ms-meta-"

  init(items: [Item] = []) {
    self.items = items
  }

  /// Takes the `x-ms-meta-` headers. A name that occurs twice has its values joined.
  init(_ headers: HTTPHeaders) throws {
    try self.init(
      checking: headers.compactMap { header in
        guard header.name.utf8.count >= Self.headerPrefix.utf8.count,
          header.name.prefix(Self.headerPrefix.count).lowercased() == Self.headerPrefix
        else { return nil }
        return Item(name: String(header.name.dropFirst(Self.headerPrefix.count)), value: header.value)
      })
  }

  /// Takes an object of texts, as Resource Manager writes it.
  init(_ json: JSON) throws {
    try self.init(
      checking: (json.object?.members ?? []).map { name, value in
        guard let text = value.string else { throw StorageAccountSettings.invalid("metadata") }
        return Item(name: name, value: text)
      })
  }

  private init(checking wanted: [Item]) throws {
    var bytes = 0
    for item in wanted {
      guard !item.name.isEmpty else { throw StorageError.emptyMetadataKey }
      guard Self.isIdentifier(item.name), item.value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { throw StorageError.invalidMetadata }
      bytes += item.name.utf8.count + item.value.utf8.count
      if let index = items.firstIndex(where: { $0.name.lowercased() == item.name.lowercased() }) {
        items[index].value += "," + item.value
      } else {
        items.append(item)
      }
    }
    guard bytes <= Self.maximumBytes else { throw StorageError.metadataTooLarge }
  }

  /// Names follow the rules of C# identifiers, in ASCII, for they travel as header names.
  private static func isIdentifier(_ name: String) -> Bool {
    var isFirst = true
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9"): if isFirst { return false }
      default: return false
      }
      isFirst = false
    }
    return true
  }

  func add(to headers: inout HTTPHeaders) {
    for item in items { headers.add(name: Self.headerPrefix + item.name, value: item.value) }
  }

  func write(to writer: inout XMLWriter) {
    guard !items.isEmpty else { return writer.element("Metadata", "") }
    writer.element("Metadata") { writer in
      for item in items { writer.element(item.name, item.value) }
    }
  }

  func encode(to writer: inout ByteWriter) {
    writer.list(items) { writer, item in
      writer.string(item.name)
      writer.string(item.value)
    }
  }

  init(from reader: inout ByteReader) throws {
    items = try reader.list { reader in Item(name: try reader.string(), value: try reader.string()) }
  }
}
