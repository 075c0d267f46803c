internal import Wire

/// Writes the records of a query's answer.
struct QueryOutput {
  private let format: QueryFormat
  private var bytes: [UInt8] = []
  /// Of an answer in Arrow.
  private var rows: QueryArrowRows?

  init(_ format: QueryFormat) {
    self.format = format
    if case .arrow(let fields) = format { rows = QueryArrowRows(fields) }
  }

  /// What is ready; with `isLast`, all.
  mutating func take(isLast: Bool) -> [UInt8] {
    if rows != nil { bytes += rows?.take(isLast: isLast) ?? [] }
    defer { bytes = [] }
    return bytes
  }

  /// One record. `names` go with `values`; for a record that is given as it was, they are its own. Throws where it does not fit the schema of the answer.
  mutating func write(_ values: [QueryValue], names: [String]) throws(QueryError) {
    switch format {
    case .delimited(let format):
      for (index, value) in values.enumerated() {
        if index > 0 { bytes += format.columnSeparator }
        write(field: Array(value.text.utf8), format)
      }
      bytes += format.recordSeparator
    case .json(let separator):
      var object = JSON.Object()
      for (name, value) in zip(names, values) {
        if let json = value.json { object[name] = json }
      }
      bytes += JSON.object(object).bytes
      bytes += separator
    case .arrow: try rows?.append(values)
    }
  }

  /// A JSON record as it is. Throws where it does not fit the schema of the answer.
  mutating func write(_ value: JSON) throws(QueryError) {
    guard case .json(let separator) = format else {
      let members = value.object?.members ?? []
      return try write(members.map { QueryValue($0.value) }, names: members.map(\.name))
    }
    bytes += value.bytes
    bytes += separator
  }

  /// A field is quoted where it would be misread otherwise.
  private mutating func write(field: [UInt8], _ format: DelimitedTextFormat) {
    guard let quote = format.fieldQuote, Self.needsQuotes(field, quote, format) else {
      bytes += field
      return
    }
    bytes.append(quote)
    for byte in field {
      if byte == quote || byte == format.escape { bytes.append(format.escape ?? quote) }
      bytes.append(byte)
    }
    bytes.append(quote)
  }

  private static func needsQuotes(_ field: [UInt8], _ quote: UInt8, _ format: DelimitedTextFormat) -> Bool {
    func contains(_ mark: [UInt8]) -> Bool {
      mark.count == 1 ? field.contains(mark[0]) : field.indices.contains { field[$0...].starts(with: mark) }
    }
    return field.contains { $0 == quote || $0 == 0x0A || $0 == 0x0D } || contains(format.columnSeparator) || contains(format.recordSeparator)
  }
}
