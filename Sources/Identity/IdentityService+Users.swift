public import Base
public import Records

extension IdentityService {
  // MARK: With hashing

  /// Makes a user with a password. `user.id`, `created` and `sessionsValidFrom` are set here when `user.id` is zero.
  ///
  /// Throws a 400 `CloudError` for a name that is taken or malformed and for a password that the policy refuses.
  public func createUser(_ user: User, password: String) async throws -> User {
    var user = user
    user.passwordHash = try await hashPassword(password, for: user.userPrincipalName)
    let complete = user
    return try await records.write { try self.createUser(complete, in: $0) }
  }

  /// Replaces a user's password and ends all sessions. Throws 404 where there is no such user.
  public func setPassword(_ password: String, user id: GUID, tenant: GUID, forceChangePasswordNextSignIn: Bool = false) async throws {
    let name = try await records.read { try self.user(id, tenant: tenant, in: $0)?.userPrincipalName }
    guard let name else { throw DirectoryErrors.notFound(id) }
    let hash = try await hashPassword(password, for: name)
    try await records.write {
      try self.setPassword(hash: hash, user: id, tenant: tenant, forceChangePasswordNextSignIn: forceChangePasswordNextSignIn, in: $0)
    }
  }

  /// Checks a password against the policy and hashes it, for `createUser` and `setPassword` over a transaction.
  ///
  /// Throws a 400 `CloudError` where the policy refuses it, 503 when too many hashes are under way.
  public func hashPassword(_ password: String, for userPrincipalName: String) async throws -> String {
    guard PasswordPolicy.accepts(password, for: userPrincipalName) else { throw DirectoryErrors.password }
    return try await hasher.hash(password, kind: .password)
  }

  // MARK: Over a transaction

  /// Makes a user whose `passwordHash` is set, or a guest's account. Where `user.id` is zero, a new id is given.
  @discardableResult
  public func createUser(_ user: User, in transaction: RecordTransaction) throws -> User {
    var user = user
    if user.id == .zero { user.id = random.guid() }
    user.created = clock.now()
    user.sessionsValidFrom = user.created
    try checkUser(user, in: transaction)
    guard try transaction.insert(user) else { throw DirectoryErrors.conflict("id") }
    return user
  }

  /// Makes an account in `tenant` for a user of another tenant, who signs in there with the password that he has.
  ///
  /// Source: Microsoft Entra External ID, guest user principal names (`name_domain#EXT#@host`).
  public func createGuest(of homeUser: GUID, homeTenant: GUID, in tenant: Tenant, transaction: RecordTransaction) throws -> User {
    guard let home = try user(homeUser, tenant: homeTenant, in: transaction), home.home == nil, homeTenant != tenant.id else {
      throw DirectoryErrors.notFound(homeUser)
    }
    let account = User.HomeAccount(tenant: homeTenant, user: homeUser)
    guard try guest(of: account, tenant: tenant.id, in: transaction) == nil else { throw DirectoryErrors.conflict("userPrincipalName") }
    let name = home.userPrincipalName.replacing("@", with: "_")
    var guest = User(
      id: .zero, tenant: tenant.id, userPrincipalName: "\(name)#EXT#@\(tenant.domains[0])", displayName: home.displayName,
      mailNickname: String("\(name)#EXT#".suffix(64)), home: account, created: clock.now())
    guest.mail = home.mail ?? home.userPrincipalName
    return try createUser(guest, in: transaction)
  }

  /// Stores a changed user. Disabling one ends its sessions.
  public func updateUser(_ user: User, in transaction: RecordTransaction) throws {
    guard let old = try self.user(user.id, tenant: user.tenant, in: transaction) else { throw DirectoryErrors.notFound(user.id) }
    try checkUser(user, in: transaction)
    var user = user
    if old.accountEnabled && !user.accountEnabled { user.sessionsValidFrom = clock.now() }
    try transaction.save(user)
  }

  /// Replaces a user's password by a hash of `hashPassword`, and ends all sessions.
  public func setPassword(
    hash: String, user id: GUID, tenant: GUID, forceChangePasswordNextSignIn: Bool, in transaction: RecordTransaction
  ) throws {
    guard var user = try user(id, tenant: tenant, in: transaction) else { throw DirectoryErrors.notFound(id) }
    user.passwordHash = hash
    user.forceChangePasswordNextSignIn = forceChangePasswordNextSignIn
    user.sessionsValidFrom = clock.now()
    try transaction.save(user)
    let attempts = userAttempts
    transaction.afterCommit { attempts.succeeded(id) }
  }

  /// Removes a user with its memberships, its sessions and its guest accounts; false when there is none.
  @discardableResult
  public func deleteUser(_ id: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    guard let user = try user(id, tenant: tenant, in: transaction) else { return false }
    try removeMemberships(of: id, tenant: tenant, in: transaction)
    try transaction.removeAll(
      RefreshToken.self, under: RecordKey(tenant: tenant, id.description), limit: RecordLimits.maximumRemovalsPerTransaction)
    if user.home == nil {
      for guest in try guests(of: User.HomeAccount(tenant: tenant, user: id), in: transaction) {
        try deleteUser(guest.id, tenant: guest.tenant, in: transaction)
      }
    }
    return try transaction.remove(User.self, user.key)
  }

  public func user(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> User? {
    try reader.fetch(User.self, User.key(tenant: tenant, id))
  }

  /// The user of a name, in any case, over all tenants.
  public func user(named userPrincipalName: String, in reader: any RecordReader) throws -> User? {
    try reader.list(User.self, index: User.nameIndex, [userPrincipalName.lowercased()], tenant: .zero, limit: 1).first
  }

  /// A tenant's users in the order of their ids, beginning after `after`.
  public func users(tenant: GUID, after: GUID? = nil, limit: Int, in reader: any RecordReader) throws -> [User] {
    try reader.list(User.self, under: RecordKey(tenant: tenant), after: after.map { User.key(tenant: tenant, $0) }, limit: limit)
  }

  func guest(of home: User.HomeAccount, tenant: GUID, in reader: any RecordReader) throws -> User? {
    try guests(of: home, in: reader).first { $0.tenant == tenant }
  }

  /// The accounts that a user has as a guest of other tenants.
  public func guests(of home: User.HomeAccount, in reader: any RecordReader) throws -> [User] {
    try reader.list(
      User.self, index: User.homeIndex, [home.tenant.description, home.user.description], tenant: .zero, limit: IdentityLimits.maximumSwept)
  }

  private func checkUser(_ user: User, in reader: any RecordReader) throws {
    try checkDisplayName(user.displayName, of: "User")
    guard let (_, domain) = DirectoryNames.halves(ofUserPrincipalName: user.userPrincipalName) else {
      throw DirectoryErrors.invalid("userPrincipalName", "User")
    }
    guard !user.mailNickname.isEmpty, user.mailNickname.count <= 64, DirectoryNames.isPrintable(user.mailNickname) else {
      throw DirectoryErrors.invalid("mailNickname", "User")
    }
    guard let tenant = try tenant(user.tenant, in: reader) else { throw DirectoryErrors.notFound(user.tenant) }
    guard tenant.domains.contains(domain.lowercased()) else { throw DirectoryErrors.domain }
    if let other = try self.user(named: user.userPrincipalName, in: reader), other.key != user.key {
      throw DirectoryErrors.conflict("userPrincipalName")
    }
  }
}
