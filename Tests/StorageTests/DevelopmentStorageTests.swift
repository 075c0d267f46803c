import Base
import Crypto
import Edge
import Foundation
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

/// The account whose key everybody knows, at the ports of storage emulators and nowhere else.
@Suite struct DevelopmentStorageTests {
  private static let key = SymmetricKey(
    data: Data(base64Encoded: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==") ?? Data())

  private func fixture() async throws -> AccountFixture {
    let fixture = try await AccountFixture()
    try await ready(fixture)
    return fixture
  }

  private func ready(_ fixture: AccountFixture) async throws {
    try await fixture.development.ready(
      tenant: fixture.tenant, subscription: fixture.subscription, location: "paris", now: fixture.clock.now())
  }

  private func send(
    _ fixture: AccountFixture, _ method: HTTPMethod, _ path: String, _ query: String = "", _ headers: [(String, String)] = [], port: String?,
    host: String = "127.0.0.1", key: SymmetricKey = key, account: String = "devstoreaccount1", body: String = ""
  ) async throws -> Answer {
    let connection = EdgeConnection(port == nil ? .tls13 : .none, portService: port)
    let request = try fixture.request(method, path, query, headers, host: host, connection: connection, body: body)
    return try await fixture.send(fixture.signed(request, key: key, account: account))
  }

  @Test func eachPortServesItsServiceUnderTheAccountsName() async throws {
    let fixture = try await fixture()
    #expect(try await send(fixture, .PUT, "/devstoreaccount1/con", "restype=container", port: "blob").status == 201)
    #expect(try await send(fixture, .GET, "/devstoreaccount1/", "comp=list", port: "blob").text.contains("<Name>con</Name>"))
    #expect(try await send(fixture, .PUT, "/devstoreaccount1/que", port: "queue").status == 201)
    #expect(try await send(fixture, .GET, "/devstoreaccount1", "comp=list", port: "queue").text.contains("<Name>que</Name>"))
    let json = [("Content-Type", "application/json"), ("Accept", "application/json")]
    #expect(try await send(fixture, .POST, "/devstoreaccount1/Tables", "", json, port: "table", body: #"{"TableName":"Tab"}"#).status == 201)
    #expect(try await send(fixture, .GET, "/devstoreaccount1/Tables", "", json, port: "table").text.contains("\"Tab\""))
  }

  @Test func theNamesOfTheLoopbackAreOneHost() async throws {
    let fixture = try await fixture()
    for (host, source) in [("127.0.0.1", "localhost:8443"), ("localhost", "127.0.0.1:8443")] {
      #expect(try await send(fixture, .PUT, "/devstoreaccount1/con", "restype=container", port: "blob", host: host).status < 410)
      let blob = [("x-ms-blob-type", "BlockBlob")]
      #expect(try await send(fixture, .PUT, "/devstoreaccount1/con/a", "", blob, port: "blob", host: host, body: "bytes").status == 201)
      let copy = [("x-ms-copy-source", "http://\(source)/devstoreaccount1/con/a")]
      let copied = try await send(fixture, .PUT, "/devstoreaccount1/con/b", "", copy, port: "blob", host: host)
      #expect(copied.status == 202, "\(copied)")
      let foreign = [("x-ms-copy-source", "http://127.0.0.1:9999/devstoreaccount1/con/a")]
      #expect(try await send(fixture, .PUT, "/devstoreaccount1/con/c", "", foreign, port: "blob", host: host).status == 404)
    }
  }

  @Test func aListNamesTheAddressThatItWasAskedAt() async throws {
    let fixture = try await fixture()
    for port in ["blob", "queue"] {
      let list = try await send(fixture, .GET, "/devstoreaccount1", "comp=list", port: port, host: "localhost").text
      #expect(list.contains("ServiceEndpoint=\"http://localhost:8443/devstoreaccount1\""), "\(list)")
    }
  }

  @Test func theAccountIsNowhereElse() async throws {
    let fixture = try await fixture()
    for host in ["devstoreaccount1.blob.core.cloud.test", "devstoreaccount1.queue.core.cloud.test", "devstoreaccount1.web.core.cloud.test"] {
      #expect(try await send(fixture, .GET, "/", "comp=list", port: nil, host: host).status == 404, "\(host)")
    }
    #expect(try await send(fixture, .GET, "/devstoreaccount1", "comp=list", port: nil).code == "ResourceNotFound")
  }

  @Test func noOtherAccountIsAtItsPorts() async throws {
    let fixture = try await fixture()
    let (resource, keys) = try await fixture.makeAccount(["supportsHttpsTrafficOnly": false])
    #expect(resource.id.name == "acct")
    for path in ["/acct", "/acct/con"] {
      #expect(try await send(fixture, .GET, path, "comp=list", port: "blob", key: keys[0], account: "acct").code == "ResourceNotFound")
    }
    let named = try await send(
      fixture, .GET, "/", "comp=list", port: "blob", host: "acct.blob.core.cloud.test", key: keys[0], account: "acct")
    #expect(named.code == "ResourceNotFound")
  }

  @Test func aKeyThatWasRenewedIsTheKnownOneAgainAtTheNextStart() async throws {
    let fixture = try await fixture()
    #expect(try await send(fixture, .PUT, "/devstoreaccount1/kept", "restype=container", port: "blob").status == 201)
    let id = ResourceID(
      subscription: fixture.subscription, resourceGroup: "development-storage", "Microsoft.Storage", ("storageAccounts", "devstoreaccount1"))
    let resource = try #require(try await fixture.records.read { try $0.fetch(Resource.self, Resource.key(tenant: fixture.tenant, id)) })
    _ = try await fixture.act("regenerateKey", resource, ["keyName": "key1"])
    _ = try await fixture.act("regenerateKey", resource, ["keyName": "key2"])
    #expect(try await send(fixture, .GET, "/devstoreaccount1", "comp=list", port: "blob").status == 403)
    try await ready(fixture)
    #expect(try await send(fixture, .GET, "/devstoreaccount1", "comp=list", port: "blob").text.contains("<Name>kept</Name>"))
  }

  @Test func anotherKeyOpensNothing() async throws {
    let fixture = try await fixture()
    let other = SymmetricKey(data: [UInt8](repeating: 1, count: 64))
    #expect(try await send(fixture, .GET, "/devstoreaccount1", "comp=list", port: "blob", key: other).code == "AuthenticationFailed")
    let plain = EdgeConnection(.none, portService: "blob")
    let unsigned = try fixture.request(.GET, "/devstoreaccount1", "comp=list", host: "127.0.0.1", connection: plain)
    #expect(try await fixture.send(unsigned).code == "NoAuthenticationInformation")
  }

  @Test func nobodyElseMayMakeAnAccountOfThatName() async throws {
    let fixture = try await AccountFixture()
    await #expect(throws: CloudError.self) { try await fixture.put(fixture.id("devstoreaccount1"), AccountFixture.body()) }
    #expect(try await fixture.availability("devstoreaccount1")["nameAvailable"]?.boolean == false)
  }
}
