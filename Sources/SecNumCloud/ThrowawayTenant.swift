internal import Access
internal import Base
internal import Identity
internal import Records
internal import Wire

/// A tenant that the platform makes to try accounts of its own at its own front door, and removes afterwards: no account of anybody's is tried, locked
/// or disabled.
///
/// One that a crash left behind is removed by a later look.
struct ThrowawayTenant: Sendable {
  let platform: ObservedPlatform
  let id: GUID
  /// A user with a password, who owns the tenant and its directory.
  let user: GUID
  let userName: String
  let password: String
  private let passwordHash: String
  /// An application that does the same with a secret.
  let administrator: Client
  /// An application without rights.
  let visitor: Client

  struct Client: Sendable {
    var appID: GUID
    var principal: GUID
    var secret: String
  }

  /// That a tenant is such a one. Nothing else tells it from a customer's.
  private struct Mark: Record, Codable {
    static let kind = "secnumcloud.throwawayTenant"
    var tenant: GUID
    var created: Timestamp
    var key: RecordKey { RecordKey(tenant: .zero, tenant.description) }
  }

  /// One that is older has been given up.
  private static let maximumAge: Duration = .seconds(600)
  private static let maximumLeftovers = 64

  /// Runs `body` with a fresh tenant.
  static func with<Result: Sendable>(
    _ platform: ObservedPlatform, _ body: @Sendable (ThrowawayTenant) async throws -> Result
  ) async throws -> Result {
    try await removeLeftovers(platform)
    let tenant = try await make(platform)
    do {
      let result = try await body(tenant)
      try await remove(tenant.id, platform)
      return result
    } catch {
      try await remove(tenant.id, platform)
      throw error
    }
  }

  // MARK: Coming and going

  private static func make(_ platform: ObservedPlatform) async throws -> ThrowawayTenant {
    let (identity, access) = (platform.identity, platform.access)
    let (now, id) = (platform.now, platform.random.guid())
    let domain = "essai-\(id.description.prefix(8)).\(platform.site.address.domain)"
    // A secret of the platform's making is as good as a password of 223 bits, and its hash costs one sign-in little.
    let user = try await identity.makeSecret(displayName: nil)
    let (admin, visit) = (try await identity.makeSecret(displayName: nil), try await identity.makeSecret(displayName: nil))
    return try await platform.records.write { transaction in
      let tenant = try identity.createTenant(id: id, displayName: "Essai SecNumCloud", domains: [domain], country: "FR", in: transaction)
      try transaction.save(Mark(tenant: tenant.id, created: now))
      var account = User(
        id: .zero, tenant: tenant.id, userPrincipalName: "essai@\(domain)", displayName: "Essai", mailNickname: "essai", created: now)
      account.passwordHash = user.credential.hash
      account = try identity.createUser(account, in: transaction)
      func client(_ name: String, _ secret: (credential: PasswordCredential, secretText: String)) throws -> Client {
        var application = Application(id: .zero, tenant: tenant.id, appID: .zero, displayName: name, created: now)
        application.passwordCredentials = [secret.credential]
        application = try identity.createApplication(application, in: transaction)
        let principal = try identity.createServicePrincipal(appID: application.appID, tenant: tenant.id, in: transaction)
        return Client(appID: application.appID, principal: principal.id, secret: secret.secretText)
      }
      let (administrator, visitor) = (try client("essai-administration", admin), try client("essai-visite", visit))
      for (holder, type) in [(account.id, PrincipalType.user), (administrator.principal, .servicePrincipal)] {
        for (role, path) in [(BuiltInRole.owner, "/"), (DirectoryRole.globalAdministrator, AccessScope.directory)] {
          _ = try access.assign(
            RoleAssignmentRequest(roleDefinitionID: role, principalID: holder), id: platform.random.guid(),
            at: AccessScope(tenant: tenant.id, path: path), resolvedType: type, by: .zero, now: now, in: transaction)
        }
      }
      return ThrowawayTenant(
        platform: platform, id: tenant.id, user: account.id, userName: account.userPrincipalName, password: user.secretText,
        passwordHash: user.credential.hash, administrator: administrator, visitor: visitor)
    }
  }

  private static func remove(_ id: GUID, _ platform: ObservedPlatform) async throws {
    let (identity, access) = (platform.identity, platform.access)
    try await platform.records.write { transaction in
      try access.unassignAll(under: AccessScope(tenant: id, path: "/"), in: transaction)
      try access.unassignAll(under: AccessScope(tenant: id, path: AccessScope.directory), in: transaction)
      try identity.closeTenant(id, in: transaction)
      _ = try identity.removeDirectory(of: id, limit: RecordLimits.maximumRemovalsPerTransaction, in: transaction)
      try transaction.remove(Mark.self, RecordKey(tenant: .zero, id.description))
    }
  }

  private static func removeLeftovers(_ platform: ObservedPlatform) async throws {
    let marks = try await platform.records.read { try $0.list(Mark.self, under: RecordKey(tenant: .zero), limit: maximumLeftovers) }
    let old = platform.now.advanced(by: .zero - maximumAge)
    for mark in marks where mark.created < old { try await remove(mark.tenant, platform) }
  }

  /// Those that are there now, in use or left behind: no customers, for who counts tenants.
  static func all(in reader: any RecordReader) throws -> Set<GUID> {
    Set(try reader.list(Mark.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed).map(\.tenant))
  }

  /// Puts back the hash that costs little: the first sign-in has replaced it by a costly one, which every further one would pay for.
  func keepCheapHash() async throws {
    try await platform.records.write { transaction in
      guard var account = try platform.identity.user(user, tenant: id, in: transaction) else { return }
      account.passwordHash = passwordHash
      try transaction.save(account)
    }
  }
}
