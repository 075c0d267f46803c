internal import Access
internal import Base
internal import Edge
internal import Identity
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// What the routes stand on.
struct DirectoryServices: Sendable {
  let records: any RecordStore
  let access: AccessControl
  let identity: IdentityService
  let address: CloudAddress
  let clock: any WallClock
  let random: any RandomSource
  /// Where refusals are noted for the ledger.
  let notes: LedgerNotes?

  func call(_ routed: RoutedRequest, _ pattern: String, _ action: String = "") -> DirectoryCall {
    DirectoryCall(routed: routed, baseURL: address.url("graph"), pattern: pattern, action: action)
  }

  /// A route that is guarded by an action on the directory.
  func route(
    _ method: HTTPMethod, _ pattern: String, _ action: String, _ handler: @escaping @Sendable (DirectoryCall) async throws -> EdgeResponse
  ) -> Route {
    let action = "microsoft.directory/\(action)"
    return Route(method, Self.version + pattern, .action(Action(action), on: AccessScope.directory)) { routed in
      let call = call(routed, pattern, action)
      do {
        return try await handler(call)
      } catch let error as CloudError where error.status == 403 {
        noteRefusal(call, code: error.code)
        throw error
      }
    }
  }

  /// A route for whoever is signed in, about itself.
  func ownRoute(
    _ method: HTTPMethod, _ pattern: String, _ handler: @escaping @Sendable (DirectoryCall) async throws -> EdgeResponse
  ) -> Route {
    let reason = "a user reads what the directory holds of itself"
    return Route(method, Self.version + pattern, .authenticated(reason: reason)) { routed in
      guard routed.principal.kind == .user else {
        throw GraphError.protocolError("/me request is only valid with delegated authentication flow.")
      }
      return try await handler(call(routed, pattern))
    }
  }

  /// What every route's pattern begins with.
  static let version = "/v1.0"

  // MARK: Permission

  /// Whether the caller may change what holds a directory role. Without it, whoever resets passwords could become an administrator by it.
  func mayManageRoles(_ principal: Principal) async throws -> Bool {
    let scope = AccessScope(tenant: principal.tenant, path: AccessScope.directory)
    return try await access.decide(principal, DirectoryRole.roleManagement, on: scope) == .allowed
  }

  /// Throws 403 when a principal holds a directory role, by itself or through a group, that the caller may not manage.
  func guardPrivileged(_ target: GUID, tenant: GUID, mayManageRoles: Bool, in reader: any RecordReader) throws {
    guard !mayManageRoles else { return }
    for holder in try [target] + identity.groups(of: target, tenant: tenant, in: reader) {
      let held = try access.directoryAssignments(of: holder, tenant: tenant, in: reader)
      guard held.allSatisfy({ $0.roleDefinitionID == DirectoryRole.directoryReaders }) else { throw GraphError.denied }
    }
  }

  // MARK: Kept properties

  func kept(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> JSON.Object {
    try reader.fetch(KeptProperties.self, KeptProperties.key(tenant: tenant, id))?.properties.object ?? JSON.Object()
  }

  /// Merges changes into what is kept of an object.
  func keep(_ changes: JSON.Object, of id: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard !changes.isEmpty else { return }
    let merged = JSON.object(GraphSchema.merged(changes, over: try kept(id, tenant: tenant, in: transaction)))
    guard merged.bytes.count <= DirectoryLimits.maximumKeptBytes else {
      throw GraphError.badRequest("The properties of the resource exceed \(DirectoryLimits.maximumKeptBytes) bytes.")
    }
    try transaction.save(KeptProperties(tenant: tenant, id: id, properties: merged))
  }

  // MARK: Owners

  func addOwner(_ owner: GUID, to object: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard
      try identity.user(owner, tenant: tenant, in: transaction) != nil
        || identity.servicePrincipal(owner, tenant: tenant, in: transaction) != nil
    else { throw GraphError.notFound(owner.description) }
    guard try Ownership.owners(of: object, tenant: tenant, in: transaction).count < DirectoryLimits.maximumOwners,
      try Ownership.owned(by: owner, tenant: tenant, in: transaction).count < DirectoryLimits.maximumOwnedObjects
    else { throw GraphError.quotaExceeded }
    guard try transaction.insert(Ownership(tenant: tenant, object: object, owner: owner)) else { throw GraphError.referenceExists("owners") }
  }

  func removeOwner(_ owner: GUID, from object: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard try transaction.remove(Ownership.self, Ownership.key(tenant: tenant, object: object, owner: owner)) else {
      throw GraphError.notFound(owner.description)
    }
  }

  // MARK: Objects

  /// A complete object of any type.
  func object(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> (whole: JSON.Object, schema: GraphSchema)? {
    if let user = try identity.user(id, tenant: tenant, in: reader) { return (try whole(user, in: reader), .user) }
    if let group = try identity.group(id, tenant: tenant, in: reader) { return (try whole(group, in: reader), .group) }
    if let principal = try identity.servicePrincipal(id, tenant: tenant, in: reader) { return (try whole(principal, in: reader), .servicePrincipal) }
    if let application = try identity.application(id, tenant: tenant, in: reader) { return (try whole(application, in: reader), .application) }
    return nil
  }

  /// A complete object with its `@odata.type` before it.
  func typed(_ whole: JSON.Object, _ schema: GraphSchema) -> JSON.Object {
    JSON.Object.with(["@odata.type": .string(schema.odataType)]).followed(by: whole)
  }

  /// The same of an id, which a membership or ownership names: what is gone is shown by its id alone.
  func typed(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> JSON.Object {
    guard let (whole, schema) = try object(id, tenant: tenant, in: reader) else { return JSON.Object.with(["id": .string(id.description)]) }
    return typed(whole, schema)
  }
}
