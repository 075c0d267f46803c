public import Base

/// What a customer's key is used for, and for whom: it stands in the ledger, and an external key's owner decides by it.
public struct CustomerKeyUse: Hashable, Sendable {
  /// What a data key that a customer's key wraps is for. Policies of external keys allow these one by one, so that their names never change.
  public enum Reason: String, Hashable, Sendable, Codable, CaseIterable {
    /// Reading and writing the data of a storage account.
    case storageData
    /// Opening a disk for a machine, a copy or an export.
    case diskData
    /// Reading and writing a tenant's records in the control plane.
    case tenantRecords
  }

  public var reason: Reason
  public var tenant: GUID
  /// The id of the resource whose data it is.
  public var subject: String
  /// The principal that must have the right to use the key: the managed identity of the resource.
  public var identity: GUID
  /// The principal whose request needs the data; nil for work of the platform's own.
  public var caller: GUID?
  /// The request that needs the data; nil for work of the platform's own.
  public var request: GUID?

  public init(reason: Reason, tenant: GUID, subject: String, identity: GUID, caller: GUID? = nil, request: GUID? = nil) {
    self.reason = reason
    self.tenant = tenant
    self.subject = subject
    self.identity = identity
    self.caller = caller
    self.request = request
  }
}
