internal import Base
internal import Templates
internal import Wire

/// Evaluates the `if` of a policy against one resource.
///
/// Source: Microsoft, "Azure Policy definition structure: policy rule".
struct PolicyRule {
  let resource: Resource
  /// By name in lower case.
  let parameters: [String: JSON]
  let scope: TemplateScope

  /// Throws `InvalidPolicyRule` for what is no condition.
  func holds(_ condition: JSON) throws -> Bool {
    guard let object = condition.object else { throw Self.invalid("a condition must be an object") }
    if let all = object.member(ignoringCase: "allOf")?.array { return try all.allSatisfy { try holds($0) } }
    if let any = object.member(ignoringCase: "anyOf")?.array { return try any.contains { try holds($0) } }
    if let inner = object.member(ignoringCase: "not") { return try !holds(inner) }
    let values: [JSON]
    if let name = object.member(ignoringCase: "field") {
      guard let text = try value(name).string else { throw Self.invalid("a field must be a string") }
      values = field(text)
    } else if let given = object.member(ignoringCase: "value") {
      values = [try value(given)]
    } else {
      throw Self.invalid("a condition needs a field or a value")
    }
    guard let (name, operand) = object.members.first(where: { Self.operators.contains($0.name.lowercased()) }) else {
      throw Self.invalid("a condition needs an operator")
    }
    let wanted = try value(operand)
    // Of several elements a condition must hold for each.
    return try values.allSatisfy { try compare(name.lowercased(), $0, wanted) }
  }

  private func value(_ json: JSON) throws -> JSON {
    try PolicyExpressions.value(json, parameters: parameters, scope: scope)
  }

  static let operators: Set = [
    "equals", "notequals", "like", "notlike", "in", "notin", "contains", "notcontains", "containskey", "notcontainskey", "exists", "less",
    "lessorequals", "greater", "greaterorequals",
  ]

  private func compare(_ name: String, _ value: JSON, _ wanted: JSON) throws -> Bool {
    if name.hasPrefix("not"), name != "not" { return try !compare(String(name.dropFirst(3)), value, wanted) }
    switch name {
    case "equals": return Self.isSame(value, wanted)
    case "in": return wanted.array?.contains { Self.isSame(value, $0) } ?? false
    case "like":
      guard let text = value.string, let pattern = wanted.string else { return false }
      return Self.isLike(Array(text.lowercased()), Array(pattern.lowercased()))
    case "contains":
      if let items = value.array { return items.contains { Self.isSame($0, wanted) } }
      guard let text = value.string?.lowercased(), let part = wanted.string?.lowercased() else { return false }
      return part.isEmpty || text.split(separator: part, omittingEmptySubsequences: false).count > 1
    case "containskey": return wanted.string.map { value.object?.member(ignoringCase: $0) != nil } ?? false
    case "exists":
      let isWanted = wanted.boolean ?? (wanted.string?.lowercased() == "true")
      return value.isNull != isWanted
    default:
      guard let left = value.number, let right = wanted.number else { return false }
      switch name {
      case "less": return left < right
      case "lessorequals": return left <= right
      case "greater": return left > right
      default: return left >= right
      }
    }
  }

  /// Text is compared without regard to case.
  private static func isSame(_ left: JSON, _ right: JSON) -> Bool {
    if let left = left.string, let right = right.string { return left.lowercased() == right.lowercased() }
    if let flag = left.boolean, let text = right.string { return String(flag) == text.lowercased() }
    return left == right
  }

  /// `*` stands for any text, once.
  private static func isLike(_ text: [Character], _ pattern: [Character]) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return text == pattern }
    let (head, tail) = (pattern[..<star], pattern[(star + 1)...])
    return text.count >= head.count + tail.count && text.starts(with: head) && text.suffix(tail.count).elementsEqual(tail)
  }

  /// What a field names: one value, or those of all elements of an array.
  private func field(_ name: String) -> [JSON] {
    let lower = name.lowercased()
    switch lower {
    case "type": return [.string(resource.id.type ?? "")]
    case "name", "fullname": return [.string(resource.id.name)]
    case "location": return [.string(resource.location ?? "global")]
    case "id": return [.string(resource.id.description)]
    case "kind": return [resource.kindName.map { .string($0) } ?? .null]
    case "tags": return [.object(JSON.Object(resource.tags.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))]
    default: break
    }
    if lower.hasPrefix("tags") {
      let key = name.dropFirst(4).drop { $0 == "." || $0 == "[" || $0 == "'" }.prefix { $0 != "]" && $0 != "'" }
      let found = resource.tags.first { $0.key.lowercased() == key.lowercased() }
      return [found.map { .string($0.value) } ?? .null]
    }
    let type = (resource.id.type ?? "").lowercased() + "/"
    guard lower.hasPrefix(type) else { return [.null] }
    return alias(String(name.dropFirst(type.utf8.count)))
  }

  /// Names that do not follow the path of their property.
  private static let aliases = [
    "microsoft.compute/virtualmachines/sku.name": "hardwareProfile.vmSize",
    "microsoft.compute/virtualmachines/imagepublisher": "storageProfile.imageReference.publisher",
    "microsoft.compute/virtualmachines/imageoffer": "storageProfile.imageReference.offer",
    "microsoft.compute/virtualmachines/imagesku": "storageProfile.imageReference.sku",
  ]

  private func alias(_ name: String) -> [JSON] {
    let full = "\(resource.id.type ?? "")/\(name)".lowercased()
    let path = Self.aliases[full] ?? name
    var values: [JSON] = [resource.properties]
    if path.lowercased().hasPrefix("sku."), Self.aliases[full] == nil { values = [["sku": resource.sku ?? .null]] }
    for word in path.split(separator: ".") {
      let isEach = word.hasSuffix("[*]")
      let member = String(isEach ? word.dropLast(3) : word)
      values = values.map { $0.object?.member(ignoringCase: member) ?? .null }
      if isEach { values = values.flatMap { $0.array ?? [] } }
    }
    return values
  }

  static func invalid(_ reason: String) -> CloudError {
    CloudError(400, "InvalidPolicyRule", "Failed to parse policy rule: '\(reason)'.")
  }
}
