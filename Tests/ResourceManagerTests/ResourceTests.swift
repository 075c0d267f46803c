import Base
import NIOHTTP1
import ResourceManager
import Testing
import Wire

@Suite struct ResourceTests {
  @Test func aResourceIsMadeReadChangedAndRemoved() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let body: JSON = ["location": "Paris", "tags": ["a": "1"], "zones": ["1"], "properties": ["size": 1, "name": "x"]]
    let made = await cloud.send(.PUT, cloud.thing("a"), body: body)
    #expect(made.status == 201)
    #expect(
      made.json == [
        "id": .string(cloud.thing("a")), "name": "a", "type": "Microsoft.Test/things", "location": "paris", "tags": ["a": "1"], "zones": ["1"],
        "properties": ["size": 1, "name": "x", "provisioningState": "Succeeded"],
      ])
    #expect(await cloud.send(.GET, cloud.thing("a")).json == made.json)
    #expect(await cloud.send(.HEAD, cloud.thing("a")).status == 204)
    #expect(await cloud.send(.HEAD, cloud.thing("b")).status == 404)
    #expect(await cloud.send(.PUT, cloud.thing("a"), body: body).status == 200)
    let patched = await cloud.send(.PATCH, cloud.thing("a"), body: ["properties": ["size": 2, "name": .null]])
    #expect(patched.status == 200)
    #expect(patched.json["properties"] == ["size": 2, "provisioningState": "Succeeded"])
    #expect(patched.json["tags"] == ["a": "1"])
    #expect(await cloud.send(.PATCH, cloud.thing("a"), body: ["tags": ["b": "2"]]).json["tags"] == ["b": "2"])
    #expect(await cloud.send(.DELETE, cloud.thing("a")).status == 200)
    #expect(await cloud.send(.DELETE, cloud.thing("a")).status == 204)
    let gone = await cloud.send(.GET, cloud.thing("a"))
    #expect(gone.status == 404)
    #expect(gone.code == "ResourceNotFound")
    #expect(await cloud.send(.PATCH, cloud.thing("a"), body: [:]).code == "ResourceNotFound")
    #expect(await cloud.send(.GET, cloud.thing("a", in: "nope")).code == "ResourceGroupNotFound")
    #expect(await cloud.send(.PUT, cloud.thing("a", in: "nope"), body: body).code == "ResourceGroupNotFound")
    try await cloud.close()
  }

  @Test func aTypeSaysWhichStatusItsPutAnswers() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let path = "\(cloud.group("rg"))/providers/Microsoft.Test/accounts/a"
    #expect(await cloud.send(.PUT, path, body: ["location": "paris"]).status == 200)
    try await cloud.close()
  }

  @Test(
    arguments: [
      ([:], 400, "LocationRequired"), (["location": "mars"], 400, "LocationNotAvailableForResourceType"),
      (["location": "paris", "zones": ["4"]], 400, "InvalidAvailabilityZone"),
      (["location": "paris", "tags": ["a<b": "c"]], 400, "InvalidTagNameCharacters"),
      (["location": "paris", "tags": ["a": ["b"]]], 400, "InvalidRequestContent"),
      (["location": "paris", "properties": ["size": 13]], 400, "UnluckySize"),
    ] as [(JSON, Int, String)])
  func aBadResourceIsRefused(body: JSON, status: Int, code: String) async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let answer = await cloud.send(.PUT, cloud.thing("a"), body: body)
    #expect(answer.status == status)
    #expect(answer.code == code)
    #expect(await cloud.send(.GET, cloud.thing("a")).status == 404)
    try await cloud.close()
  }

  @Test(arguments: ["a%25", "a%3C", "a.", "a%3F"])
  func aBadNameIsRefused(name: String) async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let answer = await cloud.send(.PUT, cloud.thing(name), body: ["location": "paris"])
    #expect(answer.status == 400)
    #expect(answer.code == "InvalidResourceName")
    try await cloud.close()
  }

  @Test func aChildNeedsItsParentAndGoesWithIt() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let part = cloud.thing("a") + "/parts/p"
    let orphan = await cloud.send(.PUT, part, body: [:])
    #expect(orphan.status == 404)
    #expect(orphan.code == "ParentResourceNotFound")
    await cloud.makeThing("a")
    await cloud.makeThing("ab")
    #expect(await cloud.send(.PUT, part, body: ["properties": [:]]).status == 201)
    #expect(await cloud.send(.PUT, cloud.thing("ab") + "/parts/q", body: [:]).status == 201)
    #expect(await cloud.send(.GET, cloud.thing("a") + "/parts").names == ["p"])
    #expect(await cloud.send(.GET, cloud.thing("x") + "/parts").code == "ResourceNotFound")
    #expect(await cloud.send(.GET, "\(cloud.group("rg"))/providers/Microsoft.Test/things").names == ["a", "ab"])
    #expect(await cloud.send(.DELETE, cloud.thing("a")).status == 200)
    #expect(await cloud.send(.GET, part).status == 404)
    #expect(await cloud.send(.GET, cloud.thing("ab") + "/parts/q").status == 200)
    try await cloud.close()
  }

  @Test func conditionsOnTheETagAreMet() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let body: JSON = ["location": "paris"]
    #expect(await cloud.send(.PUT, cloud.thing("a"), body: body, headers: [("If-Match", "*")]).status == 412)
    let made = await cloud.send(.PUT, cloud.thing("a"), body: body, headers: [("If-None-Match", "*")])
    #expect(made.status == 201)
    let etag = try #require(made.headers.first(name: "etag"))
    let again = await cloud.send(.PUT, cloud.thing("a"), body: body, headers: [("If-None-Match", "*")])
    #expect(again.status == 412)
    #expect(again.code == "PreconditionFailed")
    #expect(await cloud.send(.PATCH, cloud.thing("a"), body: [:], headers: [("If-Match", etag)]).status == 200)
    // The tag changed with the change.
    #expect(await cloud.send(.PUT, cloud.thing("a"), body: body, headers: [("If-Match", etag)]).status == 412)
    #expect(await cloud.send(.DELETE, cloud.thing("a"), headers: [("If-Match", etag)]).status == 412)
    let current = try #require(await cloud.send(.GET, cloud.thing("a")).headers.first(name: "etag"))
    for action in ["poke", "seal"] {
      #expect(await cloud.send(.POST, cloud.thing("a") + "/\(action)", body: [:], headers: [("If-Match", etag)]).status == 412)
      #expect(await cloud.send(.POST, cloud.thing("a") + "/\(action)", body: [:], headers: [("If-Match", current)]).status == 200)
    }
    #expect(await cloud.send(.POST, cloud.thing("a") + "/seal", body: [:]).status == 400)
    #expect(await cloud.send(.DELETE, cloud.thing("a"), headers: [("If-Match", "\"x\", \(current)")]).status == 200)
    try await cloud.close()
  }

  @Test func listsSpanTypesAndFilter() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup("rg")
    await cloud.makeGroup("other")
    await cloud.makeThing("a", tags: ["env": "prod"])
    await cloud.makeThing("b", in: "other", tags: ["env": "test"])
    _ = await cloud.send(.PUT, "\(cloud.group("rg"))/providers/Microsoft.Test/accounts/c", body: ["location": "paris"])
    func names(_ filter: String?, in path: String? = nil) async -> [String] {
      await cloud.send(.GET, "\(path ?? cloud.subscriptionPath)/resources", query: filter.map { [("$filter", $0)] } ?? []).names
    }
    #expect(await names(nil) == ["b", "c", "a"])
    #expect(await names(nil, in: cloud.group("rg")) == ["c", "a"])
    #expect(await names("resourceType eq 'microsoft.test/THINGS'") == ["b", "a"])
    #expect(await names("[resourceGroup eq 'rg']") == ["c", "a"])
    #expect(await names("resourceGroup eq 'rg' and name eq 'a'") == ["a"])
    #expect(await names("location eq 'paris' and resourceType eq 'Microsoft.Test/accounts'") == ["c"])
    #expect(await names("tagname eq 'env' and tagvalue eq 'test'") == ["b"])
    #expect(await names("startswith(tagname, 'en')") == ["b", "a"])
    #expect(await names("substringof('A', name) or name eq 'c'") == ["c", "a"])
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resources", query: [("$filter", "name eq")]).code == "InvalidFilterInQueryString")
    let expanded = await cloud.send(
      .GET, "\(cloud.group("other"))/resources", query: [("$expand", "createdTime,changedTime,provisioningState")])
    let item = expanded.json["value"]?.array?.first
    #expect(item?["provisioningState"] == "Succeeded")
    #expect(item?["createdTime"] == "2027-01-15T08:00:00.0000000Z")
    #expect(item?["properties"] == nil)
    try await cloud.close()
  }

  @Test func pagesMeetTheirEndsAndAnAlteredTokenIsRefused() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    for number in 0..<7 { await cloud.makeThing("t\(number)") }
    for path in [
      "\(cloud.subscriptionPath)/resources", "\(cloud.subscriptionPath)/providers/Microsoft.Test/things", "\(cloud.group("rg"))/resources",
    ] {
      var answer = await cloud.send(.GET, path, query: [("$top", "3")])
      var names = answer.names
      var links: [String] = []
      while let next = answer.json["nextLink"]?.string {
        links.append(next)
        answer = try await cloud.follow(next)
        names += answer.names
      }
      #expect(names == (0..<7).map { "t\($0)" })
      #expect(links.count == 2)
      let token = try #require(links.first?.split(separator: "=").last.map(String.init))
      var digits = Array(token)
      digits[20] = digits[20] == "0" ? "1" : "0"
      for bad in [String(digits), "abc", "", token + "00", String(token.dropLast())] {
        let refused = await cloud.send(.GET, path, query: [("$skiptoken", bad)])
        #expect(refused.status == 400, "\(bad)")
        #expect(refused.code == "InvalidSkipToken")
      }
      // The token of one list does not fit another.
      #expect(await cloud.send(.GET, "\(cloud.group("rg"))/providers/Microsoft.Test/things", query: [("$skiptoken", token)]).status == 400)
    }
    try await cloud.close()
  }

  @Test func actionsRun() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    let poked = await cloud.send(.POST, cloud.thing("a") + "/Poke", body: ["with": "a stick"])
    #expect(poked.json == ["poked": "a", "with": "a stick"])
    #expect(await cloud.send(.POST, cloud.thing("a") + "/look").json == ["seen": "a"])
    #expect(await cloud.send(.POST, cloud.thing("b") + "/poke").code == "ResourceNotFound")
    let unknown = await cloud.send(.POST, cloud.thing("a") + "/shake")
    #expect(unknown.status == 404)
    #expect(unknown.code == "InvalidResourceType")
    let entries = try await cloud.log().filter { $0.operationName.hasSuffix("/action") }
    #expect(entries.map(\.operationName) == ["Microsoft.Test/things/poke/action", "Microsoft.Test/things/poke/action"])
    #expect(Set(entries.map(\.status)) == [.failed, .succeeded])
    #expect(entries.first { $0.status == .succeeded }?.resourceID == cloud.thing("a"))
    let provider = "\(cloud.subscriptionPath)/providers/Microsoft.Test"
    #expect(await cloud.send(.POST, provider + "/checkName", body: ["name": "taken"]).json == ["free": false])
    let usages = await cloud.send(.GET, provider + "/locations/Paris/usages", query: [("$filter", "x")])
    #expect(usages.json == ["location": "Paris", "filter": "x"])
    try await cloud.close()
  }
}
