import Access
import Base
import Crypto
import Edge
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

/// What an account says of how, and from where, it can be reached.
@Suite struct NetworkRuleTests {
  private func list(
    _ fixture: AccountFixture, _ key: SymmetricKey, from address: String = "127.0.0.1", _ connection: EdgeConnection = EdgeConnection(.tls13)
  ) async throws -> Answer {
    try await fixture.send(fixture.signed(fixture.request(.GET, "/", "comp=list", from: address, connection: connection), key: key))
  }

  private func account(_ properties: JSON) async throws -> (AccountFixture, SymmetricKey, Resource) {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    try await fixture.put(resource.id, ["properties": properties], .patch)
    return (fixture, keys[0], resource)
  }

  @Test func onlyTheAddressesOfTheRulesGetIn() async throws {
    let (fixture, key, _) = try await account([
      "networkAcls": ["defaultAction": "Deny", "ipRules": [["value": "203.0.113.0/24", "action": "Allow"], ["value": "198.51.100.7"]]]
    ])
    for address in ["203.0.113.0", "203.0.113.255", "198.51.100.7", "::ffff:198.51.100.7"] {
      #expect(try await list(fixture, key, from: address).status == 200, "\(address)")
    }
    for address in ["203.0.112.255", "203.0.114.0", "198.51.100.8", "127.0.0.1", "::1", "unknown"] {
      let answer = try await list(fixture, key, from: address)
      #expect(answer.status == 403, "\(address)")
      #expect(answer.code == "AuthorizationFailure", "\(address)")
    }
  }

  @Test func everyWayInIsGuarded() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount(["allowBlobPublicAccess": true], container: [("x-ms-blob-public-access", "container")])
    try await fixture.put(resource.id, ["properties": ["networkAcls": ["defaultAction": "Deny"]]], .patch)
    let signature = try fixture.signature([("ss", "bqt"), ("srt", "sco"), ("sp", "rl")], key: keys[0])
    fixture.directory.add(Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid()), token: "t")
    let bearer = [("Authorization", "Bearer t"), ("x-ms-version", "2025-05-05")]
    let origin = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")]
    let requests = [
      try fixture.request(.GET, "/", "comp=list&\(signature)"), try fixture.request(.GET, "/", "comp=list", bearer),
      try fixture.request(.GET, "/con", "restype=container&comp=list"), try fixture.request(.OPTIONS, "/con", "", origin),
      try fixture.request(.GET, "/acct/con", "restype=container&comp=list", host: "127.0.0.1"),
      try fixture.signed(fixture.request(.GET, "/", "comp=list", host: "acct.queue.core.cloud.test"), key: keys[0]),
      try fixture.request(.GET, "/index.html", host: "acct.web.core.cloud.test"),
    ]
    for request in requests { #expect(try await fixture.send(request).status == 403, "\(request.method) \(request.host)\(request.path)") }
    let tables = try await fixture.send(
      fixture.signed(fixture.request(.GET, "/Tables", host: "acct.table.core.cloud.test"), key: keys[0]))
    #expect(tables.status == 403)
    #expect(tables.text.contains("AuthorizationFailure"))
  }

  @Test func withoutPublicAccessNoRuleLetsAnybodyIn() async throws {
    let (fixture, key, resource) = try await account([
      "publicNetworkAccess": "Disabled", "networkAcls": ["defaultAction": "Allow", "ipRules": [["value": "127.0.0.1"]]],
    ])
    #expect(try await list(fixture, key).code == "AuthorizationFailure")
    try await fixture.put(resource.id, ["properties": ["publicNetworkAccess": "Enabled"]], .patch)
    #expect(try await list(fixture, key).status == 200)
  }

  @Test func aSignatureOpensNoGuardedAccountToAnotherTenantsServices() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let put = try fixture.request(.PUT, "/con/b", "", [("x-ms-blob-type", "BlockBlob")], body: "x")
    #expect(try await fixture.send(fixture.signed(put, key: keys[0])).status == 201)
    let signature = try fixture.signature([("sr", "b"), ("sp", "r")], container: "con", blob: "b", key: keys[0])
    let url = "https://acct.blob.core.cloud.test/con/b?\(signature)"
    let own = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
    let foreign = Principal(kind: .user, tenant: fixture.random.guid(), objectID: fixture.random.guid())
    #expect(try await fixture.endpoint.open(url, as: foreign).size == 1)
    try await fixture.put(resource.id, ["properties": ["networkAcls": ["defaultAction": "Deny", "bypass": "AzureServices"]]], .patch)
    #expect(try await fixture.endpoint.open(url, as: own).size == 1)
    await #expect { try await fixture.endpoint.open(url, as: foreign) } throws: { ($0 as? CloudError)?.code == "AuthorizationFailure" }
  }

  @Test func theSettingsAreShownAsTheyWereSet() async throws {
    let (fixture, _, resource) = try await account([
      "networkAcls": ["defaultAction": "deny", "bypass": "logging, azureservices", "ipRules": [["value": "10.0.0.0/8"]]],
      "sasPolicy": ["sasExpirationPeriod": "1.12:05:06"], "defaultToOAuthAuthentication": true, "allowedCopyScope": "aad",
      "minimumTlsVersion": "TLS1_3", "keyPolicy": ["keyExpirationPeriodInDays": 30],
    ])
    let stored = try #require(
      try await fixture.records.read { try $0.fetch(Resource.self, Resource.key(tenant: fixture.tenant, resource.id)) })
    let shown = try await fixture.render(stored)
    #expect(shown["networkAcls"]?["defaultAction"]?.string == "Deny")
    #expect(shown["networkAcls"]?["bypass"]?.string == "Logging, AzureServices")
    #expect(shown["networkAcls"]?["ipRules"]?.array?.first?["value"]?.string == "10.0.0.0/8")
    #expect(shown["sasPolicy"] == ["sasExpirationPeriod": "1.12:05:06", "expirationAction": "Log"])
    #expect(shown["defaultToOAuthAuthentication"]?.boolean == true)
    #expect(shown["allowedCopyScope"]?.string == "AAD")
    #expect(shown["minimumTlsVersion"]?.string == "TLS1_3")
    // What a change of the rules leaves out stays.
    try await fixture.put(resource.id, ["properties": ["networkAcls": ["defaultAction": "Allow"]]], .patch)
    let changed = try #require(
      try await fixture.records.read { try $0.fetch(Resource.self, Resource.key(tenant: fixture.tenant, resource.id)) })
    #expect(try await fixture.render(changed)["networkAcls"]?["ipRules"]?.array?.count == 1)
  }

  // MARK: The connection

  @Test func aConnectionBelowTheMinimumVersionIsRefused() async throws {
    let (fixture, key, resource) = try await account(["minimumTlsVersion": "TLS1_3"])
    #expect(try await list(fixture, key, EdgeConnection(.tls13)).status == 200)
    let refused = try await list(fixture, key, EdgeConnection(.tls12))
    #expect(refused.status == 400)
    #expect(refused.code == "TlsVersionNotPermitted")
    try await fixture.put(resource.id, ["properties": ["minimumTlsVersion": "TLS1_2"]], .patch)
    #expect(try await list(fixture, key, EdgeConnection(.tls12)).status == 200)
  }

  @Test func aPlainConnectionNeedsAnAccountThatTakesIt() async throws {
    let (fixture, key, resource) = try await account([:])
    let refused = try await list(fixture, key, EdgeConnection(.none))
    #expect(refused.status == 400)
    #expect(refused.code == "AccountRequiresHttps")
    try await fixture.put(resource.id, ["properties": ["supportsHttpsTrafficOnly": false]], .patch)
    #expect(try await list(fixture, key, EdgeConnection(.none)).status == 200)
    let signature = try fixture.signature([("ss", "b"), ("srt", "s"), ("sp", "l"), ("spr", "https")], key: key)
    func answer(_ security: TransportSecurity) async throws -> Answer {
      try await fixture.send(fixture.request(.GET, "/", "comp=list&\(signature)", connection: EdgeConnection(security)))
    }
    #expect(try await answer(.tls12).status == 200)
    #expect(try await answer(.none).code == "AuthorizationProtocolMismatch")
  }

  // MARK: Signatures' lives

  @Test func aSignatureThatHoldsTooLongIsBlockedWhereTheAccountSaysSo() async throws {
    let (fixture, key, resource) = try await account(["sasPolicy": ["sasExpirationPeriod": "0.01:00:00", "expirationAction": "Block"]])
    let now = fixture.clock.now()
    func at(_ seconds: Int) -> String { now.advanced(by: .seconds(seconds)).iso8601 }
    func answer(_ fields: [(String, String)]) async throws -> Answer {
      let signature = try fixture.signature([("sr", "c"), ("sp", "l")] + fields, container: "con", key: key)
      return try await fixture.send(fixture.request(.GET, "/con", "restype=container&comp=list&\(signature)"))
    }
    #expect(try await answer([("st", at(-60)), ("se", at(3540))]).status == 200)
    #expect(try await answer([("st", at(-61)), ("se", at(3540))]).code == "AuthenticationFailed")
    #expect(try await answer([("se", at(60))]).code == "AuthenticationFailed", "a signature without a start could have any length")
    try await fixture.put(
      resource.id, ["properties": ["sasPolicy": ["sasExpirationPeriod": "0.01:00:00", "expirationAction": "Log"]]], .patch)
    #expect(try await answer([("se", at(86400))]).status == 200)
  }
}
