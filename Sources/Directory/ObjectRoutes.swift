internal import Access
internal import Base
internal import Edge
internal import Identity
internal import NIOHTTP1
internal import Records
internal import Wire

/// What objects of several types have in common: lookup by id, membership, ownership.
///
/// Source: Microsoft Graph REST API v1.0, "directoryObject resource type".
struct ObjectRoutes: Sendable {
  private let services: DirectoryServices

  init(_ services: DirectoryServices) {
    self.services = services
  }

  var routes: [Route] {
    var routes = [
      services.route(.POST, "/directoryObjects/getByIds", "directoryObjects/standard/read", getByIDs),
      services.route(.GET, "/directoryObjects/{id}", "directoryObjects/standard/read", show),
      services.ownRoute(.GET, "/me/memberOf") { try await directGroups($0, $0.principal.objectID) },
      services.ownRoute(.GET, "/me/transitiveMemberOf") { try await allGroups($0, $0.principal.objectID) },
      services.ownRoute(.GET, "/me/ownedObjects") { try await ownedObjects($0, $0.principal.objectID) },
      services.ownRoute(.POST, "/me/getMemberGroups") { try await memberGroups($0, $0.principal.objectID) },
      services.ownRoute(.POST, "/me/getMemberObjects") { try await memberGroups($0, $0.principal.objectID) },
      services.ownRoute(.POST, "/me/checkMemberGroups") { try await checkMemberGroups($0, $0.principal.objectID) },
      services.route(.GET, "/users/{id}/ownedObjects", "users/standard/read") { try await ownedObjects($0, try await subject($0)) },
      services.route(.GET, "/servicePrincipals/{id}/ownedObjects", "servicePrincipals/standard/read") {
        try await ownedObjects($0, try await subject($0))
      },
    ]
    for collection in ["users", "groups", "servicePrincipals", "directoryObjects"] {
      let action = "\(collection)/memberOf/read"
      routes += [
        services.route(.GET, "/\(collection)/{id}/memberOf", action) { try await directGroups($0, try await subject($0)) },
        services.route(.GET, "/\(collection)/{id}/transitiveMemberOf", action) { try await allGroups($0, try await subject($0)) },
        services.route(.POST, "/\(collection)/{id}/getMemberGroups", action) { try await memberGroups($0, try await subject($0)) },
        services.route(.POST, "/\(collection)/{id}/getMemberObjects", action) { try await memberGroups($0, try await subject($0)) },
        services.route(.POST, "/\(collection)/{id}/checkMemberGroups", action) { try await checkMemberGroups($0, try await subject($0)) },
      ]
    }
    for collection in ["groups", "applications", "servicePrincipals"] {
      routes += [
        services.route(.GET, "/\(collection)/{id}/owners", "\(collection)/owners/read", owners),
        services.route(.POST, "/\(collection)/{id}/owners/$ref", "\(collection)/owners/update", addOwner),
        services.route(.DELETE, "/\(collection)/{id}/owners/{owner}/$ref", "\(collection)/owners/update", removeOwner),
      ]
    }
    return routes
  }

  /// The id of the object that a path names: by id, by user principal name, or by client id. It must be of the collection's type.
  private func subject(_ call: DirectoryCall) async throws -> GUID {
    let name = call.parameter("id")
    let tenant = call.tenant
    let collection = call.request.path.split(separator: "/").dropFirst().first?.lowercased()
    let id = try await services.records.read { reader -> GUID? in
      let identity = services.identity
      var id = GUID(name)
      if let appID = call.alternateKey("appId").flatMap({ GUID($0) }) {
        id =
          collection == "applications"
          ? try identity.application(appID: appID, in: reader)?.id
          : try identity.servicePrincipal(appID: appID, tenant: tenant, in: reader)?.id
      } else if id == nil, collection == "users" {
        id = try identity.user(named: name, in: reader)?.id
      }
      guard let id, let (_, schema) = try services.object(id, tenant: tenant, in: reader) else { return nil }
      return collection == "directoryobjects" || collection == schema.collection.lowercased() ? id : nil
    }
    guard let id else { throw GraphError.notFound(call.alternateKey("appId") ?? name) }
    return id
  }

  @Sendable private func show(_ call: DirectoryCall) async throws -> EdgeResponse {
    let query = try call.query(.directoryObject)
    let (id, tenant) = (try call.id(), call.tenant)
    let found = try await services.records.read { try services.object(id, tenant: tenant, in: $0) }
    guard let (whole, schema) = found else { throw GraphError.notFound(id.description) }
    return call.directoryObject(whole, schema, query: query)
  }

  /// What is unknown, or of a type that was not asked for, is left out.
  @Sendable private func getByIDs(_ call: DirectoryCall) async throws -> EdgeResponse {
    let body = try await call.body()
    guard let texts = body["ids"]?.array, !texts.isEmpty else { throw GraphError.badRequest("The 'ids' parameter must contain at least one id.") }
    guard texts.count <= DirectoryLimits.maximumIDs else {
      throw GraphError.badRequest("Too many ids were requested: at most \(DirectoryLimits.maximumIDs) are allowed.")
    }
    let ids = try texts.map { element in
      guard let id = element.string.flatMap({ GUID($0) }) else { throw GraphError.badRequest("Invalid GUID:\(element.string ?? "")") }
      return id
    }
    let types = body["types"]?.texts.map { $0.lowercased() }
    let wanted = types.map { Set($0) }.flatMap { $0.isEmpty || $0.contains("directoryobject") ? nil : $0 }
    let tenant = call.tenant
    let objects = try await services.records.read { reader in
      var seen: Set<GUID> = []
      return try ids.compactMap { id -> JSON.Object? in
        guard seen.insert(id).inserted, let (whole, schema) = try services.object(id, tenant: tenant, in: reader) else { return nil }
        guard wanted?.contains(schema.type.lowercased()) ?? true else { return nil }
        return services.typed(whole, schema)
      }
    }
    return call.mixedList(GraphPage(objects: objects), query: nil)
  }

  // MARK: Membership

  private func directGroups(_ call: DirectoryCall, _ id: GUID) async throws -> EdgeResponse {
    let tenant = call.tenant
    return try await objects(call) { try services.identity.directGroups(of: id, tenant: tenant, in: $0) }
  }

  private func allGroups(_ call: DirectoryCall, _ id: GUID) async throws -> EdgeResponse {
    let tenant = call.tenant
    return try await objects(call) { try services.identity.groups(of: id, tenant: tenant, in: $0) }
  }

  private func ownedObjects(_ call: DirectoryCall, _ id: GUID) async throws -> EdgeResponse {
    let tenant = call.tenant
    return try await objects(call) { try Ownership.owned(by: id, tenant: tenant, in: $0).map(\.object) }
  }

  /// A page of the objects of these ids.
  private func objects(_ call: DirectoryCall, _ find: @Sendable (any RecordReader) throws -> [GUID]) async throws -> EdgeResponse {
    let query = try call.query(.directoryObject)
    let tenant = call.tenant
    let page = try await services.records.read { reader in
      let ids = try find(reader).sorted()
      return try GraphListing<GUID>(
        schema: .directoryObject, query: query,
        fetch: { after, limit in Array(ids.drop { id in after.map { id <= $0 } ?? false }.prefix(limit)) }, id: { $0 },
        render: { try services.typed($0, tenant: tenant, in: reader) }
      ).page()
    }
    return call.mixedList(page, query: query)
  }

  private func memberGroups(_ call: DirectoryCall, _ id: GUID) async throws -> EdgeResponse {
    let tenant = call.tenant
    // Every group that is served is a security group, so that `securityEnabledOnly` leaves none out.
    guard let only = try await call.body()["securityEnabledOnly"], only.boolean != nil else {
      throw GraphError.badRequest("A value is required for parameter 'securityEnabledOnly'.")
    }
    return call.ids(try await services.records.read { try services.identity.groups(of: id, tenant: tenant, in: $0) })
  }

  private func checkMemberGroups(_ call: DirectoryCall, _ id: GUID) async throws -> EdgeResponse {
    let tenant = call.tenant
    guard let asked = try await call.body()["groupIds"]?.array, asked.count <= DirectoryLimits.maximumCheckedGroups else {
      throw GraphError.badRequest("The 'groupIds' parameter must contain at most \(DirectoryLimits.maximumCheckedGroups) ids.")
    }
    let wanted = Set(asked.compactMap { $0.string.flatMap { GUID($0) } })
    let groups = try await services.records.read { try services.identity.groups(of: id, tenant: tenant, in: $0) }
    return call.ids(groups.filter(wanted.contains))
  }

  // MARK: Owners

  @Sendable private func owners(_ call: DirectoryCall) async throws -> EdgeResponse {
    let id = try await subject(call)
    let tenant = call.tenant
    return try await objects(call) { try Ownership.owners(of: id, tenant: tenant, in: $0).map(\.owner) }
  }

  @Sendable private func addOwner(_ call: DirectoryCall) async throws -> EdgeResponse {
    let id = try await subject(call)
    let tenant = call.tenant
    let owner = try reference(in: try await call.body())
    try await services.change(call) { transaction in
      try services.addOwner(owner, to: id, tenant: tenant, in: transaction)
      return ownership(owner, of: id, call)
    }
    return .noContent
  }

  @Sendable private func removeOwner(_ call: DirectoryCall) async throws -> EdgeResponse {
    let id = try await subject(call)
    let (owner, tenant) = (try call.id("owner"), call.tenant)
    try await services.change(call) { transaction in
      try services.removeOwner(owner, from: id, tenant: tenant, in: transaction)
      return ownership(owner, of: id, call)
    }
    return .noContent
  }

  private func ownership(_ owner: GUID, of id: GUID, _ call: DirectoryCall) -> DirectorySubject {
    let collection = call.pattern.split(separator: "/").first ?? "directoryObjects"
    return DirectorySubject(path: "/\(collection)/\(id)/owners", personal: ["object": owner.description])
  }
}
