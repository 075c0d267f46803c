package import Base
internal import Logging
internal import Records
package import Wire

/// The end of a tenant: what it has leaves the world by the deletion of every group, as its own administrator would delete them.
extension ResourceManager {
  /// Resources of a tenant whose type nobody serves here, so that nobody could take what they stand for out of the world.
  package func unservedResources(of tenant: GUID) async throws -> [ResourceID] {
    var unserved: [ResourceID] = []
    var last: RecordKey?
    while true {
      let after = last
      let page = try await records.read {
        try $0.list(Resource.self, under: RecordKey(tenant: tenant), after: after, limit: ResourceManagerLimits.maximumPageItems)
      }
      unserved += page.map(\.id).filter { catalog.type($0.type ?? "") == nil }
      guard page.count == ResourceManagerLimits.maximumPageItems, unserved.count < page.count else { return unserved }
      last = page.last?.key
    }
  }

  /// Begins the deletion of every group that a tenant has, whatever locks it, and gives what is still there or under way. To be called again until that
  /// is nothing.
  package func clear(_ tenant: GUID) async throws -> [ResourceID] {
    try await unlock(tenant)
    let groups = try await records.read {
      try $0.list(ResourceGroup.self, under: RecordKey(tenant: tenant), limit: ResourceManagerLimits.maximumPageItems)
    }
    for group in groups where group.provisioningState != .deleting {
      do {
        _ = try await deleteGroup(group.name, endingContext(group))
      } catch let error as CloudError where error.status < 500 {
        logger.notice("a group of an ended tenant stays for now", metadata: ["group": "\(group.id)", "reason": "\(error)"])
      }
    }
    try await endDeployments(of: tenant)
    let (left, pending) = try await records.read { reader in
      let left = try reader.list(ResourceGroup.self, under: RecordKey(tenant: tenant), limit: ResourceManagerLimits.maximumPageItems)
      let pending = try reader.list(
        LongRunningOperation.self, index: LongRunningOperation.pendingIndex, [], tenant: .zero, limit: ResourceManagerLimits.maximumScannedRecords)
      return (left.map(\.id), pending.filter { $0.tenant == tenant }.map(\.target))
    }
    return left + pending.filter { !left.contains($0) }
  }

  /// What is deployed there would never be there: its keys are gone, and so is what the deployment was to do.
  private func endDeployments(of tenant: GUID) async throws {
    for operation in try await pendingOperations() where operation.tenant == tenant && operation.work == .deploy {
      try await end(operation, failure: CloudError(409, "DeploymentCanceled", "The deployment was canceled: its tenant has ended."))
    }
  }

  /// Locks are the tenant's own protection, and a disabled subscription takes no deletions.
  private func unlock(_ tenant: GUID) async throws {
    let limit = RecordLimits.maximumRemovalsPerTransaction
    let isLocked = try await records.read { reader in
      let subscriptions = try reader.list(Subscription.self, under: RecordKey(tenant: tenant), limit: ResourceManagerLimits.maximumPageItems)
      return try subscriptions.contains { $0.state != .enabled } || reader.count(Lock.self, under: RecordKey(tenant: tenant), limit: 1) > 0
    }
    guard isLocked else { return }
    try await records.write { transaction in
      try transaction.removeAll(Lock.self, under: RecordKey(tenant: tenant), limit: limit)
      for var subscription in try transaction.list(
        Subscription.self, under: RecordKey(tenant: tenant), limit: ResourceManagerLimits.maximumPageItems) where subscription.state != .enabled
      {
        subscription.state = .enabled
        try transaction.save(subscription)
      }
    }
  }

  private func endingContext(_ group: ResourceGroup) -> ArmContext {
    let id = random.guid()
    return ArmContext(
      principal: Principal(kind: .servicePrincipal, tenant: group.tenant), subscription: group.subscription,
      permission: "Microsoft.Resources/subscriptions/resourceGroups/delete", resourceID: group.id.description, apiVersion: "2024-11-01",
      requestID: id, correlationID: id, clientAddress: "", method: "DELETE", now: clock.now(), url: "", query: Query())
  }
}
