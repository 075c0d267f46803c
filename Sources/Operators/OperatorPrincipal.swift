public import Base

/// A named person of the operator's, as a verified token and the register of operators say. Not a `Principal`: `Authorizer.decide` cannot even be asked.
public struct OperatorPrincipal: Sendable, Equatable {
  public var id: GUID
  public var name: String
  public var email: String
  public var roles: Set<OperatorRole>

  public init(id: GUID, name: String, email: String, roles: Set<OperatorRole>) {
    self.id = id
    self.name = name
    self.email = email
    self.roles = roles
  }

  public func may(_ permission: OperatorPermission) -> Bool {
    roles.contains { $0.permissions.contains(permission) }
  }

  /// Who it is, as `LedgerEntry.personal` has it.
  public var personal: [String: String] { ["caller": email, "principal": id.description] }
}
