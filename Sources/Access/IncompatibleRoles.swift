public import Base

/// Which roles nobody may hold together where their scopes overlap: who controls must not be who administers.
public struct IncompatibleRoles: Hashable, Sendable {
  /// Two roles and why one person must not have both.
  public struct Pair: Hashable, Sendable {
    public var first: GUID
    public var second: GUID
    /// Not part of what makes two pairs the same.
    public var reason: String

    public init(_ first: GUID, _ second: GUID, reason: String) {
      self.first = min(first, second)
      self.second = max(first, second)
      self.reason = reason
    }

    public static func == (left: Self, right: Self) -> Bool { left.first == right.first && left.second == right.second }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(first)
      hasher.combine(second)
    }

    /// The role that the other one is incompatible with; nil where the pair does not name it.
    public func other(than role: GUID) -> GUID? { role == first ? second : role == second ? first : nil }
  }

  public var pairs: Set<Pair>

  public init(_ pairs: some Sequence<Pair>) { self.pairs = Set(pairs) }

  /// Who writes the security policy and its exemptions must not be who hands out the rights that it bounds. Contributor is not among them: the
  /// identities that remediate policies hold it beside Security Admin.
  public static let builtIn = IncompatibleRoles(
    [BuiltInRole.owner, BuiltInRole.userAccessAdministrator, BuiltInRole.roleBasedAccessControlAdministrator].map { role in
      Pair(BuiltInRole.securityAdmin, role, reason: "Who sets the security policy must not be who assigns roles.")
    })

  public func adding(_ pairs: some Sequence<Pair>) -> IncompatibleRoles { IncompatibleRoles(self.pairs.union(pairs)) }

  /// The roles that a role is incompatible with.
  public func roles(incompatibleWith role: GUID) -> Set<GUID> { Set(pairs.compactMap { $0.other(than: role) }) }
}

/// Two assignments that give one principal what nobody may hold together.
public struct RoleConflict: Hashable, Sendable {
  /// Who would hold both: by itself or through its groups.
  public var principal: GUID
  /// The ids of the assignments.
  public var first: GUID
  public var second: GUID
  public var roles: IncompatibleRoles.Pair
  /// The narrower of the two scopes.
  public var scope: String
}
