public import Base
public import Records

/// Makes and removes the identities of resources. `Identity` is the one that can.
public protocol ManagedIdentities: Sendable {
  /// A new principal that speaks for a resource and has no credentials. `resourceID` is shown among its names.
  func makeManagedIdentity(
    displayName: String, resourceID: String, tenant: GUID, in transaction: RecordTransaction
  ) throws -> ManagedIdentity

  /// Removes it with all that it was granted; nothing where it is gone already.
  func removeManagedIdentity(_ principal: GUID, tenant: GUID, in transaction: RecordTransaction) throws
}

public struct ManagedIdentity: Hashable, Sendable {
  /// The object id of its service principal.
  public var principal: GUID
  /// Its client id.
  public var application: GUID

  public init(principal: GUID, application: GUID) {
    self.principal = principal
    self.application = application
  }
}
