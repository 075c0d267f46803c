internal import Base
internal import Wire

/// The functions whose arguments are evaluated first.
///
/// Source: Microsoft, "ARM template functions".
enum TemplateFunctions {
  typealias Body = @Sendable ([JSON], TemplateEvaluator) throws -> JSON

  /// How many arguments a function takes, and what it does.
  struct Function: Sendable {
    var arguments: ClosedRange<Int>
    var body: Body

    init(_ arguments: ClosedRange<Int>, _ body: @escaping Body) {
      self.arguments = arguments
      self.body = body
    }

    init(_ count: Int, _ body: @escaping Body) { self.init(count...count, body) }
  }

  static let many = 1_000

  /// By name in lower case.
  static let all: [String: Function] = {
    var all: [String: Function] = [:]
    for family in [scopes, resources, strings, arrays, objects, numbers, logic, dates, addresses] { all.merge(family) { first, _ in first } }
    return all
  }()

  static func call(_ name: String, _ arguments: [JSON], _ evaluator: TemplateEvaluator) throws -> JSON {
    if name.contains(".") { return try own(name, arguments, evaluator) }
    guard let function = all[name] else {
      if name.hasPrefix("list") { return try list(name, arguments, evaluator) }
      throw TemplateFailure.evaluation("The template function '\(name)' is not valid. Please see https://aka.ms/arm-functions for usage details.")
    }
    guard function.arguments.contains(arguments.count) else {
      let range = function.arguments
      throw evaluator.count(name, range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) or more")
    }
    return try function.body(arguments, evaluator)
  }

  /// A function that the template defines itself.
  private static func own(_ name: String, _ arguments: [JSON], _ evaluator: TemplateEvaluator) throws -> JSON {
    guard evaluator.functionParameters == nil, let function = evaluator.template.functions[name] else {
      throw TemplateFailure.evaluation("The template function '\(name)' is not defined.")
    }
    guard function.parameters.count == arguments.count else { throw evaluator.count(name, "\(function.parameters.count)") }
    var inner = TemplateEvaluator(evaluator.template, parameters: [:], scope: evaluator.scope)
    inner.functionParameters = Dictionary(zip(function.parameters, arguments).map { ($0, $1) }) { $1 }
    return try inner.value(function.output)
  }

  private static func list(_ name: String, _ arguments: [JSON], _ evaluator: TemplateEvaluator) throws -> JSON {
    guard let runtime = evaluator.runtime else {
      throw TemplateFailure.invalid("The template function '\(name)' is not expected at this location.")
    }
    guard arguments.count >= 2, let id = arguments[0].string.flatMap({ ResourceID($0) }), let version = arguments[1].string else {
      throw evaluator.count(name, "2 or more")
    }
    return try runtime.list(name, id, apiVersion: version, body: arguments.count > 2 ? arguments[2] : [:])
  }

  // MARK: Helpers

  static func text(_ value: JSON, _ name: String) throws -> String {
    guard let text = value.string else {
      throw TemplateFailure.evaluation("The template function '\(name)' expects a string, not '\(value.text.prefix(100))'.")
    }
    return text
  }

  static func integer(_ value: JSON, _ name: String) throws -> Int64 {
    guard let number = value.integer else {
      throw TemplateFailure.evaluation("The template function '\(name)' expects an integer, not '\(value.text.prefix(100))'.")
    }
    return number
  }

  static func items(_ value: JSON, _ name: String) throws -> [JSON] {
    guard let items = value.array else { throw TemplateFailure.evaluation("The template function '\(name)' expects an array.") }
    return items
  }

  // MARK: Logic and comparison

  private static let logic: [String: Function] = [
    "not": Function(1) { arguments, _ in
      guard let value = arguments[0].boolean else { throw TemplateFailure.evaluation("The argument of 'not' is not a boolean.") }
      return .boolean(!value)
    },
    "true": Function(0) { _, _ in true }, "false": Function(0) { _, _ in false }, "null": Function(0) { _, _ in .null },
    "bool": Function(1) { arguments, _ in
      if let value = arguments[0].boolean { return .boolean(value) }
      if let value = arguments[0].integer { return .boolean(value != 0) }
      switch try text(arguments[0], "bool").lowercased() {
      case "true", "1": return true
      case "false", "0": return false
      default: throw TemplateFailure.evaluation("The argument of 'bool' is neither true nor false.")
      }
    },
    "equals": Function(2) { arguments, _ in .boolean(arguments[0] == arguments[1] || arguments[0].number.map { $0 == arguments[1].number } ?? false)
    },
    "less": Function(2) { arguments, _ in .boolean(try compare(arguments, "less") < 0) },
    "lessorequals": Function(2) { arguments, _ in .boolean(try compare(arguments, "lessOrEquals") <= 0) },
    "greater": Function(2) { arguments, _ in .boolean(try compare(arguments, "greater") > 0) },
    "greaterorequals": Function(2) { arguments, _ in .boolean(try compare(arguments, "greaterOrEquals") >= 0) },
  ]

  private static func compare(_ arguments: [JSON], _ name: String) throws -> Int {
    if let left = arguments[0].number, let right = arguments[1].number { return left < right ? -1 : left > right ? 1 : 0 }
    let (left, right) = (try text(arguments[0], name), try text(arguments[1], name))
    return left == right ? 0 : left < right ? -1 : 1
  }

  // MARK: Numbers

  private static let numbers: [String: Function] = [
    "add": Function(2) { arguments, _ in try arithmetic(arguments, "add") { $0.addingReportingOverflow($1) } },
    "sub": Function(2) { arguments, _ in try arithmetic(arguments, "sub") { $0.subtractingReportingOverflow($1) } },
    "mul": Function(2) { arguments, _ in try arithmetic(arguments, "mul") { $0.multipliedReportingOverflow(by: $1) } },
    "div": Function(2) { arguments, _ in try arithmetic(arguments, "div") { $0.dividedReportingOverflow(by: $1) } },
    "mod": Function(2) { arguments, _ in try arithmetic(arguments, "mod") { $0.remainderReportingOverflow(dividingBy: $1) } },
    "int": Function(1) { arguments, _ in
      if let value = arguments[0].integer { return .integer(value) }
      let whole: Int64? =
        if let number = arguments[0].number { Int64(exactly: number.rounded(.towardZero)) } else { Int64(try text(arguments[0], "int")) }
      guard let value = whole else { throw TemplateFailure.evaluation("The argument of 'int' is not an integer.") }
      return .integer(value)
    },
    "float": Function(1) { arguments, _ in
      guard let value = arguments[0].number ?? arguments[0].string.flatMap({ Double($0) }), value.isFinite else {
        throw TemplateFailure.evaluation("The argument of 'float' is not a number.")
      }
      return .number(value)
    },
    "max": Function(1...many) { arguments, _ in .integer(try numbers(arguments, "max").max() ?? 0) },
    "min": Function(1...many) { arguments, _ in .integer(try numbers(arguments, "min").min() ?? 0) },
    "range": Function(2) { arguments, _ in
      let (start, count) = (try integer(arguments[0], "range"), try integer(arguments[1], "range"))
      guard (0...10_000).contains(count), start.addingReportingOverflow(count).overflow == false else {
        throw TemplateFailure.evaluation("The count of 'range' must be between 0 and 10000.")
      }
      return .array((start..<(start + count)).map { .integer($0) })
    },
    "copyindex": Function(0...2) { arguments, evaluator in try evaluator.copyIndex(arguments) },
  ]

  private static func arithmetic(_ arguments: [JSON], _ name: String, _ operation: (Int64, Int64) -> (Int64, overflow: Bool)) throws -> JSON {
    let result = operation(try integer(arguments[0], name), try integer(arguments[1], name))
    guard !result.overflow else { throw TemplateFailure.evaluation("The template function '\(name)' has no result for these numbers.") }
    return .integer(result.0)
  }

  private static func numbers(_ arguments: [JSON], _ name: String) throws -> [Int64] {
    try (arguments.count == 1 ? arguments[0].array ?? arguments : arguments).map { try integer($0, name) }
  }

  // MARK: Dates

  private static let dates: [String: Function] = [
    "utcnow": Function(0...1) { arguments, evaluator in
      guard evaluator.allowsFreshValues else {
        throw TemplateFailure.invalid(
          "The template function 'utcNow' is not expected at this location: it can be used in the default value of a parameter.")
      }
      return .string(TemplateDates.text(evaluator.scope.now, try arguments.first.map { try text($0, "utcNow") } ?? "yyyyMMddTHHmmssZ"))
    },
    "datetimeadd": Function(2...3) { arguments, _ in
      let base = try TemplateDates.parse(try text(arguments[0], "dateTimeAdd"))
      let moved = try TemplateDates.add(try text(arguments[1], "dateTimeAdd"), to: base)
      return .string(TemplateDates.text(moved, arguments.count > 2 ? try text(arguments[2], "dateTimeAdd") : "yyyy-MM-ddTHH:mm:ssZ"))
    },
    "datetimefromepoch": Function(1) { arguments, _ in
      .string(TemplateDates.text(try TemplateDates.time(seconds: try integer(arguments[0], "dateTimeFromEpoch")), "yyyy-MM-ddTHH:mm:ssZ"))
    },
    "datetimetoepoch": Function(1) { arguments, _ in .integer(try TemplateDates.parse(try text(arguments[0], "dateTimeToEpoch")).seconds) },
  ]

  // MARK: Addresses

  private static let addresses: [String: Function] = [
    "parsecidr": Function(1) { arguments, _ in
      let prefix = try network(arguments[0], "parseCidr")
      let isSmall = prefix.length >= 31
      return [
        "network": .string(prefix.first.description), "netmask": .string(prefix.netmask.description), "broadcast": .string(prefix.last.description),
        "firstUsable": .string((isSmall ? prefix.first : prefix.address(at: 1)).description),
        "lastUsable": .string((isSmall ? prefix.last : prefix.address(at: prefix.count - 2)).description), "cidr": .integer(Int64(prefix.length)),
      ]
    },
    "cidrsubnet": Function(3) { arguments, _ in
      let (prefix, length, index) = (
        try network(arguments[0], "cidrSubnet"), try integer(arguments[1], "cidrSubnet"), try integer(arguments[2], "cidrSubnet")
      )
      guard (Int64(prefix.length)...32).contains(length), (0..<(Int64(1) << (length - Int64(prefix.length)))).contains(index) else {
        throw TemplateFailure.evaluation("The template function 'cidrSubnet' has no such subnet in '\(prefix)'.")
      }
      return .string(IPv4Prefix(prefix.address(at: Int(index) << (32 - Int(length))), length: Int(length)).description)
    },
    "cidrhost": Function(2) { arguments, _ in
      let (prefix, index) = (try network(arguments[0], "cidrHost"), try integer(arguments[1], "cidrHost"))
      guard index >= 0, index + 1 < Int64(prefix.count) else {
        throw TemplateFailure.evaluation("The template function 'cidrHost' has no such host in '\(prefix)'.")
      }
      return .string(prefix.address(at: Int(index) + 1).description)
    },
  ]

  private static func network(_ value: JSON, _ name: String) throws -> IPv4Prefix {
    let words = try text(value, name).split(separator: "/").map(String.init)
    guard words.count == 2, let address = IPv4Address(words[0]), let length = Int(words[1]), (0...32).contains(length) else {
      throw TemplateFailure.evaluation("The template function '\(name)' expects an IPv4 prefix, not '\(value.text)'.")
    }
    return IPv4Prefix(address, length: length)
  }
}
