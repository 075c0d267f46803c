internal import Wire

/// Cuts the bytes of a blob into records as they arrive.
struct QueryReader {
  /// Bytes of one record.
  static let maximumRecordBytes = 1 << 20

  private let format: QueryFormat
  private var pending: [UInt8] = []
  /// How far `pending` was looked at without an end being found.
  private var scanned = 0
  private var text = DelimitedTextScan()
  private var tree = JSONScan()

  init(_ format: QueryFormat) {
    self.format = format
  }

  /// The records that these bytes complete, and why there are no more.
  mutating func feed(_ bytes: some Collection<UInt8>) -> (records: [QueryRecord], failure: QueryError?) {
    pending += bytes
    var result = records(isAtEnd: false)
    if result.failure == nil, pending.count > Self.maximumRecordBytes {
      result.failure = .fatal("RecordTooLarge", "A record has more than \(Self.maximumRecordBytes) bytes.")
    }
    return result
  }

  /// The records that the blob's end completes.
  mutating func finish() -> (records: [QueryRecord], failure: QueryError?) {
    records(isAtEnd: true)
  }

  private mutating func records(isAtEnd: Bool) -> (records: [QueryRecord], failure: QueryError?) {
    var records: [QueryRecord] = []
    var start = 0
    var failure: QueryError?
    do throws(QueryError) {
      while let record = try take(from: &start, isAtEnd: isAtEnd) { records.append(record) }
    } catch {
      failure = error
    }
    pending.removeFirst(start)
    scanned -= start
    return (records, failure)
  }

  private mutating func take(from start: inout Int, isAtEnd: Bool) throws(QueryError) -> QueryRecord? {
    switch format {
    case .delimited(let format):
      guard let row = text.next(pending, format, &start, &scanned, isAtEnd: isAtEnd) else { return nil }
      return .row(row, columns: [:])
    case .json:
      guard let range = try tree.next(pending, &start, &scanned, isAtEnd: isAtEnd) else { return nil }
      do {
        return .json(try JSON(parsing: pending[range]))
      } catch {
        throw .fatal("ParseError", "A record is no JSON (byte \(error.offset)).")
      }
    case .arrow: throw .fatal("InvalidFormat", "Arrow is a form of answers alone.")
    }
  }
}

/// Finds the fields of rows. It goes on where the bytes ended the last time.
struct DelimitedTextScan {
  private var fields: [String] = []
  private var field: [UInt8] = []
  private var isQuoted = false
  private var wasQuoted = false

  /// The next row, whose last byte `start` passes.
  mutating func next(_ bytes: [UInt8], _ format: DelimitedTextFormat, _ start: inout Int, _ scanned: inout Int, isAtEnd: Bool) -> [String]? {
    var position = scanned
    func isNext(_ mark: [UInt8]) -> Bool? {
      guard bytes[position] == mark[0] else { return false }
      guard position + mark.count <= bytes.count else { return isAtEnd ? false : nil }
      return mark.count == 1 || bytes[position..<position + mark.count].elementsEqual(mark)
    }
    defer { scanned = position }
    while position < bytes.count {
      let byte = bytes[position]
      if byte == format.escape {
        guard position + 1 < bytes.count else {
          if !isAtEnd { return nil }
          position += 1
          continue
        }
        field.append(bytes[position + 1])
        position += 2
      } else if isQuoted {
        if byte == format.fieldQuote {
          guard position + 1 < bytes.count || isAtEnd else { return nil }
          if position + 1 < bytes.count, bytes[position + 1] == byte {
            field.append(byte)
            position += 2
            continue
          }
          isQuoted = false
        } else {
          field.append(byte)
        }
        position += 1
      } else if byte == format.fieldQuote, field.isEmpty, !wasQuoted {
        (isQuoted, wasQuoted) = (true, true)
        position += 1
      } else {
        guard let endsRecord = isNext(format.recordSeparator), let endsField = isNext(format.columnSeparator) else { return nil }
        if endsRecord {
          if format.recordSeparator == [0x0A], field.last == 0x0D, !wasQuoted { field.removeLast() }
          position += format.recordSeparator.count
          start = position
          endField()
          return endRow()
        }
        if endsField {
          endField()
          position += format.columnSeparator.count
        } else {
          field.append(byte)
          position += 1
        }
      }
    }
    guard isAtEnd, !fields.isEmpty || !field.isEmpty || wasQuoted else { return nil }
    start = position
    endField()
    return endRow()
  }

  private mutating func endField() {
    fields.append(String(decoding: field, as: UTF8.self))
    field = []
    (isQuoted, wasQuoted) = (false, false)
  }

  private mutating func endRow() -> [String] {
    defer { fields = [] }
    return fields
  }
}

/// Finds where a value of JSON ends that others may follow, with or without something between.
struct JSONScan {
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  private var begin: Int?

  mutating func next(_ bytes: [UInt8], _ start: inout Int, _ scanned: inout Int, isAtEnd: Bool) throws(QueryError) -> Range<Int>? {
    var position = scanned
    defer { scanned = position }
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        if depth == 0 { begin = position - 1 - start }
        depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        guard depth >= 0 else { throw .fatal("ParseError", "A bracket closes that was not opened.") }
        if depth == 0, let first = begin {
          let range = start + first..<position
          start = position
          begin = nil
          return range
        }
      default: break
      }
    }
    if isAtEnd, depth > 0 || isInString { throw .fatal("ParseError", "The last record has no end.") }
    return nil
  }
}
