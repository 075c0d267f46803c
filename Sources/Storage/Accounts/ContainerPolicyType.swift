internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies`: the one retention policy of a container, `default`.
///
/// Source: Microsoft, "Blob Containers - Create Or Update, Get, Delete, Lock and Extend Immutability Policy", REST reference of the storage resource provider.
struct ContainerPolicyType: ProjectedResourceType {
  let random: any RandomSource

  private static let name = "default"

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies", apiVersions: StorageProvider.apiVersions,
      isTracked: false, supportsTags: false, showsETag: true, createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard id.name.lowercased() == Self.name, let container = try Self.container(id, tenant: tenant, in: reader) else { return nil }
    return Self.resource(id, container)
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    var id = parent
    id.provided[id.provided.count - 1].segments.append((type: "immutabilityPolicies", name: Self.name))
    guard after == nil, let container = try Self.container(id, tenant: tenant, in: reader) else { return [] }
    return Self.resource(id, container).map { [$0] } ?? []
  }

  /// Nil where the container has no policy.
  private static func resource(_ id: ResourceID, _ container: Container) -> Resource? {
    guard let policy = container.immutability.policy else { return nil }
    let (first, last) = (policy.history.first?.time, policy.history.last?.time)
    return Resource(
      tenant: container.tenant, id: id, location: nil, etag: policy.etag, createdTime: first ?? container.createdTime,
      changedTime: last ?? container.createdTime)
  }

  /// The container of which an id names the policy.
  private static func container(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Container? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader), let segments = id.provided.last?.segments,
      segments.count > 1
    else { return nil }
    return try reader.fetch(Container.self, Container.key(account, name: segments[segments.count - 2].name))
  }

  // MARK: Changes

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    guard change.id.name.lowercased() == Self.name else { throw StorageAccountSettings.invalid("immutabilityPolicyName") }
    return try self.change(change.id, change.context, in: transaction) { container in
      if container.immutability.policy?.isLocked ?? false { throw StorageError.policyOperationNotAllowed }
      let wanted = try Self.terms(change.body["properties"] ?? [:])
      let earlier = container.immutability.policy
      guard let days = wanted.days ?? earlier?.days else { throw StorageAccountSettings.invalid("immutabilityPeriodSinceCreationInDays") }
      container.immutability.policy = RetentionTerms(
        etag: random.guid(), days: days, isLocked: false, allowsAppend: wanted.allowsAppend ?? earlier?.allowsAppend ?? false,
        allowsAllAppend: wanted.allowsAllAppend ?? earlier?.allowsAllAppend ?? false,
        history: [.init(kind: .put, days: days, time: change.context.now, principal: change.context.principal.objectID)])
    }
  }

  private static func terms(_ properties: JSON) throws -> (days: Int?, allowsAppend: Bool?, allowsAllAppend: Bool?) {
    let object = properties.object ?? JSON.Object()
    var days: Int?
    if let value = object.member(ignoringCase: "immutabilityPeriodSinceCreationInDays"), value != .null {
      guard let number = value.integer.flatMap({ Int(exactly: $0) }), RetentionTerms.dayRange.contains(number) else {
        throw StorageAccountSettings.invalid("immutabilityPeriodSinceCreationInDays")
      }
      days = number
    }
    let one = object.member(ignoringCase: "allowProtectedAppendWrites")?.boolean
    let all = object.member(ignoringCase: "allowProtectedAppendWritesAll")?.boolean
    // The two say different things of block blobs.
    guard !(one ?? false && all ?? false) else { throw StorageAccountSettings.invalid("allowProtectedAppendWritesAll") }
    return (days, one, all)
  }

  private func change(
    _ id: ResourceID, _ context: OperationContext, in transaction: RecordTransaction, _ apply: (inout Container) throws -> Void
  ) throws -> Resource {
    guard var container = try Self.container(id, tenant: context.tenant, in: transaction) else { throw StorageError.containerNotFound }
    try apply(&container)
    try transaction.save(container)
    guard let resource = Self.resource(id, container) else { throw StorageError.policyOperationNotAllowed }
    return resource
  }

  var actions: [ResourceAction] {
    let policies = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies"
    return [
      ResourceAction(name: "lock", permission: "\(policies)/lock/action", isWrite: true, needsETag: true) { resource, _, context, transaction in
        try update(resource, context, in: transaction) { policy in
          guard !policy.isLocked else { throw StorageError.policyOperationNotAllowed }
          policy.isLocked = true
          return .lock
        }
      },
      ResourceAction(
        name: "extend", permission: "\(policies)/extend/action", isWrite: true, needsETag: true
      ) { resource, body, context, transaction in
        try update(resource, context, in: transaction) { policy in
          guard policy.isLocked else { throw StorageError.policyOperationNotAllowed }
          let wanted = try Self.terms(body["properties"] ?? [:])
          guard let days = wanted.days, days > policy.days else { throw StorageAccountSettings.invalid("immutabilityPeriodSinceCreationInDays") }
          guard policy.history.count(where: { $0.kind == .extend }) < RetentionTerms.maximumExtensions else {
            throw StorageError.policyOperationNotAllowed
          }
          policy.days = days
          return .extend
        }
      },
    ]
  }

  /// Changes the policy that is there. Gives its form, for the answer.
  private func update(
    _ resource: Resource, _ context: OperationContext, in transaction: RecordTransaction,
    _ apply: (inout RetentionTerms) throws -> RetentionTerms.Update.Kind
  ) throws -> JSON {
    let changed = try change(resource.id, context, in: transaction) { container in
      guard var policy = container.immutability.policy else { throw StorageError.policyOperationNotAllowed }
      let kind = try apply(&policy)
      policy.etag = random.guid()
      policy.history.append(.init(kind: kind, days: policy.days, time: context.now, principal: context.principal.objectID))
      container.immutability.policy = policy
    }
    return [
      "id": .string(changed.id.description), "name": .string(Self.name), "type": .string(descriptor.type),
      "etag": .string("\"\(changed.etag)\""), "properties": try render(changed, in: transaction),
    ]
  }

  /// Only what is not locked can be taken back.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard var container = try Self.container(resource.id, tenant: resource.tenant, in: transaction) else { return }
    if container.immutability.policy?.isLocked ?? false { throw StorageError.policyOperationNotAllowed }
    container.immutability.policy = nil
    try transaction.save(container)
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let policy = try Self.container(resource.id, tenant: resource.tenant, in: reader)?.immutability.policy else { return [:] }
    return policy.json
  }
}

extension RetentionTerms {
  var json: JSON {
    [
      "immutabilityPeriodSinceCreationInDays": .integer(Int64(days)), "state": isLocked ? "Locked" : "Unlocked",
      "allowProtectedAppendWrites": .boolean(allowsAppend), "allowProtectedAppendWritesAll": .boolean(allowsAllAppend),
    ]
  }
}

extension ContainerImmutability {
  /// What Resource Manager shows of it in the container's properties.
  func json(tenant: GUID) -> [(String, JSON)] {
    var members: [(String, JSON)] = [
      ("hasImmutabilityPolicy", .boolean(policy != nil)), ("hasLegalHold", .boolean(!holds.isEmpty)),
      (
        "legalHold",
        [
          "hasLegalHold": .boolean(!holds.isEmpty),
          "tags": .array(
            holds.map {
              [
                "tag": .string($0.tag), "timestamp": .string($0.set.iso8601Fractional), "objectIdentifier": .string($0.setter.description),
                "tenantId": .string(tenant.description),
              ]
            }),
        ]
      ),
    ]
    if isVersionLevel { members.append(("immutableStorageWithVersioning", ["enabled": true, "migrationState": "Completed"])) }
    guard let policy else { return members }
    let history = policy.history.map { update -> JSON in
      [
        "update": .string(update.kind.rawValue), "immutabilityPeriodSinceCreationInDays": .integer(Int64(update.days)),
        "timestamp": .string(update.time.iso8601Fractional), "objectIdentifier": .string(update.principal.description),
        "tenantId": .string(tenant.description),
      ]
    }
    members.append(("immutabilityPolicy", ["etag": .string("\"\(policy.etag)\""), "properties": policy.json, "updateHistory": .array(history)]))
    return members
  }
}
