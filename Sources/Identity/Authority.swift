internal import Base
internal import Records

/// What stands in the first segment of the token service's paths.
enum Authority: Sendable {
  case tenant(Tenant)
  /// `organizations`, `common` or `adfs`: the tenant follows from who signs in.
  case any(String)

  /// Authorities that name no tenant.
  static let general = ["organizations", "common", "adfs"]

  var tenant: Tenant? {
    if case .tenant(let tenant) = self { tenant } else { nil }
  }

  /// The segment in the URLs that the service gives of itself: a tenant by its id, whatever name it was asked by.
  var segment: String {
    switch self {
    case .tenant(let tenant): tenant.id.description
    case .any(let name): name
    }
  }
}

extension IdentityService {
  /// The authority of a path segment: an id or domain of a tenant, or one of the general names. Throws AADSTS90002 for anything else.
  func authority(_ segment: String) async throws -> Authority {
    let name = segment.lowercased()
    if Authority.general.contains(name) { return .any(name) }
    let tenant = try await records.read { reader in
      if let id = GUID(name) { return try self.tenant(id, in: reader) }
      return DirectoryNames.isDomain(name) ? try self.tenant(domain: name, in: reader) : nil
    }
    guard let tenant else { throw OAuthErrors.noTenant(segment) }
    return .tenant(tenant)
  }
}
