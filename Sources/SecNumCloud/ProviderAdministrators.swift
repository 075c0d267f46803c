internal import Access
internal import Base
internal import Identity
internal import Records
internal import Wire

/// Who administers the platform: the accounts of the host's system that can reach its control socket, and who holds a far-reaching role in the
/// provider's own tenant.
struct ProviderAdministrators: Sendable {
  enum Kind: String, Sendable {
    case system = "compte du système"
    case user = "utilisateur"
    case application = "application"
    /// A role was given to an id that names nobody.
    case unknown = "inconnu"
  }

  struct Account: Sendable {
    var kind: Kind
    /// An object id, or `systeme:root`.
    var name: String
    /// What makes it an administrator.
    var rights: [String]
    var isEnabled: Bool
  }

  /// In the order of their names.
  let accounts: [Account]

  /// Those that a person uses: what attestations are asked for.
  var people: [Account] { accounts.filter { ($0.kind == .user || $0.kind == .system) && $0.isEnabled } }

  func count(_ kind: Kind) -> Int { accounts.count { $0.kind == kind } }

  var figures: [Finding.Figure] {
    [
      Finding.Figure("comptes du système", "accounts of the system", count(.system)),
      Finding.Figure("utilisateurs administrateurs", "administrating users", count(.user)),
      Finding.Figure("applications administratrices", "administrating applications", count(.application)),
    ]
  }

  /// Kind, name and rights; names of accounts of the system and object ids alone.
  var evidence: JSON {
    .array(
      accounts.prefix(Self.maximumShown).map {
        [
          "account": .string($0.name), "kind": .string($0.kind.rawValue), "rights": .array($0.rights.map { .string($0) }),
          "enabled": .boolean($0.isEnabled),
        ]
      })
  }

  private static let maximumShown = 500
  /// Roles with which one changes rights, raises one's own, or undoes traces.
  private static let roles: Set<GUID> = [
    BuiltInRole.owner, BuiltInRole.contributor, BuiltInRole.userAccessAdministrator, BuiltInRole.roleBasedAccessControlAdministrator,
    BuiltInRole.securityAdmin, DirectoryRole.globalAdministrator, DirectoryRole.userAdministrator, DirectoryRole.applicationAdministrator,
  ]
  private static let groups: Set<String> = ["sudo", "wheel", "admin"]

  static func read(_ platform: ObservedPlatform) async throws -> ProviderAdministrators {
    let directory = try await platform.records.read { try self.directory(platform, in: $0) }
    return ProviderAdministrators(accounts: try (system(platform) + directory).sorted { $0.name < $1.name })
  }

  // MARK: The system

  /// Root, the owner of the control socket, and who may become root.
  private static func system(_ platform: ObservedPlatform) throws -> [Account] {
    guard let socket = try platform.host.attributes(of: platform.site.controlSocket) else { return [] }
    var rights: [String: Set<String>] = [:]
    for line in (try platform.host.text(of: "/etc/passwd") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count >= 7, let number = UInt32(fields[2]) else { continue }
      if number == 0 { rights[String(fields[0]), default: []].insert("root") }
      if number == socket.owner { rights[String(fields[0]), default: []].insert("prise de contrôle") }
    }
    for line in (try platform.host.text(of: "/etc/group") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count >= 4, groups.contains(String(fields[0])) else { continue }
      for member in fields[3].split(separator: ",") { rights[String(member), default: []].insert("groupe \(fields[0])") }
    }
    return rights.map { Account(kind: .system, name: "systeme:\($0.key)", rights: $0.value.sorted(), isEnabled: true) }
  }

  // MARK: The directory

  private static func directory(_ platform: ObservedPlatform, in reader: any RecordReader) throws -> [Account] {
    let tenant = platform.site.tenant
    var rights: [GUID: Set<String>] = [:]
    for path in ["/", AccessScope.directory] {
      for assignment in try platform.access.assignments(at: AccessScope(tenant: tenant, path: path), in: reader)
      where roles.contains(assignment.roleDefinitionID) && isFarReaching(assignment.scope) {
        let role = BuiltInRole.definition(assignment.roleDefinitionID)?.roleName ?? assignment.roleDefinitionID.description
        var holders = [assignment.principalID]
        if assignment.principalType == .group, try platform.identity.group(assignment.principalID, tenant: tenant, in: reader) != nil {
          holders = try platform.identity.principals(
            inGroup: assignment.principalID, tenant: tenant, limit: ObservationLimits.maximumListed, in: reader)
        }
        for holder in holders { rights[holder, default: []].insert("\(role) \(assignment.scope)") }
      }
    }
    return try rights.map { id, rights in
      let (kind, isEnabled): (Kind, Bool)
      if let user = try platform.identity.user(id, tenant: tenant, in: reader) {
        (kind, isEnabled) = (.user, user.accountEnabled)
      } else if let principal = try platform.identity.servicePrincipal(id, tenant: tenant, in: reader) {
        (kind, isEnabled) = (.application, principal.accountEnabled)
      } else {
        (kind, isEnabled) = (.unknown, false)
      }
      return Account(kind: kind, name: id.description, rights: rights.sorted(), isEnabled: isEnabled)
    }
  }

  /// The tenant's root, its directory, or a whole subscription.
  private static func isFarReaching(_ scope: String) -> Bool { scope.split(separator: "/").count <= 2 }
}
