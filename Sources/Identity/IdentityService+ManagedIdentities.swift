public import Base
public import Records
internal import Wire

/// Identities that the platform gives to resources, and whose tokens it hands out itself: nobody holds a credential of theirs.
extension IdentityService {
  /// The type that Graph shows of such a service principal.
  fileprivate static let managedIdentity = "ManagedIdentity"

  /// Makes the identity of a resource. `resourceID` is shown among its names, as Azure shows it.
  public func createManagedIdentity(
    displayName: String, resourceID: String, tenant: GUID, in transaction: RecordTransaction
  ) throws -> ServicePrincipal {
    let appID = random.guid()
    var principal = ServicePrincipal(
      id: random.guid(), tenant: tenant, appID: appID, displayName: displayName, servicePrincipalNames: [appID.description],
      servicePrincipalType: Self.managedIdentity, appOwnerOrganizationID: tenant, created: clock.now())
    principal.tags = ["isExplicit=False", resourceID]
    guard try transaction.insert(principal) else { throw DirectoryErrors.conflict("id") }
    return principal
  }

  /// A token that speaks for a managed identity. Throws 400 `invalid_resource` for a resource that nobody knows, 404 where there is no such identity.
  public func managedIdentityToken(_ id: GUID, tenant: GUID, resource: String) async throws -> ManagedIdentityToken {
    let address = address
    let found = try await records.read { [self] reader -> (ServicePrincipal, TokenResource)? in
      guard let principal = try servicePrincipal(id, tenant: tenant, in: reader), principal.servicePrincipalType == Self.managedIdentity,
        principal.accountEnabled
      else { return nil }
      guard let target = try TokenResource.find(resource, tenant: tenant, address: address, in: reader) else {
        throw CloudError(
          400, "invalid_resource",
          "AADSTS500011: The resource principal named \(resource) was not found in the tenant named \(tenant).")
      }
      return (principal, target)
    }
    guard let (principal, target) = found else { throw CloudError(404, "not_found", "Identity not found") }
    let now = clock.now().seconds
    return ManagedIdentityToken(
      token: try issueApplicationToken(to: principal, for: target), clientID: principal.appID, notBefore: now,
      expires: now + IdentityLimits.accessTokenSeconds, lifetimeSeconds: IdentityLimits.accessTokenSeconds)
  }
}

/// A token of a managed identity, with what the metadata service tells of it.
public struct ManagedIdentityToken: Sendable {
  public var token: String
  public var clientID: GUID
  /// Seconds since 1970.
  public var notBefore: Int64
  public var expires: Int64
  public var lifetimeSeconds: Int64
}

extension ServicePrincipal {
  /// Whether it is the identity of a resource, which comes and goes with that resource.
  public var isManagedIdentity: Bool { servicePrincipalType == IdentityService.managedIdentity }
}
