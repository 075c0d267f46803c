internal import Base
internal import Records
internal import Wire

/// What every PUT and PATCH of a resource is checked against before its type sees it.
extension ResourceManager {
  /// The resource as it is and its id as it is to be spelled, once everything around it allows a write.
  func prepareWrite(
    _ id: ResourceID, _ descriptor: ResourceTypeDescriptor, _ conditions: Preconditions, _ context: ArmContext, in transaction: RecordTransaction
  ) throws -> (existing: Resource?, id: ResourceID) {
    _ = try Self.requireWritableSubscription(context, in: transaction)
    var spelled = id
    if let group = id.resourceGroup { spelled.resourceGroup = try Self.requireWritableGroup(group, context, in: transaction).name }
    let existing = try catalog.resource(id, tenant: context.tenant, in: transaction)
    try existing?.requireOpen()
    try conditions.check(existing?.etag)
    try Self.requireWritable(existing?.id ?? spelled, context, in: transaction)
    if existing != nil, catalog.type(id.type ?? "") is any ReconciledResourceType { try requireIdle(id, context, in: transaction) }
    return (existing, existing?.id ?? spelled)
  }

  /// Throws where a scope's subscription is not the caller's: before anything of the request is looked at, so that nothing tells of it.
  func requireKnown(_ scope: ResourceID, _ context: ArmContext) async throws {
    guard let subscription = scope.subscription else { return }
    _ = try await records.read { try Self.requireSubscription(subscription, context.tenant, in: $0) }
  }

  /// What only a new resource must meet: its name, its parent, its namespace's registration. Gives the id below the parent as that is spelled.
  func checkCreation(
    _ id: ResourceID, _ descriptor: ResourceTypeDescriptor, _ context: ArmContext, in transaction: RecordTransaction
  ) throws -> ResourceID {
    try Self.checkName(id.name)
    var spelled = id
    if descriptor.isChild, let parent = id.parent {
      guard let found = try catalog.resource(parent, tenant: context.tenant, in: transaction) else {
        throw CloudError.parentNotFound(id, parent: parent)
      }
      if let provided = found.id.provided.last, let last = id.provided.last?.segments.last {
        spelled.provided[spelled.provided.count - 1].segments = provided.segments + [last]
      }
    }
    let namespace = id.provided.last?.namespace ?? ""
    let subscription = context.subscription ?? .zero
    let registration = try ProviderRegistration.state(of: namespace, tenant: context.tenant, subscription: subscription, in: transaction)
    guard registration == .registered else {
      throw CloudError(
        409, "MissingSubscriptionRegistration",
        "The subscription is not registered to use namespace '\(namespace)'. "
          + "See https://aka.ms/rps-not-found for how to register subscriptions.",
        details: [
          CloudError(
            409, "MissingSubscriptionRegistration",
            "The subscription is not registered to use namespace '\(namespace)'. "
              + "See https://aka.ms/rps-not-found for how to register subscriptions.", target: namespace)
        ])
    }
    return spelled
  }

  /// Throws `InvalidResourceName` for a name that no type may have.
  static func checkName(_ name: String) throws {
    let forbidden = "<>%&\\?/"
    let invalid = name.unicodeScalars.contains { forbidden.unicodeScalars.contains($0) || $0.value < 0x20 || $0.value == 0x7F }
    guard !invalid else {
      throw CloudError(
        400, "InvalidResourceName",
        "The provided resource name '\(name)' has these invalid characters: '<,>,%,&,\\,?,/' or control characters.")
    }
    guard !name.hasSuffix("."), !name.hasSuffix(" ") else {
      throw CloudError(400, "InvalidResourceName", "The provided resource name '\(name)' is invalid. The name can not end with '.' or a space.")
    }
  }

  /// The normalised location that a body asks for. A resource does not move.
  func wantedLocation(
    _ body: JSON.Object, _ existing: Resource?, _ id: ResourceID, _ descriptor: ResourceTypeDescriptor
  ) throws -> String? {
    guard let text = body.member(ignoringCase: "location")?.string, !text.isEmpty else {
      if descriptor.isTracked, existing == nil { throw CloudError.locationRequired() }
      return existing?.location
    }
    guard descriptor.isTracked else { return nil }
    let location = try checkedLocation(text, type: descriptor.type)
    if let current = existing?.location, current != location {
      throw CloudError(
        409, "InvalidResourceLocation",
        "The resource '\(id.name)' already exists in location '\(current)' in resource group '\(id.resourceGroup ?? "")'. "
          + "A resource with the same name cannot be created in location '\(location)'. Please select a new resource name.")
    }
    return location
  }

  /// Zones must be ones that the location has, and only types that know of zones may name any.
  func checkZones(_ body: JSON.Object, _ location: String?, _ descriptor: ResourceTypeDescriptor) throws {
    guard let wanted = body.member(ignoringCase: "zones"), !wanted.isNull else { return }
    guard let zones = wanted.array?.compactMap(\.string), zones.count == wanted.array?.count else {
      throw CloudError.invalidRequestContent("The 'zones' property must be an array of strings.")
    }
    let available = descriptor.supportsZones ? locations.first { $0.name == location }?.zones ?? [] : []
    if let zone = zones.first(where: { !available.contains($0) }) {
      throw CloudError(
        400, "InvalidAvailabilityZone",
        "The zone(s) '\(zone)' for resource type '\(descriptor.type)' is not supported. "
          + "The supported zones for location '\(location ?? "")' are '\(available.joined(separator: ","))'.")
    }
  }

  /// Sets what is Resource Manager's own. The tag of what a provider keeps in its own records is the provider's.
  static func stamp(
    _ resource: inout Resource, _ type: any ResourceType, _ id: ResourceID, replacing existing: Resource?, _ etag: GUID, _ context: ArmContext
  ) {
    resource.tenant = context.tenant
    resource.id = id
    if !(type is any ProjectedResourceType) { resource.etag = etag }
    resource.createdTime = existing?.createdTime ?? context.now
    resource.changedTime = context.now
  }
}

extension JSON.Object {
  /// Sets a member whose name may stand there in another case.
  mutating func set(ignoringCase name: String, _ value: JSON) {
    let wanted = name.lowercased()
    self[names.first { $0.lowercased() == wanted } ?? name] = value
  }
}
