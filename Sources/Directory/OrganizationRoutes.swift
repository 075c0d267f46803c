internal import Access
internal import Base
internal import Edge
internal import Identity
internal import NIOHTTP1
internal import Records
internal import Wire

/// The tenant itself and its domains.
///
/// Source: Microsoft Graph REST API v1.0, "organization resource type" and "domain resource type".
struct OrganizationRoutes: Sendable {
  private let services: DirectoryServices

  init(_ services: DirectoryServices) {
    self.services = services
  }

  var routes: [Route] {
    [
      services.route(.GET, "/organization", "organization/standard/read") { call in
        let query = try call.query(.organization)
        let whole = organization(try await tenant(call))
        return call.list(GraphPage(objects: [whole]), .organization, query: query)
      },
      services.route(.GET, "/organization/{id}", "organization/standard/read") { call in
        let query = try call.query(.organization)
        guard try call.id() == call.tenant else { throw GraphError.notFound(call.parameter("id")) }
        return call.entity(organization(try await tenant(call)), .organization, query: query)
      },
      services.route(.GET, "/domains", "domains/standard/read") { call in
        let query = try call.query(.domain)
        let found = try domains(try await tenant(call)).filter { whole in try query.filter.map { try GraphSchema.domain.matches($0, whole) } ?? true }
        return call.list(GraphPage(objects: found, total: query.count ? found.count : nil), .domain, query: query)
      },
      services.route(.GET, "/domains/{id}", "domains/standard/read") { call in
        let query = try call.query(.domain)
        let name = call.parameter("id").lowercased()
        guard let whole = domains(try await tenant(call)).first(where: { $0["id"]?.string == name }) else { throw GraphError.notFound(name) }
        return call.entity(whole, .domain, query: query)
      },
    ]
  }

  private func tenant(_ call: DirectoryCall) async throws -> Tenant {
    let id = call.tenant
    guard let tenant = try await services.records.read({ try services.identity.tenant(id, in: $0) }) else {
      throw GraphError.notFound(id.description)
    }
    return tenant
  }

  private func organization(_ tenant: Tenant) -> JSON.Object {
    let domains: [JSON] = tenant.domains.enumerated().map { index, name in
      ["capabilities": "", "isDefault": .boolean(index == 0), "isInitial": .boolean(index == 0), "name": .string(name), "type": "Managed"]
    }
    let own = JSON.Object.with([
      "id": .string(tenant.id.description), "displayName": .string(tenant.displayName), "countryLetterCode": .string(tenant.country),
      "createdDateTime": .string(tenant.created.iso8601), "verifiedDomains": .array(domains),
    ])
    return GraphSchema.organization.complete(own, kept: JSON.Object())
  }

  private func domains(_ tenant: Tenant) -> [JSON.Object] {
    tenant.domains.enumerated().map { index, name in
      let own = JSON.Object.with(["id": .string(name), "isDefault": .boolean(index == 0), "isInitial": .boolean(index == 0)])
      return GraphSchema.domain.complete(own, kept: JSON.Object())
    }
  }
}
