internal import Base
public import Edge
public import NIOHTTP1

/// One route of the operators' API with what it demands: a route cannot be written without it.
public struct OperatorRoute: Sendable {
  public typealias Handler = @Sendable (OperatorCall) async throws -> EdgeResponse
  public typealias GrantedHandler = @Sendable (OperatorCall, OperatorGrant) async throws -> EdgeResponse

  public enum Access: Sendable, Equatable {
    /// Every operator; the reason says why that is right.
    case signedIn(reason: String)
    /// Operators of a role with this permission. The route shows nothing that is a tenant's.
    case permission(OperatorPermission)
    /// The same, and the tenant's grant besides: the only kind of route that may show what is a tenant's.
    case grant(OperatorPermission)
  }

  public let method: HTTPMethod
  /// Segments that are literal or `{parameter}`; literals match in any case: `/lockboxRequests/{id}`.
  public let pattern: String
  public let access: Access
  private let handler: Handler

  /// A route that shows nothing that is a tenant's.
  public init(_ method: HTTPMethod, _ pattern: String, _ permission: OperatorPermission, handler: @escaping Handler) {
    self.method = method
    self.pattern = pattern
    access = .permission(permission)
    self.handler = handler
  }

  /// A route for every operator that shows nothing that is a tenant's.
  public init(_ method: HTTPMethod, _ pattern: String, everybody reason: String, handler: @escaping Handler) {
    self.method = method
    self.pattern = pattern
    access = .signedIn(reason: reason)
    self.handler = handler
  }

  /// A route that may show what is a tenant's: the handler runs with the grant that the guard found, and never without one.
  public init(
    _ method: HTTPMethod, _ pattern: String, _ permission: OperatorPermission, grantedBy grants: any GrantGuard, handler: @escaping GrantedHandler
  ) {
    self.method = method
    self.pattern = pattern
    access = .grant(permission)
    self.handler = { call in
      let grant = try await grants.use(call)
      // Whatever the guard is: a grant is one operator's, for a while.
      guard grant.operatorID == call.caller.id, call.now < grant.ends else { throw OperatorErrors.noGrant }
      return try await handler(call, grant)
    }
  }

  /// Answers a call whose caller has the permission. A route that needs a grant asks for it here, and nowhere else.
  package func run(_ call: OperatorCall) async throws -> EdgeResponse { try await handler(call) }

  /// The permission that it needs; nil where every operator may call it.
  public var permission: OperatorPermission? {
    switch access {
    case .signedIn: nil
    case .permission(let permission), .grant(let permission): permission
    }
  }
}
