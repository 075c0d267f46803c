internal import Base
internal import Wire

/// A query at work: records in, the answer's bytes and errors out.
struct QueryRun {
  private let request: QueryRequest
  private let now: Timestamp
  private var reader: QueryReader
  private(set) var output: QueryOutput
  /// Errors of records that were passed over, and the one that ended the query, since they were last taken.
  private(set) var errors: [(isFatal: Bool, name: String, description: String, position: Int)] = []
  private(set) var isFinished = false
  private var columns: [String: Int] = [:]
  private var header: [String]?
  private var totals: [QueryTotal] = []
  private var remaining: Int64
  /// Bytes read before the present piece.
  private var position = 0

  /// Bytes of one record of the answer.
  static let maximumAnswerBytes = 4 << 20

  init(_ request: QueryRequest, now: Timestamp) {
    self.request = request
    self.now = now
    reader = QueryReader(request.input)
    output = QueryOutput(request.output)
    remaining = request.statement.limit ?? .max
    if case .aggregates(let aggregates) = request.statement.selection { totals = aggregates.map { QueryTotal($0) } }
    isFinished = remaining == 0
  }

  mutating func feed(_ bytes: some Collection<UInt8>) {
    guard !isFinished else { return }
    take(reader.feed(bytes))
    position += bytes.count
  }

  mutating func finish() {
    if !isFinished { take(reader.finish()) }
    if errors.allSatisfy({ !$0.isFatal }), !totals.isEmpty {
      do throws(QueryError) { try output.write(totals.map(\.value), names: totals.map(\.name)) } catch { note(error) }
    }
    isFinished = true
  }

  mutating func takeOutput() -> [UInt8] { output.take(isLast: isFinished) }

  mutating func takeErrors() -> [(isFatal: Bool, name: String, description: String, position: Int)] {
    defer { errors = [] }
    return errors
  }

  private mutating func take(_ read: (records: [QueryRecord], failure: QueryError?)) {
    for record in read.records where !isFinished {
      do throws(QueryError) { try take(record) } catch { note(error) }
    }
    if let failure = read.failure, !isFinished { note(failure) }
  }

  private mutating func note(_ error: QueryError) {
    switch error {
    case .record(let name, let description): errors.append((false, name, description, position))
    case .fatal(let name, let description):
      errors.append((true, name, description, position))
      isFinished = true
    case .malformed(let description):
      errors.append((true, "InvalidQuery", description, position))
      isFinished = true
    }
  }

  private mutating func take(_ record: QueryRecord) throws(QueryError) {
    switch record {
    case .row(let fields, _):
      if case .delimited(let format) = request.input, format.hasHeaders, header == nil { return try begin(header: fields, format) }
      // An empty line is no record.
      if fields == [""] { return }
      evaluate(.row(fields, columns: columns))
    case .json(let root):
      guard !request.statement.source.isEmpty else { return evaluate(record) }
      switch try record.value(at: request.statement.source) {
      case .tree(.array(let elements)): for element in elements where !isFinished { evaluate(.json(element)) }
      case .tree(let value): evaluate(.json(value))
      default: _ = root
      }
    }
  }

  private mutating func begin(header fields: [String], _ format: DelimitedTextFormat) throws(QueryError) {
    header = fields
    for (index, name) in fields.enumerated() where columns[name.lowercased()] == nil { columns[name.lowercased()] = index }
    guard case .delimited(let written) = request.output, written.hasHeaders else { return }
    switch request.statement.selection {
    case .everything: try output.write(fields.map { .string($0) }, names: fields)
    case .columns(let selected): try output.write(selected.map { .string($0.name) }, names: fields)
    case .aggregates: break
    }
  }

  private mutating func evaluate(_ record: QueryRecord) {
    do throws(QueryError) {
      if let filter = request.statement.filter, try filter.truth(record, now: now) != true { return }
      switch request.statement.selection {
      case .everything: try writeWhole(record)
      case .columns(let columns): try output.write(try values(of: columns, in: record), names: columns.map(\.name))
      case .aggregates:
        for index in totals.indices { try totals[index].add(record, now: now) }
        return
      }
      remaining -= 1
      if remaining == 0 { isFinished = true }
    } catch {
      note(error)
    }
  }

  private func values(of columns: [QueryStatement.Column], in record: QueryRecord) throws(QueryError) -> [QueryValue] {
    var values: [QueryValue] = []
    var bytes = 0
    for column in columns {
      let value = try column.expression.evaluate(record, now: now)
      bytes += value.text.utf8.count
      guard bytes <= Self.maximumAnswerBytes else {
        throw .record("RecordTooLarge", "A record of the answer has more than \(Self.maximumAnswerBytes) bytes.")
      }
      values.append(value)
    }
    return values
  }

  private mutating func writeWhole(_ record: QueryRecord) throws(QueryError) {
    switch record {
    case .json(let value): try output.write(value)
    case .row(let fields, _):
      let names = fields.indices.map { index in header.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? "_\(index + 1)" }
      try output.write(fields.map { .string($0) }, names: names)
    }
  }
}

/// What an aggregate has come to so far.
struct QueryTotal {
  private let aggregate: QueryAggregate
  private var count: Int64 = 0
  private var sum = QueryValue.integer(0)
  private var best: QueryValue?

  init(_ aggregate: QueryAggregate) {
    self.aggregate = aggregate
  }

  var name: String { aggregate.name }

  mutating func add(_ record: QueryRecord, now: Timestamp) throws(QueryError) {
    guard let argument = aggregate.argument else {
      count += 1
      return
    }
    let value = try argument.evaluate(record, now: now)
    guard !value.isAbsent else { return }
    switch aggregate.function {
    case .count: break
    case .sum, .average: sum = try QueryExpression.arithmetic(.add, sum, value)
    case .minimum, .maximum:
      let candidate = value.numeric ?? value
      if let best, let order = candidate.compared(with: best) {
        if aggregate.function == .minimum ? order < 0 : order > 0 { self.best = candidate }
      } else if best == nil {
        best = candidate
      }
    }
    count += 1
  }

  var value: QueryValue {
    switch aggregate.function {
    case .count: return .integer(count)
    case .sum: return count == 0 ? .null : sum
    case .average: return count == 0 ? .null : .number((sum.double ?? 0) / Double(count))
    case .minimum, .maximum: return best ?? .null
    }
  }
}
