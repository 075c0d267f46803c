public import Base
public import Records

/// What a tenant has in the world (machines, networks, accounts), as the composition root takes it away: everything by the way of its own deletion.
public protocol TenantResources: Sendable {
  /// Ids of resources that nobody serves in this process, so that what they stand for could not be taken out of the world.
  func unserved(of tenant: GUID) async throws -> [String]
  /// In the transaction that destroys the tenant's keys: whoever keeps opened ones in memory forgets them with its commit.
  func forget(_ tenant: GUID, in transaction: RecordTransaction) throws
  /// Begins the deletion of all that is there, and gives the ids of what is still there: to be called again until that is nothing.
  func clear(_ tenant: GUID) async throws -> [String]
}

/// Of a tenant that never had any.
struct NoTenantResources: TenantResources {
  func unserved(of tenant: GUID) async throws -> [String] { [] }
  func forget(_ tenant: GUID, in transaction: RecordTransaction) throws {}
  func clear(_ tenant: GUID) async throws -> [String] { [] }
}
