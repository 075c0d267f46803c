internal import Base
internal import Wire

/// The index tags of a blob, in the order of their keys.
///
/// Source: Microsoft, "Set Blob Tags", REST reference.
struct BlobTags: Sendable, Equatable {
  struct Tag: Sendable, Equatable {
    var key: String
    var value: String
  }

  private(set) var items: [Tag] = []

  /// Tags of one blob.
  static let maximumCount = 10
  /// Characters.
  static let keyLength = 1...128
  static let valueLength = 0...256
  /// Bytes of the document that sets them.
  static let maximumDocumentBytes = 64 << 10

  subscript(key: String) -> String? { items.first { $0.key.utf8.elementsEqual(key.utf8) }?.value }

  init() {}

  /// Throws 400 for tags that are too many, named twice, too long, or hold characters that tags may not.
  init(_ pairs: some Collection<Tag>) throws(CloudError) {
    guard pairs.count <= Self.maximumCount else { throw StorageError.tagsTooLarge }
    for tag in pairs {
      guard !tag.key.isEmpty else { throw StorageError.emptyTagName }
      guard Self.keyLength.contains(tag.key.unicodeScalars.count), Self.valueLength.contains(tag.value.unicodeScalars.count) else {
        throw StorageError.tagsTooLarge
      }
      guard Self.isTagText(tag.key), Self.isTagText(tag.value) else { throw StorageError.invalidTag }
      guard self[tag.key] == nil else { throw StorageError.duplicateTagNames }
      items.append(tag)
    }
    items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  /// The `x-ms-tags` header: pairs as in the query of a URL. None where it is absent.
  init(_ call: StorageCall) throws(CloudError) {
    guard let text = call.header("x-ms-tags"), !text.isEmpty else {
      self.init()
      return
    }
    var pairs: [Tag] = []
    for pair in text.split(separator: "&", maxSplits: Self.maximumCount, omittingEmptySubsequences: true) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let key = percentDecoded(parts[0].utf8, plusIsSpace: true),
        let value = percentDecoded(parts[1].utf8, plusIsSpace: true)
      else { throw StorageError.invalidHeaderValue("x-ms-tags", text) }
      pairs.append(Tag(key: key, value: value))
    }
    try self.init(pairs)
  }

  /// The document that Set Blob Tags brings. Throws `CloudError` or `XMLError`.
  init(document: [UInt8]) throws {
    let root = try XMLElement(parsing: document)
    guard root.name == "Tags", root.children.count == 1, let set = root.child("TagSet") else { throw StorageError.invalidXmlDocument }
    guard set.children.count <= Self.maximumCount else { throw StorageError.tagsTooLarge }
    let pairs = try set.children.map { node in
      guard node.name == "Tag" else { throw StorageError.unsupportedXmlNode(node.name) }
      guard let key = node.child("Key") else { throw StorageError.missingRequiredXmlNode("Key") }
      guard let value = node.child("Value") else { throw StorageError.missingRequiredXmlNode("Value") }
      return Tag(key: key.text, value: value.text)
    }
    try self.init(pairs)
  }

  static func isKey(_ key: String) -> Bool {
    keyLength.contains(key.utf8.count) && isTagText(key)
  }

  private static func isTagText(_ text: String) -> Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: " +-./:=_".utf8.contains(byte)
      }
    }
  }

  /// The element `Tags`, of `only` these keys where some are given.
  func write(only keys: Set<String>? = nil, to writer: inout XMLWriter) {
    writer.element("Tags") { writer in
      writer.element("TagSet") { writer in
        for tag in items where keys?.contains(tag.key) ?? true {
          writer.element("Tag") { writer in
            writer.element("Key", tag.key)
            writer.element("Value", tag.value)
          }
        }
      }
    }
  }
}

extension BlobTags {
  func encode(to writer: inout ByteWriter) {
    writer.list(items) { writer, tag in
      writer.string(tag.key)
      writer.string(tag.value)
    }
  }

  init(from reader: inout ByteReader) throws {
    items = try reader.list { reader in Tag(key: try reader.string(), value: try reader.string()) }
  }
}
