public import Base

/// What a tenant has granted to one operator: a look at one scope, until an instant.
public struct OperatorGrant: Sendable, Equatable {
  /// The request that the tenant approved.
  public var request: GUID
  public var tenant: GUID
  public var operatorID: GUID
  /// The id of the resource, or of the group, that it reaches.
  public var scope: String
  public var ends: Timestamp

  public init(request: GUID, tenant: GUID, operatorID: GUID, scope: String, ends: Timestamp) {
    self.request = request
    self.tenant = tenant
    self.operatorID = operatorID
    self.scope = scope
    self.ends = ends
  }
}

/// Who says whether a call is covered by a tenant's grant.
public protocol GrantGuard: Sendable {
  /// The grant that covers this call, with its use entered in the tenant's ledger before this returns. Throws the 403 `CloudError` where there is none.
  func use(_ call: OperatorCall) async throws -> OperatorGrant
}
