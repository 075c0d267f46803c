internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Network/networkSecurityGroups`.
///
/// Source: Microsoft, "Network Security Groups", REST reference.
struct NetworkSecurityGroupType: EmbeddingType {
  let changes: NetworkChanges
  let random: any RandomSource
  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Network/networkSecurityGroups", apiVersions: NetworkProvider.apiVersions, showsETag: true,
    linkPermission: "Microsoft.Network/networkSecurityGroups/join/action")

  private static let ruleGroupsRole = "ruleApplicationGroup"

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    if change.existing == nil {
      try NetworkQuota.check(.networkSecurityGroups, change.context, in: transaction)
      try NetworkNames.check(change.id.name)
    }
    let kept = change.existing?.properties.object ?? JSON.Object()
    var properties = kept
    if let given = change.body.member("properties")?.object?.respelled(["securityRules", "flushConnection"]) {
      // A PUT that does not speak of rules has none; a PATCH leaves them.
      properties["securityRules"] = given["securityRules"] ?? (change.method == .patch ? kept["securityRules"] : [])
    }
    let location = change.body.member("location")?.string ?? change.existing?.location ?? ""
    properties = try checked(properties, id: change.id, location: location, existing: change.existing, change.context, in: transaction)
    return Resource(
      tenant: change.context.tenant, id: change.id, location: nil, properties: .object(properties), etag: .zero,
      createdTime: change.context.now, changedTime: change.context.now)
  }

  func checked(
    _ properties: JSON.Object, id: ResourceID, location: String, existing: Resource?, _ context: OperationContext, in transaction: RecordTransaction
  ) throws -> JSON.Object {
    var result = properties
    let children = result["securityRules"]?.array ?? []
    guard children.count <= NetworkLimits.maximumRulesPerGroup else {
      throw CloudError.quotaExceeded("SecurityRule", limit: NetworkLimits.maximumRulesPerGroup)
    }
    var rules: [SecurityRule] = []
    var kept: [JSON] = []
    for child in children {
      guard let name = child.member("name")?.string else { throw CloudError.missing("securityRules[].name", of: id) }
      try NetworkNames.check(name)
      let (rule, properties) = try SecurityRule.parse(name, child.member("properties"), of: id)
      if rules.contains(where: { $0.name.lowercased() == name.lowercased() }) {
        throw CloudError(400, "DuplicateResourceName", "Resource \(id) has two child resources with the same name (\(name)).")
      }
      if let other = rules.first(where: { $0.direction == rule.direction && $0.priority == rule.priority }) {
        throw CloudError(
          400, "SecurityRuleConflict",
          "Security rule \(name) conflicts with rule \(other.name). Rules cannot have the same Priority and Direction.")
      }
      for group in rule.sourceGroups + rule.destinationGroups {
        _ = try ResourceReference.resolve(
          ResourceReference.json(group), type: ApplicationSecurityGroupType.name, for: id, context, in: transaction)
      }
      rules.append(rule)
      kept.append(["name": .string(name), "properties": .object(properties)])
    }
    result["securityRules"] = .array(kept)
    if result["resourceGuid"] == nil { result["resourceGuid"] = .string(random.guid().description) }
    try ResourceLink.set(
      from: id, Self.ruleGroupsRole, to: rules.flatMap { $0.sourceGroups + $0.destinationGroups }, tenant: context.tenant, in: transaction)
    changes.notify(after: transaction)
    return result
  }

  /// The rules of a group in the order in which they decide, the default rules last.
  static func rules(of group: Resource) throws -> [SecurityRule] {
    let own = try (group.properties["securityRules"]?.array ?? []).compactMap { child -> SecurityRule? in
      guard let name = child["name"]?.string else { return nil }
      return try SecurityRule.parse(name, child["properties"], of: group.id).rule
    }
    return own.sorted { $0.priority < $1.priority } + SecurityRule.defaultRules
  }

  static func groups(namingInRules application: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [ResourceID] {
    try ResourceLink.sources(of: application, ruleGroupsRole, tenant: tenant, in: reader)
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    let users = try users(of: resource, in: transaction)
    guard users.isEmpty else {
      throw CloudError(
        400, "InUseNetworkSecurityGroupCannotBeDeleted",
        "Network security group \(resource.id) cannot be deleted because it is in use by the following resources: "
          + "\(users.map(\.description).joined(separator: ", ")). In order to delete the Network security group, remove the association with the "
          + "resource(s). To learn how to do this, see aka.ms/deletensg.")
    }
    changes.notify(after: transaction)
  }

  private func users(of resource: Resource, in reader: any RecordReader) throws -> [ResourceID] {
    try interfaces(of: resource, in: reader) + subnets(of: resource, in: reader)
  }

  private func interfaces(of resource: Resource, in reader: any RecordReader) throws -> [ResourceID] {
    try ResourceLink.sources(of: resource.id, NetworkInterfaceType.securityGroupRole, tenant: resource.tenant, in: reader)
  }

  private func subnets(of resource: Resource, in reader: any RecordReader) throws -> [ResourceID] {
    try VirtualNetworkType.networks(using: resource.id, tenant: resource.tenant, in: reader).flatMap { id -> [ResourceID] in
      let network = try VirtualNetwork.find(id, tenant: resource.tenant, in: reader)
      return (network?.subnets ?? []).filter { $0.securityGroup == resource.id }.map(\.id)
    }
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    shown["securityRules"] = .array(try SecurityRuleType(changes: changes, random: random).shownChildren(of: resource, in: reader))
    shown["defaultSecurityRules"] = .array(
      SecurityRule.defaults.map { rule in
        var properties = rule.properties.object ?? JSON.Object()
        properties["provisioningState"] = "Succeeded"
        return [
          "name": .string(rule.name), "id": .string("\(resource.id)/defaultSecurityRules/\(rule.name)"),
          "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules", "etag": .string("W/\"\(resource.etag)\""),
          "properties": .object(properties),
        ]
      })
    let (interfaces, subnets) = (try interfaces(of: resource, in: reader), try subnets(of: resource, in: reader))
    if !interfaces.isEmpty { shown["networkInterfaces"] = .array(interfaces.map { ResourceReference.json($0) }) }
    if !subnets.isEmpty { shown["subnets"] = .array(subnets.map { ResourceReference.json($0) }) }
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(shown)
  }
}

/// `Microsoft.Network/networkSecurityGroups/securityRules`.
struct SecurityRuleType: EmbeddedType {
  let changes: NetworkChanges
  let random: any RandomSource
  let member = "securityRules"
  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Network/networkSecurityGroups/securityRules", apiVersions: NetworkProvider.apiVersions, isTracked: false,
    supportsTags: false, showsETag: true)
  var parentType: any EmbeddingType { NetworkSecurityGroupType(changes: changes, random: random) }

  func checkRemoval(_ id: ResourceID, parent: Resource, in reader: any RecordReader) throws {}

  func shown(_ properties: JSON, id: ResourceID, parent: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = properties.object ?? JSON.Object()
    shown["provisioningState"] = .string(parent.provisioningState.rawValue)
    return .object(shown)
  }
}

/// `Microsoft.Network/applicationSecurityGroups`: a name for interfaces, which rules use in place of addresses.
struct ApplicationSecurityGroupType: ResourceType {
  static let name = "Microsoft.Network/applicationSecurityGroups"
  let changes: NetworkChanges
  let random: any RandomSource
  let descriptor = ResourceTypeDescriptor(
    type: name, apiVersions: NetworkProvider.apiVersions, showsETag: true, linkPermission: "\(name)/joinIpConfiguration/action")

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    if change.existing == nil {
      try NetworkQuota.check(.applicationSecurityGroups, change.context, in: transaction)
      try NetworkNames.check(change.id.name)
    }
    let guid = change.existing?.properties["resourceGuid"] ?? .string(random.guid().description)
    return Resource(
      tenant: change.context.tenant, id: change.id, location: nil, properties: ["resourceGuid": guid], etag: .zero,
      createdTime: change.context.now, changedTime: change.context.now)
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    let users =
      try ResourceLink.sources(of: resource.id, NetworkInterfaceType.applicationGroupRole, tenant: resource.tenant, in: transaction)
      + NetworkSecurityGroupType.groups(namingInRules: resource.id, tenant: resource.tenant, in: transaction)
    guard users.isEmpty else {
      throw CloudError(
        400, "InUseApplicationSecurityGroupCannotBeDeleted",
        "Application security group \(resource.id) cannot be deleted because it is in use by the following resources: "
          + "\(users.map(\.description).joined(separator: ", ")).")
    }
  }
}
