internal import Access
internal import Directory
internal import Identity
internal import Logging
internal import NIOHTTP1
internal import ResourceManager
internal import SecNumCloud

extension Platform {
  /// The routes of this cloud's interfaces of administration, for the observation that tries them without a token.
  func managementRoutes(_ management: ResourceManagerEndpoint) -> [ManagementRoute] {
    let login = IdentityEndpoint(service: issuer, authorizer: access, logger: logger)
    let graph = DirectoryEndpoint(
      records: records, access: access, identity: issuer, address: identity.address, clock: clock, random: random, logger: logger)
    let operations = management.operations.map { operation in
      let reason: String? = if case .open(let reason) = operation.admission { reason } else { nil }
      return ManagementRoute(service: "management", method: "\(operation.method)", pattern: operation.pattern, openReason: reason)
    }
    return operations + Self.routes("graph", graph.routes) + Self.routes("login", login.routes.routes)
  }

  private static func routes(_ service: String, _ routes: [Route]) -> [ManagementRoute] {
    routes.map { route in
      let reason: String? = if case .open(let reason) = route.access { reason } else { nil }
      return ManagementRoute(service: service, method: "\(route.method)", pattern: route.pattern, openReason: reason)
    }
  }
}
