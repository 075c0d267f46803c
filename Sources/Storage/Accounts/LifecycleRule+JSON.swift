internal import Base
internal import Wire

/// The rules as Resource Manager writes them.
extension LifecycleRule {
  private static let nameLength = 1...256
  /// The actions on a blob as it is now, and those on earlier states.
  private static let baseActions: Set<String> = ["tiertocool", "tiertocold", "tiertoarchive", "tiertohot", "delete", "enableautotiertohotfromcool"]
  private static let historyActions: Set<String> = ["tiertocool", "tiertocold", "tiertoarchive", "tiertohot", "delete"]

  /// Of `properties.policy.rules`.
  static func list(_ properties: JSON?) throws -> [LifecycleRule] {
    guard let rules = properties?["policy"]?["rules"]?.array, !rules.isEmpty, rules.count <= ManagementPolicy.maximumRules else {
      throw refused("rules")
    }
    let list = try rules.map { try LifecycleRule($0) }
    guard Set(list.map(\.name)).count == list.count else { throw refused("rules.name") }
    return list
  }

  /// The rule with the time since when it moves blobs back to hot: that of the rule of this name before it, where that one did so too.
  func dated(at now: Timestamp, replacing earlier: [LifecycleRule]) -> LifecycleRule {
    guard isEnabled, baseBlob?.tiersToHotOnAccess == true else { return self }
    let before = earlier.first { $0.name == name && $0.isEnabled }?.baseBlob
    var rule = self
    rule.baseBlob?.tiersToHotSince = before?.tiersToHotOnAccess == true ? before?.tiersToHotSince : now
    return rule
  }

  private static func refused(_ path: String) -> CloudError { StorageAccountSettings.invalid("properties.policy.\(path)") }

  private init(_ json: JSON) throws {
    guard let name = json["name"]?.string, Self.nameLength.contains(name.count) else { throw Self.refused("rules.name") }
    guard json["type"]?.string?.lowercased() == "lifecycle" else { throw Self.refused("rules.type") }
    guard let definition = json["definition"]?.object, let actions = definition.member(ignoringCase: "actions")?.object else {
      throw Self.refused("rules.definition")
    }
    self.name = name
    isEnabled = json["enabled"]?.boolean ?? true
    filters = try Filters(definition.member(ignoringCase: "filters"))
    baseBlob = try actions.member(ignoringCase: "baseBlob").map { try Actions($0, "baseBlob", known: Self.baseActions) }
    snapshot = try actions.member(ignoringCase: "snapshot").map { try Actions($0, "snapshot", known: Self.historyActions) }
    version = try actions.member(ignoringCase: "version").map { try Actions($0, "version", known: Self.historyActions) }
    guard baseBlob != nil || snapshot != nil || version != nil else { throw Self.refused("rules.definition.actions") }
  }

  var json: JSON {
    var actions = JSON.Object()
    actions["baseBlob"] = baseBlob?.json
    actions["snapshot"] = snapshot?.json
    actions["version"] = version?.json
    return [
      "name": .string(name), "enabled": .boolean(isEnabled), "type": "Lifecycle",
      "definition": ["actions": .object(actions), "filters": filters.json],
    ]
  }
}

extension LifecycleRule.Filters {
  private static let maximumPrefixes = 10
  private static let maximumTags = 10

  fileprivate init(_ json: JSON?) throws {
    func refused(_ name: String) -> CloudError { StorageAccountSettings.invalid("properties.policy.rules.definition.filters.\(name)") }
    let known = ["blockBlob", "appendBlob"]
    guard let types = json?["blobTypes"]?.array, !types.isEmpty else { throw refused("blobTypes") }
    blobTypes = try types.map { type in
      guard let found = known.first(where: { $0.lowercased() == type.string?.lowercased() }) else { throw refused("blobTypes") }
      return found
    }
    prefixes = try (json?["prefixMatch"]?.array ?? []).map { prefix in
      guard let text = prefix.string, !text.isEmpty, text.utf8.count <= 1024 else { throw refused("prefixMatch") }
      return text
    }
    tags = try (json?["blobIndexMatch"]?.array ?? []).map { match in
      guard let name = match["name"]?.string, let value = match["value"]?.string, match["op"]?.string == "==" else { throw refused("blobIndexMatch") }
      return LifecycleRule.TagMatch(name: name, value: value)
    }
    guard prefixes.count <= Self.maximumPrefixes else { throw refused("prefixMatch") }
    guard tags.count <= Self.maximumTags else { throw refused("blobIndexMatch") }
  }

  fileprivate var json: JSON {
    var object = JSON.Object([("blobTypes", .array(blobTypes.map { .string($0) }))])
    if !prefixes.isEmpty { object["prefixMatch"] = .array(prefixes.map { .string($0) }) }
    if !tags.isEmpty { object["blobIndexMatch"] = .array(tags.map { ["name": .string($0.name), "op": "==", "value": .string($0.value)] }) }
    return .object(object)
  }
}

extension LifecycleRule.Actions {
  fileprivate init(_ json: JSON, _ part: String, known: Set<String>) throws {
    func refused(_ name: String) -> CloudError { StorageAccountSettings.invalid("properties.policy.rules.definition.actions.\(part).\(name)") }
    guard let object = json.object else { throw refused("") }
    for (name, value) in object.members where value != .null {
      guard known.contains(name.lowercased()) else { throw refused(name) }
      if name.lowercased() == "enableautotiertohotfromcool" {
        guard let flag = value.boolean else { throw refused(name) }
        tiersToHotOnAccess = flag
        continue
      }
      let condition = try LifecycleRule.Condition(value, ofArchive: name.lowercased() == "tiertoarchive", refused: refused(name))
      // Of what was, nothing changes any longer.
      guard part == "baseBlob" || (condition.afterModification == nil && condition.afterLastAccess == nil) else { throw refused(name) }
      switch name.lowercased() {
      case "tiertohot": tierToHot = condition
      case "tiertocool": tierToCool = condition
      case "tiertocold": tierToCold = condition
      case "tiertoarchive": tierToArchive = condition
      default: delete = condition
      }
    }
    guard !tiersToHotOnAccess || tierToCool?.afterLastAccess != nil else { throw refused("enableAutoTierToHotFromCool") }
    guard tierToHot != nil || tierToCool != nil || tierToCold != nil || tierToArchive != nil || delete != nil else { throw refused("") }
  }

  fileprivate var json: JSON {
    var object = JSON.Object()
    object["tierToHot"] = tierToHot?.json
    object["tierToCool"] = tierToCool?.json
    object["tierToCold"] = tierToCold?.json
    object["tierToArchive"] = tierToArchive?.json
    object["delete"] = delete?.json
    if tiersToHotOnAccess { object["enableAutoTierToHotFromCool"] = true }
    return .object(object)
  }
}

extension LifecycleRule.Condition {
  private static let days = 0...99_999

  fileprivate init(_ json: JSON, ofArchive: Bool, refused: CloudError) throws {
    for (name, value) in json.object?.members ?? [] where value != .null {
      // Some clients write whole numbers as fractions.
      guard let days = value.number.flatMap({ Int(exactly: $0) }), Self.days.contains(days) else {
        throw refused
      }
      switch name.lowercased() {
      case "daysaftermodificationgreaterthan": afterModification = days
      case "daysaftercreationgreaterthan": afterCreation = days
      case "daysafterlastaccesstimegreaterthan": afterLastAccess = days
      case "daysafterlasttierchangegreaterthan": afterLastTierChange = days
      default: throw refused
      }
    }
    guard [afterModification, afterCreation, afterLastAccess].count(where: { $0 != nil }) == 1 else { throw refused }
    guard ofArchive || afterLastTierChange == nil else { throw refused }
  }

  fileprivate var json: JSON {
    var object = JSON.Object()
    object["daysAfterModificationGreaterThan"] = afterModification.map { .integer(Int64($0)) }
    object["daysAfterCreationGreaterThan"] = afterCreation.map { .integer(Int64($0)) }
    object["daysAfterLastAccessTimeGreaterThan"] = afterLastAccess.map { .integer(Int64($0)) }
    object["daysAfterLastTierChangeGreaterThan"] = afterLastTierChange.map { .integer(Int64($0)) }
    return .object(object)
  }
}
