internal import Base
internal import Records
package import Wire

extension ResourceManager {
  package func group(_ name: String, _ context: ArmContext) async throws -> ResourceGroup {
    try await records.read { try Self.requireGroup(name, context, in: $0) }
  }

  static func requireGroup(_ name: String, _ context: ArmContext, in reader: any RecordReader) throws -> ResourceGroup {
    let subscription = context.subscription ?? .zero
    if let group = try reader.fetch(ResourceGroup.self, ResourceGroup.key(tenant: context.tenant, subscription, name)) { return group }
    _ = try requireSubscription(subscription, context.tenant, in: reader)
    throw CloudError.groupNotFound(name)
  }

  /// The group of a request that changes something in it.
  static func requireWritableGroup(_ name: String, _ context: ArmContext, in reader: any RecordReader) throws -> ResourceGroup {
    let group = try requireGroup(name, context, in: reader)
    guard group.provisioningState != .deleting else { throw CloudError.groupBeingDeleted(group.name) }
    return group
  }

  /// Makes or replaces a group; tells whether it was made.
  package func putGroup(_ name: String, body: JSON, _ context: ArmContext) async throws -> (group: ResourceGroup, created: Bool) {
    let etag = random.guid()
    return try await change(context) { [locations] transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      let subscription = context.subscription ?? .zero
      let existing = try transaction.fetch(ResourceGroup.self, ResourceGroup.key(tenant: context.tenant, subscription, name))
      if existing == nil { try ResourceGroup.checkName(name) }
      if existing?.provisioningState == .deleting { throw CloudError.groupBeingDeleted(name) }
      if let existing { try Self.requireWritable(existing.id, context, in: transaction) }
      guard let object = body.object else { throw CloudError.invalidRequestContent("A JSON object is expected.") }
      guard let wanted = object.member(ignoringCase: "location")?.string else { throw CloudError.locationRequired() }
      let location = Location.normalized(wanted)
      guard locations.contains(where: { $0.name == location }) else {
        throw CloudError.locationNotAvailableForGroup(wanted, available: locations.map(\.name))
      }
      if let existing, existing.location != location {
        throw CloudError(
          409, "InvalidResourceGroupLocation",
          "Invalid resource group location '\(wanted)'. The Resource group already exists in location '\(existing.location)'.")
      }
      if existing == nil {
        let place = RecordKey(tenant: context.tenant, subscription.description)
        let limit = ResourceManagerLimits.maximumGroupsPerSubscription
        guard try transaction.list(ResourceGroup.self, under: place, limit: limit).count < limit else {
          throw CloudError(
            409, "ResourceGroupQuotaExceeded",
            "Creating the resource group of '\(name)' would exceed the quota of '\(limit)'. The number of resource groups is '\(limit)'.")
        }
      }
      let group = ResourceGroup(
        tenant: context.tenant, subscription: subscription, name: existing?.name ?? name, location: location,
        tags: try Tags.parse(member: object.member(ignoringCase: "tags")) ?? [:],
        managedBy: object.member(ignoringCase: "managedBy")?.string ?? existing?.managedBy, provisioningState: .succeeded, etag: etag,
        createdTime: existing?.createdTime ?? context.now, changedTime: context.now)
      try transaction.save(group)
      return ((group, existing == nil), existing == nil ? 201 : 200)
    }
  }

  /// Changes what the body names: `tags` as a whole, `managedBy`.
  package func patchGroup(_ name: String, body: JSON, _ context: ArmContext) async throws -> ResourceGroup {
    let etag = random.guid()
    return try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      var group = try Self.requireWritableGroup(name, context, in: transaction)
      try Self.requireWritable(group.id, context, in: transaction)
      guard let object = body.object else { throw CloudError.invalidRequestContent("A JSON object is expected.") }
      if let tags = try Tags.parse(member: object.member(ignoringCase: "tags")) { group.tags = tags }
      if let managedBy = object.member(ignoringCase: "managedBy")?.string { group.managedBy = managedBy }
      group.etag = etag
      group.changedTime = context.now
      try transaction.save(group)
      return (group, 200)
    }
  }

  /// Groups of a subscription in the order of their names, from behind `after`, as many as a page has.
  package func groups(
    _ context: ArmContext, filter: ODataFilter?, after: String?, limit: Int
  ) async throws -> (groups: [ResourceGroup], next: String?) {
    try await records.read { reader in
      let subscription = context.subscription ?? .zero
      _ = try Self.requireSubscription(subscription, context.tenant, in: reader)
      let all = try reader.list(
        ResourceGroup.self, under: RecordKey(tenant: context.tenant, subscription.description),
        after: after.map { ResourceGroup.key(tenant: context.tenant, subscription, $0) },
        limit: ResourceManagerLimits.maximumGroupsPerSubscription + 1)
      var page: [ResourceGroup] = []
      for group in all where try filter.map({ try ListFilter($0).matches(group) }) ?? true {
        if page.count == limit { return (page, page.last?.name.lowercased()) }
        page.append(group)
      }
      return (page, nil)
    }
  }

  /// Begins a group's deletion: from now on it takes no writes, and the background work deletes what is inside.
  package func deleteGroup(_ name: String, _ context: ArmContext) async throws -> LongRunningOperation? {
    let (operationID, entryID) = (random.guid(), random.guid())
    do {
      return try await records.write { [signal] transaction in
        let subscription = try Self.requireWritableSubscription(context, in: transaction).id
        guard var group = try transaction.fetch(ResourceGroup.self, ResourceGroup.key(tenant: context.tenant, subscription, name)) else {
          throw CloudError.groupNotFound(name)
        }
        try Self.requireDeletable(group.id, context, in: transaction)
        guard group.provisioningState != .deleting else {
          return try Self.runningDeletion(of: group, in: transaction)
        }
        group.provisioningState = .deleting
        try transaction.save(group)
        let operation = LongRunningOperation(.deleteResourceGroup, group.id, context, id: operationID)
        try transaction.save(operation)
        try transaction.save(GroupDeletion(group, operation: operationID))
        try context.entry(.accepted, 202, operationID: operationID, id: entryID).record(in: transaction)
        transaction.afterCommit { signal.yield() }
        return operation
      }
    } catch let error as CloudError {
      await recordFailure(context, error)
      throw error
    }
  }

  /// The operation that is already deleting a group: a second DELETE joins it.
  private static func runningDeletion(of group: ResourceGroup, in reader: any RecordReader) throws -> LongRunningOperation? {
    guard let deletion = try reader.fetch(GroupDeletion.self, GroupDeletion.key(group)) else { return nil }
    return try reader.fetch(
      LongRunningOperation.self, LongRunningOperation.key(tenant: group.tenant, group.subscription, deletion.operation))
  }
}

/// Which operation is deleting a group.
struct GroupDeletion: Record, Codable, Sendable {
  static let kind = "arm.group.deletion"

  var tenant: GUID
  var subscription: GUID
  var name: String
  var operation: GUID

  init(_ group: ResourceGroup, operation: GUID) {
    tenant = group.tenant
    subscription = group.subscription
    name = group.name
    self.operation = operation
  }

  var key: RecordKey { RecordKey(tenant: tenant, subscription.description, name.lowercased()) }

  static func key(_ group: ResourceGroup) -> RecordKey {
    RecordKey(tenant: group.tenant, group.subscription.description, group.name.lowercased())
  }
}
