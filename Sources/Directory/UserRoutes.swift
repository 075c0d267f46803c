internal import Access
internal import Base
internal import Edge
internal import Identity
internal import NIOHTTP1
internal import Records
internal import Wire

/// Users, and the signed-in one under `/me`.
///
/// Source: Microsoft Graph REST API v1.0, "user resource type".
struct UserRoutes: Sendable {
  private let services: DirectoryServices
  private let schema = GraphSchema.user

  init(_ services: DirectoryServices) {
    self.services = services
  }

  var routes: [Route] {
    [
      services.ownRoute(.GET, "/me") { call in
        let query = try call.query(schema)
        return call.entity(try await read(call.principal.objectID, call.tenant), schema, query: query)
      },
      services.route(.GET, "/users", "users/standard/read", list),
      services.route(.GET, "/users/$count", "users/standard/read", count),
      services.route(.POST, "/users", "users/create", create),
      services.route(.GET, "/users/{id}", "users/standard/read") { call in
        let query = try call.query(schema)
        return call.entity(try await read(try await resolve(call), call.tenant), schema, query: query)
      },
      services.route(.PATCH, "/users/{id}", "users/basic/update", update),
      services.route(.DELETE, "/users/{id}", "users/delete", delete),
      services.route(.POST, "/users/{id}/revokeSignInSessions", "users/invalidateAllRefreshTokens", revokeSessions),
    ]
  }

  /// The id of the user that a path names by id or by user principal name.
  @Sendable func resolve(_ call: DirectoryCall) async throws -> GUID {
    let name = call.parameter("id")
    if let id = GUID(name) { return id }
    let tenant = call.tenant
    let user = try await services.records.read { try services.identity.user(named: name, in: $0) }
    guard let user, user.tenant == tenant else { throw GraphError.notFound(name) }
    return user.id
  }

  private func read(_ id: GUID, _ tenant: GUID) async throws -> JSON.Object {
    try await services.records.read { reader in
      guard let user = try services.identity.user(id, tenant: tenant, in: reader) else { throw GraphError.notFound(id.description) }
      return try services.whole(user, in: reader)
    }
  }

  private func page(_ query: GraphQuery, _ tenant: GUID) async throws -> GraphPage {
    try await services.records.read { reader in
      let identity = services.identity
      let listing = GraphListing<User>(
        schema: schema, query: query, fetch: { try identity.users(tenant: tenant, after: $0, limit: $1, in: reader) }, id: \.id,
        render: { try services.whole($0, in: reader) })
      if let name = query.filter?.required("userPrincipalName")?.text {
        return try listing.page(candidates: try identity.user(named: name, in: reader).map { $0.tenant == tenant ? [$0] : [] } ?? [])
      }
      if let id = query.filter?.required("id")?.text {
        return try listing.page(candidates: try GUID(id).flatMap { try identity.user($0, tenant: tenant, in: reader) }.map { [$0] } ?? [])
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

  // MARK: Changes

  @Sendable private func create(_ call: DirectoryCall) async throws -> EdgeResponse {
    let properties = try schema.properties(of: try await call.body())
    func required(_ name: String) throws -> String {
      guard let text = properties[name]?.string, !text.isEmpty else { throw GraphError.required(name, of: schema.resource) }
      return text
    }
    guard let enabled = properties["accountEnabled"]?.boolean else { throw GraphError.required("accountEnabled", of: schema.resource) }
    var user = User(
      id: .zero, tenant: call.tenant, userPrincipalName: try required("userPrincipalName"), displayName: try required("displayName"),
      mailNickname: try required("mailNickname"), accountEnabled: enabled, created: services.clock.now())
    guard let profile = properties["passwordProfile"]?.object, let password = profile["password"]?.string else {
      throw GraphError.badRequest("A password must be specified to create a new user.")
    }
    user.forceChangePasswordNextSignIn = try Self.mustChange(profile) ?? true
    let rest = try apply(properties, to: &user)
    user.passwordHash = try await services.identity.hashPassword(password, for: user.userPrincipalName)
    let complete = user
    let whole = try await services.create(call) { transaction in
      let created = try services.identity.createUser(complete, in: transaction)
      try services.keep(rest, of: created.id, tenant: created.tenant, in: transaction)
      return (try services.whole(created, in: transaction), .user(created.id))
    }
    return call.entity(whole, schema, created: true)
  }

  @Sendable private func update(_ call: DirectoryCall) async throws -> EdgeResponse {
    let id = try await resolve(call)
    let tenant = call.tenant
    let properties = try schema.properties(of: try await call.body())
    let profile = properties["passwordProfile"]?.object
    let isSensitive = profile != nil || properties["accountEnabled"] != nil || properties["userPrincipalName"] != nil
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    let mustChange = try profile.flatMap(Self.mustChange)
    var hash: String?
    if let password = profile?["password"]?.string {
      let known = try await services.records.read { try services.identity.user(id, tenant: tenant, in: $0)?.userPrincipalName }
      guard let name = properties["userPrincipalName"]?.string ?? known else { throw GraphError.notFound(id.description) }
      hash = try await services.identity.hashPassword(password, for: name)
    }
    try await services.change(call) { [hash] transaction in
      let identity = services.identity
      guard var user = try identity.user(id, tenant: tenant, in: transaction) else { throw GraphError.notFound(id.description) }
      if isSensitive { try services.guardPrivileged(id, tenant: tenant, mayManageRoles: mayManageRoles, in: transaction) }
      let rest = try apply(properties, to: &user)
      if let mustChange { user.forceChangePasswordNextSignIn = mustChange }
      try identity.updateUser(user, in: transaction)
      if let hash {
        try identity.setPassword(hash: hash, user: id, tenant: tenant, forceChangePasswordNextSignIn: mustChange ?? true, in: transaction)
      }
      try services.keep(rest, of: id, tenant: tenant, in: transaction)
      return .user(id).setting(properties)
    }
    return .noContent
  }

  @Sendable private func delete(_ call: DirectoryCall) async throws -> EdgeResponse {
    let id = try await resolve(call)
    let tenant = call.tenant
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      try services.guardPrivileged(id, tenant: tenant, mayManageRoles: mayManageRoles, in: transaction)
      let guests = try services.identity.guests(of: User.HomeAccount(tenant: tenant, user: id), in: transaction)
      guard try services.identity.deleteUser(id, tenant: tenant, in: transaction) else { throw GraphError.notFound(id.description) }
      try DirectoryTraces.remove(of: id, tenant: tenant, services.access, in: transaction)
      for guest in guests { try DirectoryTraces.remove(of: guest.id, tenant: guest.tenant, services.access, in: transaction) }
      return .user(id)
    }
    return .noContent
  }

  @Sendable private func revokeSessions(_ call: DirectoryCall) async throws -> EdgeResponse {
    let id = try await resolve(call)
    let (tenant, now) = (call.tenant, services.clock.now())
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      guard var user = try services.identity.user(id, tenant: tenant, in: transaction) else { throw GraphError.notFound(id.description) }
      try services.guardPrivileged(id, tenant: tenant, mayManageRoles: mayManageRoles, in: transaction)
      user.sessionsValidFrom = now
      try services.identity.updateUser(user, in: transaction)
      return .user(id)
    }
    return .graph(["@odata.context": .string("\(call.baseURL)/v1.0/$metadata#Edm.Boolean"), "value": true])
  }

  /// `forceChangePasswordNextSignIn`, or its variant with a second factor.
  private static func mustChange(_ profile: JSON.Object) throws -> Bool? {
    for (name, value) in profile.members {
      switch (name, value) {
      case ("password", .string), ("password", .null), ("forceChangePasswordNextSignIn", .boolean),
        ("forceChangePasswordNextSignInWithMfa", .boolean), ("forceChangePasswordNextSignIn", .null),
        ("forceChangePasswordNextSignInWithMfa", .null):
        continue
      case _ where name.contains("@odata."): continue
      default: throw GraphError.invalidValue("passwordProfile", of: "User")
      }
    }
    return profile["forceChangePasswordNextSignIn"]?.boolean ?? profile["forceChangePasswordNextSignInWithMfa"]?.boolean
  }

  /// Sets what the record has a place for, and gives back the rest.
  private func apply(_ properties: JSON.Object, to user: inout User) throws -> JSON.Object {
    var rest = JSON.Object()
    for (name, value) in properties.members {
      switch name {
      case "passwordProfile": continue
      case "userPrincipalName", "displayName", "mailNickname":
        guard let text = value.string, !text.isEmpty else { throw GraphError.invalidValue(name, of: schema.resource) }
        switch name {
        case "userPrincipalName": user.userPrincipalName = text
        case "displayName": user.displayName = text
        default: user.mailNickname = text
        }
      case "accountEnabled":
        guard let enabled = value.boolean else { throw GraphError.invalidValue(name, of: schema.resource) }
        user.accountEnabled = enabled
      case "userType":
        guard value.string == (user.home == nil ? "Member" : "Guest") else { throw GraphError.invalidValue(name, of: schema.resource) }
      case "mail": user.mail = value.string
      case "givenName": user.givenName = value.string
      case "surname": user.surname = value.string
      case "jobTitle": user.jobTitle = value.string
      case "department": user.department = value.string
      case "companyName": user.companyName = value.string
      case "officeLocation": user.officeLocation = value.string
      case "mobilePhone": user.mobilePhone = value.string
      case "preferredLanguage": user.preferredLanguage = value.string
      case "usageLocation": user.usageLocation = value.string
      case "businessPhones": user.businessPhones = value.texts
      case "otherMails": user.otherMails = value.texts
      default: rest[name] = value
      }
    }
    return rest
  }
}

extension JSON {
  /// The strings of an array; none for anything else.
  var texts: [String] { array?.compactMap(\.string) ?? [] }
}
