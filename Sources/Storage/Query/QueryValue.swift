internal import Base
internal import Wire

/// A value of a query over a blob's contents.
enum QueryValue: Sendable, Equatable {
  /// What a record does not have. It is no value: it is left out of JSON, and compares with nothing.
  case missing
  case null
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case timestamp(Timestamp)
  /// An object or array of a JSON record.
  case tree(JSON)

  init(_ json: JSON) {
    switch json {
    case .null: self = .null
    case .boolean(let value): self = .boolean(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let value): self = .string(value)
    case .array, .object: self = .tree(json)
    }
  }

  var isAbsent: Bool { self == .missing || self == .null }

  /// The value as it stands in delimited text.
  var text: String {
    switch self {
    case .missing, .null: ""
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) + ".0" : String(value)
    case .string(let value): value
    case .timestamp(let value): value.iso8601Fractional
    case .tree(let value): String(decoding: value.bytes, as: UTF8.self)
    }
  }

  /// The value as it stands in JSON; nil where there is none.
  var json: JSON? {
    switch self {
    case .missing: nil
    case .null: .null
    case .boolean(let value): .boolean(value)
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .string(let value): .string(value)
    case .timestamp(let value): .string(value.iso8601Fractional)
    case .tree(let value): value
    }
  }

  /// The value as a number, where it is one or spells one.
  var numeric: QueryValue? {
    switch self {
    case .integer, .number: self
    case .string(let text): Int64(text.trimmingSpaces).map { .integer($0) } ?? Self.decimal(text.trimmingSpaces).map { .number($0) }
    default: nil
    }
  }

  /// Digits with a point or an exponent, and no other word for a number; nil as well for one that is too large.
  static func decimal(_ text: some StringProtocol) -> Double? {
    let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
    return isDecimal ? Double(text).flatMap { $0.isFinite ? $0 : nil } : nil
  }

  var double: Double? {
    switch numeric {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// Less, equal or more; nil where the two cannot be compared. A text is compared with a number as the number that it spells.
  func compared(with other: QueryValue) -> Int? {
    func order<T: Comparable>(_ left: T, _ right: T) -> Int { left < right ? -1 : left == right ? 0 : 1 }
    switch (self, other) {
    case (.missing, _), (_, .missing), (.null, _), (_, .null): return nil
    case (.string(let left), .string(let right)): return order(left, right)
    case (.boolean(let left), .boolean(let right)): return left == right ? 0 : left ? 1 : -1
    case (.boolean(let left), .string(let right)): return right.lowercased() == (left ? "true" : "false") ? 0 : 1
    case (.string, .boolean): return other.compared(with: self).map { -$0 }
    case (.timestamp(let left), .timestamp(let right)): return order(left, right)
    case (.timestamp(let left), .string(let right)): return Timestamp(iso8601: right).map { order(left, $0) }
    case (.string(let left), .timestamp(let right)): return Timestamp(iso8601: left).map { order($0, right) }
    default:
      if case .integer(let left) = numeric, case .integer(let right) = other.numeric { return order(left, right) }
      guard let left = double, let right = other.double else { return nil }
      return order(left, right)
    }
  }
}

/// One record of the blob that is queried.
enum QueryRecord: Sendable {
  /// A row of delimited text, and the numbers of its columns by name where the first row gave them.
  case row([String], columns: [String: Int])
  case json(JSON)

  /// The value of a column or member. Throws where a row has too few columns.
  func value(at path: [QueryPath.Step]) throws(QueryError) -> QueryValue {
    switch self {
    case .json(let root):
      var value = root
      for step in path {
        switch step {
        case .name(let name):
          guard let next = value.object?.first(name) else { return .missing }
          value = next
        case .index(let index):
          guard let array = value.array, array.indices.contains(index) else { return .missing }
          value = array[index]
        }
      }
      return QueryValue(value)
    case .row(let fields, let columns):
      guard path.count == 1, case .name(let name) = path[0] else { throw .record("InvalidColumnName", "A column has no members.") }
      let ordinal = name.first == "_" ? Int(name.dropFirst()).map { $0 - 1 } : nil
      guard let column = columns[name.lowercased()] ?? ordinal else {
        throw .fatal("InvalidColumnName", "Cannot find column '\(name)'.")
      }
      guard fields.indices.contains(column) else {
        throw .record("InvalidColumnOrdinal", "Invalid column ordinal \(column + 1): the record has \(fields.count) columns.")
      }
      return .string(fields[column])
    }
  }
}

extension JSON.Object {
  /// The member of a name, null included.
  fileprivate func first(_ name: String) -> JSON? {
    members.first { $0.name == name }?.value
  }
}

/// The way to a value inside of a record.
struct QueryPath: Sendable, Equatable {
  enum Step: Sendable, Equatable {
    case name(String)
    case index(Int)
  }

  var steps: [Step]
}

/// Why a query, or one record of it, came to nothing.
enum QueryError: Error, Equatable {
  /// The text is no query: 400 before anything is read.
  case malformed(String)
  /// The record is passed over.
  case record(String, String)
  /// The query ends.
  case fatal(String, String)
}
