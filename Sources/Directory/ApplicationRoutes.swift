internal import Access
internal import Base
internal import Edge
internal import Identity
internal import NIOHTTP1
internal import Records
internal import Wire

/// Application registrations with their secrets and certificates.
///
/// Source: Microsoft Graph REST API v1.0, "application resource type".
struct ApplicationRoutes: Sendable {
  private let services: DirectoryServices
  private let schema = GraphSchema.application

  init(_ services: DirectoryServices) {
    self.services = services
  }

  var routes: [Route] {
    [
      services.route(.GET, "/applications", "applications/standard/read", list),
      services.route(.GET, "/applications/$count", "applications/standard/read", count),
      services.route(.POST, "/applications", "applications/create", create),
      services.route(.GET, "/applications/{id}", "applications/standard/read", show),
      services.route(.PATCH, "/applications/{id}", "applications/basic/update", update),
      services.route(.DELETE, "/applications/{id}", "applications/delete", delete),
      services.route(.POST, "/applications/{id}/addPassword", "applications/credentials/update", addPassword),
      services.route(.POST, "/applications/{id}/removePassword", "applications/credentials/update", removePassword),
    ]
  }

  /// The application that a path names: `{id}` or `appId={client id}`.
  @Sendable func find(_ call: DirectoryCall, in reader: any RecordReader) throws -> Application {
    let name = call.parameter("id")
    let found: Application?
    if let appID = call.alternateKey("appId") {
      found = try GUID(appID).flatMap { try services.identity.application(appID: $0, in: reader) }
    } else {
      found = try GUID(name).flatMap { try services.identity.application($0, tenant: call.tenant, in: reader) }
    }
    guard let found, found.tenant == call.tenant else { throw GraphError.notFound(call.alternateKey("appId") ?? name) }
    return found
  }

  private func page(_ query: GraphQuery, _ tenant: GUID) async throws -> GraphPage {
    try await services.records.read { reader in
      let identity = services.identity
      let listing = GraphListing<Application>(
        schema: schema, query: query, fetch: { try identity.applications(tenant: tenant, after: $0, limit: $1, in: reader) }, id: \.id,
        render: { try services.whole($0, in: reader) })
      if let appID = query.filter?.required("appId")?.text {
        let found = try GUID(appID).flatMap { try identity.application(appID: $0, in: reader) }
        return try listing.page(candidates: found.map { $0.tenant == tenant ? [$0] : [] } ?? [])
      }
      if let id = query.filter?.required("id")?.text {
        return try listing.page(candidates: try GUID(id).flatMap { try identity.application($0, tenant: tenant, in: reader) }.map { [$0] } ?? [])
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
    let showingKeys = query.select?.contains("keyCredentials") ?? false
    let whole = try await services.records.read { try services.whole(try find(call, in: $0), showingKeys: showingKeys, in: $0) }
    return call.entity(whole, schema, query: query)
  }

  // MARK: Changes

  @Sendable private func create(_ call: DirectoryCall) async throws -> EdgeResponse {
    let body = try await call.body()
    let properties = try schema.properties(of: body, except: ["passwordCredentials"])
    guard body["passwordCredentials"]?.array?.isEmpty ?? true else {
      throw GraphError.badRequest("Adding a password credential while creating an application is not supported: use addPassword.")
    }
    guard let displayName = properties["displayName"]?.string, !displayName.isEmpty else {
      throw GraphError.required("displayName", of: schema.resource)
    }
    let owners = try boundReferences("owners@odata.bind", in: body)
    let creator = call.principal
    var application = Application(id: .zero, tenant: call.tenant, appID: .zero, displayName: displayName, created: services.clock.now())
    let rest = try apply(properties, to: &application)
    let wanted = application
    let whole = try await services.create(call) { transaction in
      let created = try services.identity.createApplication(wanted, in: transaction)
      for owner in Set(owners + (creator.kind == .user ? [creator.objectID] : [])) {
        try services.addOwner(owner, to: created.id, tenant: created.tenant, in: transaction)
      }
      try services.keep(rest, of: created.id, tenant: created.tenant, in: transaction)
      return (try services.whole(created, in: transaction), .application(created).credentials(created.keyCredentials.map(\.keyID)))
    }
    return call.entity(whole, schema, created: true)
  }

  @Sendable private func update(_ call: DirectoryCall) async throws -> EdgeResponse {
    let properties = try schema.properties(of: try await call.body())
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      var application = try find(call, in: transaction)
      if properties["keyCredentials"] != nil { try guardCredentials(application, mayManageRoles, in: transaction) }
      let rest = try apply(properties, to: &application)
      try services.identity.updateApplication(application, in: transaction)
      try services.keep(rest, of: application.id, tenant: application.tenant, in: transaction)
      let subject = DirectorySubject.application(application).setting(properties)
      return properties["keyCredentials"] == nil ? subject : subject.credentials(application.keyCredentials.map(\.keyID))
    }
    return .noContent
  }

  @Sendable private func delete(_ call: DirectoryCall) async throws -> EdgeResponse {
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      let application = try find(call, in: transaction)
      try guardCredentials(application, mayManageRoles, in: transaction)
      if let principal = try services.identity.servicePrincipal(appID: application.appID, tenant: application.tenant, in: transaction) {
        try DirectoryTraces.remove(of: principal.id, tenant: application.tenant, services.access, in: transaction)
      }
      try services.identity.deleteApplication(application.id, tenant: application.tenant, in: transaction)
      try DirectoryTraces.remove(of: application.id, tenant: application.tenant, services.access, in: transaction)
      return .application(application)
    }
    return .noContent
  }

  /// Whoever holds an application's credentials speaks for its service principal.
  private func guardCredentials(_ application: Application, _ mayManageRoles: Bool, in reader: any RecordReader) throws {
    guard let principal = try services.identity.servicePrincipal(appID: application.appID, tenant: application.tenant, in: reader) else { return }
    try services.guardPrivileged(principal.id, tenant: application.tenant, mayManageRoles: mayManageRoles, in: reader)
  }

  /// Sets what the record has a place for, and gives back the rest.
  private func apply(_ properties: JSON.Object, to application: inout Application) throws -> JSON.Object {
    var rest = JSON.Object()
    for (name, value) in properties.members {
      switch name {
      case "displayName":
        guard let text = value.string, !text.isEmpty else { throw GraphError.invalidValue(name, of: schema.resource) }
        application.displayName = text
      case "description": application.description = value.string
      case "signInAudience": application.signInAudience = value.string ?? "AzureADMyOrg"
      case "identifierUris": application.identifierURIs = value.texts
      case "isFallbackPublicClient": application.isFallbackPublicClient = value.boolean ?? false
      case "tags": application.tags = value.texts
      case "keyCredentials":
        application.keyCredentials = try CredentialRequests.keys(value, existing: application.keyCredentials, random: services.random)
      case "web", "spa", "publicClient":
        var object = value.object ?? JSON.Object()
        if let uris = object["redirectUris"] {
          switch name {
          case "web": application.webRedirectURIs = uris.texts
          case "spa": application.singlePageRedirectURIs = uris.texts
          default: application.publicClientRedirectURIs = uris.texts
          }
        }
        object["redirectUris"] = nil
        if !object.isEmpty { rest[name] = .object(object) }
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
    try await services.records.read { reader in try guardCredentials(try find(call, in: reader), mayManageRoles, in: reader) }
    let (credential, text) = try await services.identity.makeSecret(displayName: wanted.displayName, start: wanted.start, end: wanted.end)
    try await services.change(call) { transaction in
      var application = try find(call, in: transaction)
      try guardCredentials(application, mayManageRoles, in: transaction)
      application.passwordCredentials.append(credential)
      try services.identity.updateApplication(application, in: transaction)
      return .application(application).credential(credential.keyID)
    }
    return call.credential(services.json(credential, secretText: text))
  }

  @Sendable private func removePassword(_ call: DirectoryCall) async throws -> EdgeResponse {
    let keyID = try CredentialRequests.keyID(try await call.body())
    let mayManageRoles = try await services.mayManageRoles(call.principal)
    try await services.change(call) { transaction in
      var application = try find(call, in: transaction)
      try guardCredentials(application, mayManageRoles, in: transaction)
      guard let index = application.passwordCredentials.firstIndex(where: { $0.keyID == keyID }) else {
        throw GraphError.badRequest("No password credential found with keyId.")
      }
      application.passwordCredentials.remove(at: index)
      try services.identity.updateApplication(application, in: transaction)
      return .application(application).credential(keyID)
    }
    return .noContent
  }
}
