internal import Base
internal import Wire

/// Evaluates expressions in one place of a template.
struct TemplateEvaluator {
  /// The template's parameters and variables, evaluated when they are first asked for.
  let template: DeploymentTemplate
  let parameters: [String: JSON]
  let scope: TemplateScope
  var runtime: (any TemplateRuntime)?
  /// Resources of the template by their names and symbolic names, in lower case.
  var known: [String: ResourceID] = [:]
  /// Indexes of the copy loops around this place: `copyIndex()` is the innermost.
  var loops: [(name: String, index: Int64)] = []
  /// What is being evaluated: a variable that needs itself has no value.
  var pending: Set<String> = []
  /// Parameters of lambda functions around this place.
  var lambdaVariables: [String: JSON] = [:]
  /// Inside a function of the template's own there are its parameters alone.
  var functionParameters: [String: JSON]?
  /// `utcNow` and `newGuid` are for parameters' default values.
  var allowsFreshValues = false

  init(_ template: DeploymentTemplate, parameters: [String: JSON], scope: TemplateScope, runtime: (any TemplateRuntime)? = nil) {
    self.template = template
    self.parameters = parameters
    self.scope = scope
    self.runtime = runtime
  }

  /// A value of a template with all expressions in it evaluated.
  func value(_ json: JSON) throws -> JSON {
    switch json {
    case .string(let text):
      guard let expression = try TemplateExpression.of(text) else { return .string(TemplateExpression.literal(text)) }
      return try evaluate(expression)
    case .array(let items): return .array(try items.map { try value($0) })
    case .object(let object): return .object(try members(object))
    default: return json
    }
  }

  /// An object's members, with what its `copy` loops make.
  func members(_ object: JSON.Object) throws -> JSON.Object {
    var result = JSON.Object()
    for (name, value) in object.members {
      if name.lowercased() == "copy", let loops = value.array, loops.allSatisfy({ $0.member("input") != nil }) {
        for loop in loops {
          guard let target = loop.member("name")?.string else { throw TemplateFailure.invalid("A copy loop has no name.") }
          result[target] = .array(try repeated(loop, name: target) { try $0.value(loop.member("input") ?? .null) })
        }
      } else {
        let key = try self.text(of: name)
        result[key] = try self.value(value)
      }
    }
    return result
  }

  private func text(of name: String) throws -> String {
    guard let expression = try TemplateExpression.of(name) else { return TemplateExpression.literal(name) }
    guard let text = try evaluate(expression).string else { throw TemplateFailure.evaluation("The name '\(name)' is not a string.") }
    return text
  }

  /// Iterations of a copy loop that a template may have.
  static let maximumIterations: Int64 = 800

  func repeated<Value>(_ loop: JSON, name: String, _ body: (TemplateEvaluator) throws -> Value) throws -> [Value] {
    guard let count = try value(loop.member("count") ?? .null).integer, count >= 0 else {
      throw TemplateFailure.invalid("The copy count of '\(name)' must be a non-negative integer.")
    }
    guard count <= Self.maximumIterations else {
      throw TemplateFailure.invalid(
        "The template copy definition '\(name)' has too many iterations: \(count). The number of iterations must not exceed \(Self.maximumIterations)."
      )
    }
    return try (0..<count).map { index in
      var inner = self
      inner.loops.append((name, index))
      return try body(inner)
    }
  }

  func evaluate(_ expression: TemplateExpression) throws -> JSON {
    switch expression {
    case .string(let text): return .string(text)
    case .integer(let value): return .integer(value)
    case .member(let base, let name, let isSafe):
      let value = try evaluate(base)
      if let found = value.object?.member(ignoringCase: name) { return found }
      if isSafe { return .null }
      let names = value.object?.names.joined(separator: ", ") ?? ""
      throw TemplateFailure.evaluation("The language expression property '\(name)' doesn't exist, available properties are '\(names)'.")
    case .index(let base, let inner, let isSafe): return try element(try evaluate(base), try evaluate(inner), isSafe: isSafe)
    case .call(let name, let arguments): return try call(name, arguments)
    }
  }

  func element(_ value: JSON, _ key: JSON, isSafe: Bool) throws -> JSON {
    if let items = value.array, let index = key.integer {
      if items.indices.contains(Int(index)) { return items[Int(index)] }
      if isSafe { return .null }
      throw TemplateFailure.evaluation("The language expression property array index '\(index)' is out of bounds.")
    }
    if let object = value.object, let name = key.string {
      if let found = object.member(ignoringCase: name) { return found }
      if isSafe { return .null }
      throw TemplateFailure.evaluation(
        "The language expression property '\(name)' doesn't exist, available properties are '\(object.names.joined(separator: ", "))'.")
    }
    if isSafe { return .null }
    throw TemplateFailure.evaluation("An array needs an integer index, an object a string: '\(key.text)' fits neither.")
  }

  // MARK: What is not evaluated before the call

  private func call(_ name: String, _ arguments: [TemplateExpression]) throws -> JSON {
    switch name {
    case "if":
      guard arguments.count == 3 else { throw count(name, "3") }
      guard let condition = try evaluate(arguments[0]).boolean else { throw TemplateFailure.evaluation("The condition of 'if' is not a boolean.") }
      return try evaluate(arguments[condition ? 1 : 2])
    case "and", "or":
      guard arguments.count >= 2 else { throw count(name, "2 or more") }
      let stop = name == "or"
      for argument in arguments {
        guard let value = try evaluate(argument).boolean else { throw TemplateFailure.evaluation("An argument of '\(name)' is not a boolean.") }
        if value == stop { return .boolean(stop) }
      }
      return .boolean(!stop)
    case "coalesce":
      for argument in arguments {
        let value = try evaluate(argument)
        if !value.isNull { return value }
      }
      return .null
    case "tryget":
      return try tryGet(arguments)
    case "filter", "map", "reduce", "sort", "toobject", "groupby", "mapvalues": return try lambda(name, arguments)
    default: return try TemplateFunctions.call(name, try arguments.map { try evaluate($0) }, self)
    }
  }

  func count(_ name: String, _ expected: String) -> CloudError {
    TemplateFailure.evaluation("The template function '\(name)' expects \(expected) argument(s).")
  }

  private func tryGet(_ arguments: [TemplateExpression]) throws -> JSON {
    guard arguments.count >= 2 else { throw count("tryGet", "2 or more") }
    var value = try evaluate(arguments[0])
    for key in arguments.dropFirst() { value = try element(value, try evaluate(key), isSafe: true) }
    return value
  }

  // MARK: Names

  func parameter(_ name: String) throws -> JSON {
    if let own = functionParameters {
      guard let value = own[name.lowercased()] else { throw TemplateFailure.evaluation("The function has no parameter '\(name)'.") }
      return value
    }
    guard let value = parameters[name.lowercased()] else {
      throw TemplateFailure.evaluation(
        "The template parameter '\(name)' is not found. Please see https://aka.ms/arm-syntax-parameters for usage details.")
    }
    return value
  }

  func variable(_ name: String) throws -> JSON {
    let key = name.lowercased()
    guard functionParameters == nil, let source = template.variables[key] else {
      throw TemplateFailure.evaluation(
        "The template variable '\(name)' is not found. Please see https://aka.ms/arm-syntax-variables for usage details.")
    }
    guard !pending.contains(key) else { throw TemplateFailure.invalid("The template variable '\(name)' depends on itself.") }
    var inner = TemplateEvaluator(template, parameters: parameters, scope: scope, runtime: nil)
    inner.pending = pending.union([key])
    switch source {
    case .value(let json): return try inner.value(json)
    case .loop(let loop): return .array(try inner.repeated(loop, name: name) { try $0.value(loop.member("input") ?? .null) })
    }
  }

  func copyIndex(_ arguments: [JSON]) throws -> JSON {
    let name = arguments.first?.string
    let offset = (name == nil ? arguments.first : arguments.dropFirst().first)?.integer ?? 0
    guard let loop = name.map({ name in loops.last { $0.name.lowercased() == name.lowercased() } }) ?? loops.last else {
      throw TemplateFailure.evaluation("The template function 'copyIndex' is not expected at this location: there is no copy loop of that name.")
    }
    let (index, overflow) = loop.index.addingReportingOverflow(offset)
    guard !overflow else { throw TemplateFailure.evaluation("The offset of 'copyIndex' is out of range.") }
    return .integer(index)
  }

  // MARK: Lambdas

  private func lambda(_ name: String, _ arguments: [TemplateExpression]) throws -> JSON {
    guard let first = arguments.first else { throw count(name, "2 or more") }
    let source = try evaluate(first)
    let functions = try arguments.dropFirst().map { argument -> (names: [String], body: TemplateExpression)? in
      guard case .call("lambda", let parts) = argument, let body = parts.last else { return nil }
      let names = try parts.dropLast().map { part in
        guard case .string(let name) = part else { throw TemplateFailure.evaluation("A lambda's parameters are strings.") }
        return name.lowercased()
      }
      return (names, body)
    }
    func apply(_ number: Int, _ values: [JSON]) throws -> JSON {
      guard functions.indices.contains(number), let function = functions[number] else {
        throw TemplateFailure.evaluation("The template function '\(name)' expects a lambda expression.")
      }
      var inner = self
      for (name, value) in zip(function.names, values) { inner.lambdaVariables[name] = value }
      return try inner.evaluate(function.body)
    }
    if name == "mapvalues" {
      guard let object = source.object else { throw TemplateFailure.evaluation("The first argument of 'mapValues' is not an object.") }
      return .object(JSON.Object(try object.members.map { ($0.name, try apply(0, [$0.value])) }))
    }
    guard let items = source.array else { throw TemplateFailure.evaluation("The first argument of '\(name)' is not an array.") }
    switch name {
    case "filter":
      return .array(try items.enumerated().filter { try apply(0, [$0.element, .integer(Int64($0.offset))]).boolean == true }.map(\.element))
    case "map": return .array(try items.enumerated().map { try apply(0, [$0.element, .integer(Int64($0.offset))]) })
    case "sort": return .array(try items.sorted { try apply(0, [$0, $1]).boolean == true })
    case "reduce":
      guard arguments.count == 3, let reducer = functions.last ?? nil else { throw count(name, "3") }
      var result = try evaluate(arguments[1])
      for item in items {
        var inner = self
        for (name, value) in zip(reducer.names, [result, item]) { inner.lambdaVariables[name] = value }
        result = try inner.evaluate(reducer.body)
      }
      return result
    case "groupby":
      var result = JSON.Object()
      for item in items {
        guard let key = try apply(0, [item]).string else { throw TemplateFailure.evaluation("A key of 'groupBy' is not a string.") }
        result[key] = .array((result[key]?.array ?? []) + [item])
      }
      return .object(result)
    default:
      var result = JSON.Object()
      for item in items {
        guard let key = try apply(0, [item]).string else { throw TemplateFailure.evaluation("A key of 'toObject' is not a string.") }
        result[key] = functions.count > 1 ? try apply(1, [item]) : item
      }
      return .object(result)
    }
  }
}
