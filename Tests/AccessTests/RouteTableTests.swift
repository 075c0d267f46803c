import Access
import Base
import Edge
import NIOHTTP1
import Synchronization
import Testing
import Wire

@Suite struct RouteTableTests {
  private struct Verifier: TokenVerifier {
    let tenant: GUID

    func principal(bearer token: String, audiences: [String]) async throws -> Principal {
      guard token == "good" else { throw TokenError.badSignature }
      return Principal(kind: .user, tenant: tenant)
    }
  }

  private final class Judge: Authorizer {
    let asked = Mutex<[String]>([])
    let answer: Decision

    init(_ answer: Decision) { self.answer = answer }

    func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision {
      asked.withLock { $0.append("\(action.name) \(scope.path)") }
      return answer
    }
  }

  private func table(_ judge: Judge) -> RouteTable {
    let answer: Route.Handler = { routed in
      EdgeResponse(.ok, headers: ["parameters": routed.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")])
    }
    return RouteTable(
      [
        Route(.GET, "/open", .open(reason: "test"), handler: answer),
        Route(.GET, "/known", .authenticated(reason: "test"), handler: answer),
        Route(.GET, "/Users/$count", .action(Action("count"), on: "/directory"), handler: answer),
        Route(.GET, "/Users/{id}", .action(Action("read"), on: "/directory"), handler: answer),
        Route(.DELETE, "/Users/{id}/members/{member}/$ref", .action(Action("remove"), on: "/directory"), handler: answer),
      ], verifier: Verifier(tenant: GUID(high: 1, low: 1)), authorizer: judge, audiences: [])
  }

  private func ask(_ table: RouteTable, _ method: HTTPMethod, _ path: String, token: String? = "good") async throws -> String {
    var headers: HTTPHeaders = [:]
    if let token { headers.add(name: "authorization", value: "bearer \(token)") }
    let request = EdgeRequest(method: method, path: path, headers: headers, identifiers: RequestIdentifiers(request: .zero))
    do {
      return try await table.respond(to: request).headers.first(name: "parameters") ?? ""
    } catch let failure as RouteTable.Failure {
      switch failure {
      case .notFound: return "not found"
      case .methodNotAllowed: return "method not allowed"
      case .malformedPath: return "malformed"
      case .unauthenticated(let reason): return "unauthenticated \(reason.map { "\($0)" } ?? "-")"
      case .denied(let action): return "denied \(action.name)"
      }
    }
  }

  @Test func aRouteRunsOnlyOnceItsGuardLetsItThrough() async throws {
    let judge = Judge(.allowed)
    let table = table(judge)
    #expect(try await ask(table, .GET, "/open", token: nil) == "")
    #expect(try await ask(table, .GET, "/known", token: nil) == "unauthenticated -")
    #expect(try await ask(table, .GET, "/known", token: "bad") == "unauthenticated badSignature")
    #expect(try await ask(table, .GET, "/known") == "")
    #expect(judge.asked.withLock { $0 } == [])
    #expect(try await ask(table, .GET, "//users/a%40b") == "id=a@b")
    #expect(try await ask(table, .GET, "/USERS/$COUNT/") == "")
    #expect(try await ask(table, .DELETE, "/users/x/members/Y/$ref") == "id=x member=Y")
    #expect(judge.asked.withLock { $0 } == ["read /directory", "count /directory", "remove /directory"])
    let strict = self.table(Judge(.denied))
    #expect(try await ask(strict, .GET, "/users/x") == "denied read")
    #expect(try await ask(self.table(Judge(.hidden)), .GET, "/users/x") == "denied read")
    #expect(try await ask(strict, .GET, "/users/x", token: nil) == "unauthenticated -")
  }

  @Test func whatNoRouteMatchesIsRefused() async throws {
    let table = table(Judge(.allowed))
    #expect(try await ask(table, .GET, "/nothing") == "not found")
    #expect(try await ask(table, .PUT, "/users/x") == "method not allowed")
    #expect(try await ask(table, .GET, "/users/%zz") == "malformed")
    #expect(try await ask(table, .GET, "/users/a%2Fb") == "id=a/b")
  }
}
