import Base
import NIOHTTP1
import Testing
import Wire

@Suite struct ResourceGroupTests {
  @Test func aGroupIsMadeReadChangedAndListed() async throws {
    let cloud = try await Cloud()
    let made = await cloud.send(.PUT, cloud.group("rg1"), body: ["location": "Paris", "tags": ["a": "b"]])
    #expect(made.status == 201)
    #expect(
      made.json == [
        "id": .string(cloud.group("rg1")), "name": "rg1", "type": "Microsoft.Resources/resourceGroups", "location": "paris", "tags": ["a": "b"],
        "properties": ["provisioningState": "Succeeded"],
      ])
    #expect(await cloud.send(.PUT, cloud.group("RG1"), body: ["location": "paris"]).status == 200)
    #expect(await cloud.send(.GET, cloud.group("rg1")).json["tags"] == nil)
    #expect(await cloud.send(.HEAD, cloud.group("rg1")).status == 204)
    #expect(await cloud.send(.HEAD, cloud.group("nope")).status == 404)
    let patched = await cloud.send(.PATCH, cloud.group("rg1"), body: ["tags": ["x": "y"]])
    #expect(patched.status == 200)
    #expect(patched.json["tags"] == ["x": "y"])
    let missing = await cloud.send(.GET, cloud.group("nope"))
    #expect(missing.status == 404)
    #expect(missing.json == ["error": ["code": "ResourceGroupNotFound", "message": "Resource group 'nope' could not be found."]])
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resourcegroups").names == ["rg1"])
    try await cloud.close()
  }

  @Test(arguments: [
    ("a%25b", "InvalidResourceGroup"), ("a.", "InvalidResourceGroup"), (String(repeating: "a", count: 91), "InvalidResourceGroup"),
    ("a%20b", "InvalidResourceGroup"), ("a%3Cb", "InvalidResourceGroup"),
  ])
  func aBadNameIsRefused(name: String, code: String) async throws {
    let cloud = try await Cloud()
    let answer = await cloud.send(.PUT, cloud.group(name), body: ["location": "paris"])
    #expect(answer.status == 400)
    #expect(answer.code == code)
    try await cloud.close()
  }

  @Test(arguments: ["-_().a", "é", "名前", String(repeating: "a", count: 90), "a.b"])
  func aGoodNameIsTaken(name: String) async throws {
    let cloud = try await Cloud()
    let answer = await cloud.send(.PUT, cloud.group(percentEncoded(name)), body: ["location": "paris"])
    #expect(answer.status == 201)
    #expect(answer.json["name"]?.string == name)
    #expect(await cloud.send(.GET, cloud.group(percentEncoded(name))).status == 200)
    try await cloud.close()
  }

  @Test func locationsAreChecked() async throws {
    let cloud = try await Cloud()
    #expect(await cloud.send(.PUT, cloud.group("rg"), body: [:]).code == "LocationRequired")
    let wrong = await cloud.send(.PUT, cloud.group("rg"), body: ["location": "mars"])
    #expect(wrong.status == 400)
    #expect(wrong.code == "LocationNotAvailableForResourceGroup")
    try await cloud.close()
  }

  @Test func groupsAreFilteredByTag() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup("a", tags: ["env": "prod", "team": "x"])
    await cloud.makeGroup("b", tags: ["env": "test"])
    await cloud.makeGroup("c")
    func names(_ filter: String) async -> [String] {
      await cloud.send(.GET, "\(cloud.subscriptionPath)/resourcegroups", query: [("$filter", filter)]).names
    }
    #expect(await names("tagname eq 'env'") == ["a", "b"])
    #expect(await names("tagName eq 'ENV' and tagValue eq 'prod'") == ["a"])
    // Name and value of one tag, not of two.
    #expect(await names("tagName eq 'team' and tagValue eq 'prod'") == [])
    let bad = await cloud.send(.GET, "\(cloud.subscriptionPath)/resourcegroups", query: [("$filter", "colour eq 'red'")])
    #expect(bad.status == 400)
    #expect(bad.code == "InvalidFilterInQueryString")
    try await cloud.close()
  }

  @Test func groupsComeInPages() async throws {
    let cloud = try await Cloud()
    for name in ["e", "b", "a", "d", "c"] { await cloud.makeGroup(name) }
    var answer = await cloud.send(.GET, "\(cloud.subscriptionPath)/resourceGroups", query: [("$top", "2")])
    var pages = [answer.names]
    while let next = answer.json["nextLink"]?.string {
      answer = try await cloud.follow(next)
      pages.append(answer.names)
    }
    #expect(pages == [["a", "b"], ["c", "d"], ["e"]])
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resourceGroups", query: [("$top", "0")]).status == 400)
    try await cloud.close()
  }
}
