internal import Base
internal import Operators

/// What the two doors say to each other's people: tenants' to an operator's token and to the operators' hosts, the operators' to a tenant's token.
struct OperatorDoor: Sendable {
  /// Requests at tenants' door with a token of the operators' issuer.
  var operatorTokens = 0
  var operatorGaps: [Text] = []
  /// Requests that ask either door for what is the other's.
  var crossings = 0
  var crossingGaps: [Text] = []

  /// Hosts of the operators alone.
  private static let hosts = ["operators", "operations"]
  private static let operatorPaths = ["/whoami", "/tenants", "/lockboxRequests"]

  /// `services` are tenants' services, with a path that any token of theirs opens.
  static func look(_ probe: ThrowawayTenant, services: [(String, String)]) async throws -> OperatorDoor {
    var door = OperatorDoor()
    let (platform, port) = (probe.platform, probe.platform.site.operatorsPort)
    let address = platform.site.address
    let tokens = OperatorTokens(
      address: OperatorAddress(domain: address.domain, port: port ?? address.port), identity: platform.identity, logger: platform.logger)
    for (service, path) in services {
      let tenants = try await probe.administratorToken(for: service)
      let operators = try await tokens.token(like: tenants)
      let status = try await probe.send("GET", service: service, path: path, token: operators)
      door.operatorTokens += 1
      if status != 401 {
        door.operatorGaps.append(
          Text(
            "\(service) a répondu \(status) à un jeton de l'émetteur des opérateurs.",
            "\(service) answered \(status) to a token of the operators' issuer."))
      }
      for host in hosts {
        let status = try await probe.send("GET", service: host, path: "/whoami", token: tenants)
        door.crossings += 1
        guard status < 400 else { continue }
        door.crossingGaps.append(
          Text("la porte des clients a répondu \(status) pour \(host).", "the customers' door answered \(status) for \(host)."))
      }
      guard let port else { continue }
      try await door.tryOperations(platform, port, tenants, service, path)
    }
    return door
  }

  /// A tenant's token at the operators' API, and a tenants' host at their port.
  private mutating func tryOperations(_ platform: ObservedPlatform, _ port: Int, _ token: String, _ service: String, _ path: String) async throws {
    let headers = [(name: "authorization", value: "Bearer \(token)")]
    for path in Self.operatorPaths {
      let answer = try await platform.outside.request(
        OutsideRequest(host: platform.site.address.host("operations"), port: port, path: path, headers: headers))
      crossings += 1
      guard answer.status != 401 else { continue }
      crossingGaps.append(
        Text(
          "l'API des opérateurs a répondu \(answer.status) à un jeton de client (\(path)).",
          "the operators' API answered \(answer.status) to a customer's token (\(path))."))
    }
    let answer = try await platform.outside.request(
      OutsideRequest(host: platform.site.address.host(service), port: port, path: path, headers: headers))
    crossings += 1
    if answer.status < 400 {
      crossingGaps.append(
        Text("la porte des opérateurs sert \(service) (\(answer.status)).", "the operators' door serves \(service) (\(answer.status))."))
    }
  }
}
