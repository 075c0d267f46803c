import Base
import Edge
import Ledger
import Lockbox
import NIOHTTP1
import Operators
import Records
import Simulation
import Testing
import Wire

/// Looking: with a grant, in its scope, in its time, by its operator; and no look without its entry.
@Suite(.timeLimit(.minutes(2))) struct LockboxGrantTests {
  @Test func `each look is in the tenant's ledger with the request's id before anything is shown`() async throws {
    let cloud = try await LockboxCloud()
    let (person, id) = try await cloud.granted()
    let answer = try await cloud.look(id, as: person)
    #expect(answer.status == 200 && answer.json["id"]?.string == cloud.account, "\(answer)")
    let entry = try #require(try await cloud.entries().last)
    #expect(entry.facts["operation"] == "use" && entry.facts["action"] == "read resource" && entry.facts["lockboxRequest"] == id)
    #expect(entry.subject == cloud.account && entry.tenant == cloud.tenant && entry.outcome == .succeeded && entry.request != nil)
    #expect(entry.personal["operator"] == person.name && entry.personal["operatorId"] == person.id.description)
    #expect(!entry.facts.values.contains { $0.contains(person.name) || $0.contains(person.email) })
    #expect(try await cloud.steps() == ["enable", "open", "approve", "use"])
    _ = try await cloud.look(id, as: person)
    #expect(try await cloud.steps().count { $0 == "use" } == 2)
    try await cloud.close()
  }

  @Test func `nothing is shown while a request is pending, denied, withdrawn, revoked or over`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let person = try await cloud.person()
    var ids: [String: String] = [:]
    for name in ["pending", "denied", "withdrawn", "revoked", "ended", "over"] { ids[name] = try await cloud.ask(["hours": 1], as: person) }
    func id(_ name: String) -> String { ids[name] ?? "" }
    #expect(await cloud.decide(id("denied"), "Deny").status == 200)
    #expect(try await cloud.call(.POST, "/lockboxRequests/{id}/withdraw", ["id": id("withdrawn")], as: person).state == "Revoked")
    for name in ["revoked", "ended", "over"] { #expect(await cloud.decide(id(name), "Approve").status == 200) }
    #expect(try await cloud.look(id("revoked"), as: person).status == 200)
    #expect(await cloud.decide(id("revoked"), "Deny").status == 200)
    #expect(try await cloud.call(.POST, "/lockboxRequests/{id}/withdraw", ["id": id("ended")], as: person).state == "Completed")
    #expect(try await cloud.look(id("over"), as: person).status == 200)
    cloud.clock.advance(by: .seconds(3600))
    for (name, id) in ids {
      let refused = try await cloud.look(id, as: person)
      #expect(refused.status == 403 && refused.code == "AuthorizationFailed", "\(name): \(refused)")
    }
    #expect(cloud.eyes.seen.count == 2)
    #expect(try await cloud.steps().count { $0 == "use" } == 2)
    // Who tried is in the tenant's ledger.
    let refusals = try await cloud.entries(of: .refusal)
    #expect(Set(refusals.compactMap { $0.facts["lockboxRequest"] }) == Set(ids.values) && refusals.allSatisfy { $0.outcome == .refused })
    #expect(refusals.allSatisfy { $0.personal["principal"] == person.id.description })
    try await cloud.close()
  }

  @Test func `a grant ends by itself to the second, and its end is entered`() async throws {
    let cloud = try await LockboxCloud()
    let (person, id) = try await cloud.granted(["hours": .null, "minutes": 1])
    let due = try await cloud.lockbox.endDue()
    #expect(due == cloud.clock.now().advanced(by: .seconds(60)))
    cloud.clock.advance(by: .seconds(59))
    #expect(try await cloud.look(id, as: person).status == 200)
    cloud.clock.advance(by: .seconds(1))
    // Whether or not anybody has come to end it.
    #expect(try await cloud.look(id, as: person).status == 403)
    #expect(await cloud.status(id) == "Completed")
    #expect(try await cloud.lockbox.endDue() == nil)
    #expect(try await cloud.steps() == ["enable", "open", "approve", "use", "complete"])
    #expect(await cloud.decide(id, "Deny").status == 409)
    try await cloud.close()
  }

  @Test func `the grant begins with the approval, however late that comes`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let person = try await cloud.person()
    let id = try await cloud.ask(["hours": 8], as: person)
    cloud.clock.advance(by: .seconds(4 * 86_400 - 1))
    #expect(await cloud.decide(id, "Approve").status == 200)
    cloud.clock.advance(by: .seconds(8 * 3600 - 1))
    #expect(try await cloud.look(id, as: person).status == 200)
    cloud.clock.advance(by: .seconds(1))
    #expect(try await cloud.look(id, as: person).status == 403)
    try await cloud.close()
  }

  @Test(arguments: [
    ("/resourceGroups/rg", "/resourceGroups/rg", true), ("/resourceGroups/rg", "/resourceGroups/RG/providers/N.A/t/x", true),
    ("/resourceGroups/rg", "/resourceGroups/rg2", false), ("/resourceGroups/rg", "/resourceGroups/rg2/providers/N.A/t/x", false),
    ("/resourceGroups/soci\u{E9}t\u{E9}", "/resourceGroups/socie\u{301}te\u{301}", false), ("/resourceGroups/rg", "", false),
    ("/resourceGroups/rg/providers/N.A/t/x", "/resourceGroups/rg", false),
    ("/resourceGroups/rg/providers/N.A/t/x", "/resourceGroups/rg/providers/N.A/t/x/c/y", true),
    ("/resourceGroups/rg/providers/N.A/t/x", "/resourceGroups/rg/providers/N.A/t/xy", false),
    ("/resourceGroups/rg/providers/N.A/t/x", "/resourceGroups/rg/providers/N.A/t/x/providers/N.B/l/z", true),
  ])
  func `a grant reaches its scope and what lies below`(_ scope: String, _ target: String, _ isReached: Bool) async throws {
    let cloud = try await LockboxCloud()
    let base = "/subscriptions/\(cloud.subscription)"
    let (person, id) = try await cloud.granted(["scope": .string(base + scope)])
    let answer = try await cloud.look(id, base + target, as: person)
    #expect(answer.status == (isReached ? 200 : 403), "\(answer)")
    #expect(cloud.eyes.seen.count == (isReached ? 1 : 0))
    let other = "/subscriptions/\(cloud.random.guid())" + target
    #expect(try await cloud.look(id, other, as: person).status == 403)
    try await cloud.close()
  }

  @Test func `a look into a storage account reaches no other account and no other container`() async throws {
    let cloud = try await LockboxCloud()
    let container = "\(cloud.account)/blobServices/default/containers/open"
    let (person, id) = try await cloud.granted(["scope": .string(container)])
    func blobs(_ path: String, _ account: String, _ container: String?, _ more: [(name: String, value: String)] = []) async throws -> Int {
      let query = [("account", account)] + (container.map { [("container", $0)] } ?? []) + more
      return try await cloud.call(.GET, "/lockboxRequests/{id}/\(path)", ["id": id], query.map { (name: $0.0, value: $0.1) }, as: person).status
    }
    #expect(try await blobs("blobs", cloud.account, "open") == 200)
    #expect(try await blobs("blob", cloud.account, "open", [("blob", "a/../b")]) == 200)
    #expect(try await blobs("blobs", cloud.account, "closed") == 403)
    #expect(try await blobs("blob", cloud.account, "closed", [("blob", "x")]) == 403)
    #expect(try await blobs("containers", cloud.account, nil) == 403)
    #expect(try await blobs("blobs", cloud.account + "2", "open") == 403)
    for (name, value) in [("container", "a/b"), ("container", "..")] {
      #expect(try await blobs("blobs", cloud.account, value) == 400, "\(name) \(value)")
    }
    #expect(try await blobs("blobs", cloud.scope, "open") == 400)
    #expect(try await blobs("blob", cloud.account, "open") == 400)
    for (name, value) in [("offset", "-1"), ("offset", "x"), ("length", "0"), ("length", "4194305"), ("offset", "99999999999999999999")] {
      #expect(try await blobs("blob", cloud.account, "open", [("blob", "x"), (name: name, value: value)]) == 400, "\(name)=\(value)")
    }
    #expect(cloud.eyes.seen == ["blobs \(container)", "blobs \(container)"])
    let uses = try await cloud.entries().filter { $0.facts["operation"] == "use" }
    #expect(uses.map(\.subject) == [container, container])
    // A blob's name may name a person.
    #expect(uses[1].personal["blob"] == "a/../b" && uses.allSatisfy { !$0.facts.values.contains("a/../b") })
    try await cloud.close()
  }

  @Test func `an operator who was removed or lost the role looks no more`() async throws {
    let cloud = try await LockboxCloud()
    let (person, id) = try await cloud.granted()
    #expect(try await cloud.look(id, as: person).status == 200)
    _ = try await cloud.register.setRoles([.auditeur], of: person.email, by: ["caller": "root"])
    #expect(try await cloud.look(id, as: person).status == 403)
    _ = try await cloud.register.setRoles([.support], of: person.email, by: ["caller": "root"])
    #expect(try await cloud.look(id, as: person).status == 200)
    _ = try await cloud.register.remove(person.email, by: ["caller": "root"])
    #expect(try await cloud.look(id, as: person).status == 403)
    // The same person, entered anew, is another operator.
    let again = try await cloud.person(person.name)
    #expect(try await cloud.look(id, as: again).status == 404)
    #expect(cloud.eyes.seen.count == 2)
    try await cloud.close()
  }

  @Test func `looks and a revocation at once: what was entered after it showed nothing`() async throws {
    let cloud = try await LockboxCloud()
    let (person, id) = try await cloud.granted()
    let shown = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<12 { group.addTask { try await cloud.look(id, as: person).status } }
      group.addTask {
        #expect(await cloud.decide(id, "Deny").status == 200)
        return 0
      }
      return try await group.reduce(into: 0) { $0 += $1 == 200 ? 1 : 0 }
    }
    let uses = try await cloud.steps().count { $0 == "use" }
    #expect(uses == shown && cloud.eyes.seen.count == shown)
    #expect(try await cloud.look(id, as: person).status == 403)
    try await cloud.close()
  }

  @Test func `a look whose entry cannot be written shows nothing`() async throws {
    let cloud = try await LockboxCloud()
    let (person, id) = try await cloud.granted()
    try await cloud.records.close()
    let answer = try? await cloud.look(id, as: person)
    #expect(answer.map { $0.status >= 500 } ?? true, "\(String(describing: answer))")
    #expect(cloud.eyes.seen.isEmpty)
  }

  @Test func `every route that shows what is a tenant's is behind a grant`() async throws {
    let cloud = try await LockboxCloud()
    let routes = LockboxRoutes(lockbox: cloud.lockbox, eyes: cloud.eyes).routes
    let person = try await cloud.person(roles: [.support])
    let granted = routes.filter { $0.access == .grant(.requestAccess) }
    #expect(granted.map(\.pattern).sorted() == ["blob", "blobs", "containers", "resource", "resources"].map { "/lockboxRequests/{id}/\($0)" })
    #expect(granted.allSatisfy { $0.method == .GET })
    let query = [("id", cloud.scope), ("group", cloud.scope), ("account", cloud.account), ("container", "c"), ("blob", "b")]
    for route in routes {
      _ = try await cloud.call(
        route.method, route.pattern, ["id": cloud.random.guid().description], query.map { (name: $0.0, value: $0.1) }, body: cloud.asking(),
        as: person)
    }
    #expect(cloud.eyes.seen.isEmpty)
    try await cloud.close()
  }

  @Test func `what blobs are shown with is the content's and no cookie`() async throws {
    let cloud = try await LockboxCloud()
    let (person, id) = try await cloud.granted()
    let look = BlobLook(account: try #require(ResourceID(cloud.account)), what: .containers)
    #expect(look.scope.description == cloud.account)
    let route = try #require(LockboxRoutes(lockbox: cloud.lockbox, eyes: cloud.eyes).routes.first { $0.pattern.hasSuffix("/containers") })
    let call = OperatorCall(
      request: .init(
        method: .GET, path: "/", query: Query(items: [("account", cloud.account)]), identifiers: .init(request: cloud.random.guid())),
      parameters: ["id": id], caller: person, now: cloud.clock.now())
    let response = try await route.run(call)
    #expect(response.headers["set-cookie"].isEmpty && response.headers["content-disposition"] == ["attachment"])
    #expect(response.headers["cache-control"] == ["no-store"])
    try await cloud.close()
  }
}
