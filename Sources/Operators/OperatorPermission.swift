/// What an operator may do. None of these is a data action, and none of Azure's permissions is among them: what Resource Manager and the services ask
/// for is granted to tenants' principals alone, and an operator is none.
public enum OperatorPermission: String, Sendable, CaseIterable, Codable {
  /// How the cloud is.
  case readStatus = "Cocagne.Operations/status/read"
  /// Which tenants there are, by name, and the state of their contracts.
  case readTenants = "Cocagne.Operations/tenants/read"
  /// Which operators there are, and their roles.
  case readOperators = "Cocagne.Operations/operators/read"
  /// To ask a tenant for access, to withdraw what was asked, and to use what the tenant granted.
  case requestAccess = "Cocagne.Operations/lockboxRequests/write"
  /// What operators asked of tenants, and what became of it.
  case readAccessRequests = "Cocagne.Operations/lockboxRequests/read"
  /// To enter what an authority asks for, and what was answered.
  case writeAuthorityRequests = "Cocagne.Operations/authorityRequests/write"
  /// The register of what authorities asked for.
  case readAuthorityRequests = "Cocagne.Operations/authorityRequests/read"
}
