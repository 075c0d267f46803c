internal import Access
internal import Base
internal import Edge
internal import Identity
internal import NIOHTTP1
internal import Records
internal import Wire

/// Security groups and their members.
///
/// Source: Microsoft Graph REST API v1.0, "group resource type".
struct GroupRoutes: Sendable {
  private let services: DirectoryServices
  private let schema = GraphSchema.group

  init(_ services: DirectoryServices) {
    self.services = services
  }

  var routes: [Route] {
    [
      services.route(.GET, "/groups", "groups/standard/read", list),
      services.route(.GET, "/groups/$count", "groups/standard/read", count),
      services.route(.POST, "/groups", "groups/create", create),
      services.route(.GET, "/groups/{id}", "groups/standard/read", show),
      services.route(.PATCH, "/groups/{id}", "groups/basic/update", update),
      services.route(.DELETE, "/groups/{id}", "groups/delete", delete),
      services.route(.GET, "/groups/{id}/members", "groups/members/read", members),
      services.route(.GET, "/groups/{id}/transitiveMembers", "groups/members/read", transitiveMembers),
      services.route(.POST, "/groups/{id}/members/$ref", "groups/members/update", addMember),
      services.route(.DELETE, "/groups/{id}/members/{member}/$ref", "groups/members/update", removeMember),
    ]
  }

  private func page(_ query: GraphQuery, _ tenant: GUID) async throws -> GraphPage {
    try await services.records.read { reader in
      let identity = services.identity
      let listing = GraphListing<Group>(
        schema: schema, query: query, fetch: { try identity.groups(tenant: tenant, after: $0, limit: $1, in: reader) }, id: \.id,
        render: { try services.whole($0, in: reader) })
      if let id = query.filter?.required("id")?.text {
        return try listing.page(candidates: try GUID(id).flatMap { try identity.group($0, tenant: tenant, in: reader) }.map { [$0] } ?? [])
      }
      return try listing.page()
    }
  }

  @Sendable private func list(_ call: DirectoryCall) async throws -> EdgeResponse {
    let query = try call.query(schema)
    return call.list(try await page(query, call.tenant), schema, query: query)
  }

  @Sendable private func count(_ call: DirectoryCall) async throws -> EdgeResponse {
    var query = try call.query(schema)
    query.count = true
    return .plainText(String(try await page(query, call.tenant).total ?? 0))
  }

  @Sendable private func show(_ call: DirectoryCall) async throws -> EdgeResponse {
    let query = try call.query(schema)
    let (id, tenant) = (try call.id(), call.tenant)
    let whole = try await services.records.read { reader in
      guard let group = try services.identity.group(id, tenant: tenant, in: reader) else { throw GraphError.notFound(id.description) }
      return try services.whole(group, in: reader)
    }
    return call.entity(whole, schema, query: query)
  }

  // MARK: Changes

  @Sendable private func create(_ call: DirectoryCall) async throws -> EdgeResponse {
    let body = try await call.body()
    let properties = try schema.properties(of: body)
    let members = try boundReferences("members@odata.bind", in: body)
    let owners = try boundReferences("owners@odata.bind", in: body)
    func required(_ name: String) throws -> JSON {
      guard let value = properties[name], !value.isNull else { throw GraphError.required(name, of: schema.resource) }
      return value
    }
    _ = (try required("mailEnabled"), try required("securityEnabled"))
    var group = Group(
      id: .zero, tenant: call.tenant, displayName: try required("displayName").string ?? "", mailNickname: try required("mailNickname").string ?? "",
      created: services.clock.now())
    let rest = try apply(properties, to: &group)
    let wanted = group
    let creator = call.principal
    let whole = try await services.create(call) { transaction in
      let identity = services.identity
      let created = try identity.createGroup(wanted, in: transaction)
      for member in members { try join(member, created.id, tenant: created.tenant, in: transaction) }
      for owner in owners { try services.addOwner(owner, to: created.id, tenant: created.tenant, in: transaction) }
      if owners.isEmpty { try services.addOwner(creator.objectID, to: created.id, tenant: created.tenant, in: transaction) }
      try services.keep(rest, of: created.id, tenant: created.tenant, in: transaction)
      return (try services.whole(created, in: transaction), DirectorySubject.group(created.id).adding(members))
    }
    return call.entity(whole, schema, created: true)
  }

  @Sendable private func update(_ call: DirectoryCall) async throws -> EdgeResponse {
    let (id, tenant) = (try call.id(), call.tenant)
    let body = try await call.body()
    let properties = try schema.properties(of: body)
    let members = try boundReferences("members@odata.bind", in: body)
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      let identity = services.identity
      guard var group = try identity.group(id, tenant: tenant, in: transaction) else { throw GraphError.notFound(id.description) }
      let rest = try apply(properties, to: &group)
      try identity.updateGroup(group, in: transaction)
      try services.keep(rest, of: id, tenant: tenant, in: transaction)
      if !members.isEmpty { try services.guardPrivileged(id, tenant: tenant, mayManageRoles: mayManageRoles, in: transaction) }
      for member in members { try join(member, id, tenant: tenant, in: transaction) }
      return .group(id).setting(properties).adding(members)
    }
    return .noContent
  }

  @Sendable private func delete(_ call: DirectoryCall) async throws -> EdgeResponse {
    let (id, tenant) = (try call.id(), call.tenant)
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      try services.guardPrivileged(id, tenant: tenant, mayManageRoles: mayManageRoles, in: transaction)
      guard try services.identity.deleteGroup(id, tenant: tenant, in: transaction) else { throw GraphError.notFound(id.description) }
      try DirectoryTraces.remove(of: id, tenant: tenant, services.access, in: transaction)
      return .group(id)
    }
    return .noContent
  }

  /// Sets what the record has a place for, and gives back the rest. Only plain security groups are served.
  private func apply(_ properties: JSON.Object, to group: inout Group) throws -> JSON.Object {
    var rest = JSON.Object()
    for (name, value) in properties.members {
      switch name {
      case "displayName", "mailNickname":
        guard let text = value.string, !text.isEmpty else { throw GraphError.invalidValue(name, of: schema.resource) }
        if name == "displayName" { group.displayName = text } else { group.mailNickname = text }
      case "description": group.description = value.string
      case "mailEnabled" where value.boolean != false, "securityEnabled" where value.boolean != true:
        throw GraphError.badRequest(
          "The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set."
        )
      case "groupTypes" where !value.texts.isEmpty, "membershipRule" where !value.isNull:
        throw GraphError.invalidValue(name, of: schema.resource)
      case "mailEnabled", "securityEnabled": continue
      default: rest[name] = value
      }
    }
    return rest
  }

  // MARK: Members

  @Sendable private func members(_ call: DirectoryCall) async throws -> EdgeResponse {
    let query = try call.query(.directoryObject)
    let (id, tenant) = (try call.id(), call.tenant)
    let page = try await services.records.read { reader in
      let identity = services.identity
      guard try identity.group(id, tenant: tenant, in: reader) != nil else { throw GraphError.notFound(id.description) }
      return try GraphListing<GroupMember>(
        schema: .directoryObject, query: query,
        fetch: { try identity.members(of: id, tenant: tenant, after: $0, limit: $1, in: reader) }, id: \.member,
        render: { try services.typed($0.member, tenant: tenant, in: reader) }
      ).page()
    }
    return call.mixedList(page, query: query)
  }

  @Sendable private func transitiveMembers(_ call: DirectoryCall) async throws -> EdgeResponse {
    let query = try call.query(.directoryObject)
    let (id, tenant) = (try call.id(), call.tenant)
    let page = try await services.records.read { reader in
      guard try services.identity.group(id, tenant: tenant, in: reader) != nil else { throw GraphError.notFound(id.description) }
      let found = try everyMember(of: id, tenant: tenant, in: reader)
      return try GraphListing<GUID>(
        schema: .directoryObject, query: query,
        fetch: { after, limit in Array(found.drop { id in after.map { id <= $0 } ?? false }.prefix(limit)) }, id: { $0 },
        render: { try services.typed($0, tenant: tenant, in: reader) }
      ).page()
    }
    return call.mixedList(page, query: query)
  }

  /// The members of a group and of the groups in it, in the order of their ids.
  private func everyMember(of group: GUID, tenant: GUID, in reader: any RecordReader) throws -> [GUID] {
    var seen: Set<GUID> = []
    var pending = [group]
    while let next = pending.popLast() {
      for member in try services.identity.members(of: next, tenant: tenant, limit: IdentityLimits.maximumGroupMembers, in: reader)
      where seen.insert(member.member).inserted {
        guard seen.count <= DirectoryLimits.maximumSortedObjects else { throw GraphError.unsupportedQuery("The group has too many members.") }
        if member.memberType == .group { pending.append(member.member) }
      }
    }
    return seen.sorted()
  }

  @Sendable private func addMember(_ call: DirectoryCall) async throws -> EdgeResponse {
    let (id, tenant) = (try call.id(), call.tenant)
    let member = try reference(in: try await call.body())
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      try services.guardPrivileged(id, tenant: tenant, mayManageRoles: mayManageRoles, in: transaction)
      try join(member, id, tenant: tenant, in: transaction)
      return .member(member, of: id)
    }
    return .noContent
  }

  /// A group's roles come with it: one whose roles the member may not hold beside its own is not joined.
  private func join(_ member: GUID, _ group: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    try services.access.requireCompatible(member, joining: group, tenant: tenant, in: transaction)
    try services.identity.addMember(member, to: group, tenant: tenant, in: transaction)
  }

  @Sendable private func removeMember(_ call: DirectoryCall) async throws -> EdgeResponse {
    let (id, member, tenant) = (try call.id(), try call.id("member"), call.tenant)
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      try services.guardPrivileged(id, tenant: tenant, mayManageRoles: mayManageRoles, in: transaction)
      guard try services.identity.removeMember(member, from: id, tenant: tenant, in: transaction) else {
        throw GraphError.notFound(member.description)
      }
      return .member(member, of: id)
    }
    return .noContent
  }
}
