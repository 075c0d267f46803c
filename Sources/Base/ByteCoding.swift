/// Writes the compact binary form of hot records: variable-length integers, length-prefixed strings.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init(reserving capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  public mutating func byte(_ value: UInt8) {
    bytes.append(value)
  }

  public mutating func flag(_ value: Bool) {
    bytes.append(value ? 1 : 0)
  }

  /// Seven bits a byte, least significant first (LEB128).
  public mutating func unsigned(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A signed integer, folded so that small magnitudes of either sign stay short.
  public mutating func signed(_ value: Int64) {
    unsigned(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  public mutating func integer(_ value: Int) {
    signed(Int64(value))
  }

  public mutating func blob(_ value: some Collection<UInt8>) {
    unsigned(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  public mutating func string(_ value: String) {
    var value = value
    value.withUTF8 { text in
      unsigned(UInt64(text.count))
      bytes.append(contentsOf: text)
    }
  }

  public mutating func guid(_ value: GUID) {
    value.withBytes { bytes.append(contentsOf: $0) }
  }

  public mutating func timestamp(_ value: Timestamp) {
    signed(value.microseconds)
  }

  public mutating func optional<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
    flag(value != nil)
    if let value { write(&self, value) }
  }

  public mutating func list<Element>(_ values: some Collection<Element>, _ write: (inout ByteWriter, Element) -> Void) {
    unsigned(UInt64(values.count))
    for value in values { write(&self, value) }
  }
}

/// Reads what `ByteWriter` wrote. Every length is checked against what is left.
public struct ByteReader: Sendable {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  public init(_ bytes: some Sequence<UInt8>) {
    self.bytes = ArraySlice(bytes)
    position = self.bytes.startIndex
  }

  /// What is in an array already is not copied.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
    position = 0
  }

  public struct Malformed: Error, Equatable {
    public init() {}
  }

  public var isAtEnd: Bool { position == bytes.endIndex }

  public mutating func byte() throws -> UInt8 {
    guard position < bytes.endIndex else { throw Malformed() }
    defer { position += 1 }
    return bytes[position]
  }

  public mutating func flag() throws -> Bool {
    switch try byte() {
    case 0: false
    case 1: true
    default: throw Malformed()
    }
  }

  public mutating func unsigned() throws -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {
      let next = try byte()
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
    throw Malformed()
  }

  public mutating func signed() throws -> Int64 {
    let folded = try unsigned()
    return Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1)
  }

  public mutating func integer() throws -> Int {
    Int(try signed())
  }

  public mutating func blob() throws -> [UInt8] {
    Array(try slice())
  }

  public mutating func string() throws -> String {
    String(decoding: try slice(), as: UTF8.self)
  }

  private mutating func slice() throws -> ArraySlice<UInt8> {
    let count = try unsigned()
    guard count <= UInt64(bytes.endIndex - position) else { throw Malformed() }
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }

  public mutating func guid() throws -> GUID {
    GUID(high: try word(), low: try word())
  }

  private mutating func word() throws -> UInt64 {
    var word: UInt64 = 0
    for _ in 0..<8 { word = word << 8 | UInt64(try byte()) }
    return word
  }

  public mutating func timestamp() throws -> Timestamp {
    Timestamp(microseconds: try signed())
  }

  public mutating func optional<Value>(_ read: (inout ByteReader) throws -> Value) throws -> Value? {
    try flag() ? try read(&self) : nil
  }

  public mutating func list<Element>(_ read: (inout ByteReader) throws -> Element) throws -> [Element] {
    let count = try unsigned()
    guard count <= UInt64(bytes.endIndex - position) else { throw Malformed() }
    var values: [Element] = []
    values.reserveCapacity(Int(count))
    for _ in 0..<count { values.append(try read(&self)) }
    return values
  }
}
