import Catalogue
import SecNumCloud
import Synchronization
import Testing

struct ControlIAM09Tests {
  private static let routes = RouteBook([
    ManagementRoute(service: "management", method: "GET", pattern: "/subscriptions/{subscriptionId}"),
    ManagementRoute(service: "graph", method: "GET", pattern: "/v1.0/users"),
    ManagementRoute(service: "management", method: "GET", pattern: "/metadata/endpoints", openReason: "before anybody can have signed in"),
  ])
  private static let refusal = OutsideAnswer(
    status: 401, headers: [(name: "content-type", value: "application/json")], body: Array(#"{"error":{"code":"AuthenticationFailed"}}"#.utf8))
  private static let held: [ItemID: Verdict] = ["9.6.e": .compliant, "9.6.h": .compliant, "10.2.c": .compliant]

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.outside.onHandshake { $0.maximum >= .tls12 ? Handshake(version: $0.maximum, certificates: []) : nil }
    house.outside.onRequest { request in Self.answer(request) }
    return house
  }

  private static func answer(_ request: OutsideRequest) -> OutsideAnswer {
    request.host.hasPrefix("management.") || request.host.hasPrefix("graph.") ? refusal : OutsideAnswer(status: 404, headers: [], body: [])
  }

  @Test func `a route that answers without a token is a gap until it asks for one`() async throws {
    let house = try await house()
    let observation = ControlIAM09(routes: Self.routes)
    #expect(try await house.verdicts(observation) == Self.held)
    let isOpen = Mutex(true)
    house.outside.onRequest { request in
      guard isOpen.withLock({ $0 }), request.path.hasPrefix("/v1.0/users") else { return Self.answer(request) }
      return OutsideAnswer(status: 200, headers: [(name: "content-type", value: "application/json")], body: Array(#"{"value":[]}"#.utf8))
    }
    #expect(try await house.verdicts(observation) == ["9.6.e": .nonCompliant, "9.6.h": .nonCompliant, "10.2.c": .compliant])
    isOpen.withLock { $0 = false }
    #expect(try await house.verdicts(observation) == Self.held)
  }

  @Test func `a refusal that tells of what it guards is a gap`() async throws {
    let house = try await house()
    house.outside.onRequest { request in
      guard request.host.hasPrefix("management.") else { return Self.answer(request) }
      var answer = Self.refusal
      answer.body = Array(#"{"error":{"code":"AuthenticationFailed"},"name":"contoso"}"#.utf8)
      return answer
    }
    #expect(try await house.verdicts(ControlIAM09(routes: Self.routes))["9.6.h"] == .nonCompliant)
  }

  @Test func `a stranger who gets a page of an unknown host is a gap`() async throws {
    let house = try await house()
    house.outside.onRequest { request in
      request.host.hasPrefix("administration.")
        ? OutsideAnswer(status: 200, headers: [(name: "content-type", value: "text/html")], body: Array("<html>".utf8)) : Self.answer(request)
    }
    #expect(try await house.verdicts(ControlIAM09(routes: Self.routes))["9.6.h"] == .nonCompliant)
  }

  @Test func `an old version of TLS is a gap of the transport alone`() async throws {
    let house = try await house()
    house.outside.onHandshake { Handshake(version: $0.maximum, certificates: []) }
    #expect(
      try await house.verdicts(ControlIAM09(routes: Self.routes)) == ["9.6.e": .nonCompliant, "9.6.h": .compliant, "10.2.c": .nonCompliant])
  }

  @Test func `without the table of routes nothing is said`() async throws {
    let house = try await house()
    #expect(try await house.verdicts(ControlIAM09()).values.allSatisfy { $0 == .notAssessed })
  }
}
