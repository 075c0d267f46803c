internal import Base
internal import Records
package import Wire

/// Tags of a scope, and the names and values that a subscription declares.
///
/// Source: Microsoft, "Tags", REST reference.
extension ResourceManager {
  /// What a PATCH of a scope's tags does.
  package enum TagOperation: String, Sendable {
    case replace
    case merge
    case delete
  }

  package func tags(at scope: ResourceID, _ context: ArmContext) async throws -> [String: String] {
    try await records.read { try Self.tagged(scope, context, in: $0).tags }
  }

  /// Replaces, merges or removes tags; gives what is there afterwards.
  package func changeTags(
    at scope: ResourceID, _ operation: TagOperation, _ tags: [String: String], _ context: ArmContext
  ) async throws -> [String: String] {
    let etag = random.guid()
    return try await change(context) { [catalog] transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      if let group = scope.resourceGroup { _ = try Self.requireWritableGroup(group, context, in: transaction) }
      try Self.requireWritable(scope, context, in: transaction)
      let current = try Self.tagged(scope, context, in: transaction)
      let wanted =
        switch operation {
        case .replace: tags
        case .merge: Tags.merged(current.tags, with: tags)
        case .delete: Tags.removed(tags, from: current.tags)
        }
      try Tags.check(wanted)
      switch current {
      case .subscription(var subscription):
        subscription.tags = wanted
        try transaction.save(subscription)
      case .group(var group):
        group.tags = wanted
        group.etag = etag
        group.changedTime = context.now
        try transaction.save(group)
      case .resource(var resource):
        guard catalog.type(resource.id.type ?? "")?.descriptor.supportsTags ?? false else {
          throw CloudError(
            400, "ResourceTypeDoesNotSupportTags", "The resource type '\(resource.id.type ?? "")' does not support tags.")
        }
        resource.tags = wanted
        resource.etag = etag
        resource.changedTime = context.now
        try transaction.save(resource)
      }
      return (wanted, 200)
    }
  }

  private enum Tagged {
    case subscription(Subscription)
    case group(ResourceGroup)
    case resource(Resource)

    var tags: [String: String] {
      switch self {
      case .subscription(let subscription): subscription.tags
      case .group(let group): group.tags
      case .resource(let resource): resource.tags
      }
    }
  }

  private static func tagged(_ scope: ResourceID, _ context: ArmContext, in reader: any RecordReader) throws -> Tagged {
    if !scope.provided.isEmpty {
      let resource = try requireResource(scope, context, in: reader)
      try resource.requireOpen()
      return .resource(resource)
    }
    if let group = scope.resourceGroup { return .group(try requireGroup(group, context, in: reader)) }
    return .subscription(try requireSubscription(context.subscription ?? .zero, context.tenant, in: reader))
  }

  // MARK: Declared names

  /// All names in use or declared in a subscription, with their values and counts.
  package func tagNames(_ context: ArmContext) async throws -> [JSON] {
    try await records.read { reader in
      let subscription = try Self.requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
      let place = RecordKey(tenant: context.tenant, subscription.id.description)
      var uses: [String: TagName.Use] = [:]
      func note(_ tags: [String: String]) {
        for (name, value) in tags { uses[name.lowercased(), default: TagName.Use(name: name)].count(value) }
      }
      for group in try reader.list(ResourceGroup.self, under: place, limit: ResourceManagerLimits.maximumGroupsPerSubscription) { note(group.tags) }
      let resources = Resource.key(tenant: context.tenant, ResourceID(subscription: subscription.id))
      for resource in try reader.list(Resource.self, under: resources, limit: ResourceManagerLimits.maximumScannedRecords) {
        try resource.requireOpen()
        note(resource.tags)
      }
      for declared in try reader.list(TagName.self, under: place, limit: ResourceManagerLimits.maximumScannedRecords) {
        var use = uses[declared.name.lowercased()] ?? TagName.Use(name: declared.name)
        for value in declared.values { use.declare(value) }
        uses[declared.name.lowercased()] = use
      }
      return uses.sorted { $0.key < $1.key }.map { $0.value.json(subscription: subscription.id) }
    }
  }

  /// Declares a name, and a value where one is given.
  package func declareTag(_ name: String, value: String?, _ context: ArmContext) async throws -> (JSON, created: Bool) {
    try Tags.check([name: value ?? ""])
    return try await change(context) { transaction in
      let subscription = try Self.requireWritableSubscription(context, in: transaction).id
      let key = TagName.key(tenant: context.tenant, subscription, name)
      let existing = try transaction.fetch(TagName.self, key)
      guard let value else {
        let declared = existing ?? TagName(tenant: context.tenant, subscription: subscription, name: name, values: [])
        try transaction.save(declared)
        var use = TagName.Use(name: declared.name)
        for value in declared.values { use.declare(value) }
        return ((use.json(subscription: subscription), existing == nil), existing == nil ? 201 : 200)
      }
      guard var declared = existing else { throw Self.tagNotFound(name) }
      let created = !declared.values.contains { $0.lowercased() == value.lowercased() }
      if created {
        declared.values.append(value)
        try transaction.save(declared)
      }
      let json = TagName.json(value: value, count: 0, id: "/subscriptions/\(subscription)/tagNames/\(declared.name)")
      return ((json, created), created ? 201 : 200)
    }
  }

  /// Withdraws a declared name that has no values, or a value; false when it was not there.
  package func withdrawTag(_ name: String, value: String?, _ context: ArmContext) async throws -> Bool {
    try await change(context) { transaction in
      let subscription = try Self.requireWritableSubscription(context, in: transaction).id
      let key = TagName.key(tenant: context.tenant, subscription, name)
      guard var declared = try transaction.fetch(TagName.self, key) else { return (false, 204) }
      if let value {
        guard let index = declared.values.firstIndex(where: { $0.lowercased() == value.lowercased() }) else { return (false, 204) }
        declared.values.remove(at: index)
        try transaction.save(declared)
      } else {
        guard declared.values.isEmpty else {
          throw CloudError(409, "Conflict", "The tag name '\(name)' has values. Remove its values before you delete it.")
        }
        try transaction.remove(TagName.self, key)
      }
      return (true, 200)
    }
  }

  private static func tagNotFound(_ name: String) -> CloudError {
    CloudError(404, "TagNotFound", "The tag name '\(name)' could not be found.")
  }
}
