import Base
import Ledger
import Lockbox
import NIOHTTP1
import Operators
import Records
import ResourceManager
import Simulation
import Testing
import Wire

/// Asking and deciding: what either side may, and what it is refused.
@Suite(.timeLimit(.minutes(2))) struct LockboxRequestTests {
  @Test func `a tenant that has not enabled the lockbox cannot be asked, and is as it was when it has disabled it again`() async throws {
    let cloud = try await LockboxCloud()
    let person = try await cloud.person()
    let optedIn = "/providers/Microsoft.CustomerLockbox/tenantOptedIn/\(cloud.tenant)"
    #expect(await cloud.send(.GET, optedIn).json == ["isOptedIn": false])
    let refused = try await cloud.call(.POST, "/lockboxRequests", body: cloud.asking(), as: person)
    #expect(refused.status == 409 && refused.code == "LockboxNotEnabled", "\(refused)")
    #expect(await cloud.enable().status == 200)
    #expect(await cloud.send(.GET, optedIn).json == ["isOptedIn": true])
    _ = try await cloud.ask(as: person)
    #expect(await cloud.enable(false).status == 200)
    #expect(await cloud.send(.GET, optedIn).json == ["isOptedIn": false])
    #expect(try await cloud.call(.POST, "/lockboxRequests", body: cloud.asking(), as: person).status == 409)
    // The last two happen at once.
    #expect(try await cloud.steps().prefix(2) == ["enable", "open"])
    #expect(try await cloud.steps().dropFirst(2).sorted() == ["disable", "revoke"])
    try await cloud.close()
  }

  @Test func `disabling the lockbox ends what is pending and what was granted, at once`() async throws {
    let cloud = try await LockboxCloud()
    let (person, granted) = try await cloud.granted()
    let pending = try await cloud.ask(as: person)
    #expect(try await cloud.look(granted, as: person).status == 200)
    #expect(await cloud.enable(false).status == 200)
    #expect(await cloud.status(granted) == "Revoked")
    #expect(await cloud.status(pending) == "Revoked")
    #expect(try await cloud.look(granted, as: person).status == 403)
    #expect(await cloud.decide(pending, "Approve").status == 409)
    // What ended does not come back with the lockbox.
    #expect(await cloud.enable().status == 200)
    #expect(try await cloud.look(granted, as: person).status == 403)
    #expect(cloud.eyes.seen.count == 1)
    try await cloud.close()
  }

  @Test func `only who may do anything at the root of the tenant enables it, and nobody asks about another tenant`() async throws {
    let cloud = try await LockboxCloud()
    for caller in [Callers.Caller.approver, .reader, .stranger] {
      let answer = await cloud.enable(as: caller)
      #expect(answer.status == 403 && answer.code == "AuthorizationFailed", "\(caller): \(answer)")
    }
    let foreign = await cloud.send(.GET, "/providers/Microsoft.CustomerLockbox/tenantOptedIn/\(cloud.tenant)", as: .foreign)
    #expect(foreign.status == 404 && foreign.code == "TenantNotFound", "\(foreign)")
    // One tenant's decision is none of another's.
    #expect(await cloud.enable(as: .foreign).status == 200)
    #expect(await cloud.send(.GET, "/providers/Microsoft.CustomerLockbox/tenantOptedIn/\(cloud.tenant)").json == ["isOptedIn": false])
    try await cloud.close()
  }

  @Test func `the tenant sees a request in Azure's form, and what the operator wrote`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let id = try await cloud.ask(as: try await cloud.person())
    let shown = await cloud.send(.GET, "\(cloud.requests)/\(id)")
    #expect(shown.status == 200)
    #expect(shown.json["id"]?.string == "\(cloud.requests)/\(id)")
    #expect(shown.json["name"]?.string == "LockboxRequest_\(id)" && shown.json["type"]?.string == "requests")
    let properties = shown.json["properties"] ?? .null
    #expect(properties["requestId"]?.string == id && properties["status"]?.string == "Pending")
    #expect(properties["justification"]?.string == "un disque qui ne répond plus" && properties["duration"]?.string == "2")
    #expect(properties["resourceIds"]?.string == String(cloud.scope.dropFirst()) && properties["supportRequest"]?.string == "T-17")
    #expect(properties["subscriptionId"]?.string == cloud.subscription.description)
    let created = try #require(properties["createdDateTime"]?.string.flatMap { Timestamp(iso8601: $0) })
    let expires = try #require(properties["expirationDateTime"]?.string.flatMap { Timestamp(iso8601: $0) })
    #expect(created.duration(to: expires) == .seconds(4 * 86_400))
    try await cloud.close()
  }

  @Test func `a request is approved by who holds the role for it, and by nobody else`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let person = try await cloud.person()
    let id = try await cloud.ask(as: person)
    let reader = await cloud.decide(id, "Approve", as: .reader)
    #expect(reader.status == 403 && reader.code == "AuthorizationFailed", "\(reader)")
    #expect(await cloud.decide(id, "Approve", as: .stranger).status == 404)
    #expect(await cloud.decide(id, "Approve", as: .foreign).status == 404)
    #expect(try await cloud.look(id, as: person).status == 403)
    let approved = await cloud.decide(id, "Approve")
    #expect(approved.status == 200 && approved.json == ["status": "Approve", "reason": "ticket vu"], "\(approved)")
    #expect(await cloud.status(id) == "Approved")
    // The member that Microsoft's examples use.
    let second = try await cloud.ask(as: person)
    let answer = await cloud.send(.POST, "\(cloud.requests)/\(second)/updateApproval", body: ["decision": "Deny"])
    #expect(answer.status == 200 && answer.json["decision"] == "Deny", "\(answer)")
    #expect(await cloud.status(second) == "Denied")
    try await cloud.close()
  }

  @Test func `what was decided is not decided again`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let person = try await cloud.person()
    let denied = try await cloud.ask(as: person)
    #expect(await cloud.decide(denied, "Deny").status == 200)
    for status in ["Approve", "Deny"] {
      let again = await cloud.decide(denied, status)
      #expect(again.status == 409 && again.code == "InvalidRequestStatus", "\(again)")
    }
    let approved = try await cloud.ask(as: person)
    #expect(await cloud.decide(approved, "Approve").status == 200)
    #expect(await cloud.decide(approved, "Approve").status == 409)
    #expect(try await cloud.look(denied, as: person).status == 403)
    try await cloud.close()
  }

  @Test func `of two approvers at once one decides, and the grant is one`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let id = try await cloud.ask(as: try await cloud.person())
    let answers = await withTaskGroup(of: (String, Int).self) { group in
      for number in 0..<8 {
        group.addTask {
          let status = number.isMultiple(of: 2) ? "Approve" : "Deny"
          return (status, await cloud.decide(id, status).status)
        }
      }
      return await group.reduce(into: [(String, Int)]()) { $0.append($1) }
    }
    #expect(answers.allSatisfy { $0.1 == 200 || $0.1 == 409 }, "\(answers)")
    #expect(answers.count { $0.0 == "Approve" && $0.1 == 200 } <= 1)
    let steps = try await cloud.steps().filter { !["enable", "open"].contains($0) }.sorted()
    // An approval that comes first may be taken back; nothing else comes twice.
    #expect([["approve", "revoke"], ["deny"]].contains(steps), "\(steps)")
    #expect(answers.count { $0.1 == 200 } == steps.count)
    try await cloud.close()
  }

  @Test func `a request that nobody decides expires after four days, and cannot be approved then`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let person = try await cloud.person()
    let id = try await cloud.ask(as: person)
    cloud.clock.advance(by: .seconds(4 * 86_400 - 1))
    #expect(await cloud.status(id) == "Pending")
    cloud.clock.advance(by: .seconds(1))
    #expect(await cloud.status(id) == "Expired")
    let late = await cloud.decide(id, "Approve")
    #expect(late.status == 409 && late.code == "InvalidRequestStatus", "\(late)")
    #expect(try await cloud.look(id, as: person).status == 403)
    #expect(try await cloud.lockbox.endDue() == nil)
    #expect(try await cloud.lockbox.endDue() == nil)
    #expect(try await cloud.steps() == ["enable", "open", "expire"])
    #expect(await cloud.status(id) == "Expired")
    try await cloud.close()
  }

  @Test(
    arguments: [
      ("scope", JSON.null), ("scope", ""), ("scope", "/subscriptions/x"), ("scope", "/"),
      ("scope", "/subscriptions/00000000-0000-0000-0000-000000000001"),
      ("scope", .string("/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/" + String(repeating: "r", count: 1000))),
      ("justification", .null), ("justification", "  "), ("justification", .string(String(repeating: "j", count: 1001))),
      ("justification", "a\u{0}b"),
      ("hours", .null), ("hours", 0), ("hours", 9), ("hours", -1), ("hours", .number(1.5)), ("hours", .integer(.max)), ("hours", "2"),
      ("minutes", 30),
      ("ticket", .null), ("ticket", .string(String(repeating: "t", count: 65))), ("operatorId", "somebody"),
    ] as [(String, JSON)])
  func `bad input opens no request`(_ name: String, _ value: JSON) async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let answer = try await cloud.call(.POST, "/lockboxRequests", body: cloud.asking([name: value]), as: try await cloud.person())
    #expect(answer.status == 400 && answer.code == "InvalidParameter", "\(name): \(answer)")
    #expect(try await cloud.steps() == ["enable"])
    try await cloud.close()
  }

  @Test(arguments: [
    #"{}"#, #"[]"#, #"{"status":"approve!"}"#, #"{"status":1}"#, #"{"status":null}"#, #"{"status":"Approve","decision":"Deny"}"#,
    #"{"status":"Approve","reason":7}"#,
  ])
  func `a decision that cannot be read decides nothing`(_ body: String) async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let id = try await cloud.ask(as: try await cloud.person())
    let answer = await cloud.send(.POST, "\(cloud.requests)/\(id)/updateApproval", body: try JSON(parsing: Array(body.utf8)))
    #expect(answer.status == 400 && answer.code == "InvalidRequestContent", "\(answer)")
    #expect(await cloud.status(id) == "Pending")
    try await cloud.close()
  }

  @Test func `requests are listed by page and filtered by their status alone`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    var ids: [String] = []
    for number in 0..<13 {
      let person = try await cloud.person(number)
      for _ in 0..<10 {
        cloud.clock.advance(by: .seconds(1))
        let id = try await cloud.ask(as: person)
        if number < 11 { #expect(await cloud.decide(id, "Deny").status == 200) }
        ids.append(id)
      }
    }
    func names(_ answer: LockboxCloud.Answer) -> [String] { answer.items.compactMap { $0["properties"]?["requestId"]?.string } }
    let first = await cloud.send(.GET, cloud.requests)
    #expect(names(first) == Array(ids.reversed().prefix(100)))
    let next = try #require(first.json["nextLink"]?.string)
    let query = try #require(Query(parsing: next.split(separator: "?")[1]))
    let second = await cloud.send(.GET, cloud.requests, query.items)
    #expect(names(second) == Array(ids.reversed().dropFirst(100)) && second.json["nextLink"] == nil)
    let pending = await cloud.send(.GET, cloud.requests, [("$filter", "properties/status eq 'Pending'")])
    #expect(names(pending) == Array(ids.reversed().prefix(20)))
    #expect(await cloud.send(.GET, cloud.requests, [("$filter", "properties/status eq 'Approved'")]).items.isEmpty)
    for filter in ["properties/ticket eq '1'", "name eq 'x'", "properties/status eq", "properties/status"] {
      let refused = await cloud.send(.GET, cloud.requests, [("$filter", filter)])
      #expect(refused.status == 400 && refused.code == "InvalidFilterInQueryString", "\(filter): \(refused)")
    }
    #expect(await cloud.send(.GET, cloud.requests, [("$skiptoken", "zz")]).code == "InvalidSkipToken")
    #expect(await cloud.send(.GET, cloud.requests, as: .foreign).status == 404)
    try await cloud.close()
  }

  @Test func `an unknown request is not found, on either side`() async throws {
    let cloud = try await LockboxCloud()
    let (person, id) = try await cloud.granted()
    let other = try await cloud.person("Grace Hopper")
    for unknown in ["x", cloud.random.guid().description] {
      #expect(await cloud.send(.GET, "\(cloud.requests)/\(unknown)").code == "ResourceNotFound")
      #expect(await cloud.decide(unknown, "Approve").status == 404)
      #expect(try await cloud.call(.GET, "/lockboxRequests/{id}", ["id": unknown], as: person).status == 404)
      #expect(try await cloud.look(unknown, as: person).status == 404)
    }
    // Another operator's is as one that is not there.
    #expect(try await cloud.call(.GET, "/lockboxRequests/{id}", ["id": id], as: other).status == 404)
    #expect(try await cloud.call(.POST, "/lockboxRequests/{id}/withdraw", ["id": id], as: other).status == 404)
    #expect(try await cloud.look(id, as: other).status == 404)
    #expect(cloud.eyes.seen.isEmpty)
    try await cloud.close()
  }

  @Test func `how much waits for a tenant and of an operator is bounded`() async throws {
    let cloud = try await LockboxCloud()
    _ = await cloud.enable()
    let person = try await cloud.person()
    var ids: [String] = []
    for _ in 0..<LockboxLimits.maximumPendingOfOperator { ids.append(try await cloud.ask(as: person)) }
    let refused = try await cloud.call(.POST, "/lockboxRequests", body: cloud.asking(), as: person)
    #expect(refused.status == 429, "\(refused)")
    #expect(await cloud.decide(ids[0], "Deny").status == 200)
    _ = try await cloud.ask(as: person)
    for number in 1...3 {
      let other = try await cloud.person(number)
      let wanted = number < 3 ? 15 : LockboxLimits.maximumPendingOfTenant - LockboxLimits.maximumPendingOfOperator - 30
      for _ in 0..<wanted { _ = try await cloud.ask(as: other) }
    }
    let full = try await cloud.call(.POST, "/lockboxRequests", body: cloud.asking(), as: try await cloud.person(4))
    #expect(full.status == 429, "\(full)")
    try await cloud.close()
  }
}
