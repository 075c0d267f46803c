internal import Access
internal import Base
internal import Records
internal import Wire

/// `Microsoft.ManagedIdentity/userAssignedIdentities`: an identity that several resources can act as, and that is there before they are.
///
/// Source: Microsoft, "User Assigned Identities", REST reference of Managed Identity.
struct UserAssignedIdentityType: ResourceType {
  let identities: any ManagedIdentities

  private static let nameLength = 3...128

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: ManagedServiceIdentity.userAssignedType,
      apiVersions: ["2024-11-30", "2023-01-31", "2022-01-31-preview", "2021-09-30-preview", "2018-11-30", "2015-08-31-preview"],
      linkPermission: "\(ManagedServiceIdentity.userAssignedType)/assign/action")
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    if let existing = change.existing { return existing }
    let (id, context) = (change.id, change.context)
    guard Self.isValid(id.name) else {
      throw CloudError(
        400, "BadRequest",
        "The resource name '\(id.name.prefix(Self.nameLength.upperBound))' is not valid. Identity names must be between 3 and 128 characters of letters, "
          + "digits, '-' and '_', and begin with a letter or digit.")
    }
    let identity = try identities.makeManagedIdentity(
      displayName: id.name, resourceID: id.description, tenant: context.tenant, in: transaction)
    return Resource(
      tenant: context.tenant, id: id, location: nil,
      properties: [
        "tenantId": .string(context.tenant.description), "principalId": .string(identity.principal.description),
        "clientId": .string(identity.application.description),
      ], etag: .zero, createdTime: context.now, changedTime: context.now)
  }

  private static func isValid(_ name: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: false
      }
    }
    return nameLength.contains(name.utf8.count) && name.utf8.first.map(isAlphanumeric) ?? false
      && name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
  }

  /// Resources that act as it can do so no longer.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard let principal = resource.properties["principalId"]?.string.flatMap({ GUID($0) }) else { return }
    try identities.removeManagedIdentity(principal, tenant: resource.tenant, in: transaction)
  }
}
