internal import Base
internal import Ledger
internal import Logging
internal import Records

extension IdentityService {
  /// Checks a user's name and password and gives the account in `tenant`, or in the user's own tenant when nil.
  ///
  /// An unknown name in a known domain, a wrong password and a locked name take the same time and, but for the lock, give the same answer; what else
  /// is wrong with an account shows only to who knows its password. `newPassword` replaces one that must be changed.
  func signIn(_ name: String, password: String, newPassword: String?, tenant: Tenant?) async throws -> SignIn {
    let started = clock.now()
    let (user, isKnownDomain) = try await records.read { reader in
      let domain = DirectoryNames.halves(ofUserPrincipalName: name)?.domain
      return (
        try self.user(named: String(name.prefix(256)), in: reader), try domain.flatMap { try self.tenant(domain: String($0), in: reader) } != nil
      )
    }
    guard isKnownDomain else { throw OAuthErrors.noUser(tenant?.displayName ?? "organizations") }
    let attempts = user == nil ? unknownUserAttempts : userAttempts
    let attempt = user?.id ?? GUID(digestOf: name.lowercased())
    if attempts.lockedSeconds(attempt) != nil {
      logger.notice("sign-in refused: locked", metadata: ["user": "\(attempt)"])
      throw OAuthErrors.lockedUser
    }
    let isPossible = password.count <= IdentityLimits.passwordCharacters.upperBound
    let isRight = try await hasher.matches(isPossible ? password : "", user?.passwordHash)
    guard let user, isRight else {
      attempts.failed(attempt, secret: password)
      throw OAuthErrors.badPassword
    }
    attempts.succeeded(user.id)
    guard user.accountEnabled else { throw OAuthErrors.disabledUser }
    var authenticated = started
    if user.forceChangePasswordNextSignIn {
      guard let newPassword else { throw OAuthErrors.passwordExpired }
      authenticated = try await replacePassword(of: user, password, by: newPassword)
    } else if let stored = user.passwordHash, hasher.isOutdated(stored) {
      try await strengthenHash(of: user, password)
    }
    let home = User.HomeAccount(tenant: user.tenant, user: user.id)
    let since = authenticated
    let account = try await records.read { try self.account(of: home, authenticated: since, in: tenant, reader: $0) }
    return SignIn(tenant: account.tenant, user: account.id, home: home, authenticated: authenticated)
  }

  private func replacePassword(of user: User, _ old: String, by new: String) async throws -> Timestamp {
    guard new != old else { throw DirectoryErrors.password }
    let (hash, entryID, now) = (try await hashPassword(new, for: user.userPrincipalName), random.guid(), clock.now())
    try await records.write { transaction in
      try self.setPassword(hash: hash, user: user.id, tenant: user.tenant, forceChangePasswordNextSignIn: false, in: transaction)
      try LedgerEntry(
        id: entryID, time: now, tenant: user.tenant, kind: .controlWrite, subject: "/users", outcome: .succeeded,
        facts: ["service": "login", "operation": "changePassword"],
        personal: ["caller": user.userPrincipalName, "principal": user.id.description, "object": user.id.description]
      ).append(in: transaction)
    }
    return clock.now()
  }

  /// Hashes the password anew with today's parameters, unless it was changed meanwhile.
  private func strengthenHash(of user: User, _ password: String) async throws {
    let hash = try await hasher.hash(password, kind: .password)
    try await records.write { transaction in
      guard var current = try self.user(user.id, tenant: user.tenant, in: transaction), current.passwordHash == user.passwordHash else { return }
      current.passwordHash = hash
      try transaction.save(current)
    }
  }
}
