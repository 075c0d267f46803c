internal import Base
internal import Wire

/// The rows of an answer on their way into Arrow's messages.
struct QueryArrowRows {
  private let fields: [QueryArrowField]
  private var rows: [[QueryValue]] = []
  /// Bytes of the rows, about.
  private var weight = 0
  private var hasBegun = false

  /// Bytes of rows that make a message.
  static let messageBytes = 64 << 10

  init(_ fields: [QueryArrowField]) {
    self.fields = fields
  }

  /// The messages that are due: the schema and one without rows, with which answers begin, then rows once there are enough or no more come.
  mutating func take(isLast: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    if !hasBegun {
      let empty = stream([])
      bytes = empty.schema + empty.rows
      hasBegun = true
    }
    guard !rows.isEmpty, isLast || weight >= Self.messageBytes else { return bytes }
    bytes += stream(rows).rows
    (rows, weight) = ([], 0)
    return bytes
  }

  /// Throws where a value does not fit its field: the record is passed over. Ends the query where there are too many or too few values.
  mutating func append(_ values: [QueryValue]) throws(QueryError) {
    guard values.count == fields.count else {
      throw .fatal("InvalidSchema", "The schema has \(fields.count) fields, and a record of the answer has \(values.count) values.")
    }
    for (field, value) in zip(fields, values) where !field.kind.fits(value) {
      throw .record("InvalidTypeConversion", "A value does not fit the field '\(field.name)' of the schema.")
    }
    rows.append(values)
    weight += values.reduce(0) { $0 + 16 + $1.text.utf8.count }
  }

  private func stream(_ rows: [[QueryValue]]) -> ArrowStream {
    ArrowStream(columns: fields.enumerated().map { index, field in (field.name, field.kind.column(rows.map { $0[index] })) })
  }
}

extension QueryArrowField.Kind {
  /// Whether a value is one of this kind, spells one, or is none.
  fileprivate func fits(_ value: QueryValue) -> Bool {
    switch self {
    case .string: true
    case .boolean: value.isBlank || value.truth != nil
    case .integer: value.isBlank || value.whole != nil
    case .double: value.isBlank || value.double != nil
    case .milliseconds: value.isBlank || value.milliseconds != nil
    case .decimal(let precision, _): value.isBlank || value.digits(precision) != nil
    }
  }

  fileprivate func column(_ values: [QueryValue]) -> ArrowStream.Column {
    switch self {
    case .string: .strings(values.map { $0.isAbsent ? nil : $0.text })
    case .boolean: .booleans(values.map(\.truth))
    case .integer: .integers(values.map(\.whole))
    case .double: .doubles(values.map(\.double))
    case .milliseconds: .milliseconds(values.map(\.milliseconds))
    case .decimal(let precision, let scale): .decimals(values.map { $0.digits(precision) }, precision: precision, scale: scale)
    }
  }
}

extension QueryValue {
  /// Whether there is nothing, in delimited text too.
  fileprivate var isBlank: Bool { isAbsent || text.trimmingSpaces.isEmpty }

  fileprivate var truth: Bool? {
    switch text.trimmingSpaces.lowercased() {
    case "true": true
    case "false": false
    default: nil
    }
  }

  fileprivate var whole: Int64? {
    if case .integer(let value) = numeric { value } else { nil }
  }

  fileprivate var milliseconds: Int64? {
    let time: Timestamp? = if case .timestamp(let time) = self { time } else { Timestamp(iso8601: text.trimmingSpaces) }
    return time.map { $0.seconds * 1000 + ($0.microseconds - $0.seconds * 1_000_000) / 1000 }
  }

  /// The digits of a decimal without its point, up to so many. Where the point belongs is said by the field, as in Azure: `400` is 4.00 in a field whose scale
  /// is 2.
  fileprivate func digits(_ precision: Int32) -> Int128? {
    let text = text.trimmingSpaces
    let sign = text.first == "-" || text.first == "+" ? text.first : nil
    let parts = text.dropFirst(sign == nil ? 0 : 1).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts.joined()
    guard !digits.isEmpty, digits.utf8.count <= Int(precision), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int128(digits).map { sign == "-" ? -$0 : $0 }
  }
}
