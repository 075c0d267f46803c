import Base
import NIOHTTP1
import Testing
import Wire

@Suite struct RequestTests {
  @Test func anEndpointsDocumentHasTheFormOfItsVersion() async throws {
    let cloud = try await Cloud()
    let current = await cloud.send(.GET, "//metadata/endpoints", token: nil, version: "2022-09-01")
    #expect(current.status == 200)
    #expect(current.json["authentication"]?["audiences"]?.array?.first == "https://management.test.localhost:8443/")
    #expect(current.json["authentication"]?["loginEndpoint"] == "https://login.test.localhost:8443")
    #expect(current.json["suffixes"]?["storage"] == "core.test.localhost:8443")
    let list = await cloud.send(.GET, "/metadata/endpoints", token: nil, version: "2019-05-01")
    #expect(list.json == [current.json])
    let first = await cloud.send(.GET, "/metadata/endpoints", token: nil, version: "1.0")
    #expect(first.json["graphEndpoint"] == "https://graph.test.localhost:8443/")
    #expect(await cloud.send(.GET, "/metadata/endpoints", token: nil, version: nil).status == 200)
    try await cloud.close()
  }

  @Test(
    arguments: [
      (nil, "MissingApiVersionParameter"), ("", "MissingApiVersionParameter"), ("latest", "InvalidApiVersionParameter"),
      ("2024-13-01", "InvalidApiVersionParameter"), ("2024-11-01-foo", "InvalidApiVersionParameter"), ("2024-11-01'", "InvalidApiVersionParameter"),
      ("2024-11-01T00:00", "InvalidApiVersionParameter"),
    ] as [(String?, String)])
  func anApiVersionThatIsMissingOrMalformedIsRefused(version: String?, code: String) async throws {
    let cloud = try await Cloud()
    let answer = await cloud.send(.GET, "/subscriptions", version: version)
    #expect(answer.status == 400)
    #expect(answer.code == code)
    try await cloud.close()
  }

  @Test(arguments: ["2015-04-01", "2026-04-01", "2022-05-01-preview", "1999-12-31", "2018-01-01-Preview"])
  func anyWellFormedApiVersionIsAccepted(version: String) async throws {
    let cloud = try await Cloud()
    #expect(await cloud.send(.GET, cloud.subscriptionPath, version: version).status == 200)
    try await cloud.close()
  }

  @Test(
    arguments: [
      (nil, "AuthenticationFailed"), ("garbage", "InvalidAuthenticationToken"), ("expired", "ExpiredAuthenticationToken"),
      ("audience", "InvalidAuthenticationTokenAudience"), ("issuer", "InvalidAuthenticationTokenTenant"),
    ] as [(String?, String)])
  func aBadTokenIsChallenged(token: String?, code: String) async throws {
    let cloud = try await Cloud()
    for path in ["/subscriptions", "/nowhere", cloud.thing("a")] {
      let answer = await cloud.send(.GET, path, token: token)
      #expect(answer.status == 401)
      #expect(answer.code == code)
      let challenge = answer.headers.first(name: "www-authenticate") ?? ""
      #expect(challenge.hasPrefix("Bearer authorization_uri=\"https://login.test.localhost:8443/common\", error=\"invalid_token\""))
    }
    #expect(cloud.authorizer.asked.isEmpty)
    try await cloud.close()
  }

  @Test(arguments: [
    ("/subscriptions/%zz", 400, "InvalidRequestUri"), ("/subscriptions/%ff", 400, "InvalidRequestUri"),
    ("/subscriptions/SUB/resourceGroups/..", 400, "InvalidRequestUri"), ("/subscriptions/SUB/resourceGroups/%2e%2e", 400, "InvalidRequestUri"),
    ("/subscriptions/SUB/resourceGroups/a%2Fb", 400, "InvalidRequestUri"), ("/subscriptions/SUB/resourceGroups/a%5Cb", 400, "InvalidRequestUri"),
    ("/subscriptions/SUB/resourceGroups/a%00b", 400, "InvalidRequestUri"),
    ("/subscriptions/SUB/resourceGroups/LONG", 400, "InvalidResourceName"), ("/subscriptions/abc", 400, "InvalidSubscriptionId"),
    ("/", 404, "MissingSubscription"), ("/global/things", 404, "MissingSubscription"), ("/subscriptions/SUB/nothing", 404, "NotFound"),
    ("/subscriptions/SUB/providers/Foo.Bar/things", 404, "InvalidResourceNamespace"),
    ("/subscriptions/SUB/resourceGroups/rg/providers/Microsoft.Test/nothings/a", 404, "InvalidResourceType"),
    ("/subscriptions/SUB/resourceGroups/rg/providers/Microsoft.Resources/deploymentScripts/d", 404, "InvalidResourceType"),
    ("/subscriptions/SUB/resourceGroups/rg/providers/Microsoft.Authorization/denyAssignments/l", 404, "InvalidResourceType"),
    ("/directory/providers/Microsoft.Authorization/roleAssignments", 404, "MissingSubscription"),
  ])
  func aPathThatNamesNothingIsRefused(path: String, status: Int, code: String) async throws {
    let cloud = try await Cloud()
    let text = path.replacing("SUB", with: "\(cloud.subscription)").replacing("LONG", with: String(repeating: "a", count: 261))
    let answer = await cloud.send(.GET, text)
    #expect(answer.status == status)
    #expect(answer.code == code)
    #expect(cloud.authorizer.asked.isEmpty)
    try await cloud.close()
  }

  @Test func anIdReadsTheSameInAnyCaseAndKeepsItsFirstSpelling() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup("MyGroup")
    let made = await cloud.send(
      .PUT, "/SUBSCRIPTIONS/\(cloud.subscription)/resourcegroups/MYGROUP/PROVIDERS/microsoft.TEST/Things/One", body: ["location": "paris"])
    #expect(made.status == 201)
    #expect(made.json["id"] == .string("\(cloud.subscriptionPath)/resourceGroups/MyGroup/providers/Microsoft.Test/things/One"))
    let read = await cloud.send(.GET, cloud.thing("ONE", in: "mygroup").lowercased())
    #expect(read.json["id"] == made.json["id"])
    #expect(read.json["name"] == "One")
    try await cloud.close()
  }

  @Test func answersCarryAzuresHeaders() async throws {
    let cloud = try await Cloud()
    let answer = await cloud.send(.GET, "/subscriptions", headers: [("x-ms-return-client-request-id", "true")])
    #expect(answer.headers.first(name: "content-type") == "application/json; charset=utf-8")
    #expect(answer.headers.first(name: "cache-control") == "no-cache")
    #expect(answer.headers.first(name: "strict-transport-security") != nil)
    #expect(GUID(answer.headers.first(name: "x-ms-request-id") ?? "") != nil)
    #expect(answer.headers.first(name: "x-ms-correlation-request-id") == answer.headers.first(name: "x-ms-request-id"))
    #expect(answer.headers.first(name: "x-ms-routing-request-id")?.hasPrefix("PARIS:20270115T080000Z:") == true)
    #expect(answer.headers.first(name: "x-ms-client-request-id") == "client-id")
    #expect(await cloud.send(.GET, "/subscriptions").headers.first(name: "x-ms-client-request-id") == nil)
    try await cloud.close()
  }

  @Test(arguments: [
    ("{", 400, "InvalidRequestContent"), ("[]", 400, "InvalidRequestContent"), ("\"a\"", 400, "InvalidRequestContent"),
    ("{\"a\":1,\"a\":2}", 400, "InvalidRequestContent"), ("", 400, "InvalidRequestContent"), ("DEEP", 400, "InvalidRequestContent"),
    ("LARGE", 413, "RequestEntityTooLarge"),
  ])
  func aBadBodyIsRefused(body: String, status: Int, code: String) async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let text =
      switch body {
      case "DEEP": String(repeating: "[", count: 80) + String(repeating: "]", count: 80)
      case "LARGE": "{\"a\":\"" + String(repeating: "x", count: 4 << 20) + "\"}"
      default: body
      }
    let answer = await cloud.send(.PUT, cloud.thing("a"), raw: text)
    #expect(answer.status == status)
    #expect(answer.code == code)
    try await cloud.close()
  }

  @Test func aBodyOfAnotherMediaTypeIsRefused() async throws {
    let cloud = try await Cloud()
    let answer = await cloud.send(.PUT, cloud.group("rg"), raw: "<a/>", headers: [("Content-Type", "application/xml")])
    #expect(answer.status == 415)
    #expect(answer.code == "UnsupportedMediaType")
    try await cloud.close()
  }

  @Test func aMethodThatAPathDoesNotHaveIsRefused() async throws {
    let cloud = try await Cloud()
    let answer = await cloud.send(.PATCH, "/subscriptions", body: [:])
    #expect(answer.status == 405)
    #expect(answer.headers.first(name: "allow") == "GET")
    try await cloud.close()
  }
}
