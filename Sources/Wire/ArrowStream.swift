/// A table in Arrow's streaming form: a message with the schema, one with the rows if there are any, and the end.
///
/// Source: Apache Arrow, "Arrow Columnar Format", section "Serialization and Interprocess Communication".
public struct ArrowStream {
  /// The values of a column, one a row; nil where a row has none.
  public enum Column {
    case strings([String?])
    case booleans([Bool?])
    case integers([Int64?])
    case doubles([Double?])
    /// Whole numbers of `precision` digits, of which `scale` stand behind the point.
    case decimals([Int128?], precision: Int32, scale: Int32)
    /// Points in time, in seconds since 1970 in UTC.
    case seconds([Int64?])
    /// The same in milliseconds.
    case milliseconds([Int64?])
    case maps([[(key: String, value: String)]?])
  }

  public var columns: [(name: String, column: Column)]
  /// What is said of the whole table.
  public var metadata: [(key: String, value: String)]

  public init(columns: [(name: String, column: Column)], metadata: [(key: String, value: String)] = []) {
    self.columns = columns
    self.metadata = metadata
  }

  public static let mediaType = "application/vnd.apache.arrow.stream"

  public var bytes: [UInt8] {
    let hasRows = columns.first.map { $0.column.count > 0 } ?? false
    return schema + (hasRows ? rows : []) + [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
  }

  /// The message that names the columns: the first of a stream.
  public var schema: [UInt8] {
    var schema = FlatTable()
    schema.slots[1] = .tables(columns.map { Self.field($0.name, $0.column) })
    if !metadata.isEmpty {
      schema.slots[2] = .tables(metadata.map { FlatTable(slots: [0: .string($0.key), 1: .string($0.value)]) })
    }
    return Self.message(1, schema, body: [])
  }

  /// The message with the rows: a stream may have any number of them.
  public var rows: [UInt8] {
    var batch = ArrowBatch()
    for (_, column) in columns { batch.add(column) }
    return Self.message(3, batch.header(count: columns.first?.column.count ?? 0), body: batch.body)
  }

  /// A message of format version 5 (which counts from zero): its head, padded to eight bytes, and its body.
  private static func message(_ kind: UInt8, _ header: FlatTable, body: [UInt8]) -> [UInt8] {
    var description = FlatTable(slots: [0: .short(4), 1: .byte(kind), 2: .table(header)])
    if !body.isEmpty { description.slots[3] = .long(Int64(body.count)) }
    var head = description.buffer
    while head.count % 8 != 0 { head.append(0) }
    var message: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    withUnsafeBytes(of: UInt32(head.count).littleEndian) { message.append(contentsOf: $0) }
    return message + head + body
  }

  private static func field(_ name: String, _ column: Column) -> FlatTable {
    switch column {
    case .strings: field(name, type: 5, FlatTable())
    case .booleans: field(name, type: 6, FlatTable())
    case .integers: field(name, type: 2, FlatTable(slots: [0: .int(64), 1: .byte(1)]))
    case .doubles: field(name, type: 3, FlatTable(slots: [0: .short(2)]))
    case .decimals(_, let precision, let scale): field(name, type: 7, FlatTable(slots: [0: .int(precision), 1: .int(scale)]))
    case .seconds: field(name, type: 10, FlatTable())
    case .milliseconds: field(name, type: 10, FlatTable(slots: [0: .short(1)]))
    case .maps:
      field(
        name, type: 17, FlatTable(),
        children: [
          field(
            "entries", isNullable: false, type: 13, FlatTable(),
            children: [field("key", isNullable: false, type: 5, FlatTable()), field("value", type: 5, FlatTable())])
        ])
    }
  }

  private static func field(
    _ name: String, isNullable: Bool = true, type: UInt8, _ description: FlatTable, children: [FlatTable] = []
  ) -> FlatTable {
    var field = FlatTable(slots: [0: .string(name), 2: .byte(type), 3: .table(description), 5: .tables(children)])
    if isNullable { field.slots[1] = .byte(1) }
    return field
  }
}

extension ArrowStream.Column {
  fileprivate var count: Int {
    switch self {
    case .strings(let values): values.count
    case .booleans(let values): values.count
    case .integers(let values), .seconds(let values), .milliseconds(let values): values.count
    case .doubles(let values): values.count
    case .decimals(let values, _, _): values.count
    case .maps(let values): values.count
    }
  }
}

/// The rows of a table: for each column its buffers, which begin at multiples of eight bytes.
private struct ArrowBatch {
  private(set) var body: [UInt8] = []
  /// Length and null count of each column, and of what lies inside of it.
  private var nodes: [Int64] = []
  /// Offset and length of each buffer.
  private var buffers: [Int64] = []

  func header(count: Int) -> FlatTable {
    var header = FlatTable(slots: [1: .structs(count: nodes.count / 2, nodes), 2: .structs(count: buffers.count / 2, buffers)])
    if count > 0 { header.slots[0] = .long(Int64(count)) }
    return header
  }

  mutating func add(_ column: ArrowStream.Column) {
    switch column {
    case .strings(let values): add(values)
    case .booleans(let values):
      addNode(values)
      add(bits: values.map { $0 ?? false })
    case .integers(let values), .seconds(let values), .milliseconds(let values):
      addNode(values)
      add(buffer: Self.bytes(values.map { $0 ?? 0 }))
    case .doubles(let values):
      addNode(values)
      add(buffer: Self.bytes(values.map { ($0 ?? 0).bitPattern }))
    case .decimals(let values, _, _):
      addNode(values)
      add(buffer: Self.bytes(values.map { $0 ?? 0 }))
    case .maps(let values):
      addNode(values)
      add(offsets: values.map { $0?.count ?? 0 })
      let entries = values.flatMap { $0 ?? [] }
      nodes += [Int64(entries.count), 0]
      add(buffer: [])
      add(entries.map { Optional($0.key) })
      add(entries.map { Optional($0.value) })
    }
  }

  private mutating func add(_ values: [String?]) {
    addNode(values)
    add(offsets: values.map { $0?.utf8.count ?? 0 })
    add(buffer: values.flatMap { Array(($0 ?? "").utf8) })
  }

  /// The count of values and which of them are there.
  private mutating func addNode<Value>(_ values: [Value?]) {
    let missing = values.count { $0 == nil }
    nodes += [Int64(values.count), Int64(missing)]
    if missing == 0 { add(buffer: []) } else { add(bits: values.map { $0 != nil }) }
  }

  private mutating func add(bits: [Bool]) {
    var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
    for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 1 << UInt8(index % 8) }
    add(buffer: bytes)
  }

  private mutating func add(offsets lengths: [Int]) {
    var offset: Int32 = 0
    var offsets: [Int32] = [0]
    for length in lengths {
      offset += Int32(length)
      offsets.append(offset)
    }
    add(buffer: Self.bytes(offsets))
  }

  private mutating func add(buffer: [UInt8]) {
    buffers += [Int64(body.count), Int64(buffer.count)]
    body += buffer
    while body.count % 8 != 0 { body.append(0) }
  }

  private static func bytes(_ numbers: [some FixedWidthInteger]) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } }
  }
}
