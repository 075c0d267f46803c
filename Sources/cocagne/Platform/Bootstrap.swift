internal import Access
internal import Base
internal import Identity
internal import Ledger
internal import Records
internal import ResourceManager

/// Makes tenants, each with a subscription and an administrator: the first at the first start, the others for `cocagne tenant add`.
struct Bootstrap {
  let records: any RecordStore
  let access: AccessControl
  let issuer: IdentityService
  let address: CloudAddress
  let clock: any WallClock
  let random: any RandomSource

  /// Characters of a generated password, without those that people confuse.
  private static let passwordCharacters = 24
  private static let passwordAlphabets = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789", "-_.+"]

  /// What this cloud is, and at the first start the first administrator's credentials.
  ///
  /// The credentials reach the disk before the tenant does: a crash between the two leaves a file that the next start replaces,
  /// never a tenant whose administrator nobody knows.
  func ready(_ known: PlatformIdentity?, operatorsPort: Int, directory: DataDirectory) async throws -> (PlatformIdentity, Credentials?) {
    if var known {
      if known.port != address.port || known.operatorsPort != operatorsPort {
        known.port = address.port
        known.operatorsPort = operatorsPort
        let moved = known
        try await records.write { try $0.save(moved) }
        if var credentials = try Credentials.read(from: directory) {
          credentials.address = address
          try credentials.write(to: directory)
        }
      }
      return (known, nil)
    }
    let plan = try await plan(tenantName: "Cocagne", domain: address.domain)
    try plan.credentials.write(to: directory)
    let identity = PlatformIdentity(
      domain: address.domain, port: address.port, tenant: plan.credentials.tenant, subscription: plan.credentials.subscription, created: clock.now(),
      operatorsPort: operatorsPort)
    try await records.write { transaction in
      try make(plan, in: transaction)
      try transaction.save(identity)
    }
    return (identity, plan.credentials)
  }

  /// A further tenant. Its name is also its domain's first label.
  func makeTenant(name: String) async throws -> Credentials {
    guard Self.isTenantName(name) else {
      throw OperatorError(
        "« \(name) » n'est pas un nom de locataire : 1 à 63 minuscules, chiffres ou tirets.",
        "“\(name)” is no tenant name: 1 to 63 lower-case letters, digits or hyphens.")
    }
    let plan = try await plan(tenantName: name, domain: "\(name).\(address.domain)")
    do {
      try await records.write { try make(plan, in: $0) }
    } catch let error as CloudError where error.status < 500 {
      throw OperatorError("Le locataire « \(name) » existe déjà.", "The tenant “\(name)” exists already.")
    }
    return plan.credentials
  }

  private static func isTenantName(_ name: String) -> Bool {
    (1...63).contains(name.utf8.count) && !name.hasPrefix("-") && !name.hasSuffix("-")
      && name.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
  }

  /// Everything that a tenant begins with, hashed and ready to be written at once.
  private struct Plan {
    var name: String
    var credentials: Credentials
    var passwordHash: String
    var secret: PasswordCredential
  }

  private func plan(tenantName: String, domain: String) async throws -> Plan {
    let userName = "admin@\(domain)"
    let password = password()
    let (secret, secretText) = try await issuer.makeSecret(displayName: "cocagne up")
    let credentials = Credentials(
      address: address, tenant: random.guid(), subscription: random.guid(), clientID: random.guid(), clientSecret: secretText, userName: userName,
      password: password)
    return Plan(
      name: tenantName, credentials: credentials, passwordHash: try await issuer.hashPassword(password, for: userName), secret: secret)
  }

  /// Characters of every class, and as random as the rest. It begins with a letter: a command line takes what begins with a hyphen for an option.
  private func password() -> String {
    let all = Array(Self.passwordAlphabets.joined().utf8)
    while true {
      let text = random.text(Self.passwordCharacters, from: all)
      if text.first?.isLetter == true, Self.passwordAlphabets.allSatisfy({ alphabet in text.contains { alphabet.contains($0) } }) { return text }
    }
  }

  private func make(_ plan: Plan, in transaction: RecordTransaction) throws {
    let now = clock.now()
    let credentials = plan.credentials
    let tenant = try issuer.createTenant(
      id: credentials.tenant, displayName: plan.name, domains: [String(credentials.userName.dropFirst("admin@".count))], country: "FR",
      in: transaction)
    var user = User(
      id: .zero, tenant: tenant.id, userPrincipalName: credentials.userName, displayName: "Administrateur", mailNickname: "admin", created: now)
    user.passwordHash = plan.passwordHash
    let administrator = try issuer.createUser(user, in: transaction)
    var application = Application(id: .zero, tenant: tenant.id, appID: credentials.clientID, displayName: "cocagne-admin", created: now)
    application.passwordCredentials = [plan.secret]
    _ = try issuer.createApplication(application, in: transaction)
    let principal = try issuer.createServicePrincipal(appID: credentials.clientID, tenant: tenant.id, in: transaction)
    try transaction.save(Subscription(id: credentials.subscription, tenant: tenant.id, displayName: plan.name, createdTime: now))
    // The administrators of a fresh tenant own it, its directory and its data: the first commands of a newcomer need all three.
    let roles: [(role: GUID, path: String)] = [
      (BuiltInRole.owner, "/"), (BuiltInRole.storageBlobDataOwner, "/"), (BuiltInRole.storageQueueDataContributor, "/"),
      (BuiltInRole.storageTableDataContributor, "/"), (DirectoryRole.globalAdministrator, AccessScope.directory),
    ]
    for (holder, type) in [(administrator.id, PrincipalType.user), (principal.id, .servicePrincipal)] {
      for (role, path) in roles {
        _ = try access.assign(
          RoleAssignmentRequest(roleDefinitionID: role, principalID: holder), id: random.guid(), at: AccessScope(tenant: tenant.id, path: path),
          resolvedType: type, by: holder, now: now, in: transaction)
      }
    }
    try LedgerEntry(
      id: random.guid(), time: now, tenant: tenant.id, kind: .controlWrite, subject: "/tenants/\(tenant.id)", outcome: .succeeded,
      facts: [
        "operation": "tenant add", "subscription": credentials.subscription.description, "credentials": plan.secret.keyID.description,
      ],
      personal: ["object": administrator.id.description, "application": credentials.clientID.description]
    ).append(in: transaction)
  }
}
