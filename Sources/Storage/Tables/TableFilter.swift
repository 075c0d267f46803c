internal import Base
internal import Wire

/// A `$filter` of the table service: comparisons of a property with a constant, joined by `and`, `or` and `not`.
///
/// Names of properties and text compare exactly, by UTF-16 code units. A property that an entity does not have, or has with a value of another kind,
/// satisfies no comparison; numbers compare whatever their widths.
/// Source: Microsoft, "Querying tables and entities", REST reference.
struct TableFilter: Sendable {
  indirect enum Condition: Sendable {
    case and([Condition])
    case or([Condition])
    case not(Condition)
    case comparison(String, ODataFilter.Comparison, EdmValue)
    /// A property that is a condition by itself.
    case truth(String)
    case constant(Bool)
  }

  let root: Condition

  /// Throws `InvalidInput` for what is no filter, `NotImplemented` for what the service does not evaluate.
  init(parsing text: String) throws(CloudError) {
    let filter: ODataFilter
    do {
      filter = try ODataFilter(parsing: text, keepsTypes: true)
    } catch {
      throw TableError.querySyntax
    }
    root = try Self.condition(filter.root)
  }

  /// The filter that a request asks for; nil where it asks for none.
  static func requested(_ query: Query) throws(CloudError) -> TableFilter? {
    guard let text = query["$filter"], !text.trimmedASCII.isEmpty else { return nil }
    return try TableFilter(parsing: text)
  }

  private static func condition(_ expression: ODataFilter.Expression) throws(CloudError) -> Condition {
    switch expression {
    case .and(let members): return .and(try conditions(members))
    case .or(let members): return .or(try conditions(members))
    case .not(let inner): return .not(try condition(inner))
    case .comparison(let left, let comparison, let right): return try Self.comparison(left, comparison, right)
    case .truth(.path(let path)): return .truth(try name(path))
    case .truth(.literal(.boolean(let flag))): return .constant(flag)
    case .truth(.literal): throw TableError.querySyntax
    case .truth(.function), .isIn, .lambda: throw TableError.notImplemented
    }
  }

  private static func conditions(_ members: [ODataFilter.Expression]) throws(CloudError) -> [Condition] {
    var conditions: [Condition] = []
    for member in members { conditions.append(try condition(member)) }
    return conditions
  }

  private static func comparison(
    _ left: ODataFilter.Operand, _ comparison: ODataFilter.Comparison, _ right: ODataFilter.Operand
  ) throws(CloudError) -> Condition {
    switch (left, right) {
    case (.path(let path), .literal(let literal)): .comparison(try name(path), comparison, try value(literal))
    case (.literal(let literal), .path(let path)): .comparison(try name(path), comparison.mirrored, try value(literal))
    case (.literal(let first), .literal(let second)): .constant(try value(first).compares(comparison, with: try value(second)))
    default: throw TableError.notImplemented
    }
  }

  private static func name(_ path: [String]) throws(CloudError) -> String {
    guard path.count == 1 else { throw TableError.notImplemented }
    return path[0]
  }

  private static func value(_ literal: ODataFilter.Literal) throws(CloudError) -> EdmValue {
    let value: EdmValue? =
      switch literal {
      case .string(let text): .string(text)
      case .boolean(let flag): .boolean(flag)
      case .typed(let prefix, let text): typed(prefix, text)
      case .null, .number, .guid, .timestamp: nil
      }
    guard let value else { throw TableError.querySyntax }
    return value
  }

  private static func typed(_ prefix: String, _ text: String) -> EdmValue? {
    switch prefix {
    case "": number(text)
    case "datetime", "datetimeoffset": EdmDateTime(text).map { .dateTime($0) }
    case "guid": GUID(text).map { .guid($0) }
    case "x", "binary": bytes(text).map { .binary($0) }
    default: nil
    }
  }

  /// `5`, `5L`, `5.0`, `5e3`, and OData's other suffixes of numbers.
  private static func number(_ text: String) -> EdmValue? {
    switch text.utf8.last {
    case UInt8(ascii: "L"), UInt8(ascii: "l"): Int64(text.dropLast()).map { .int64($0) }
    case UInt8(ascii: "d"), UInt8(ascii: "D"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "m"), UInt8(ascii: "M"): double(text.dropLast())
    default:
      if let number = Int32(text) { .int32(number) } else if let number = Int64(text) { .int64(number) } else { double(text[...]) }
    }
  }

  private static func double(_ text: Substring) -> EdmValue? {
    guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), let number = Double(text), number.isFinite else { return nil }
    return .double(number)
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    guard text.utf8.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for byte in text.utf8 {
      guard let digit = hexadecimalValue(byte) else { return nil }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return bytes
  }

  // MARK: Evaluation

  /// Whether it holds, by a function that gives the value of a property.
  func matches(_ value: (String) -> EdmValue?) -> Bool {
    Self.holds(root, value)
  }

  private static func holds(_ condition: Condition, _ value: (String) -> EdmValue?) -> Bool {
    switch condition {
    case .and(let members): members.allSatisfy { holds($0, value) }
    case .or(let members): members.contains { holds($0, value) }
    case .not(let inner): !holds(inner, value)
    case .comparison(let name, let comparison, let constant): value(name)?.compares(comparison, with: constant) ?? false
    case .truth(let name): value(name) == .boolean(true)
    case .constant(let flag): flag
    }
  }

  /// Whether it can be told from these properties alone.
  func needsOnly(_ names: Set<String>) -> Bool {
    Self.needsOnly(root, names)
  }

  private static func needsOnly(_ condition: Condition, _ names: Set<String>) -> Bool {
    switch condition {
    case .and(let members), .or(let members): members.allSatisfy { needsOnly($0, names) }
    case .not(let inner): needsOnly(inner, names)
    case .comparison(let name, _, _), .truth(let name): names.contains(name)
    case .constant: true
    }
  }
}

extension ODataFilter.Comparison {
  /// What it is with its operands changed round.
  fileprivate var mirrored: ODataFilter.Comparison {
    switch self {
    case .equal, .notEqual: self
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    }
  }
}

extension EdmValue {
  /// Whether a comparison holds; false between values of different kinds.
  fileprivate func compares(_ comparison: ODataFilter.Comparison, with other: EdmValue) -> Bool {
    switch (self, other) {
    case (.string(let left), .string(let right)):
      if comparison == .equal { return left.utf8.elementsEqual(right.utf8) }
      return Self.holds(comparison, less: left.ordinallyPrecedes(right), greater: right.ordinallyPrecedes(left))
    case (.binary(let left), .binary(let right)):
      return Self.holds(comparison, less: left.lexicographicallyPrecedes(right), greater: right.lexicographicallyPrecedes(left))
    case (.boolean(let left), .boolean(let right)): return Self.holds(comparison, less: !left && right, greater: left && !right)
    case (.dateTime(let left), .dateTime(let right)): return Self.holds(comparison, less: left < right, greater: right < left)
    case (.guid(let left), .guid(let right)): return Self.holds(comparison, less: left < right, greater: right < left)
    default:
      if let left = wholeNumber, let right = other.wholeNumber { return Self.holds(comparison, less: left < right, greater: right < left) }
      guard let left = number, let right = other.number else { return false }
      if left.isNaN || right.isNaN { return comparison == .notEqual }
      return Self.holds(comparison, less: left < right, greater: right < left)
    }
  }

  private static func holds(_ comparison: ODataFilter.Comparison, less: Bool, greater: Bool) -> Bool {
    switch comparison {
    case .equal: !less && !greater
    case .notEqual: less || greater
    case .greater: greater
    case .greaterOrEqual: !less
    case .less: less
    case .lessOrEqual: !greater
    }
  }

  private var wholeNumber: Int64? {
    switch self {
    case .int32(let number): Int64(number)
    case .int64(let number): number
    default: nil
    }
  }

  private var number: Double? {
    if case .double(let number) = self { number } else { wholeNumber.map { Double($0) } }
  }
}
