public import Base

/// The one function that decides. Every route reaches its service through it.
public protocol Authorizer: Sendable {
  /// Whether `principal` may do `action` on `scope`: an ARM id (`/subscriptions/…`), `/` for the tenant's root, or `/directory`
  /// for what Graph guards. Deny by default; a scope of another tenant is always denied.
  ///
  /// Throws only when the record store does.
  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision
}

/// A place in the hierarchy of one tenant.
public struct AccessScope: Hashable, Sendable {
  public var tenant: GUID
  /// Without a trailing slash except for `/` itself. Compared without regard to case.
  public var path: String

  public init(tenant: GUID, path: String) {
    self.tenant = tenant
    self.path = path
  }
}

public enum Decision: Equatable, Sendable {
  case allowed
  /// Denied, and the principal can see nothing at that scope: to it, the thing does not exist.
  case hidden
  case denied
}

/// Verifies bearer tokens. `Identity` is the one that can.
public protocol TokenVerifier: Sendable {
  /// The principal that a token speaks for. `audiences` are the acceptable `aud` values; a trailing slash makes no difference.
  ///
  /// Throws `TokenError`.
  func principal(bearer token: String, audiences: [String]) async throws -> Principal
}

/// Why a token was refused.
public enum TokenError: Error, Equatable, Sendable {
  case malformed
  case wrongAlgorithm
  case unknownKey
  case badSignature
  case wrongIssuer
  case wrongAudience
  case expired
  case notYetValid
  /// The principal was deleted or disabled after the token was issued.
  case unknownPrincipal
}

/// Looks principals up by id. `Identity` is the one that can.
public protocol PrincipalResolver: Sendable {
  /// The enabled user, service principal or group of a tenant, with the groups it belongs to; nil when there is none.
  func principal(tenant: GUID, objectID: GUID) async throws -> Principal?

  /// What kind of principal an id names in a tenant, enabled or not; nil when there is none. Role assignments are made for these.
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType?
}
