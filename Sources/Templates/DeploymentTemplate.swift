internal import Base
public import Wire

/// A template as it was submitted, taken apart.
///
/// Source: Microsoft, "Understand the structure and syntax of ARM templates".
public struct DeploymentTemplate: Sendable {
  enum Variable: Sendable {
    case value(JSON)
    /// A loop `{name, count, input}` of the `copy` section.
    case loop(JSON)
  }

  struct OwnFunction: Sendable {
    /// In lower case, in their order.
    var parameters: [String]
    var output: JSON
  }

  struct Parameter: Sendable {
    var name: String
    var definition: JSON
    var type: String
    var isSecure: Bool { type.hasPrefix("secure") }
  }

  let source: JSON
  let parameterList: [Parameter]
  /// By name in lower case.
  let variables: [String: Variable]
  /// By `namespace.name` in lower case.
  let functions: [String: OwnFunction]
  /// With their symbolic names, where the template gives them any.
  let resources: [(symbol: String?, source: JSON)]
  let outputList: [(name: String, source: JSON)]

  /// Resources that one deployment may have, loops counted out.
  public static let maximumResources = 800
  static let maximumParameters = 256
  static let maximumVariables = 512
  static let maximumOutputs = 64

  /// Throws `InvalidTemplate`.
  public init(parsing json: JSON) throws {
    guard json.object != nil else { throw TemplateFailure.invalid("The template must be a JSON object.") }
    source = json
    guard json.member("contentVersion")?.string != nil else {
      throw CloudError(
        400, "InvalidRequestContent",
        "The request content was invalid and could not be deserialized: 'Required property 'contentVersion' not found in JSON. Path 'properties.template'.'."
      )
    }
    parameterList = try Self.parameters(json.member("parameters"))
    variables = try Self.variables(json.member("variables"))
    functions = try Self.functions(json.member("functions"))
    switch json.member("resources") {
    case .array(let items)?: resources = items.map { (nil, $0) }
    case .object(let object)?: resources = object.members.map { ($0.name, $0.value) }
    case nil: resources = []
    default: throw TemplateFailure.invalid("The template's resources must be an array or an object.")
    }
    outputList = (json.member("outputs")?.object?.members ?? []).map { ($0.name, $0.value) }
    guard outputList.count <= Self.maximumOutputs else {
      throw TemplateFailure.invalid(
        "The number of template outputs limit exceeded. Limit: '\(Self.maximumOutputs)' and actual: '\(outputList.count)'.")
    }
  }

  private static func parameters(_ json: JSON?) throws -> [Parameter] {
    let members = json?.object?.members ?? []
    guard members.count <= maximumParameters else {
      throw TemplateFailure.invalid("The number of template parameters limit exceeded. Limit: '\(maximumParameters)' and actual: '\(members.count)'.")
    }
    return try members.map { name, definition in
      guard let type = definition.member("type")?.string?.lowercased(),
        ["string", "securestring", "int", "bool", "object", "secureobject", "array"].contains(type)
      else { throw TemplateFailure.invalid("The template parameter '\(name)' has no valid type.") }
      return Parameter(name: name, definition: definition, type: type)
    }
  }

  private static func variables(_ json: JSON?) throws -> [String: Variable] {
    var result: [String: Variable] = [:]
    for (name, value) in json?.object?.members ?? [] {
      if name.lowercased() == "copy", let loops = value.array {
        for loop in loops {
          guard let target = loop.member("name")?.string else { throw TemplateFailure.invalid("A copy loop of variables has no name.") }
          result[target.lowercased()] = .loop(loop)
        }
      } else {
        result[name.lowercased()] = .value(value)
      }
    }
    guard result.count <= maximumVariables else {
      throw TemplateFailure.invalid("The number of template variables limit exceeded. Limit: '\(maximumVariables)' and actual: '\(result.count)'.")
    }
    return result
  }

  private static func functions(_ json: JSON?) throws -> [String: OwnFunction] {
    var result: [String: OwnFunction] = [:]
    for space in json?.array ?? [] {
      guard let namespace = space.member("namespace")?.string else { throw TemplateFailure.invalid("A namespace of functions has no name.") }
      for (name, function) in space.member("members")?.object?.members ?? [] {
        guard let output = function.member("output", "value") else {
          throw TemplateFailure.invalid("The function '\(namespace).\(name)' has no output.")
        }
        result["\(namespace).\(name)".lowercased()] = OwnFunction(
          parameters: (function.member("parameters")?.array ?? []).compactMap { $0.member("name")?.string?.lowercased() }, output: output)
      }
    }
    return result
  }

  // MARK: Parameters

  /// The value of each parameter, by name in lower case, fixed once: of what is given, else of its default.
  ///
  /// `given` is the body's `parameters`: `{"name": {"value": …}}`. Throws `InvalidTemplate`.
  public func parameterValues(given: JSON.Object, scope: TemplateScope) throws -> [String: JSON] {
    var values: [String: JSON] = [:]
    for (name, item) in given.members {
      guard parameterList.contains(where: { $0.name.lowercased() == name.lowercased() }) else {
        let known = parameterList.map(\.name).joined(separator: ", ")
        throw TemplateFailure.invalid(
          "The template parameters '\(name)' in the parameters file are not valid; they are not present in the original template and can therefore "
            + "not be provided at deployment time. The only supported parameters for this template are '\(known)'")
      }
      guard item.member("reference") == nil else {
        throw CloudError(501, "NotImplemented", "Parameters that refer to a key vault's secret are not served by this cloud: '\(name)'.")
      }
      guard let value = item.object?.member(ignoringCase: "value") else {
        throw TemplateFailure.invalid("The value for the template parameter '\(name)' is missing: 'value' or 'reference' is expected.")
      }
      values[name.lowercased()] = value
    }
    for parameter in parameterList {
      let key = parameter.name.lowercased()
      if values[key] == nil || values[key]?.isNull == true && parameter.definition.member("nullable")?.boolean != true {
        if let standard = parameter.definition.object?.member(ignoringCase: "defaultValue") {
          var evaluator = TemplateEvaluator(self, parameters: values, scope: scope)
          evaluator.allowsFreshValues = true
          values[key] = try evaluator.value(standard)
        } else if parameter.definition.member("nullable")?.boolean == true {
          values[key] = .null
        } else {
          throw TemplateFailure.invalid(
            "The value for the template parameter '\(parameter.name)' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details."
          )
        }
      }
      if let value = values[key] { try check(value, parameter) }
    }
    return values
  }

  /// Parameters whose values are never shown.
  public var secureParameters: Set<String> { Set(parameterList.filter(\.isSecure).map { $0.name.lowercased() }) }

  /// `{"name": {"type": …, "value": …}}` as a deployment shows its parameters: without the secure ones' values.
  public func shown(_ values: [String: JSON]) -> JSON {
    .object(
      JSON.Object(
        parameterList.map { parameter in
          let type = Self.typeNames[parameter.type] ?? "String"
          let value = values[parameter.name.lowercased()] ?? .null
          return (parameter.name, parameter.isSecure ? ["type": .string(type)] : ["type": .string(type), "value": value])
        }))
  }

  static let typeNames = [
    "string": "String", "securestring": "SecureString", "int": "Int", "bool": "Bool", "object": "Object", "secureobject": "SecureObject",
    "array": "Array",
  ]

  private func check(_ value: JSON, _ parameter: Parameter) throws {
    if value.isNull, parameter.definition.member("nullable")?.boolean == true { return }
    let fits =
      switch parameter.type {
      case "string", "securestring": value.string != nil
      case "int": value.integer != nil
      case "bool": value.boolean != nil
      case "array": value.array != nil
      default: value.object != nil
      }
    guard fits else {
      throw TemplateFailure.invalid(
        "Template parameter JToken type is not valid. Expected '\(Self.typeNames[parameter.type] ?? "")'. The value of the template parameter "
          + "'\(parameter.name)' is of another type. Please see https://aka.ms/resource-manager-parameter-files for usage details.")
    }
    if let allowed = parameter.definition.member("allowedValues")?.array, !allowed.contains(value), parameter.type != "array" {
      throw TemplateFailure.invalid(
        "The provided value for the template parameter '\(parameter.name)' is not valid. The value '\(parameter.isSecure ? "…" : value.string ?? value.text)' "
          + "is not part of the allowed value(s): '\(allowed.map { $0.string ?? $0.text }.joined(separator: ","))'.")
    }
    let measure = value.integer ?? value.string.map { Int64($0.count) } ?? value.array.map { Int64($0.count) }
    let isNumber = parameter.type == "int"
    for (name, isLower) in [(isNumber ? "minValue" : "minLength", true), (isNumber ? "maxValue" : "maxLength", false)] {
      guard let bound = parameter.definition.member(name)?.integer, let measure, isLower ? measure < bound : measure > bound else { continue }
      throw TemplateFailure.invalid(
        "The provided value for the template parameter '\(parameter.name)' is not valid: its \(isNumber ? "value" : "length") \(measure) is beyond the "
          + "\(name) '\(bound)'.")
    }
  }

  // MARK: Names

  /// What `reference('…')` means: an id, or a resource of the same template.
  func resolve(_ name: String, _ evaluator: TemplateEvaluator) throws -> ResourceID {
    if name.hasPrefix("/"), let id = ResourceID(name) { return id }
    if let id = evaluator.known[name.lowercased()] { return id }
    throw TemplateFailure.evaluation(
      "The resource '\(name)' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.")
  }

  /// The deployment's outputs: `{"name": {"type": …, "value": …}}`.
  public func outputs(_ expanded: ExpandedTemplate, runtime: any TemplateRuntime) throws -> JSON {
    var result = JSON.Object()
    for (name, output) in outputList {
      let evaluator = expanded.evaluator(runtime)
      if let condition = output.member("condition"), try evaluator.value(condition).boolean == false { continue }
      let type = output.member("type")?.string?.lowercased() ?? "string"
      let shownType = Self.typeNames[type] ?? "String"
      if type.hasPrefix("secure") {
        result[name] = ["type": .string(shownType)]
        continue
      }
      let value: JSON
      if let loop = output.member("copy") {
        value = .array(try evaluator.repeated(loop, name: name) { try $0.value(loop.member("input") ?? .null) })
      } else {
        value = try evaluator.value(output.object?.member(ignoringCase: "value") ?? .null)
      }
      result[name] = ["type": .string(shownType), "value": value]
    }
    return .object(result)
  }
}
