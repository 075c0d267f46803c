package import Base

/// What one principal may do in a vault that goes by access policies and not by roles.
///
/// Source: Microsoft, "AccessPolicyEntry", REST reference of the Key Vault resource provider.
package struct AccessPolicy: Codable, Sendable, Equatable {
  package var tenant: GUID
  package var objectID: GUID
  package var applicationID: GUID?
  /// Names of permissions as they were written; compared without regard to case. `all` stands for every one.
  package var keys: [String]
  package var secrets: [String]
  package var certificates: [String]
  /// Kept and shown; nothing of the storage kind is served.
  package var storage: [String]

  package init(
    tenant: GUID, objectID: GUID, applicationID: GUID? = nil, keys: [String] = [], secrets: [String] = [], certificates: [String] = [],
    storage: [String] = []
  ) {
    self.tenant = tenant
    self.objectID = objectID
    self.applicationID = applicationID
    self.keys = keys
    self.secrets = secrets
    self.certificates = certificates
    self.storage = storage
  }

  func permissions(on collection: VaultCollection) -> [String] {
    switch collection {
    case .keys: keys
    case .secrets: secrets
    case .certificates: certificates
    }
  }

  /// Whether it speaks for the principal, directly or as a group.
  package func speaks(for principal: Principal) -> Bool {
    guard tenant == principal.tenant, objectID == principal.objectID || principal.groups.contains(objectID) else { return false }
    return applicationID.map { $0 == principal.applicationID } ?? true
  }
}
