internal import Base
internal import Records
internal import Wire

/// The deletion of a group: one resource after the other, each in a transaction of its own, then the group.
extension ResourceManager {
  /// Deletes one resource of the group or, once it is empty, the group.
  func deleteNext(of operation: LongRunningOperation) async throws -> Step {
    let group = operation.target.resourceGroup ?? ""
    let (leaves, isWaiting) = try await records.read { try Self.leaves(of: operation, in: $0) }
    if leaves.isEmpty, !isWaiting {
      try await finish(operation, group: group)
      return .ended
    }
    // One that is refused, because another needs it, may go once the other is gone.
    var refusal: CloudError?
    var started = false
    for leaf in leaves {
      do {
        let takesTime = try await delete(leaf, of: operation)
        if !takesTime { return .again(after: .zero) }
        started = true
      } catch let error as CloudError where error.status < 500 {
        refusal = error
        if !isWaiting { await recordFailure(stepContext(operation, leaf), error) }
      }
    }
    if started || isWaiting { return .again(after: .milliseconds(ResourceManagerLimits.deletionPollMilliseconds)) }
    if let refusal { try await fail(operation, group: group, refusal) }
    return .ended
  }

  /// Resources of the group that have none below them and are not being deleted, and whether some are.
  private static func leaves(
    of operation: LongRunningOperation, in reader: any RecordReader
  ) throws -> (leaves: [Resource], isWaiting: Bool) {
    let found = try reader.list(
      Resource.self, under: Resource.key(tenant: operation.tenant, operation.target), limit: ResourceManagerLimits.maximumDeletionCandidates)
    let leaves = try found.indices.filter { index in
      // Keys order a parent right before what lies below it.
      if index + 1 < found.count { return !found[index + 1].key.components.starts(with: found[index].key.components) }
      return try reader.count(Resource.self, under: found[index].key, limit: 2) == 1
    }.map { found[$0] }
    let idle = try leaves.filter { leaf in
      try leaf.provisioningState.isFinal
        || !LongRunningOperation.pending(leaf.id, tenant: leaf.tenant, in: reader).contains { $0.work == .deleteResource }
    }
    return (idle, idle.count < leaves.count)
  }

  private func stepContext(_ operation: LongRunningOperation, _ resource: Resource) -> ArmContext {
    var context = operation.context(now: clock.now(), requestID: random.guid())
    context.permission = "\(resource.id.type ?? "")/delete"
    context.resourceID = resource.id.description
    return context
  }

  /// Tells whether the deletion goes on as an operation of its own.
  private func delete(_ resource: Resource, of operation: LongRunningOperation) async throws -> Bool {
    let context = stepContext(operation, resource)
    let entryID = random.guid()
    return try await records.write { [self] transaction in
      // Another step may have taken it meanwhile: then there is nothing to do.
      guard let current = try transaction.fetch(Resource.self, resource.key) else { return false }
      if try beginDeletion(current, context, in: transaction) != nil { return true }
      try remove(current, context, in: transaction)
      try context.entry(.succeeded, 200, operationID: operation.id, id: entryID).record(in: transaction)
      return false
    }
  }
  private func finish(_ operation: LongRunningOperation, group name: String) async throws {
    let context = operation.context(now: clock.now(), requestID: random.guid())
    let entryID = random.guid()
    try await records.write { [self] transaction in
      guard var current = try transaction.fetch(LongRunningOperation.self, operation.key), !current.status.isTerminal else { return }
      guard try transaction.count(Resource.self, under: Resource.key(tenant: operation.tenant, operation.target), limit: 1) == 0 else { return }
      let key = ResourceGroup.key(tenant: operation.tenant, operation.subscription, name)
      if let group = try transaction.fetch(ResourceGroup.self, key) {
        try removeAssignments(at: operation.target, tenant: operation.tenant, in: transaction)
        for assignment in try PolicyAssignment.below(operation.target, tenant: operation.tenant, in: transaction) {
          try transaction.remove(PolicyAssignment.self, assignment.key)
        }
        for deployment in try transaction.list(
          Deployment.self, under: RecordKey(tenant: operation.tenant, operation.target.canonical), limit: ResourceManagerLimits.maximumDeployments)
        {
          try transaction.remove(Deployment.self, deployment.key)
        }
        try transaction.remove(GroupDeletion.self, GroupDeletion.key(group))
        try transaction.remove(ResourceGroup.self, key)
      }
      current.status = .succeeded
      current.endTime = context.now
      try transaction.save(current)
      try context.entry(.succeeded, 200, operationID: operation.id, id: entryID).record(in: transaction)
    }
  }

  /// The group stays with what could not be deleted, and takes writes again.
  private func fail(_ operation: LongRunningOperation, group name: String, _ refusal: CloudError) async throws {
    let context = operation.context(now: clock.now(), requestID: random.guid())
    let entryID = random.guid()
    try await records.write { transaction in
      guard var current = try transaction.fetch(LongRunningOperation.self, operation.key), !current.status.isTerminal else { return }
      let key = ResourceGroup.key(tenant: operation.tenant, operation.subscription, name)
      if var group = try transaction.fetch(ResourceGroup.self, key) {
        group.provisioningState = .succeeded
        group.changedTime = context.now
        try transaction.save(group)
        try transaction.remove(GroupDeletion.self, GroupDeletion.key(group))
      }
      let error = CloudError(
        409, "ResourceGroupDeletionBlocked",
        "Deletion of resource group '\(name)' failed as resources in it could not be deleted: \(refusal.message)",
        details: [refusal])
      current.status = .failed
      current.endTime = context.now
      current.failure = LongRunningOperation.Failure(error)
      try transaction.save(current)
      try context.entry(.failed, error.status, error: error, operationID: operation.id, id: entryID).record(in: transaction)
    }
  }
}
