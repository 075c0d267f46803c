package import Base
internal import Ledger
internal import Records
package import Wire

/// A resource with the wire form of its properties.
package struct RenderedResource: Sendable {
  package var resource: Resource
  package var properties: JSON
  /// What is under way since the request that this answers.
  package var operation: LongRunningOperation?
}

extension ResourceManager {
  // MARK: Reading

  package func resource(_ id: ResourceID, _ context: ArmContext, expanding names: Set<String> = []) async throws -> RenderedResource {
    try await records.read { [catalog] reader in
      let resource = try Self.requireResource(id, catalog, context, in: reader)
      return try Self.rendered(resource, catalog, expanding: names, in: reader)
    }
  }

  /// What a view of a resource shows.
  package func view(_ view: ResourceView, of id: ResourceID, _ context: ArmContext) async throws -> JSON {
    try await records.read { [catalog] reader in
      try view.run(Self.requireOpenResource(id, catalog, context, in: reader), context.operation(context.subscription ?? .zero), reader)
    }
  }

  package func resourceExists(_ id: ResourceID, _ context: ArmContext) async throws -> Bool {
    try await records.read { [catalog] reader in try catalog.resource(id, tenant: context.tenant, in: reader) != nil }
  }

  /// A resource, whether it has a record or its type knows of it.
  static func requireResource(
    _ id: ResourceID, _ catalog: ResourceCatalog, _ context: ArmContext, in reader: any RecordReader
  ) throws -> Resource {
    try catalog.resource(id, tenant: context.tenant, in: reader) ?? requireResource(id, context, in: reader)
  }

  /// The same where something of it is to be read or changed.
  static func requireOpenResource(
    _ id: ResourceID, _ catalog: ResourceCatalog, _ context: ArmContext, in reader: any RecordReader
  ) throws -> Resource {
    let resource = try requireResource(id, catalog, context, in: reader)
    try resource.requireOpen()
    return resource
  }

  static func requireResource(_ id: ResourceID, _ context: ArmContext, in reader: any RecordReader) throws -> Resource {
    if let resource = try reader.fetch(Resource.self, Resource.key(tenant: context.tenant, id)) { return resource }
    if let group = id.resourceGroup {
      _ = try requireGroup(group, context, in: reader)
    } else {
      _ = try requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
    }
    throw CloudError.resourceNotFound(id)
  }

  private static func rendered(
    _ resource: Resource, _ catalog: ResourceCatalog, expanding names: Set<String>, in reader: any RecordReader
  ) throws -> RenderedResource {
    try resource.requireOpen()
    guard let type = catalog.type(resource.id.type ?? "") else { return RenderedResource(resource: resource, properties: resource.properties) }
    var properties = try type.render(resource, in: reader)
    for name in names.sorted() {
      guard var object = properties.object else { break }
      for (member, value) in try type.expansion(name, of: resource, in: reader) { object[member] = value }
      properties = .object(object)
    }
    return RenderedResource(resource: resource, properties: properties)
  }

  /// The resources of one type in a subscription or, where `parent` is a group or a resource, right in it; from behind `after`.
  package func resources(
    type: String, in parent: ResourceID, _ context: ArmContext, after: String?, limit: Int, expanding names: Set<String> = []
  ) async throws -> (resources: [RenderedResource], next: String?) {
    try await records.read { [catalog] reader in
      try Self.requireParent(parent, catalog, context, in: reader)
      if let projected = catalog.type(type) as? any ProjectedResourceType {
        var page = try projected.resources(in: parent, tenant: context.tenant, after: after, limit: limit + 1, in: reader)
        let goesOn = page.count > limit
        if goesOn { page.removeLast() }
        return (try page.map { try Self.rendered($0, catalog, expanding: names, in: reader) }, goesOn ? page.last?.id.name : nil)
      }
      let subscription = context.subscription ?? .zero
      let start = after.flatMap { ResourceID($0) }.map { last in
        RecordIndexPosition(
          components: Resource.typeComponents(subscription, type, last), key: Resource.key(tenant: context.tenant, last))
      }
      var page = try reader.list(
        Resource.self, index: Resource.typeIndex, Resource.typeComponents(subscription, type, parent), tenant: context.tenant, after: start,
        limit: limit + 1)
      let goesOn = page.count > limit
      if goesOn { page.removeLast() }
      return (try page.map { try Self.rendered($0, catalog, expanding: names, in: reader) }, goesOn ? page.last?.id.canonical : nil)
    }
  }

  private static func requireParent(
    _ parent: ResourceID, _ catalog: ResourceCatalog, _ context: ArmContext, in reader: any RecordReader
  ) throws {
    if !parent.provided.isEmpty {
      _ = try requireResource(parent, catalog, context, in: reader)
    } else if let group = parent.resourceGroup {
      _ = try requireGroup(group, context, in: reader)
    } else {
      _ = try requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
    }
  }

  /// The resources of a subscription or group that a filter lets through, from behind `after`. With a `refusal`, only those are shown that lead to keys:
  /// clients find a vault by its name in this list, also when they want to enable a key there.
  package func resources(
    in parent: ResourceID, _ context: ArmContext, filter: ODataFilter?, refusal: CloudError? = nil, after: String?, limit: Int
  ) async throws -> (resources: [Resource], next: String?) {
    try await records.read { [catalog] reader in
      try Self.requireParent(parent, catalog, context, in: reader)
      let range = Resource.key(tenant: context.tenant, parent)
      let filter = filter.map { ListFilter($0) }
      var start = after.flatMap { ResourceID($0) }.map { Resource.key(tenant: context.tenant, $0) }
      var page: [Resource] = []
      var scanned = 0
      while scanned < ResourceManagerLimits.maximumScannedRecords {
        let batch = try reader.list(Resource.self, under: range, after: start, limit: ResourceManagerLimits.maximumPageItems)
        for resource in batch {
          do {
            guard try filter?.matches(resource) ?? true else { continue }
          } catch let error as RecordsClosed {
            throw refusal ?? error
          }
          if let refusal, !resource.leadsToKeys { throw refusal }
          try resource.requireOpen()
          if page.count == limit { return (page, page.last?.id.canonical) }
          page.append(resource)
        }
        guard let last = batch.last, batch.count == ResourceManagerLimits.maximumPageItems else { return (page, nil) }
        start = last.key
        scanned += batch.count
        if scanned >= ResourceManagerLimits.maximumScannedRecords { return (page, last.id.canonical) }
      }
      return (page, nil)
    }
  }

  // MARK: Changing

  package func putResource(
    _ id: ResourceID, _ type: any ResourceType, body: JSON, ifMatch: String?, ifNoneMatch: String?, held: Set<String> = [], _ context: ArmContext
  ) async throws -> (RenderedResource, created: Bool) {
    let (etag, operationID) = (random.guid(), random.guid())
    let conditions = Preconditions(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
    let prepared = try await prepared(id, type, .put, body: body, context)
    return try await change(context) { transaction in
      let descriptor = type.descriptor
      var (existing, id) = try self.prepareWrite(id, descriptor, conditions, context, in: transaction)
      guard var object = body.object else { throw CloudError.invalidRequestContent("A JSON object is expected.") }
      try LinkedAccess.requireFurther(type, id, body, existing: existing, held: held, context)
      if existing == nil { id = try self.checkCreation(id, descriptor, context, in: transaction) }
      let location = try self.wantedLocation(object, existing, id, descriptor)
      if let location { object.set(ignoringCase: "location", .string(location)) }
      let tags = try Tags.parse(member: object.member(ignoringCase: "tags"))
      try self.checkZones(object, location, descriptor)
      let change = ResourceChange(
        method: .put, id: id, body: .object(object), existing: existing, context: context.operation(context.subscription ?? .zero),
        prepared: prepared)
      var resource = try type.put(change, in: transaction)
      resource.location = location ?? resource.location
      // What comes back from a deletion may bring its tags.
      if descriptor.supportsTags { resource.tags = tags ?? (existing == nil ? resource.tags : [:]) }
      Self.stamp(&resource, type, id, replacing: existing, etag, context)
      let rendered = try self.store(resource, type, operationID: operationID, context, in: transaction)
      return ((rendered, existing == nil), existing == nil ? descriptor.createdStatus : descriptor.updatedStatus)
    }
  }

  package func patchResource(
    _ id: ResourceID, _ type: any ResourceType, body: JSON, ifMatch: String?, ifNoneMatch: String?, held: Set<String> = [], _ context: ArmContext
  ) async throws -> RenderedResource {
    let (etag, operationID) = (random.guid(), random.guid())
    let conditions = Preconditions(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
    let prepared = try await prepared(id, type, .patch, body: body, context)
    return try await change(context) { transaction in
      let (found, id) = try self.prepareWrite(id, type.descriptor, conditions, context, in: transaction)
      guard let existing = found else { throw CloudError.resourceNotFound(id) }
      guard var object = body.object else { throw CloudError.invalidRequestContent("A JSON object is expected.") }
      try LinkedAccess.requireFurther(type, id, body, existing: existing, held: held, context)
      let location = try self.wantedLocation(object, existing, id, type.descriptor)
      if object.member(ignoringCase: "location") != nil, let location { object.set(ignoringCase: "location", .string(location)) }
      let tags = try Tags.parse(member: object.member(ignoringCase: "tags"))
      let change = ResourceChange(
        method: .patch, id: id, body: .object(object), existing: existing, context: context.operation(context.subscription ?? .zero),
        prepared: prepared)
      var resource = try type.put(change, in: transaction)
      resource.location = existing.location
      if type.descriptor.supportsTags { resource.tags = tags ?? existing.tags }
      Self.stamp(&resource, type, id, replacing: existing, etag, context)
      return (try self.store(resource, type, operationID: operationID, context, in: transaction), 200)
    }
  }

  /// Keeps a changed resource, with the operation that brings the world to it where there is something to bring.
  private func store(
    _ resource: Resource, _ type: any ResourceType, operationID: GUID, _ context: ArmContext, in transaction: RecordTransaction
  ) throws -> RenderedResource {
    let resource = type.descriptor.supportsTags ? try enforcePolicies(resource, context, in: transaction) : resource
    if !(type is any ProjectedResourceType) { try transaction.save(resource) }
    var operation: LongRunningOperation?
    if type is any ReconciledResourceType, !resource.provisioningState.isFinal {
      operation = try begin(.putResource, resource.id, id: operationID, context, in: transaction)
    }
    return RenderedResource(resource: resource, properties: try type.render(resource, in: transaction), operation: operation)
  }

  /// Removes a resource and what lies below it, or begins to; `existed` is false when it was not there.
  package func deleteResource(
    _ id: ResourceID, ifMatch: String?, ifNoneMatch: String?, _ context: ArmContext
  ) async throws -> (existed: Bool, operation: LongRunningOperation?) {
    let conditions = Preconditions(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
    return try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      if let group = id.resourceGroup { _ = try Self.requireWritableGroup(group, context, in: transaction) }
      let existing = try self.catalog.resource(id, tenant: context.tenant, in: transaction)
      try conditions.check(existing?.etag)
      guard let existing else { return ((false, nil), 204) }
      try existing.requireOpen()
      try Self.requireDeletable(existing.id, context, in: transaction)
      if self.catalog.type(id.type ?? "") is any ProjectedResourceType {
        try self.remove(existing, context, in: transaction)
        return ((true, nil), 200)
      }
      if let operation = try self.beginDeletion(existing, context, in: transaction) { return ((true, operation), 202) }
      try self.removeFamily(existing, context, in: transaction)
      return ((true, nil), 200)
    }
  }

  /// A POST on one resource: what it gives, or the operation that goes on.
  package func act(
    _ action: ResourceAction, on id: ResourceID, body: JSON, ifMatch: String? = nil, _ context: ArmContext
  ) async throws -> (json: JSON, operation: LongRunningOperation?) {
    let operation = context.operation(context.subscription ?? .zero)
    try await prepare(action, on: id, operation, context)
    guard action.isWrite else {
      let entryID = random.guid()
      return try await records.write { transaction in
        let given = try action.run(Self.requireOpenResource(id, self.catalog, context, in: transaction), body, operation, transaction)
        if action.givesSecret { try context.secretRead(id: entryID).append(in: transaction) }
        return (given, nil)
      }
    }
    let operationID = random.guid()
    return try await change(context, as: action.givesSecret ? .secretRead : .controlWrite) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      if let group = id.resourceGroup { _ = try Self.requireWritableGroup(group, context, in: transaction) }
      let resource = try Self.requireOpenResource(id, self.catalog, context, in: transaction)
      try Self.requireWritable(resource.id, context, in: transaction)
      guard !action.needsETag || ifMatch != nil else { throw CloudError(400, "MissingRequiredHeader", "The header 'If-Match' must be specified.") }
      try Preconditions(ifMatch: ifMatch).check(resource.etag)
      if action.isLongRunning { try self.requireIdle(resource.id, context, in: transaction) }
      let given = try action.run(resource, body, operation, transaction)
      guard action.isLongRunning else { return ((given, nil), 200) }
      let running = try self.begin(.act, resource.id, action: action.name, input: given, id: operationID, context, in: transaction)
      return ((.null, running), 202)
    }
  }

  /// An action that is about no resource.
  package func act(
    _ action: ProviderAction, on scope: ResourceID, parameters: [String: String], body: JSON, _ context: ArmContext
  ) async throws -> JSON {
    let operation = context.operation(context.subscription ?? .zero)
    switch action.work {
    case .change(let run):
      return try await change(context) { transaction in
        if action.level != .tenant { _ = try Self.requireWritableSubscription(context, in: transaction) }
        return (try run(parameters, body, operation, transaction), 200)
      }
    case .read(let run):
      return try await records.read { [catalog] reader in
        switch action.level {
        case .tenant: break
        case .subscription: _ = try Self.requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
        case .scope: try Self.requireParent(scope, catalog, context, in: reader)
        }
        return try run(parameters, body, operation, reader)
      }
    }
  }
}
