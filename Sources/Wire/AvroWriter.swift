/// Writes Apache Avro's binary encoding.
///
/// Source: Apache Avro 1.11 specification, "Binary Encoding".
public struct AvroEncoder: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// An `int` or `long`: zig-zag, then seven bits a byte.
  public mutating func long(_ value: Int64) {
    var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  public mutating func boolean(_ value: Bool) {
    bytes.append(value ? 1 : 0)
  }

  public mutating func bytes(_ value: some Collection<UInt8>) {
    long(Int64(value.count))
    bytes += value
  }

  public mutating func string(_ value: String) {
    bytes(value.utf8)
  }

  /// The member of a union that follows, counted from zero; also `enum`.
  public mutating func branch(_ index: Int) {
    long(Int64(index))
  }

  /// A map with these entries.
  public mutating func map(_ entries: KeyValuePairs<String, String>) {
    if !entries.isEmpty { long(Int64(entries.count)) }
    for (key, value) in entries {
      string(key)
      string(value)
    }
    long(0)
  }
}

/// An Avro object container file, piece by piece: its head, then blocks of records.
///
/// Source: Apache Avro 1.11 specification, "Object Container Files".
public struct AvroFile: Sendable {
  private let marker: [UInt8]
  private let schema: String

  /// `marker` are 16 random bytes that end each block.
  public init(schema: String, marker: [UInt8]) {
    precondition(marker.count == 16)
    self.schema = schema
    self.marker = marker
  }

  public var head: [UInt8] {
    var encoder = AvroEncoder()
    encoder.map(["avro.schema": schema, "avro.codec": "null"])
    return Array("Obj\u{1}".utf8) + encoder.bytes + marker
  }

  /// Records that were encoded one after the other.
  public func block(count: Int, _ records: [UInt8]) -> [UInt8] {
    var encoder = AvroEncoder()
    encoder.long(Int64(count))
    encoder.long(Int64(records.count))
    return encoder.bytes + records + marker
  }
}
