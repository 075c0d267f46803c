internal import Base

/// The index tags of a blob, in the order of their keys.
///
/// Source: Microsoft, "Set Blob Tags", REST reference.
struct BlobTags: Sendable, Equatable {
  struct Tag: Sendable, Equatable {
    var key: String
    var value: String
  }

  var items: [Tag] = []

  subscript(key: String) -> String? { items.first { $0.key == key }?.value }
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
