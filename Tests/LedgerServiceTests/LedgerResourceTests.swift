import Base
import Foundation
import Keyring
import LedgerService
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

/// The ARM resource, the identity service, restart and deletion.
@Suite(.timeLimit(.minutes(2))) struct LedgerResourceTests {
  @Test func whoMakesALedgerIsItsAdministratorBesideThoseItNames() async throws {
    let fixture = try await LedgerServiceFixture()
    let named = fixture.random.guid()
    let resource = try await fixture.put(
      "Acme-1", ["ledgerType": "private", "aadBasedSecurityPrincipals": [["principalId": .string(named.description), "ledgerRoleName": "Reader"]]])
    let properties = try await fixture.render(resource)
    #expect(properties["ledgerUri"]?.string == "https://acme-1.ledger.cloud.test:8443")
    #expect(properties["identityServiceUri"]?.string == "https://identity.ledger.cloud.test:8443/ledgerIdentity/Acme-1")
    #expect(properties["ledgerType"]?.string == "Private" && properties["ledgerSku"]?.string == "Standard")
    #expect(properties["runningState"]?.string == "Active" && properties["provisioningState"]?.string == "Succeeded")
    let principals = properties["aadBasedSecurityPrincipals"]?.array ?? []
    let roles = Dictionary(uniqueKeysWithValues: principals.map { ($0["principalId"]?.string ?? "", $0["ledgerRoleName"]?.string ?? "") })
    #expect(roles == [fixture.owner.objectID.description: "Administrator", named.description: "Reader"])

    let changed = try await fixture.put("Acme-1", ["aadBasedSecurityPrincipals": []])
    let left = try await fixture.render(changed)["aadBasedSecurityPrincipals"]?.array ?? []
    #expect(left.compactMap { $0["principalId"]?.string } == [fixture.owner.objectID.description], "who is named no more is no user any more")
    #expect(try await fixture.send(.GET, "/app/users", ledger: "acme-1").status == 200)
  }

  private static let refused: [(name: String, properties: String, code: String)] = [
    ("ab", "{}", "InvalidResourceName"), ("-acme", "{}", "InvalidResourceName"), ("acme-", "{}", "InvalidResourceName"),
    ("a.b.c", "{}", "InvalidResourceName"), ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "{}", "InvalidResourceName"),
    ("Identity", "{}", "LedgerNameAlreadyExists"), ("acme", #"{"ledgerType":"Secret"}"#, "InvalidRequestContent"),
    ("acme", #"{"ledgerSku":1}"#, "InvalidRequestContent"), ("acme", #"{"runningState":"Paused"}"#, "FeatureNotSupported"),
    ("acme", #"{"enclavePlatform":"IntelSgx"}"#, "FeatureNotSupported"), ("acme", #"{"nodeCount":3}"#, "FeatureNotSupported"),
    ("acme", #"{"certBasedSecurityPrincipals":[{"cert":"PEM","ledgerRoleName":"Reader"}]}"#, "FeatureNotSupported"),
    ("acme", #"{"aadBasedSecurityPrincipals":[{"principalId":"x","ledgerRoleName":"Reader"}]}"#, "InvalidRequestContent"),
    ("acme", #"{"aadBasedSecurityPrincipals":[{"principalId":"00000000-0000-0000-0000-000000000001"}]}"#, "InvalidRequestContent"),
    (
      "acme",
      #"{"aadBasedSecurityPrincipals":[{"principalId":"00000000-0000-0000-0000-000000000001","ledgerRoleName":"Reader","#
        + #""tenantId":"00000000-0000-0000-0000-000000000009"}]}"#, "FeatureNotSupported"
    ), ("acme", #""text""#, "InvalidRequestContent"),
  ]

  @Test(arguments: refused)
  func aLedgerThatCannotBeIsRefused(_ name: String, _ properties: String, _ code: String) async throws {
    let properties = try JSON(parsing: properties.utf8)
    let fixture = try await LedgerServiceFixture()
    let error = await #expect(throws: CloudError.self) { try await fixture.put(name, properties) }
    #expect(error?.code == code, "\(String(describing: error))")
    #expect(try await fixture.send(.GET, "/ledgerIdentity/\(name)", service: fixture.identityService).status == 404)
  }

  @Test func aNameBelongsToOneLedgerOfTheWholeCloud() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let other = Principal(kind: .user, tenant: fixture.random.guid(), objectID: fixture.random.guid(), name: "other")
    let error = await #expect(throws: CloudError.self) { try await fixture.put("ACME", by: other) }
    #expect(error?.status == 409 && error?.code == "LedgerNameAlreadyExists")
    let check = try #require(fixture.provider.actions.first { $0.path == "checkNameAvailability" })
    for (name, isAvailable) in [("acme", false), ("ACME", false), ("identity", false), ("x", false), ("acme-2", true)] {
      let body: JSON = ["name": .string(name), "type": "Microsoft.ConfidentialLedger/ledgers"]
      guard case .read(let run) = check.work else { throw Changes() }
      let answer = try await fixture.records.read { try run([:], body, fixture.context(), $0) }
      #expect(answer["nameAvailable"]?.boolean == isAvailable, "\(name): \(answer)")
    }
    let type = await #expect(throws: CloudError.self) { try await fixture.put("acme", ["ledgerType": "Private"]) }
    #expect(type?.code == "PropertyChangeNotAllowed")
  }

  @Test func theIdentityServiceNamesTheLedgersCertificateFirstAndTheCloudsBehindIt() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let answer = try await fixture.send(.GET, "/ledgerIdentity/ACME", token: nil, service: fixture.identityService)
    #expect(answer.status == 200 && answer.json["ledgerId"]?.string == "acme")
    let bundle = try #require(answer.json["ledgerTlsCertificate"]?.string)
    #expect(bundle.hasSuffix(LedgerServiceFixture.authority))
    #expect(bundle.components(separatedBy: "-----BEGIN CERTIFICATE-----").count == 3)
    #expect(try await fixture.send(.GET, "/ledgerIdentity/nobody", token: nil, service: fixture.identityService).code == "ResourceNotFound")
    #expect(try await fixture.send(.POST, "/ledgerIdentity/acme", token: nil, service: fixture.identityService).status == 405)
  }

  @Test func whatWasAnsweredIsThereAfterARestartAndItsReceiptUnderTheSameCertificate() async throws {
    var fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let id = try await fixture.append("durable")
    let identity = try await fixture.send(.GET, "/ledgerIdentity/acme", service: fixture.identityService)
    let node = try await fixture.send(.GET, "/app/transactions/\(id)/receipt").json["receipt"]?["nodeId"]
    try await fixture.records.close()
    fixture = try await LedgerServiceFixture(after: fixture)
    #expect(try await fixture.send(.GET, "/app/transactions/\(id)").json["entry"]?["contents"]?.string == "durable")
    #expect(try await fixture.send(.GET, "/ledgerIdentity/acme", service: fixture.identityService).json == identity.json)
    #expect(try await fixture.send(.GET, "/app/transactions/\(id)/receipt").json["receipt"]?["nodeId"] == node)
    #expect(try await fixture.append("next") == "2.3")
  }

  @Test func aDeletedLedgerIsGoneWithItsRecordsAndItsNameBeginsAnew() async throws {
    let fixture = try await LedgerServiceFixture()
    let resource = try await fixture.put("acme")
    for number in 0..<300 { try await fixture.append("secret \(number)", "tags=t") }
    let before = try await fixture.send(.GET, "/ledgerIdentity/acme", service: fixture.identityService).json
    try await fixture.delete(resource)
    #expect(try await fixture.send(.GET, "/app/transactions").code == "ResourceNotFound")
    #expect(try await fixture.send(.GET, "/ledgerIdentity/acme", service: fixture.identityService).status == 404)
    try await fixture.put("acme")
    try await fixture.ledgers.purge()
    #expect(try await fixture.send(.GET, "/app/transactions").json["entries"] == [])
    #expect(try await fixture.append("first of the new one") == "2.2")
    #expect(try await fixture.send(.GET, "/ledgerIdentity/acme", service: fixture.identityService).json != before)
  }

  @Test func nothingOfAnEntryRestsInTheClear() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    try await fixture.append("planted-contents-of-an-entry")
    let raw = try await fixture.records.read { try $0.entries(in: KeyBytes([])..<KeyBytes([0xFF, 0xFF, 0xFF]), limit: 10_000, reversed: false) }
    #expect(raw.count > 5)
    let planted = Array("planted-contents".utf8)
    for (key, value) in raw { #expect(!value.contains(planted) && !key.contains(planted)) }
  }

  /// To check a name changes nothing.
  private struct Changes: Error {}
}
