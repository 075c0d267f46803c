public import Base

/// A parsed `$filter`: the part of OData's filter language that Resource Manager and Microsoft Graph use.
///
/// It is parsed once and evaluated over each item by `matches`. Names of properties and functions compare without regard to case.
/// Source: OASIS, "OData Version 4.01, Part 2: URL Conventions", section 5.1.1; Microsoft, "Use the $filter query parameter".
public struct ODataFilter: Sendable, Equatable {
  public var root: Expression

  /// A condition.
  public indirect enum Expression: Sendable, Equatable {
    case and([Expression])
    case or([Expression])
    case not(Expression)
    case comparison(Operand, Comparison, Operand)
    case isIn(Operand, [Literal])
    /// A collection that has any, or only, elements for which the condition holds; `any()` without one asks whether there are any.
    case lambda(Quantifier, path: [String], variable: String, Expression?)
    /// A function or property that is a condition by itself: `startswith(displayName,'a')`, `atScope()`, `accountEnabled`.
    case truth(Operand)
  }

  /// What is compared.
  public indirect enum Operand: Sendable, Equatable {
    case path([String])
    case literal(Literal)
    /// The function's name in lower case.
    case function(String, [Operand])
  }

  /// A constant.
  public enum Literal: Sendable, Equatable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case guid(GUID)
    case timestamp(Timestamp)
    /// A number as it is written, or the text between quotes of a literal that names its type; `prefix` is that type, in lower case, or empty. Only
    /// where the filter was parsed with `keepsTypes`.
    case typed(prefix: String, String)
  }

  public enum Comparison: String, Sendable {
    case equal = "eq"
    case notEqual = "ne"
    case greater = "gt"
    case greaterOrEqual = "ge"
    case less = "lt"
    case lessOrEqual = "le"
  }

  public enum Quantifier: String, Sendable {
    case any
    case all
  }

  /// Parses a filter as it stands in the query, decoded. Resource Manager's form in brackets, `[resourceGroup eq 'rg']`, is accepted.
  ///
  /// `keepsTypes` leaves numbers and typed literals as they are written, for services that tell the widths of numbers apart.
  public init(parsing text: String, keepsTypes: Bool = false) throws(ODataError) {
    var parser = try ODataFilterParser(text, keepsTypes: keepsTypes)
    root = try parser.filter()
  }

  /// The conditions that must all hold: the members of an `and`, or the one condition there is.
  public var conjuncts: [Expression] {
    if case .and(let members) = root { members } else { [root] }
  }

  /// The constant that a property must equal for the filter to match (`name eq 'value'` among the conjuncts); nil when there is none.
  public func required(_ name: String) -> Literal? {
    for case .comparison(.path(let path), .equal, .literal(let value)) in conjuncts
    where path.joined(separator: "/").lowercased() == name.lowercased() {
      return value
    }
    return nil
  }

  /// Whether a function without regard to its arguments stands among the conjuncts, and its arguments: `atScope()`, `assignedTo('id')`.
  public func called(_ name: String) -> [Operand]? {
    for case .truth(.function(let function, let arguments)) in conjuncts where function == name.lowercased() {
      return arguments
    }
    return nil
  }
}

extension ODataFilter.Literal {
  /// The text of a string or identifier; nil for anything else.
  public var text: String? {
    switch self {
    case .string(let text): text
    case .guid(let guid): guid.description
    default: nil
    }
  }
}

/// The bounds of a filter.
public enum ODataLimits {
  /// Bytes of a filter.
  public static let maximumFilterBytes = 16 << 10
  /// Parentheses, negations, functions and lambdas within one another.
  public static let maximumDepth = 32
  /// Members of an `in` list.
  public static let maximumListMembers = 1000
}

/// Why a filter was refused. Callers answer 400.
public enum ODataError: Error, Equatable, Sendable {
  /// Not the filter language, noticed at this byte.
  case syntax(String, offset: Int)
  /// The bound that was passed.
  case limit(String)
  /// A function that is not served, by its name.
  case unsupportedFunction(String)
  /// Operands that cannot be compared.
  case incompatibleTypes(String, String, operation: String)

  /// One sentence for the caller, as Graph words it.
  public var message: String {
    switch self {
    case .syntax(let problem, let offset): "Invalid filter clause: \(problem) at position \(offset)."
    case .limit(let bound): "Invalid filter clause: \(bound)."
    case .unsupportedFunction(let name): "Invalid filter clause: An unknown function with name '\(name)' was found."
    case .incompatibleTypes(let left, let right, let operation):
      "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types '\(left)' and '\(right)' for operator kind '\(operation)'."
    }
  }
}
