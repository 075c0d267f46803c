import Base
import Edge
import NIOHTTP1
import Simulation
import Testing

private struct Named: EdgeService {
  let name: String
  func respond(to request: EdgeRequest) async -> EdgeResponse { EdgeResponse(.ok) }
}

@Suite struct HostTableTests {
  private let table = HostTable([
    (.exact("management.c.localhost"), Named(name: "management")), (.below("blob.core.c.localhost"), Named(name: "blob")),
    (.address, Named(name: "path")),
  ])

  @Test(
    arguments: [
      ("management.c.localhost", "management"), ("acct.blob.core.c.localhost", "blob"), ("a.b.blob.core.c.localhost", nil),
      ("blob.core.c.localhost", nil), (".blob.core.c.localhost", nil), ("127.0.0.1", "path"), ("[::1]", "path"), ("localhost", "path"),
      ("management.c.localhost.evil", nil),
    ] as [(String, String?)])
  func aHostNameChoosesItsService(host: String, service: String?) {
    #expect(table.service(for: host)?.name == service)
  }
}

@Suite struct RequestHeadTests {
  @Test(arguments: [
    ("Management.C.localhost:8443", "management.c.localhost"), ("[::1]:443", "[::1]"), ("127.0.0.1", "127.0.0.1"),
  ])
  func theHostLosesItsPort(authority: String, host: String) throws {
    let head = try #require(RequestHead(method: .GET, target: "/a?b=c", headers: [:], authority: authority))
    #expect(head.host == host)
  }

  @Test(arguments: ["http://x/a", "*", "", "a/b"])
  func aTargetThatIsNoPathIsRefused(target: String) {
    #expect(RequestHead(method: .GET, target: target, headers: [:], authority: "h") == nil)
  }

  @Test func twoHostsAreRefused() {
    #expect(RequestHead(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "a", "host": "b"])) == nil)
    #expect(RequestHead(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")) == nil)
  }

  @Test func aMalformedQueryIsRefused() throws {
    let head = try #require(RequestHead(method: .GET, target: "/a?b=%zz", headers: [:], authority: "h"))
    #expect(head.request(body: EmptyBody(), remoteAddress: "127.0.0.1", random: SeededRandom(seed: 1)) == nil)
  }

  @Test func theCallersIdsAreTakenOnlyWhereTheyAreWellFormed() throws {
    let correlation = "0f8fad5b-d9cb-469f-a165-70867728950e"
    let good = try #require(
      RequestHead(
        method: .GET, target: "/", headers: ["x-ms-client-request-id": "abc", "x-ms-correlation-request-id": correlation], authority: "h"))
    let identifiers = try #require(good.request(body: EmptyBody(), remoteAddress: "", random: SeededRandom(seed: 1))).identifiers
    #expect(identifiers.client == "abc")
    #expect(identifiers.correlation.description == correlation)
    let bad = try #require(
      RequestHead(
        method: .GET, target: "/", headers: ["x-ms-client-request-id": "a\u{7}b", "x-ms-correlation-request-id": "no"], authority: "h"))
    let made = try #require(bad.request(body: EmptyBody(), remoteAddress: "", random: SeededRandom(seed: 1))).identifiers
    #expect(made.client == nil)
    #expect(made.correlation == made.request)
  }
}
