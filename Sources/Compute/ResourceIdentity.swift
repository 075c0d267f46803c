internal import Access
internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// The identity that the platform gives to a resource where its body asks for one.
enum ResourceIdentity {
  /// The `identity` member that a changed resource has. Makes or removes the principal behind it.
  static func settle(_ change: ResourceChange, _ identities: any ManagedIdentities, in transaction: RecordTransaction) throws -> JSON? {
    guard let given = change.body.member("identity"), !given.isNull else { return change.existing?.identity }
    let type = given.member("type")?.string ?? "None"
    switch type.lowercased() {
    case "none":
      try remove(change.existing?.identity, identities, tenant: change.context.tenant, in: transaction)
      return nil
    case "systemassigned":
      if principal(change.existing?.identity) != nil { return change.existing?.identity }
      let made = try identities.makeManagedIdentity(
        displayName: change.id.name, resourceID: change.id.description, tenant: change.context.tenant, in: transaction)
      return [
        "type": "SystemAssigned", "principalId": .string(made.principal.description), "tenantId": .string(change.context.tenant.description),
        "clientId": .string(made.application.description),
      ]
    default:
      throw CloudError.invalidParameter("identity.type", "The identity type '\(type)' is not served by this cloud: only SystemAssigned is.")
    }
  }

  static func principal(_ identity: JSON?) -> GUID? { identity?["principalId"]?.string.flatMap { GUID($0) } }

  static func remove(_ identity: JSON?, _ identities: any ManagedIdentities, tenant: GUID, in transaction: RecordTransaction) throws {
    guard let principal = principal(identity) else { return }
    try identities.removeManagedIdentity(principal, tenant: tenant, in: transaction)
  }
}
