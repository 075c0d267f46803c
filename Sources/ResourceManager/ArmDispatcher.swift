internal import Access
internal import Base
internal import NIOHTTP1
internal import Wire

/// Asks whether a request is allowed, and runs it: the one way to every operation, for requests that came over HTTP and for those that a
/// deployment makes in the name of who submitted it.
public final class ArmDispatcher: Sendable {
  let manager: ResourceManager
  let authorizer: any Authorizer
  let table: ArmOperationTable

  init(manager: ResourceManager, authorizer: any Authorizer, table: ArmOperationTable) {
    self.manager = manager
    self.authorizer = authorizer
    self.table = table
  }

  /// Runs an operation for a caller that was authenticated. `body` is asked for once the caller was admitted.
  func run(
    _ operation: ArmOperation, _ parameters: [String: String], _ path: ArmPath, scopeLength: Int, _ context: ArmContext, ifMatch: String? = nil,
    ifNoneMatch: String? = nil, body: () async throws -> JSON
  ) async throws -> ArmAnswer {
    do {
      return try await decide(operation, parameters, path, scopeLength: scopeLength, context, ifMatch: ifMatch, ifNoneMatch: ifNoneMatch, body: body)
    } catch let error as CloudError where error.status == 403 {
      manager.noteRefusal(context, code: error.code)
      throw error
    }
  }

  private func decide(
    _ operation: ArmOperation, _ parameters: [String: String], _ path: ArmPath, scopeLength: Int, _ context: ArmContext, ifMatch: String?,
    ifNoneMatch: String?, body: () async throws -> JSON
  ) async throws -> ArmAnswer {
    guard let scope = ResourceID(path.text(scopeLength)) else { throw ArmRefusal.missingSubscription }
    let hasPermission = try await admit(operation, context, parameters, path, scopeLength: scopeLength)
    let principal = context.principal
    if operation.needsRecords { try await open(operation, context) }
    return try await operation.run(
      ArmCall(
        context: context, parameters: parameters, path: path, scope: scope, body: operation.hasBody ? try await body() : .null, ifMatch: ifMatch,
        ifNoneMatch: ifNoneMatch, hasPermission: hasPermission,
        mayAlso: { [authorizer] permission, path in
          let scope = AccessScope(tenant: principal.tenant, path: path)
          return try await authorizer.decide(principal, Action(permission), on: scope) == .allowed
        },
        mayKnow: { [authorizer] permission, path in
          let scope = AccessScope(tenant: principal.tenant, path: path)
          return try await authorizer.decide(principal, Action(permission), on: scope) != .hidden
        }))
  }

  private func open(_ operation: ArmOperation, _ context: ArmContext) async throws {
    do {
      try await manager.openRecords(of: context.tenant, caller: context.principal.objectID, request: context.requestID)
    } catch let error as CloudError {
      if operation.isLogged { await manager.recordFailure(context, error) }
      throw error
    }
  }

  /// A request of the platform's own, in somebody's name: `context` says whose and when. Throws what a client would be answered.
  func perform(_ method: HTTPMethod, _ path: String, apiVersion: String, body: JSON, _ context: ArmContext) async throws -> ArmAnswer {
    let path = try ArmPath(path)
    let match = table.match(method, path)
    guard case .found(let operation, let parameters, let scopeLength) = match else {
      throw ArmRefusal.unmatched(match, path, method, apiVersion: apiVersion, catalog: manager.catalog)
    }
    var context = context
    context.permission = Self.permission(operation, parameters)
    context.resourceID = path.text
    context.apiVersion = apiVersion
    context.method = method.rawValue
    return try await run(operation, parameters, path, scopeLength: scopeLength, context) { body }
  }

  /// The permission that an operation needs, with the namespace that the path names.
  static func permission(_ operation: ArmOperation, _ parameters: [String: String]) -> String {
    (operation.admission.permission ?? operation.name)
      .split(separator: "/", omittingEmptySubsequences: false)
      .map { $0 == "{namespace}" ? parameters["namespace"] ?? "" : String($0) }
      .joined(separator: "/")
  }

  // MARK: Admission

  /// Asks the one function that decides. Gives whether the permission is held; false only where the admission lets that pass.
  private func admit(
    _ operation: ArmOperation, _ context: ArmContext, _ parameters: [String: String], _ path: ArmPath, scopeLength: Int
  ) async throws -> Bool {
    guard operation.admission.permission != nil else { return true }
    let place = Self.place(operation.place, parameters, path, scopeLength: scopeLength)
    let decision = try await authorizer.decide(
      context.principal, Action(context.permission), on: AccessScope(tenant: context.tenant, path: place))
    switch (decision, operation.admission) {
    case (.allowed, _): return true
    case (.denied, .visible), (.denied, .list), (.denied, .initiator), (.hidden, .initiator): return false
    case (.hidden, _):
      if let subscription = context.subscription {
        let refusal = CloudError.subscriptionNotFound(subscription)
        manager.noteRefusal(context, code: refusal.code)
        throw refusal
      }
      fallthrough
    case (.denied, _):
      let refusal = CloudError.authorizationFailed(
        client: context.caller, objectID: context.principal.objectID, action: context.permission, scope: place)
      if operation.isLogged { await manager.recordFailure(context, refusal) }
      throw refusal
    }
  }

  private static func place(_ place: ArmOperation.Place, _ parameters: [String: String], _ path: ArmPath, scopeLength: Int) -> String {
    switch place {
    case .tenant: "/"
    case .subscription: path.text(2)
    case .group: path.text(4)
    case .path(let dropped): path.text(path.segments.count - dropped)
    case .extended: path.text(scopeLength)
    }
  }
}
