/// What operators are given: a fixed list, which nobody can extend at run time.
public enum OperatorRole: String, Sendable, CaseIterable, Codable {
  /// Keeps the cloud running.
  case exploitation
  /// Helps tenants, and asks them for access where that needs a look at what is theirs.
  case support
  /// Watches over operators, and keeps the register of authorities' requests.
  case securite
  /// Reads what the others did.
  case auditeur

  public var permissions: Set<OperatorPermission> {
    switch self {
    case .exploitation: [.readStatus, .readTenants]
    case .support: [.readStatus, .readTenants, .requestAccess]
    case .securite: [.readStatus, .readTenants, .readOperators, .readAccessRequests, .readAuthorityRequests, .writeAuthorityRequests]
    case .auditeur: [.readStatus, .readTenants, .readOperators, .readAccessRequests, .readAuthorityRequests]
    }
  }
}
