internal import Base
internal import Wire

/// A query as it was parsed.
///
/// Source: Microsoft, "Query acceleration: SQL language reference".
struct QueryStatement: Sendable {
  struct Column: Sendable {
    var expression: QueryExpression
    /// What it is called in JSON.
    var name: String
  }

  enum Selection: Sendable {
    case everything
    case columns([Column])
    /// One record for the whole blob.
    case aggregates([QueryAggregate])
  }

  var selection: Selection
  /// `BlobStorage[*].a.b`: where in each JSON record the records to be queried are.
  var source: [QueryPath.Step] = []
  var filter: QueryExpression?
  var limit: Int64?
}

struct QueryAggregate: Sendable {
  enum Function: String, Sendable {
    case count
    case sum
    case average = "avg"
    case minimum = "min"
    case maximum = "max"

    init?(named word: String) {
      let word = word.lowercased()
      self.init(rawValue: word == "average" ? "avg" : word)
    }
  }

  var function: Function
  /// Nil for `COUNT(*)`.
  var argument: QueryExpression?
  var name: String
}

indirect enum QueryExpression: Sendable {
  case constant(QueryValue)
  case path(QueryPath)
  case not(QueryExpression)
  case negated(QueryExpression)
  case binary(QueryOperator, QueryExpression, QueryExpression)
  case isNull(QueryExpression)
  case isMissing(QueryExpression)
  case isIn(QueryExpression, [QueryExpression])
  case between(QueryExpression, QueryExpression, QueryExpression)
  case like(QueryExpression, pattern: QueryExpression, escape: Character?)
  case cast(QueryExpression, QueryType)
  case call(QueryFunction, [QueryExpression])
}

enum QueryOperator: String, Sendable {
  case or
  case and
  case equal = "="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case more = ">"
  case moreOrEqual = ">="
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case modulo = "%"
  case concatenate = "||"
}

enum QueryType: String, Sendable {
  case integer = "int"
  case float
  case decimal
  case numeric
  case string
  case boolean = "bool"
  case timestamp

  init?(named word: String) {
    let word = word.lowercased()
    self.init(rawValue: word == "boolean" ? "bool" : word)
  }
}

extension QueryExpression {
  func evaluate(_ record: QueryRecord, now: Timestamp) throws(QueryError) -> QueryValue {
    switch self {
    case .constant(let value): return value
    case .path(let path): return try record.value(at: path.steps)
    case .not(let inner): return try inner.truth(record, now: now).map { .boolean(!$0) } ?? .null
    case .negated(let inner): return try Self.arithmetic(.subtract, .integer(0), inner.evaluate(record, now: now))
    case .binary(let operation, let left, let right): return try Self.binary(operation, left, right, record, now)
    case .isNull(let inner): return .boolean(try inner.evaluate(record, now: now).isAbsent)
    case .isMissing(let inner): return .boolean(try inner.evaluate(record, now: now) == .missing)
    case .isIn(let inner, let values):
      let value = try inner.evaluate(record, now: now)
      for candidate in values where value.compared(with: try candidate.evaluate(record, now: now)) == 0 { return .boolean(true) }
      return .boolean(false)
    case .between(let inner, let low, let high):
      let value = try inner.evaluate(record, now: now)
      let (low, high) = (try low.evaluate(record, now: now), try high.evaluate(record, now: now))
      guard let first = value.compared(with: low), let second = value.compared(with: high) else { return .null }
      return .boolean(first >= 0 && second <= 0)
    case .like(let inner, let pattern, let escape):
      let (value, pattern) = (try inner.evaluate(record, now: now), try pattern.evaluate(record, now: now))
      guard !value.isAbsent, !pattern.isAbsent else { return .null }
      guard pattern.text.utf8.count <= QueryPattern.maximumBytes else { throw .fatal("PatternTooLong", "A pattern of LIKE is too long.") }
      return .boolean(QueryPattern(pattern.text, escape: escape).matches(value.text))
    case .cast(let inner, let type): return try type.cast(inner.evaluate(record, now: now))
    case .call(let function, let arguments):
      var values: [QueryValue] = []
      for argument in arguments { values.append(try argument.evaluate(record, now: now)) }
      return try function.apply(values, now: now)
    }
  }

  /// Whether a condition holds; nil where that is not known.
  func truth(_ record: QueryRecord, now: Timestamp) throws(QueryError) -> Bool? {
    switch try evaluate(record, now: now) {
    case .boolean(let value): return value
    case .missing, .null: return nil
    case .string(let text): return text.lowercased() == "true"
    default: throw .fatal("InvalidTypeConversion", "A condition must be true or false.")
    }
  }

  private static func binary(
    _ operation: QueryOperator, _ left: QueryExpression, _ right: QueryExpression, _ record: QueryRecord, _ now: Timestamp
  ) throws(QueryError) -> QueryValue {
    switch operation {
    case .and, .or:
      let isDecided = operation == .or
      let first = try left.truth(record, now: now)
      if first == isDecided { return .boolean(isDecided) }
      let second = try right.truth(record, now: now)
      if second == isDecided { return .boolean(isDecided) }
      return first == nil || second == nil ? .null : .boolean(!isDecided)
    default: break
    }
    let (first, second) = (try left.evaluate(record, now: now), try right.evaluate(record, now: now))
    let order: (Int) -> Bool
    switch operation {
    case .equal: order = { $0 == 0 }
    case .notEqual: order = { $0 != 0 }
    case .less: order = { $0 < 0 }
    case .lessOrEqual: order = { $0 <= 0 }
    case .more: order = { $0 > 0 }
    case .moreOrEqual: order = { $0 >= 0 }
    case .concatenate:
      if first.isAbsent || second.isAbsent { return .null }
      let (left, right) = (first.text, second.text)
      guard left.utf8.count + right.utf8.count <= QueryReader.maximumRecordBytes else {
        throw .record("ValueTooLarge", "A text has more than \(QueryReader.maximumRecordBytes) bytes.")
      }
      return .string(left + right)
    default: return try arithmetic(operation, first, second)
    }
    return first.compared(with: second).map { .boolean(order($0)) } ?? .null
  }

  static func arithmetic(_ operation: QueryOperator, _ left: QueryValue, _ right: QueryValue) throws(QueryError) -> QueryValue {
    if left.isAbsent || right.isAbsent { return .null }
    guard let first = left.numeric, let second = right.numeric else {
      throw .record("InvalidTypeConversion", "'\(left.text)' \(operation.rawValue) '\(right.text)' needs numbers.")
    }
    if case .integer(let first) = first, case .integer(let second) = second {
      let result: (partialValue: Int64, overflow: Bool)
      switch operation {
      case .add: result = first.addingReportingOverflow(second)
      case .subtract: result = first.subtractingReportingOverflow(second)
      case .multiply: result = first.multipliedReportingOverflow(by: second)
      case .modulo: result = first.remainderReportingOverflow(dividingBy: second)
      default: result = first.dividedReportingOverflow(by: second)
      }
      guard !result.overflow else { throw .record("NumericOverflow", "The result is no 64-bit integer.") }
      return .integer(result.partialValue)
    }
    guard let first = first.double, let second = second.double else { return .null }
    let result =
      switch operation {
      case .add: first + second
      case .subtract: first - second
      case .multiply: first * second
      case .modulo: first.truncatingRemainder(dividingBy: second)
      default: first / second
      }
    guard result.isFinite else { throw .record("NumericOverflow", "The result is no number that there is.") }
    return .number(result)
  }
}

extension QueryType {
  func cast(_ value: QueryValue) throws(QueryError) -> QueryValue {
    if value.isAbsent { return .null }
    let result: QueryValue? =
      switch self {
      case .integer:
        switch value.numeric {
        case .integer(let number): .integer(number)
        case .number(let number): Int64(exactly: number.rounded(.towardZero)).map { .integer($0) }
        default: nil
        }
      case .float, .decimal, .numeric: value.double.map { .number($0) }
      case .string: .string(value.text)
      case .boolean:
        switch value.text.lowercased() {
        case "true", "1": .boolean(true)
        case "false", "0": .boolean(false)
        default: nil
        }
      case .timestamp: Timestamp(iso8601: value.text).map { .timestamp($0) }
      }
    guard let result else { throw .record("InvalidTypeConversion", "'\(value.text)' is no \(rawValue).") }
    return result
  }
}

/// A pattern of LIKE: `%` stands for any text, `_` for one character, `[…]` for one of some.
struct QueryPattern {
  private enum Part: Equatable {
    case any
    case one
    case character(Unicode.Scalar)
    case set(Set<Unicode.Scalar>, isNegated: Bool)
  }

  private var parts: [Part] = []

  /// What it costs to look for it in a text grows with the length of both.
  static let maximumBytes = 256

  init(_ text: String, escape: Character?) {
    let escape = escape?.unicodeScalars.first
    var rest = Substring(text).unicodeScalars
    while let character = rest.popFirst() {
      if character == escape, let next = rest.popFirst() {
        parts.append(.character(next))
      } else if character == "%" {
        if parts.last != .any { parts.append(.any) }
      } else if character == "_" {
        parts.append(.one)
      } else if character == "[", let end = rest.firstIndex(of: "]") {
        var members = rest[..<end]
        let isNegated = members.first == "^"
        if isNegated { members = members.dropFirst() }
        parts.append(.set(Set(members), isNegated: isNegated))
        rest = rest[rest.index(after: end)...]
      } else {
        parts.append(.character(character))
      }
    }
  }

  /// Costs at most the product of the lengths of pattern and text.
  func matches(_ text: String) -> Bool {
    let text = Array(text.unicodeScalars)
    var (part, position, lastAny, resume) = (0, 0, -1, 0)
    while position < text.count {
      if part < parts.count, parts[part] == .any {
        (lastAny, resume) = (part, position)
        part += 1
      } else if part < parts.count, Self.matches(parts[part], text[position]) {
        part += 1
        position += 1
      } else if lastAny >= 0 {
        resume += 1
        (part, position) = (lastAny + 1, resume)
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { $0 == .any }
  }

  private static func matches(_ part: Part, _ character: Unicode.Scalar) -> Bool {
    switch part {
    case .any, .one: true
    case .character(let expected): expected == character
    case .set(let members, let isNegated): members.contains(character) != isNegated
    }
  }
}
