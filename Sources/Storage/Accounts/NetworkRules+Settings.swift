internal import Base
internal import Wire

/// Network rules as Resource Manager takes and shows them (`networkAcls`, `publicNetworkAccess`).
///
/// Source: Microsoft, "Storage Accounts - Create", REST reference of the storage resource provider, `NetworkRuleSet`.
extension NetworkRules {
  private static let bypasses = ["None", "Logging", "Metrics", "AzureServices"]
  /// Rules of one account.
  private static let maximumRanges = 400

  /// What stored settings say; nil where they let everybody in.
  init?(_ settings: JSON.Object) {
    let rules = settings["networkAcls"]
    self.init(
      isPublic: settings["publicNetworkAccess"]?.string != "Disabled", allowsByDefault: rules?["defaultAction"]?.string != "Deny",
      ranges: rules?["ipRules"]?.array?.compactMap { $0["value"]?.string.flatMap { IPv4Prefix($0) } } ?? [],
      admitsServices: rules?["bypass"]?.string?.contains("AzureServices") ?? true)
    guard !isPublic || !allowsByDefault else { return nil }
  }

  /// `networkAcls` of a request, where what it leaves out stays as `stored`. Throws Azure's errors for rules that cannot be, and refuses those that
  /// could not be kept.
  static func setting(_ value: JSON, over stored: JSON?) throws -> JSON {
    guard let object = value.object else { throw StorageAccountSettings.invalid("networkAcls") }
    func given(_ name: String) -> JSON? {
      object.member(ignoringCase: name).flatMap { $0 == .null ? nil : $0 }
    }
    let action = given("defaultAction")?.string ?? stored?["defaultAction"]?.string ?? "Allow"
    guard let action = ["Allow", "Deny"].first(where: { $0.lowercased() == action.lowercased() }) else {
      throw StorageAccountSettings.invalid("networkAcls.defaultAction")
    }
    for (list, feature) in [
      ("virtualNetworkRules", "Virtual network rule"), ("resourceAccessRules", "Resource access rule"), ("ipv6Rules", "IPv6 rule"),
    ] {
      guard let rules = given(list) else { continue }
      guard let array = rules.array else { throw StorageAccountSettings.invalid("networkAcls.\(list)") }
      guard array.isEmpty else { throw StorageAccountSettings.unsupported(feature, "properties.networkAcls.\(list)") }
    }
    let rules = try given("ipRules").map { try ranges($0) } ?? stored?["ipRules"] ?? []
    return [
      "bypass": .string(try bypass(given("bypass") ?? stored?["bypass"] ?? "AzureServices")), "virtualNetworkRules": [], "ipRules": rules,
      "defaultAction": .string(action),
    ]
  }

  private static func ranges(_ value: JSON) throws -> JSON {
    guard let array = value.array, array.count <= maximumRanges else { throw StorageAccountSettings.invalid("networkAcls.ipRules") }
    var seen: Set<IPv4Prefix> = []
    return .array(
      try array.map { rule in
        let path = "networkAcls.ipRule[*].value"
        guard let object = rule.object, let text = object.member(ignoringCase: "value")?.string, let prefix = IPv4Prefix(text) else {
          throw StorageAccountSettings.invalid(path)
        }
        // Single addresses are written without a length, and there is no rule for two.
        guard !text.contains("/") || prefix.length <= 30, seen.insert(prefix).inserted else { throw StorageAccountSettings.invalid(path) }
        guard object.member(ignoringCase: "action")?.string?.lowercased() ?? "allow" == "allow" else {
          throw StorageAccountSettings.invalid("networkAcls.ipRule[*].action")
        }
        return ["value": .string(text), "action": "Allow"]
      })
  }

  private static func bypass(_ value: JSON) throws -> String {
    let words = (value.string ?? "").split(separator: ",").map { String($0).trimmingSpaces.lowercased() }
    let known = bypasses.filter { words.contains($0.lowercased()) }
    guard !known.isEmpty, known.count == words.count, !known.contains("None") || known.count == 1 else {
      throw StorageAccountSettings.invalid("networkAcls.bypass")
    }
    return known.joined(separator: ", ")
  }
}

extension SignaturePolicy {
  /// What stored settings say; nil where they say nothing.
  init?(_ settings: JSON.Object) {
    guard let policy = settings["sasPolicy"], let seconds = policy["sasExpirationPeriod"]?.string.flatMap({ SignaturePolicy.seconds($0) }) else {
      return nil
    }
    self.init(maximumSeconds: seconds, blocks: policy["expirationAction"]?.string == "Block")
  }
}
