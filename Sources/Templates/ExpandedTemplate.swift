internal import Base
public import Wire

/// A template with its loops, conditions, names and dependencies worked out: what is to be deployed, and in which order.
public struct ExpandedTemplate: Sendable {
  public var resources: [ExpandedResource]
  let template: DeploymentTemplate
  let parameters: [String: JSON]
  let scope: TemplateScope
  let known: [String: ResourceID]

  func evaluator(_ runtime: any TemplateRuntime) -> TemplateEvaluator {
    var evaluator = TemplateEvaluator(template, parameters: parameters, scope: scope, runtime: runtime)
    evaluator.known = known
    return evaluator
  }

  /// The body to deploy a resource with: everything but its name, type, version and what steers the deployment.
  public func body(of resource: ExpandedResource, runtime: any TemplateRuntime) throws -> JSON {
    var evaluator = evaluator(runtime)
    evaluator.loops = resource.loops
    var body = JSON.Object()
    for (name, value) in resource.source.object?.members ?? [] where !ExpandedResource.steering.contains(name.lowercased()) {
      let isNested = resource.type.lowercased() == "microsoft.resources/deployments" && name.lowercased() == "properties"
      body[name] = isNested ? try nested(value, evaluator) : try evaluator.value(value)
    }
    return .object(body)
  }

  /// An inner template speaks of its own parameters where it says so; else it is part of the outer one.
  private func nested(_ properties: JSON, _ evaluator: TemplateEvaluator) throws -> JSON {
    let scope = properties.member("expressionEvaluationOptions", "scope")?.string?.lowercased() ?? "outer"
    var result = JSON.Object()
    for (name, value) in properties.object?.members ?? [] {
      result[name] = name.lowercased() == "template" && scope == "inner" ? value : try evaluator.value(value)
    }
    return .object(result)
  }
}

/// One resource of a template, one of each iteration of a loop.
public struct ExpandedResource: Sendable {
  public var id: ResourceID
  public var type: String
  public var apiVersion: String
  /// Whether its condition lets it be deployed.
  public var isDeployed: Bool
  /// One that the template only refers to.
  public var isExisting: Bool
  /// Resources of the same template that must be there first.
  public var dependsOn: [ResourceID]
  var symbol: String?
  var source: JSON
  var loops: [(name: String, index: Int64)]

  /// What is not part of the resource's own body.
  static let steering: Set = [
    "name", "type", "apiversion", "dependson", "copy", "condition", "resources", "comments", "scope", "resourcegroup", "subscriptionid", "existing",
    "metadata", "import", "options",
  ]
}

extension DeploymentTemplate {
  /// Works out what is to be deployed. Throws `InvalidTemplate`.
  public func expand(parameters: [String: JSON], scope: TemplateScope) throws -> ExpandedTemplate {
    var evaluator = TemplateEvaluator(self, parameters: parameters, scope: scope)
    var expansion = TemplateExpansion(scope: scope)
    for (symbol, source) in resources { try expansion.add(source, symbol: symbol, parent: nil, evaluator) }
    guard expansion.found.count <= Self.maximumResources else {
      throw TemplateFailure.invalid(
        "The number of template resources limit exceeded. Limit: '\(Self.maximumResources)' and actual: '\(expansion.found.count)'.")
    }
    evaluator.known = expansion.known
    var resources = try expansion.linked(evaluator)
    // A condition may speak of what is known only now.
    for index in resources.indices where !resources[index].isDeployed { resources[index].dependsOn = [] }
    try TemplateExpansion.checkCycles(resources)
    return ExpandedTemplate(resources: resources, template: self, parameters: parameters, scope: scope, known: expansion.known)
  }
}

/// The work of expanding.
private struct TemplateExpansion {
  let scope: TemplateScope
  var found: [ExpandedResource] = []
  var known: [String: ResourceID] = [:]
  /// Ids by loop, in the order of iterations.
  private var loops: [String: [ResourceID]] = [:]
  /// How many of a loop may be deployed at once; missing: all.
  private var batches: [String: Int] = [:]

  init(scope: TemplateScope) {
    self.scope = scope
  }

  mutating func add(_ source: JSON, symbol: String?, parent: ExpandedResource?, _ evaluator: TemplateEvaluator) throws {
    guard let loop = source.member("copy") else { return try addOne(source, symbol: symbol, parent: parent, evaluator, loop: nil) }
    guard let name = loop.member("name")?.string else { throw TemplateFailure.invalid("A copy loop of resources has no name.") }
    let rounds = try evaluator.repeated(loop, name: name) { $0 }
    if loop.member("mode")?.string?.lowercased() == "serial" { batches[name.lowercased()] = Int(loop.member("batchSize")?.integer ?? 1) }
    for round in rounds { try addOne(source, symbol: symbol, parent: parent, round, loop: name) }
  }

  private mutating func addOne(_ source: JSON, symbol: String?, parent: ExpandedResource?, _ evaluator: TemplateEvaluator, loop: String?) throws {
    func text(_ member: String) throws -> String? {
      guard let value = source.member(member) else { return nil }
      guard let text = try evaluator.value(value).string else { throw TemplateFailure.invalid("The resource's '\(member)' is not a string.") }
      return text
    }
    guard var type = try text("type"), var name = try text("name") else {
      throw TemplateFailure.invalid("A template resource has no type or no name.")
    }
    if let parent {
      type = "\(parent.type)/\(type)"
      name = "\(parent.id.provided.last?.segments.map(\.name).joined(separator: "/") ?? "")/\(name)"
    }
    guard let version = try text("apiVersion") else {
      throw TemplateFailure.invalid("The template resource '\(name)' of type '\(type)' has no apiVersion.")
    }
    let id = try id(type, name, subscription: try text("subscriptionId"), group: try text("resourceGroup"), scope: try text("scope"), evaluator)
    let condition = try source.member("condition").map { try evaluator.value($0) } ?? true
    guard let isDeployed = condition.boolean else {
      throw TemplateFailure.invalid("The condition of the template resource '\(name)' is not a boolean.")
    }
    let resource = ExpandedResource(
      id: id, type: type, apiVersion: version, isDeployed: isDeployed && parent?.isDeployed ?? true,
      isExisting: source.member("existing")?.boolean ?? false, dependsOn: parent.map { [$0.id] } ?? [], symbol: symbol, source: source,
      loops: evaluator.loops)
    if found.contains(where: { $0.id == id && $0.isDeployed && resource.isDeployed }) {
      throw TemplateFailure.invalid(
        "The resource '\(id)' at line '1' and column '1' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details."
      )
    }
    found.append(resource)
    if let symbol { known[symbol.lowercased()] = id }
    if let loop { loops[loop.lowercased(), default: []].append(id) }
    if known[name.lowercased()] == nil { known[name.lowercased()] = id }
    for child in source.member("resources")?.array ?? [] { try add(child, symbol: nil, parent: resource, evaluator) }
  }

  private func id(
    _ type: String, _ name: String, subscription: String?, group: String?, scope text: String?, _ evaluator: TemplateEvaluator
  ) throws -> ResourceID {
    let types = type.split(separator: "/").map(String.init)
    let names = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard types.count >= 2, names.count == types.count - 1, !names.contains("") else {
      throw TemplateFailure.invalid(
        "The template resource '\(name)' for type '\(type)' has incorrect segment lengths. A nested resource type must have identical number of "
          + "segments as its resource name. A root resource type must have segment length one greater than its resource name.")
    }
    let provided = ResourceID.Provided(namespace: types[0], segments: zip(types.dropFirst(), names).map { (type: $0, name: $1) })
    if let text {
      // What extends another resource: a role assignment, a lock.
      if text == "/" { return ResourceID(provided: [provided]) }
      var base = text.hasPrefix("/") ? ResourceID(text) : known[text.lowercased()]
      if base == nil { base = ResourceID("\(evaluator.scope.groupID)/providers/\(text)") }
      guard var id = base else { throw TemplateFailure.invalid("The scope '\(text)' of the template resource '\(name)' is not valid.") }
      id.provided.append(provided)
      return id
    }
    let chosen = subscription.flatMap { GUID($0) } ?? scope.subscription
    return ResourceID(subscription: chosen, resourceGroup: group ?? (subscription == nil ? scope.group?.name : nil), provided: [provided])
  }

  // MARK: Order

  /// The resources with everything that each waits for.
  func linked(_ evaluator: TemplateEvaluator) throws -> [ExpandedResource] {
    var result = found
    for index in result.indices {
      var inner = evaluator
      inner.loops = result[index].loops
      var depends = result[index].dependsOn
      for item in result[index].source.member("dependsOn")?.array ?? [] {
        guard let name = try inner.value(item).string else {
          throw TemplateFailure.invalid("A dependency of '\(result[index].id.name)' is not a string.")
        }
        depends += try targets(name, of: result[index])
      }
      for name in try references(in: result[index].source, inner) {
        if let id = name.hasPrefix("/") ? ResourceID(name) : known[name.lowercased()], found.contains(where: { $0.id == id }) { depends.append(id) }
      }
      let own = result[index].id
      var seen: Set<ResourceID> = [own]
      result[index].dependsOn = depends.filter { seen.insert($0).inserted }
    }
    for (loop, size) in batches {
      let ids = loops[loop] ?? []
      for (position, id) in ids.enumerated() where position >= max(1, size) {
        guard let index = result.firstIndex(where: { $0.id == id }) else { continue }
        let batch = position / max(1, size)
        result[index].dependsOn += ids[((batch - 1) * max(1, size))..<(batch * max(1, size))]
      }
    }
    return result
  }

  /// What a `dependsOn` names: an id, `Namespace/type/name`, a name, a symbolic name or a loop.
  private func targets(_ name: String, of resource: ExpandedResource) throws -> [ResourceID] {
    let wanted = name.lowercased()
    if let ids = loops[wanted] { return ids }
    let symbols = found.filter { $0.symbol?.lowercased() == wanted }.map(\.id)
    if !symbols.isEmpty { return symbols }
    let matches = found.filter { candidate in
      if candidate.id.canonical == wanted { return true }
      guard let provided = candidate.id.provided.last else { return false }
      let path = provided.segments.map { "\($0.type)/\($0.name)" }.joined(separator: "/")
      if "\(provided.namespace)/\(path)".lowercased() == wanted { return true }
      // The other short form: the whole type, then the names.
      let names = provided.segments.map(\.name).joined(separator: "/")
      return "\(provided.type)/\(names)".lowercased() == wanted || names.lowercased() == wanted
    }
    guard !matches.isEmpty else {
      // What stands in another group or was deployed before needs not be waited for where it is named by its whole id.
      if name.hasPrefix("/"), let id = ResourceID(name), id.resourceGroup?.lowercased() != scope.group?.name.lowercased() { return [] }
      throw TemplateFailure.invalid(
        "The resource '\(name)' is not defined in the template, although '\(resource.id.name)' depends on it. Please see https://aka.ms/arm-syntax for "
          + "usage details.")
    }
    return matches.map(\.id)
  }

  /// The first arguments of all `reference` and `list…` calls of a body, as far as they can be known.
  private func references(in json: JSON, _ evaluator: TemplateEvaluator) throws -> [String] {
    switch json {
    case .string(let text):
      guard let expression = try TemplateExpression.of(text) else { return [] }
      return references(in: expression, evaluator)
    case .array(let items): return try items.flatMap { try references(in: $0, evaluator) }
    case .object(let object):
      return try object.members.filter { $0.name.lowercased() != "resources" && $0.name.lowercased() != "template" }
        .flatMap { try references(in: $0.value, evaluator) }
    default: return []
    }
  }

  private func references(in expression: TemplateExpression, _ evaluator: TemplateEvaluator) -> [String] {
    switch expression {
    case .string, .integer: return []
    case .member(let base, _, _): return references(in: base, evaluator)
    case .index(let base, let inner, _): return references(in: base, evaluator) + references(in: inner, evaluator)
    case .call(let name, let arguments):
      var result = arguments.flatMap { references(in: $0, evaluator) }
      if name == "reference" || name.hasPrefix("list"), let first = arguments.first, let text = (try? evaluator.evaluate(first))?.string {
        result.append(text)
      }
      return result
    }
  }

  static func checkCycles(_ resources: [ExpandedResource]) throws {
    var waiting = Dictionary(resources.map { ($0.id, Set($0.dependsOn)) }) { $0.union($1) }
    while !waiting.isEmpty {
      let free = waiting.filter { entry in entry.value.allSatisfy { waiting[$0] == nil } }.keys
      guard !free.isEmpty else {
        let names = waiting.keys.map(\.description).sorted().joined(separator: ", ")
        throw TemplateFailure.invalid(
          "Circular dependency detected on resource: '\(names)'. Please see https://aka.ms/arm-syntax-resources for usage details.")
      }
      for id in free { waiting[id] = nil }
    }
  }
}
