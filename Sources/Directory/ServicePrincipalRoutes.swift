internal import Access
internal import Base
internal import Edge
internal import Identity
internal import NIOHTTP1
internal import Records
internal import Wire

/// Service principals: applications as a tenant knows them.
///
/// Source: Microsoft Graph REST API v1.0, "servicePrincipal resource type".
struct ServicePrincipalRoutes: Sendable {
  private let services: DirectoryServices
  private let schema = GraphSchema.servicePrincipal

  init(_ services: DirectoryServices) {
    self.services = services
  }

  var routes: [Route] {
    [
      services.route(.GET, "/servicePrincipals", "servicePrincipals/standard/read", list),
      services.route(.GET, "/servicePrincipals/$count", "servicePrincipals/standard/read", count),
      services.route(.POST, "/servicePrincipals", "servicePrincipals/create", create),
      services.route(.GET, "/servicePrincipals/{id}", "servicePrincipals/standard/read", show),
      services.route(.PATCH, "/servicePrincipals/{id}", "servicePrincipals/basic/update", update),
      services.route(.DELETE, "/servicePrincipals/{id}", "servicePrincipals/delete", delete),
      services.route(.POST, "/servicePrincipals/{id}/addPassword", "servicePrincipals/credentials/update", addPassword),
      services.route(.POST, "/servicePrincipals/{id}/removePassword", "servicePrincipals/credentials/update", removePassword),
    ]
  }

  /// The service principal that a path names: `{id}` or `appId={client id}`.
  @Sendable func find(_ call: DirectoryCall, in reader: any RecordReader) throws -> ServicePrincipal {
    let name = call.parameter("id")
    let found: ServicePrincipal?
    if let appID = call.alternateKey("appId") {
      found = try GUID(appID).flatMap { try services.identity.servicePrincipal(appID: $0, tenant: call.tenant, in: reader) }
    } else {
      found = try GUID(name).flatMap { try services.identity.servicePrincipal($0, tenant: call.tenant, in: reader) }
    }
    guard let found else { throw GraphError.notFound(call.alternateKey("appId") ?? name) }
    return found
  }

  private func page(_ query: GraphQuery, _ tenant: GUID) async throws -> GraphPage {
    try await services.records.read { reader in
      let identity = services.identity
      let listing = GraphListing<ServicePrincipal>(
        schema: schema, query: query, fetch: { try identity.servicePrincipals(tenant: tenant, after: $0, limit: $1, in: reader) }, id: \.id,
        render: { try services.whole($0, in: reader) })
      if let appID = query.filter?.required("appId")?.text ?? query.filter.flatMap(Self.clientID) {
        let found = try GUID(appID).flatMap { try identity.servicePrincipal(appID: $0, tenant: tenant, in: reader) }
        return try listing.page(candidates: found.map { [$0] } ?? [])
      }
      if let id = query.filter?.required("id")?.text {
        return try listing.page(candidates: try GUID(id).flatMap { try identity.servicePrincipal($0, tenant: tenant, in: reader) }.map { [$0] } ?? [])
      }
      return try listing.page()
    }
  }

  /// The client id in `servicePrincipalNames/any(c:c eq '{client id}')`, which only the one of that client id can match.
  private static func clientID(_ filter: ODataFilter) -> String? {
    for case .lambda(.any, let path, let variable, let body?) in filter.conjuncts where path.joined().lowercased() == "serviceprincipalnames" {
      guard case .comparison(.path([variable]), .equal, .literal(let literal)) = body, let text = literal.text, GUID(text) != nil else { continue }
      return text
    }
    return nil
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
    let showingKeys = query.select?.contains("keyCredentials") ?? false
    let whole = try await services.records.read { try services.whole(try find(call, in: $0), showingKeys: showingKeys, in: $0) }
    return call.entity(whole, schema, query: query)
  }

  // MARK: Changes

  @Sendable private func create(_ call: DirectoryCall) async throws -> EdgeResponse {
    let body = try await call.body()
    let properties = try schema.properties(of: body, except: ["appId"])
    guard let text = body["appId"]?.string else { throw GraphError.required("appId", of: schema.resource) }
    guard let appID = GUID(text) else { throw GraphError.invalidValue("appId", of: schema.resource) }
    let tenant = call.tenant
    let creator = call.principal
    let mayManageRoles = try await services.mayManageRoles(creator)
    let whole = try await services.create(call) { transaction in
      let identity = services.identity
      var principal = try identity.createServicePrincipal(appID: appID, tenant: tenant, in: transaction)
      let rest = try apply(properties, to: &principal, mayManageRoles, in: transaction)
      try identity.updateServicePrincipal(principal, in: transaction)
      try services.keep(rest, of: principal.id, tenant: tenant, in: transaction)
      if creator.kind == .user { try services.addOwner(creator.objectID, to: principal.id, tenant: tenant, in: transaction) }
      return (try services.whole(principal, in: transaction), .servicePrincipal(principal))
    }
    return call.entity(whole, schema, created: true)
  }

  @Sendable private func update(_ call: DirectoryCall) async throws -> EdgeResponse {
    let properties = try schema.properties(of: try await call.body())
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      var principal = try find(call, in: transaction)
      let rest = try apply(properties, to: &principal, mayManageRoles, in: transaction)
      try services.identity.updateServicePrincipal(principal, in: transaction)
      try services.keep(rest, of: principal.id, tenant: principal.tenant, in: transaction)
      let subject = DirectorySubject.servicePrincipal(principal).setting(properties)
      return properties["keyCredentials"] == nil ? subject : subject.credentials(principal.keyCredentials.map(\.keyID))
    }
    return .noContent
  }

  @Sendable private func delete(_ call: DirectoryCall) async throws -> EdgeResponse {
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      let principal = try find(call, in: transaction)
      try guardChange(principal, mayManageRoles, in: transaction)
      // It goes with its resource: without it, what lies under a key that it alone may use would be lost.
      guard !principal.isManagedIdentity else { throw GraphError.denied }
      try services.identity.deleteServicePrincipal(principal.id, tenant: principal.tenant, in: transaction)
      try DirectoryTraces.remove(of: principal.id, tenant: principal.tenant, services.access, in: transaction)
      return .servicePrincipal(principal)
    }
    return .noContent
  }

  /// What the platform's own applications are is nobody's to change, and what holds a directory role is for who may assign it.
  private func guardChange(_ principal: ServicePrincipal, _ mayManageRoles: Bool, in reader: any RecordReader) throws {
    guard FirstPartyApplication.application(principal.appID) == nil else { throw GraphError.denied }
    try services.guardPrivileged(principal.id, tenant: principal.tenant, mayManageRoles: mayManageRoles, in: reader)
  }

  /// Sets what the record has a place for, and gives back the rest.
  private func apply(
    _ properties: JSON.Object, to principal: inout ServicePrincipal, _ mayManageRoles: Bool, in reader: any RecordReader
  ) throws -> JSON.Object {
    var rest = JSON.Object()
    for (name, value) in properties.members {
      switch name {
      case "displayName":
        guard let text = value.string, !text.isEmpty else { throw GraphError.invalidValue(name, of: schema.resource) }
        principal.displayName = text
      case "description": principal.description = value.string
      case "accountEnabled":
        guard let enabled = value.boolean else { throw GraphError.invalidValue(name, of: schema.resource) }
        if enabled != principal.accountEnabled { try guardChange(principal, mayManageRoles, in: reader) }
        principal.accountEnabled = enabled
      case "tags": principal.tags = value.texts
      case "keyCredentials":
        try guardChange(principal, mayManageRoles, in: reader)
        principal.keyCredentials = try CredentialRequests.keys(value, existing: principal.keyCredentials, random: services.random)
      default: rest[name] = value
      }
    }
    return rest
  }

  // MARK: Passwords

  @Sendable private func addPassword(_ call: DirectoryCall) async throws -> EdgeResponse {
    let wanted = try CredentialRequests.password(try await call.body())
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    // Before the work of a hash.
    try await services.records.read { reader in try guardChange(try find(call, in: reader), mayManageRoles, in: reader) }
    let (credential, text) = try await services.identity.makeSecret(displayName: wanted.displayName, start: wanted.start, end: wanted.end)
    try await services.change(call) { transaction in
      var principal = try find(call, in: transaction)
      try guardChange(principal, mayManageRoles, in: transaction)
      principal.passwordCredentials.append(credential)
      try services.identity.updateServicePrincipal(principal, in: transaction)
      return .servicePrincipal(principal).credential(credential.keyID)
    }
    return call.credential(services.json(credential, secretText: text))
  }

  @Sendable private func removePassword(_ call: DirectoryCall) async throws -> EdgeResponse {
    let keyID = try CredentialRequests.keyID(try await call.body())
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      var principal = try find(call, in: transaction)
      try guardChange(principal, mayManageRoles, in: transaction)
      guard let index = principal.passwordCredentials.firstIndex(where: { $0.keyID == keyID }) else {
        throw GraphError.badRequest("No password credential found with keyId.")
      }
      principal.passwordCredentials.remove(at: index)
      try services.identity.updateServicePrincipal(principal, in: transaction)
      return .servicePrincipal(principal).credential(keyID)
    }
    return .noContent
  }
}
