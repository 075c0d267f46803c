/// A table of a FlatBuffer, the form in which Arrow describes its messages: values by slot, of which absent ones have their defaults.
///
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

    /// What a table refers to is written in this order, as Arrow's own writer does: readers that compare bytes find the same.
    fileprivate var turn: Int {
      switch self {
      case .table: 0
      case .string: 1
      default: 2
      }
    }
  }

  var slots: [Int: Value] = [:]

  /// The bytes of a buffer whose root this table is.
  var buffer: [UInt8] {
    var writer = FlatWriter()
    return writer.finish(root: writer.write(self))
  }
}

/// Writes back to front, so that what is referred to is there before the offset that points forward to it. Positions are counted from the end.
private struct FlatWriter {
  /// In reverse.
  private var bytes: [UInt8] = []
  private var largestAlignment = 1
  /// Positions of the tables of slots, of which equal ones are shared.
  private var slotTables: [[UInt8]: Int] = [:]

  mutating func finish(root: Int) -> [UInt8] {
    align(4, to: largestAlignment)
    refer(to: root)
    return bytes.reversed()
  }

  private mutating func push<Number: FixedWidthInteger>(_ number: Number) {
    align(0, to: Number.bitWidth / 8)
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// Makes what comes after `count` further bytes begin at a multiple of `alignment`.
  private mutating func align(_ count: Int, to alignment: Int) {
    largestAlignment = max(largestAlignment, alignment)
    while (bytes.count + count) % alignment != 0 { bytes.append(0) }
  }

  private mutating func refer(to position: Int) {
    align(0, to: 4)
    push(UInt32(bytes.count - position + 4))
  }

  mutating func write(_ table: FlatTable) -> Int {
    let slots = table.slots.sorted { $0.key < $1.key }
    var positions: [Int: Int] = [:]
    for (slot, value) in slots.sorted(by: { ($0.value.turn, $0.key) < ($1.value.turn, $1.key) }) { positions[slot] = write(value) }
    let end = bytes.count
    var fields: [Int: Int] = [:]
    // Large values first; those of a size from the last slot to the first.
    for (slot, value) in slots.sorted(by: { ($1.value.size, $1.key) < ($0.value.size, $0.key) }) {
      switch value {
      case .byte(let number): push(number)
      case .short(let number): push(number)
      case .int(let number): push(number)
      case .long(let number): push(number)
      case .string, .table, .tables, .structs: if let position = positions[slot] { refer(to: position) }
      }
      fields[slot] = bytes.count
    }
    align(0, to: 4)
    let start = bytes.count + 4
    let slotCount = (table.slots.keys.max() ?? -1) + 1
    var slotTable: [UInt8] = []
    for number in [4 + 2 * slotCount, start - end] + (0..<slotCount).map({ slot in fields[slot].map { start - $0 } ?? 0 }) {
      withUnsafeBytes(of: UInt16(number).littleEndian) { slotTable.append(contentsOf: $0) }
    }
    if let known = slotTables[slotTable] {
      push(Int32(known - start))
    } else {
      push(Int32(slotTable.count))
      bytes.append(contentsOf: slotTable.reversed())
      slotTables[slotTable] = bytes.count
    }
    return start
  }

  /// Writes what a table refers to and gives its position; nil for a value that stands in the table itself.
  private mutating func write(_ value: FlatTable.Value) -> Int? {
    switch value {
    case .byte, .short, .int, .long: return nil
    case .table(let table): return write(table)
    case .string(let text):
      align(text.utf8.count + 1, to: 4)
      bytes.append(0)
      bytes.append(contentsOf: text.utf8.reversed())
      push(UInt32(text.utf8.count))
    case .tables(let tables):
      let positions = tables.map { write($0) }
      align(4 * tables.count, to: 4)
      for position in positions.reversed() { refer(to: position) }
      push(UInt32(tables.count))
    case .structs(let count, let numbers):
      align(8 * numbers.count, to: 4)
      align(8 * numbers.count, to: 8)
      for number in numbers.reversed() { push(number) }
      push(UInt32(count))
    }
    return bytes.count
  }
}
