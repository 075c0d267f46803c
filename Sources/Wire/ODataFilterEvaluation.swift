internal import Base

extension ODataFilter {
  /// Finds the value of a property path in the item at hand; nil stands for null. Throws to refuse a property that the type does not have.
  public typealias Resolver = (_ path: [String]) throws -> JSON?
  /// Answers a function that the language itself does not have, such as `atScope()`, by its name in lower case.
  public typealias FunctionResolver = (_ name: String, _ arguments: [JSON]) throws -> Bool

  /// Whether the filter holds for one item. Text compares without regard to case unless `caseSensitive`, as both ARM and Graph do.
  ///
  /// Throws `ODataError`, or what the resolvers throw.
  public func matches(
    caseSensitive: Bool = false, function: FunctionResolver = { name, _ in throw ODataError.unsupportedFunction(name) }, _ resolver: Resolver
  ) throws -> Bool {
    try withoutActuallyEscaping(resolver) { resolver in
      try withoutActuallyEscaping(function) { function in
        try ODataEvaluator(caseSensitive: caseSensitive, resolver: resolver, function: function).holds(root, variables: [:])
      }
    }
  }

  /// Whether the filter holds for a JSON object. Members are found without regard to case; a missing one is null.
  public func matches(_ item: JSON) throws -> Bool {
    try matches { path in item.value(at: path[...]) }
  }
}

extension JSON {
  /// The member that a path of names leads to, without regard to case; nil where the path ends early.
  public func value(at path: ArraySlice<String>) -> JSON? {
    guard let first = path.first else { return self }
    return object?.member(ignoringCase: first)?.value(at: path.dropFirst())
  }
}

private struct ODataEvaluator {
  let caseSensitive: Bool
  let resolver: ODataFilter.Resolver
  let function: ODataFilter.FunctionResolver

  /// A value at hand: a constant, or what a path or function gave.
  private enum Value {
    case literal(ODataFilter.Literal)
    case list([JSON])
    case object

    init(_ json: JSON) {
      switch json {
      case .null: self = .literal(.null)
      case .boolean(let value): self = .literal(.boolean(value))
      case .integer(let value): self = .literal(.number(Double(value)))
      case .number(let value): self = .literal(.number(value))
      case .string(let value): self = .literal(.string(value))
      case .array(let elements): self = .list(elements)
      case .object: self = .object
      }
    }

    var typeName: String {
      switch self {
      case .literal(.null): "null"
      case .literal(.boolean): "Edm.Boolean"
      case .literal(.number): "Edm.Double"
      case .literal(.string): "Edm.String"
      case .literal(.guid): "Edm.Guid"
      case .literal(.timestamp): "Edm.DateTimeOffset"
      case .literal(.typed(let prefix, _)): prefix
      case .list: "Collection"
      case .object: "Edm.ComplexType"
      }
    }
  }

  func holds(_ expression: ODataFilter.Expression, variables: [String: JSON]) throws -> Bool {
    switch expression {
    case .and(let members): return try members.allSatisfy { try holds($0, variables: variables) }
    case .or(let members): return try members.contains { try holds($0, variables: variables) }
    case .not(let inner): return try !holds(inner, variables: variables)
    case .comparison(let left, let comparison, let right):
      return try compare(value(of: left, variables), comparison, value(of: right, variables))
    case .isIn(let operand, let members):
      let value = try value(of: operand, variables)
      return try members.contains { try compare(value, .equal, .literal($0)) }
    case .lambda(let quantifier, let path, let variable, let body):
      guard case .array(let elements)? = try lookUp(path, variables) else { return quantifier == .all }
      guard let body else { return !elements.isEmpty }
      let test: (JSON) throws -> Bool = { try holds(body, variables: variables.merging([variable: $0]) { $1 }) }
      return try quantifier == .any ? elements.contains(where: test) : elements.allSatisfy(test)
    case .truth(let operand):
      guard case .literal(let literal) = try value(of: operand, variables) else {
        throw ODataError.incompatibleTypes("Collection", "Edm.Boolean", operation: "Equal")
      }
      switch literal {
      case .boolean(let value): return value
      case .null: return false
      default: throw ODataError.incompatibleTypes(Value.literal(literal).typeName, "Edm.Boolean", operation: "Equal")
      }
    }
  }

  private func lookUp(_ path: [String], _ variables: [String: JSON]) throws -> JSON? {
    if let bound = variables[path[0]] { return bound.value(at: path.dropFirst()) }
    return try resolver(path)
  }

  private func value(of operand: ODataFilter.Operand, _ variables: [String: JSON]) throws -> Value {
    switch operand {
    case .literal(let literal): return .literal(literal)
    case .path(let path): return Value(try lookUp(path, variables) ?? .null)
    case .function(let name, let arguments):
      return try call(name, arguments.map { try value(of: $0, variables) })
    }
  }

  // MARK: Functions

  private func call(_ name: String, _ arguments: [Value]) throws -> Value {
    switch name {
    case "startswith": return try test(name, arguments) { $0.starts(with: $1) }
    case "endswith": return try test(name, arguments) { $0.reversed().starts(with: $1.reversed()) }
    case "contains": return try test(name, arguments, contains)
    case "substringof": return try test(name, arguments) { contains($1, $0) }
    case "tolower": return .literal(try text(name, arguments).map { .string($0.lowercased()) } ?? .null)
    case "toupper": return .literal(try text(name, arguments).map { .string($0.uppercased()) } ?? .null)
    case "trim":
      return .literal(
        try text(name, arguments).map { .string(String($0.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())) } ?? .null)
    case "length": return .literal(try text(name, arguments).map { .number(Double($0.count)) } ?? .null)
    default: return .literal(.boolean(try function(name, arguments.map(json))))
    }
  }

  private func json(_ value: Value) -> JSON {
    switch value {
    case .literal(.null), .object: .null
    case .literal(.boolean(let value)): .boolean(value)
    case .literal(.number(let value)): .number(value)
    case .literal(.string(let value)): .string(value)
    case .literal(.guid(let value)): .string(value.description)
    case .literal(.timestamp(let value)): .string(value.iso8601Fractional)
    case .literal(.typed(_, let text)): .string(text)
    case .list(let elements): .array(elements)
    }
  }

  private func test(_ name: String, _ arguments: [Value], _ body: ([UInt8], [UInt8]) -> Bool) throws -> Value {
    guard arguments.count == 2 else { throw ODataError.syntax("The function '\(name)' takes two arguments", offset: 0) }
    guard let first = try text(name, [arguments[0]]), let second = try text(name, [arguments[1]]) else { return .literal(.boolean(false)) }
    return .literal(.boolean(body(Array(folded(first).utf8), Array(folded(second).utf8))))
  }

  private func contains(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
    guard part.count <= whole.count else { return false }
    return (0...whole.count - part.count).contains { whole[$0...].starts(with: part) }
  }

  /// The one text argument of a function; nil for null.
  private func text(_ name: String, _ arguments: [Value]) throws -> String? {
    guard arguments.count == 1 else { throw ODataError.syntax("The function '\(name)' takes one argument", offset: 0) }
    switch arguments[0] {
    case .literal(.null): return nil
    case .literal(.string(let text)): return text
    case .literal(.guid(let guid)): return guid.description
    default: throw ODataError.incompatibleTypes(arguments[0].typeName, "Edm.String", operation: name)
    }
  }

  private func folded(_ text: String) -> String {
    caseSensitive ? text : text.lowercased()
  }

  // MARK: Comparison

  private func compare(_ left: Value, _ comparison: ODataFilter.Comparison, _ right: Value) throws -> Bool {
    guard case .literal(let first) = left, case .literal(let second) = right else { throw incompatible(left, comparison, right) }
    switch (first, second) {
    case (.null, .null): return comparison == .equal
    case (.null, _), (_, .null): return comparison == .notEqual
    case (.boolean(let first), .boolean(let second)):
      switch comparison {
      case .equal: return first == second
      case .notEqual: return first != second
      default: throw incompatible(left, comparison, right)
      }
    case (.number(let first), .number(let second)): return order(first, comparison, second)
    case (.timestamp(let first), .timestamp(let second)): return order(first, comparison, second)
    case (.guid(let first), .guid(let second)): return order(first, comparison, second)
    case (.timestamp(let first), .string(let text)):
      guard let second = Timestamp(iso8601: text) else { throw incompatible(left, comparison, right) }
      return order(first, comparison, second)
    case (.string(let text), .timestamp(let second)):
      guard let first = Timestamp(iso8601: text) else { throw incompatible(left, comparison, right) }
      return order(first, comparison, second)
    case (.string(let first), .guid(let second)): return order(first.lowercased(), comparison, second.description)
    case (.guid(let first), .string(let second)): return order(first.description, comparison, second.lowercased())
    case (.string(let first), .string(let second)):
      if comparison != .equal, comparison != .notEqual, let earlier = Timestamp(iso8601: first), let later = Timestamp(iso8601: second) {
        return order(earlier, comparison, later)
      }
      return order(folded(first), comparison, folded(second))
    default: throw incompatible(left, comparison, right)
    }
  }

  private func order<Element: Comparable>(_ left: Element, _ comparison: ODataFilter.Comparison, _ right: Element) -> Bool {
    switch comparison {
    case .equal: left == right
    case .notEqual: left != right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .less: left < right
    case .lessOrEqual: left <= right
    }
  }

  private func incompatible(_ left: Value, _ comparison: ODataFilter.Comparison, _ right: Value) -> ODataError {
    let operation =
      switch comparison {
      case .equal: "Equal"
      case .notEqual: "NotEqual"
      case .greater: "GreaterThan"
      case .greaterOrEqual: "GreaterThanOrEqual"
      case .less: "LessThan"
      case .lessOrEqual: "LessThanOrEqual"
      }
    return .incompatibleTypes(left.typeName, right.typeName, operation: operation)
  }
}
