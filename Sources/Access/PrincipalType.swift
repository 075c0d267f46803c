/// Who a role can be assigned to, as Azure spells it.
public enum PrincipalType: String, Sendable, Codable, CaseIterable {
  case user = "User"
  case group = "Group"
  case servicePrincipal = "ServicePrincipal"
}
