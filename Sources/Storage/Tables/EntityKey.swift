internal import Base
internal import Records
internal import Wire

/// What names an entity in its table.
struct EntityKey: Sendable {
  var partition: String
  var row: String

  /// Characters (UTF-16 code units) of each of the two.
  static let maximumLength = 1024

  /// Parses the parentheses of an entity's address, `PartitionKey='…',RowKey='…'` in either order; a quote in a value is doubled.
  ///
  /// Throws `InvalidInput`.
  init(parsing text: String) throws(CloudError) {
    var values: [String: String] = [:]
    var count = 0
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      if count > 0 {
        guard rest.first == UInt8(ascii: ",") else { throw TableError.invalidInput }
        rest = rest.dropFirst()
      }
      count += 1
      let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "'") }, as: UTF8.self)
      rest = rest.dropFirst(name.utf8.count)
      if rest.first == UInt8(ascii: "=") { rest = rest.dropFirst() } else if !name.isEmpty { throw TableError.invalidInput }
      values[name.trimmedASCII] = try Self.quoted(&rest)
    }
    guard count == 2 else { throw TableError.keyCount }
    guard let partition = values["PartitionKey"], let row = values["RowKey"] else { throw TableError.invalidInput }
    self.init(partition: partition, row: row)
  }

  init(partition: String, row: String) {
    self.partition = partition
    self.row = row
  }

  private static func quoted(_ rest: inout ArraySlice<UInt8>) throws(CloudError) -> String {
    let quote = UInt8(ascii: "'")
    guard rest.first == quote else { throw TableError.invalidInput }
    rest = rest.dropFirst()
    var value: [UInt8] = []
    while let byte = rest.first {
      rest = rest.dropFirst()
      if byte == quote {
        guard rest.first == quote else { return String(decoding: value, as: UTF8.self) }
        rest = rest.dropFirst()
      }
      value.append(byte)
    }
    throw TableError.invalidInput
  }

  /// Throws for a key that no entity may be stored under.
  ///
  /// Source: Microsoft, "Understanding the Table service data model", characters disallowed in key fields.
  func check() throws(CloudError) {
    for (name, value) in [("PartitionKey", partition), ("RowKey", row)] {
      guard value.utf16.count <= Self.maximumLength else { throw TableError.propertyValueTooLarge }
      for scalar in value.unicodeScalars {
        switch scalar {
        case "/", "\\", "#", "?": throw TableError.keyOutOfRange(name, value)
        default:
          if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) { throw TableError.keyOutOfRange(name, value) }
        }
      }
    }
  }

  /// As it stands in an address: `(PartitionKey='…',RowKey='…')`.
  var addressed: String {
    "(PartitionKey='\(Self.escaped(partition))',RowKey='\(Self.escaped(row))')"
  }

  private static func escaped(_ value: String) -> String {
    let doubled = value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    return percentEncoded(doubled, keeping: "'")
  }
}

extension String {
  /// Whether this text stands before another by UTF-16 code units: the order of Azure's keys, and of text in its filters.
  func ordinallyPrecedes(_ other: String) -> Bool {
    utf16.lexicographicallyPrecedes(other.utf16)
  }

  /// A form whose order by UTF-8 bytes, which is that of record keys, is the order of this text by UTF-16 code units.
  ///
  /// The two differ where a character beyond the basic plane, which UTF-16 writes with surrogates, meets one from U+E000 to U+FFFF. The latter are
  /// put behind all of the former by the last character there is, which then stands for itself with a NUL behind it.
  var ordinalComponent: String {
    // The UTF-8 of every character from U+E000 on begins with 0xEE or more.
    guard utf8.contains(where: { $0 >= 0xEE }) else { return self }
    let last: Unicode.Scalar = "\u{10FFFF}"
    var scalars = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if (0xE000...0xFFFF).contains(scalar.value) {
        scalars.append(last)
        scalars.append(scalar)
      } else {
        scalars.append(scalar)
        if scalar == last { scalars.append("\0") }
      }
    }
    return String(scalars)
  }

  /// Without the spaces around it.
  var trimmedASCII: String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    guard let first = utf8.firstIndex(where: { !isSpace($0) }), let last = utf8.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(self[first...last])
  }
}
