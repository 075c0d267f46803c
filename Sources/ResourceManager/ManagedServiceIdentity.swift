public import Access
public import Base
public import Records
public import Wire

/// The `identity` of resources: one of their own, and ones that were made by themselves (`Microsoft.ManagedIdentity/userAssignedIdentities`).
///
/// Source: Microsoft, "ManagedServiceIdentity", REST reference of Resource Manager.
public struct ManagedServiceIdentity: Sendable {
  public static let userAssignedType = "Microsoft.ManagedIdentity/userAssignedIdentities"
  /// Identities of one resource.
  static let maximumUserAssigned = 100

  private let identities: any ManagedIdentities

  public init(_ identities: any ManagedIdentities) {
    self.identities = identities
  }

  /// The principal as which a resource acts: its own or, where one is named, that user-assigned one. Nil where it has none such.
  public static func principal(of identity: JSON?, userAssigned: String?) -> GUID? {
    guard let userAssigned else { return identity?["principalId"]?.string.flatMap { GUID($0) } }
    let entry = identity?["userAssignedIdentities"]?.object?.members.first { $0.name.equalsIgnoringASCIICase(userAssigned) }
    return entry?.value["principalId"]?.string.flatMap { GUID($0) }
  }

  // MARK: Changing

  /// What of a resource's identity there will be that is there already: one of its own that is still to be made is not.
  public static func announced(
    _ given: JSON, from existing: JSON?, of id: ResourceID, tenant: GUID, in reader: any RecordReader
  ) throws -> JSON? {
    let (hasOwn, hasAssigned) = try kinds(given)
    var shown = JSON.Object()
    if hasOwn { shown["principalId"] = existing?["principalId"] }
    if hasAssigned { shown["userAssignedIdentities"] = try assigned(given, existing, of: id, tenant: tenant, in: reader) }
    return .object(shown)
  }

  /// What a resource's identity becomes. `given` is the member of the request; nil where it has none. Throws 400.
  public func changed(
    _ given: JSON?, from existing: JSON?, of id: ResourceID, tenant: GUID, in transaction: RecordTransaction
  ) throws -> JSON? {
    guard let given, given != .null else { return existing }
    let (hasOwn, hasAssigned) = try Self.kinds(given)
    let own = existing?["principalId"]?.string.flatMap { GUID($0) }
    var shown = JSON.Object()
    shown["type"] = .string([hasOwn ? "SystemAssigned" : nil, hasAssigned ? "UserAssigned" : nil].compactMap { $0 }.joined(separator: ","))
    if hasOwn {
      let principal =
        try own ?? identities.makeManagedIdentity(displayName: id.name, resourceID: id.description, tenant: tenant, in: transaction).principal
      shown["principalId"] = .string(principal.description)
      shown["tenantId"] = .string(tenant.description)
    } else if let own {
      try identities.removeManagedIdentity(own, tenant: tenant, in: transaction)
    }
    if hasAssigned { shown["userAssignedIdentities"] = try Self.assigned(given, existing, of: id, tenant: tenant, in: transaction) }
    return hasOwn || hasAssigned ? .object(shown) : nil
  }

  /// Removes what belongs to a resource that goes.
  public func removed(_ resource: Resource, in transaction: RecordTransaction) throws {
    guard let own = Self.principal(of: resource.identity, userAssigned: nil) else { return }
    try identities.removeManagedIdentity(own, tenant: resource.tenant, in: transaction)
  }

  private static func kinds(_ given: JSON) throws -> (hasOwn: Bool, hasAssigned: Bool) {
    let type = given.object?.member(ignoringCase: "type")?.string ?? ""
    let words = type.lowercased().split(separator: ",").map { $0.filter { $0 != " " } }
    switch words {
    case ["none"]: return (false, false)
    case ["systemassigned"]: return (true, false)
    case ["userassigned"]: return (false, true)
    case ["systemassigned", "userassigned"], ["userassigned", "systemassigned"]: return (true, true)
    default:
      throw CloudError(400, "InvalidIdentityType", "The identity type '\(type.prefix(64))' is not valid.", target: "identity.type")
    }
  }

  /// A name with null takes an identity away; one that is not named stays.
  private static func assigned(
    _ given: JSON, _ existing: JSON?, of id: ResourceID, tenant: GUID, in reader: any RecordReader
  ) throws -> JSON {
    var result = existing?["userAssignedIdentities"]?.object ?? JSON.Object()
    for (name, value) in given.object?.member(ignoringCase: "userAssignedIdentities")?.object?.members ?? [] {
      let spelled = result.members.first { $0.name.equalsIgnoringASCIICase(name) }?.name ?? name
      if value == .null {
        result[spelled] = nil
        continue
      }
      // In another subscription, who writes here may not even know of it.
      guard let target = ResourceID(name), target.type?.equalsIgnoringASCIICase(userAssignedType) ?? false, target.subscription == id.subscription,
        let found = try reader.fetch(Resource.self, Resource.key(tenant: tenant, target))
      else { throw failed(id, "Resource '\(name.prefix(256))' was not found.") }
      result[spelled] = ["principalId": found.properties["principalId"] ?? .null, "clientId": found.properties["clientId"] ?? .null]
    }
    guard !result.members.isEmpty, result.members.count <= maximumUserAssigned else {
      throw failed(id, "The identity type 'UserAssigned' needs between 1 and \(maximumUserAssigned) user-assigned identities.")
    }
    return .object(result)
  }

  private static func failed(_ id: ResourceID, _ why: String) -> CloudError {
    CloudError(
      400, "FailedIdentityOperation",
      "Identity operation for resource '\(id)' failed with error 'Failed to perform resource identity operation. \(why)'.")
  }
}
