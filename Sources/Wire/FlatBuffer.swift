/// A table of a FlatBuffer, the form in which Arrow describes its messages: values by slot, of which absent ones have their defaults.
///
/// Written front to back: a table stands before what it refers to, so that every offset points forward, as the format has it.
/// Source: Google, "FlatBuffers internals".
struct FlatTable {
  indirect enum Value {
    case byte(UInt8)
    case short(Int16)
    case int(Int32)
    case long(Int64)
    case string(String)
    case table(FlatTable)
    case tables([FlatTable])
    /// Structs of 64-bit numbers: their count, and all numbers one after the other.
    case structs(count: Int, [Int64])

    /// Bytes of the value inside of its table.
    fileprivate var size: Int {
      switch self {
      case .byte: 1
      case .short: 2
      case .int, .string, .table, .tables, .structs: 4
      case .long: 8
      }
    }
  }

  var slots: [Int: Value] = [:]

  /// The bytes of a buffer whose root this table is.
  var buffer: [UInt8] {
    var writer = FlatWriter()
    writer.append(UInt32(0))
    let root = writer.write(self)
    writer.patch(0, with: UInt32(root))
    return writer.bytes
  }
}

private struct FlatWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func patch<Number: FixedWidthInteger>(_ position: Int, with number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(position..<position + $0.count, with: $0) }
  }

  private mutating func pad(to alignment: Int, offset: Int = 0) {
    while bytes.count % alignment != offset { bytes.append(0) }
  }

  /// Appends a table with all that it refers to and gives its position.
  mutating func write(_ table: FlatTable) -> Int {
    let slotCount = (table.slots.keys.max() ?? -1) + 1
    let vtableSize = 4 + 2 * slotCount
    pad(to: 2)
    while (bytes.count + vtableSize) % 4 != 0 { bytes.append(0) }
    let vtable = bytes.count
    let start = vtable + vtableSize
    var end = start + 4
    var positions: [Int: Int] = [:]
    for (slot, value) in table.slots.sorted(by: { ($1.value.size, $0.key) < ($0.value.size, $1.key) }) {
      end = (end + value.size - 1) / value.size * value.size
      positions[slot] = end
      end += value.size
    }
    append(UInt16(vtableSize))
    append(UInt16(end - start))
    for slot in 0..<slotCount { append(UInt16(positions[slot].map { $0 - start } ?? 0)) }
    append(Int32(vtableSize))
    while bytes.count < end { bytes.append(0) }
    for (slot, value) in table.slots.sorted(by: { $0.key < $1.key }) {
      if let position = positions[slot] { write(value, at: position) }
    }
    return start
  }

  private mutating func write(_ value: FlatTable.Value, at position: Int) {
    switch value {
    case .byte(let number): patch(position, with: number)
    case .short(let number): patch(position, with: number)
    case .int(let number): patch(position, with: number)
    case .long(let number): patch(position, with: number)
    case .string(let text):
      pad(to: 4)
      refer(from: position, to: bytes.count)
      append(UInt32(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
      bytes.append(0)
    case .table(let table): refer(from: position, to: write(table))
    case .tables(let tables):
      pad(to: 4)
      refer(from: position, to: bytes.count)
      append(UInt32(tables.count))
      let first = bytes.count
      for _ in tables { append(UInt32(0)) }
      for (index, table) in tables.enumerated() { refer(from: first + 4 * index, to: write(table)) }
    case .structs(let count, let numbers):
      pad(to: 8, offset: 4)
      refer(from: position, to: bytes.count)
      append(UInt32(count))
      for number in numbers { append(number) }
    }
  }

  private mutating func refer(from position: Int, to target: Int) {
    patch(position, with: UInt32(target - position))
  }
}
