import Access
import Base
import Crypto
import Edge
import Keyring
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

@Suite struct AuthenticationSignatureTests {
  private func list(_ fixture: AccountFixture, _ signature: String, from address: String = "127.0.0.1") async throws -> Answer {
    try await fixture.send(fixture.request(.GET, "/con", "restype=container&comp=list&\(signature)", from: address))
  }

  private func blob(_ fixture: AccountFixture, _ signature: String, _ method: HTTPMethod = .GET, _ path: String = "/con/b") async throws -> Answer {
    try await fixture.send(fixture.request(method, path, signature))
  }

  // MARK: Account SAS

  @Test(arguments: [
    ("b", "c", "l", 200, ""), ("bqtf", "sco", "rwdl", 200, ""), ("q", "c", "l", 403, "AuthorizationServiceMismatch"),
    ("b", "so", "l", 403, "AuthorizationResourceTypeMismatch"), ("b", "c", "rw", 403, "AuthorizationPermissionMismatch"),
  ])
  func anAccountSignatureGivesWhatItLists(services: String, types: String, permissions: String, status: Int, code: String) async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    for key in keys {
      let answer = try await list(fixture, fixture.signature([("ss", services), ("srt", types), ("sp", permissions)], key: key))
      #expect(answer.status == status)
      #expect(answer.code ?? "" == code)
    }
  }

  @Test func noSignatureReachesAccessPolicies() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let all = try fixture.signature([("ss", "b"), ("srt", "sco"), ("sp", "rwdlacupitfxy")], key: keys[0])
    #expect(try await fixture.send(fixture.request(.GET, "/con", "restype=container&comp=acl&\(all)")).code == "AuthorizationFailure")
    let container = try fixture.signature([("sr", "c"), ("sp", "racwdl")], container: "con", key: keys[0])
    #expect(try await fixture.send(fixture.request(.GET, "/con", "restype=container&comp=acl&\(container)")).code == "AuthorizationFailure")
  }

  @Test func tagsTakeTheirOwnPermissionInListsAndCopies() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let put = try fixture.request(.PUT, "/con/b", "", [("x-ms-blob-type", "BlockBlob"), ("x-ms-tags", "a=1")], body: "x")
    #expect(try await fixture.send(fixture.signed(put, key: keys[0])).status == 201)
    for (letters, status) in [("rwl", 403), ("rwlt", 200)] {
      let inContainer = try fixture.signature([("sr", "c"), ("sp", letters)], container: "con", key: keys[0])
      let inAccount = try fixture.signature([("ss", "b"), ("srt", "co"), ("sp", letters)], key: keys[0])
      for signature in [inContainer, inAccount] {
        #expect(try await list(fixture, signature).status == 200)
        #expect(try await list(fixture, "include=metadata,tags&\(signature)").status == status)
        let source = "https://acct.blob.core.cloud.test:8443/con/b?\(signature)"
        let headers = [("x-ms-copy-source", source), ("x-ms-requires-sync", "true"), ("x-ms-copy-source-tag-option", "Copy")]
        let copy = try await fixture.send(fixture.request(.PUT, "/con/c", signature, headers))
        #expect(copy.status == (status == 200 ? 202 : 403), "\(copy)")
      }
    }
  }

  @Test func anAccountSignatureDoesNotEscapeTheExpirationPolicyByNamingAStoredOne() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    try await fixture.put(
      resource.id, ["properties": ["sasPolicy": ["sasExpirationPeriod": "0.00:10:00", "expirationAction": "Block"]]], .patch)
    let now = fixture.clock.now()
    for (seconds, status) in [(500, 200), (5000, 403)] {
      let signature = try fixture.signature(
        [
          ("ss", "b"), ("srt", "c"), ("sp", "l"), ("st", now.iso8601), ("se", now.advanced(by: .seconds(seconds)).iso8601),
        ], key: keys[0])
      #expect(try await list(fixture, signature).status == status)
      #expect(try await list(fixture, "si=any&\(signature)").status == status)
    }
  }

  @Test func anAccountSignatureSetsNoHeadersOfTheAnswer() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let put = try fixture.request(.PUT, "/con/b", "", [("x-ms-blob-type", "BlockBlob")], body: "x")
    #expect(try await fixture.send(fixture.signed(put, key: keys[0])).status == 201)
    let signature = try fixture.signature([("ss", "b"), ("srt", "o"), ("sp", "r")], key: keys[0])
    let read = try await blob(fixture, signature + "&rsct=text%2Fhtml")
    #expect(read.status == 200 && read["Content-Type"] == "application/octet-stream", "\(read)")
  }

  // MARK: Service SAS

  @Test func aContainerSignatureIsForItsBlobsAndNotForTheContainer() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let signature = try fixture.signature([("sr", "c"), ("sp", "racwdl")], container: "con", key: keys[0])
    #expect(try await list(fixture, signature).status == 200)
    #expect(try await blob(fixture, signature).code == "BlobNotFound")
    #expect(try await fixture.send(fixture.request(.DELETE, "/con", "restype=container&\(signature)")).code == "AuthorizationFailure")
    #expect(try await fixture.send(fixture.request(.GET, "/con", "restype=container&\(signature)")).code == "AuthorizationFailure")
    #expect(try await fixture.send(fixture.request(.GET, "/", "comp=list&\(signature)")).code == "AuthenticationFailed")
    #expect(try await blob(fixture, signature, .GET, "/other/b").code == "AuthenticationFailed")
  }

  @Test func aBlobSignatureIsForThatBlob() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let signature = try fixture.signature([("sr", "b"), ("sp", "r")], container: "con", blob: "dir/é", key: keys[0])
    #expect(try await blob(fixture, signature, .GET, "/con/dir/%C3%A9").code == "BlobNotFound")
    #expect(try await blob(fixture, signature, .GET, "/con/dir%2F%C3%A9").code == "BlobNotFound")
    #expect(try await blob(fixture, signature, .GET, "/con/dir/%C3%A9/more").code == "AuthenticationFailed")
    #expect(try await blob(fixture, signature, .DELETE, "/con/dir/%C3%A9").code == "AuthorizationPermissionMismatch")
    #expect(try await list(fixture, signature).code == "AuthenticationFailed")
  }

  @Test func aDirectorySignatureIsForWhatIsBelowIt() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let signature = try fixture.signature([("sr", "d"), ("sdd", "2"), ("sp", "r")], container: "con", blob: "a/b", key: keys[0])
    #expect(try await blob(fixture, signature, .GET, "/con/a/b/c").code == "BlobNotFound")
    #expect(try await blob(fixture, signature, .GET, "/con/a/bc").code == "AuthenticationFailed")
    #expect(try await blob(fixture, signature, .GET, "/con/a").code == "AuthenticationFailed")
  }

  @Test func aSnapshotSignatureReachesTheSnapshotAndNotTheBlob() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let put = try fixture.request(.PUT, "/con/b", "", [("x-ms-blob-type", "BlockBlob")], body: "old")
    #expect(try await fixture.send(fixture.signed(put, key: keys[0])).status == 201)
    let taken = try await fixture.send(fixture.signed(fixture.request(.PUT, "/con/b", "comp=snapshot"), key: keys[0]))
    let snapshot = try #require(taken["x-ms-snapshot"])
    let fields: [(name: String, value: String)] = [
      ("sv", "2025-05-05"), ("sr", "bs"), ("sp", "rwd"), ("se", fixture.clock.now().advanced(by: .seconds(60)).iso8601),
    ]
    let context = SharedAccessSignature.Context(account: "acct", container: "con", blob: "b", snapshot: snapshot)
    let signature = try SharedAccessSignature.query(signing: fields, context, key: keys[0])
    let query = "snapshot=\(percentEncoded(snapshot))&\(signature)"
    #expect(try await fixture.send(fixture.request(.GET, "/con/b", query)).text == "old")
    #expect(try await fixture.send(fixture.request(.GET, "/con/b", signature)).code == "AuthenticationFailed")
    let foreign = "snapshot=2020-01-01T00:00:00.0000000Z&\(signature)"
    #expect(try await fixture.send(fixture.request(.GET, "/con/b", foreign)).code == "AuthenticationFailed")
    let overwrite = try fixture.request(.PUT, "/con/b", query, [("x-ms-blob-type", "BlockBlob")], body: "new")
    #expect(try await fixture.send(overwrite).code == "AuthorizationFailure")
    #expect(try await fixture.send(fixture.signed(fixture.request(.GET, "/con/b"), key: keys[0])).text == "old")
  }

  @Test func aSignatureWithAnEncryptionScopeBindsItsWritesToIt() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let signature = try fixture.signature([("sr", "c"), ("sp", "rwl"), ("ses", "scope1")], container: "con", key: keys[0])
    func put(_ headers: [(String, String)]) async throws -> Answer {
      try await fixture.send(
        fixture.request(.PUT, "/con/b", signature, [("x-ms-blob-type", "BlockBlob"), ("x-ms-version", "2025-05-05")] + headers, body: "x"))
    }
    let other = try await put([("x-ms-encryption-scope", "scope2")])
    #expect(other.status == 403)
    #expect(other.code == "AuthorizationFailure")
    let missing = try await put([])
    #expect(missing.status >= 400, "the account has no such scope: \(missing)")
    #expect(try await put([("x-ms-encryption-scope", "scope1")]).status == missing.status)
    #expect(try await list(fixture, signature).status == 200)
  }

  @Test func timeAddressAndProtocolCount() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let now = fixture.clock.now()
    func ago(_ seconds: Int) -> String { now.advanced(by: .seconds(-seconds)).iso8601 }
    func answer(_ fields: [(String, String)], from address: String = "10.0.0.5") async throws -> Answer {
      try await list(fixture, fixture.signature([("sr", "c"), ("sp", "l")] + fields, container: "con", key: keys[0]), from: address)
    }
    #expect(try await answer([("se", ago(0))]).code == "AuthenticationFailed")
    #expect(try await answer([("se", ago(60))]).text.contains("Signature not valid in the specified time frame"))
    #expect(try await answer([("st", ago(-60)), ("se", ago(-120))]).code == "AuthenticationFailed")
    #expect(try await answer([("st", ago(60))]).status == 200)
    #expect(try await answer([("sip", "10.0.0.5")]).status == 200)
    #expect(try await answer([("sip", "10.0.0.1-10.0.0.9")]).status == 200)
    #expect(try await answer([("sip", "10.0.0.1-10.0.0.9")], from: "::ffff:10.0.0.5").status == 200)
    #expect(try await answer([("sip", "::1")], from: "::1").status == 200)
    let elsewhere = try await answer([("sip", "10.0.0.6-10.0.0.9")])
    #expect(elsewhere.code == "AuthorizationSourceIPMismatch")
    #expect(elsewhere.text.contains("source IP 10.0.0.5."))
    #expect(try await answer([("sip", "10.0.0.1-10.0.0.9")], from: "::1").code == "AuthorizationSourceIPMismatch")
    #expect(try await answer([("sip", "somewhere")]).code == "AuthenticationFailed")
    #expect(try await answer([("spr", "https")]).status == 200)
    #expect(try await answer([("spr", "https,http")]).status == 200)
    #expect(try await answer([("spr", "http")]).code == "AuthorizationProtocolMismatch")
    #expect(try await answer([("spr", "ftp")]).code == "AuthenticationFailed")
  }

  @Test func aTamperedOrDuplicateFieldIsRefused() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let signature = try fixture.signature([("sr", "c"), ("sp", "l")], container: "con", key: keys[0])
    let tampered = try await list(fixture, signature.replacing("sp=l", with: "sp=lw"))
    #expect(tampered.status == 403)
    #expect(try tampered.xml().at("AuthenticationErrorDetail").text.hasPrefix("Signature did not match. String to sign used was lw\n"))
    #expect(try await list(fixture, signature + "&sp=l").code == "AuthenticationFailed")
    #expect(try await list(fixture, signature + "&rscc=x").code == "AuthenticationFailed")
    #expect(try await list(fixture, signature.replacing("sr=c&", with: "")).text.contains("sr is mandatory. Cannot be empty"))
  }

  @Test func aStoredPolicyGivesWhatTheSignatureLeavesOut() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    func store(_ policy: String) async throws {
      let document = "<SignedIdentifiers><SignedIdentifier><Id>p1</Id><AccessPolicy>\(policy)</AccessPolicy></SignedIdentifier></SignedIdentifiers>"
      let request = try fixture.request(.PUT, "/con", "restype=container&comp=acl", body: document)
      #expect(try await fixture.send(fixture.signed(request, key: keys[0])).status == 200)
    }
    let expiry = fixture.clock.now().advanced(by: .seconds(60)).iso8601
    let signature = try fixture.signature([("sr", "c"), ("si", "p1")], container: "con", key: keys[0])
    #expect(try await list(fixture, signature).code == "AuthenticationFailed")
    try await store("<Expiry>\(expiry)</Expiry><Permission>rl</Permission>")
    #expect(try await list(fixture, signature).status == 200)
    #expect(try await blob(fixture, signature, .DELETE).code == "AuthorizationPermissionMismatch")
    let both = try fixture.signature([("sr", "c"), ("si", "p1"), ("sp", "l")], container: "con", key: keys[0])
    #expect(try await list(fixture, both).text.contains("but not both"))
    try await store("<Permission>l</Permission>")
    #expect(try await list(fixture, signature).text.contains("se is mandatory. Cannot be empty"))
    let withExpiry = try fixture.signature([("sr", "c"), ("si", "p1"), ("se", expiry)], container: "con", key: keys[0])
    #expect(try await list(fixture, withExpiry).status == 200)
    fixture.clock.advance(by: .seconds(60))
    #expect(try await list(fixture, withExpiry).code == "AuthenticationFailed")
    try await store("")
    #expect(try await list(fixture, signature).code == "AuthenticationFailed")
  }

  // MARK: User delegation SAS

  /// A user who holds a role at the account, and the user delegation key that the service gives to it.
  private func delegate(
    _ fixture: AccountFixture, role: GUID, at scope: String, delegatedTenant: String = ""
  ) async throws -> (principal: Principal, key: XMLElement) {
    let principal = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
    fixture.directory.add(principal, token: "delegator")
    try await fixture.assign(role, to: principal, at: scope)
    let (start, end) = (fixture.clock.now().iso8601, fixture.clock.now().advanced(by: .seconds(86400)).iso8601)
    let answer = try await fixture.send(
      fixture.request(
        .POST, "/", "restype=service&comp=userdelegationkey", [("Authorization", "Bearer delegator"), ("x-ms-version", "2026-04-06")],
        body: "<?xml version=\"1.0\"?><KeyInfo><Start>\(start)</Start><Expiry>\(end)</Expiry>\(delegatedTenant)</KeyInfo>"))
    #expect(answer.status == 200, "\(answer)")
    return (principal, try answer.xml())
  }

  private func signature(_ fixture: AccountFixture, _ key: XMLElement, _ fields: [(String, String)], blob: String = "") throws -> String {
    let names = [
      "skoid": "SignedOid", "sktid": "SignedTid", "skt": "SignedStart", "ske": "SignedExpiry", "sks": "SignedService", "skv": "SignedVersion",
    ]
    let all = fields + names.sorted { $0.key < $1.key }.map { ($0.key, key.child($0.value)?.text ?? "") } + [("sv", "2026-04-06")]
    let secret = try #require(Data(base64Encoded: try key.at("Value").text))
    return try fixture.signature(all, container: "con", blob: blob, key: SymmetricKey(data: secret))
  }

  @Test func aDelegatedSignatureNeedsTheDelegatorsPermissionAtItsUse() async throws {
    let fixture = try await AccountFixture()
    let (resource, _) = try await fixture.makeAccount()
    let (principal, key) = try await delegate(fixture, role: BuiltInRole.storageBlobDataReader, at: resource.id.description)
    #expect(try key.at("SignedOid").text == principal.objectID.description)
    #expect(try key.at("SignedTid").text == fixture.tenant.description)
    #expect(try key.at("SignedService").text == "b")
    let reading = try signature(fixture, key, [("sr", "c"), ("sp", "rlw")])
    #expect(try await list(fixture, reading).status == 200)
    #expect(try await blob(fixture, reading).code == "BlobNotFound")
    let put = try fixture.request(.PUT, "/con/b", "comp=metadata&\(reading)")
    #expect(try await fixture.send(put).code == "AuthorizationPermissionMismatch")
    let one = try signature(fixture, key, [("sr", "b"), ("sp", "r")], blob: "b")
    #expect(try await blob(fixture, one).code == "BlobNotFound")
    #expect(try await blob(fixture, one, .GET, "/con/c").code == "AuthenticationFailed")
    fixture.directory.remove(token: "delegator")
    #expect(try await list(fixture, reading).code == "AuthenticationFailed")
  }

  @Test func aDelegationKeyHoldsForItsTermsOnly() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let (_, key) = try await delegate(fixture, role: BuiltInRole.storageBlobDataReader, at: resource.id.description)
    let valid = try signature(fixture, key, [("sr", "c"), ("sp", "l"), ("se", fixture.clock.now().advanced(by: .seconds(5 * 86400)).iso8601)])
    #expect(try await list(fixture, valid).status == 200)
    var longer = key
    longer.children = longer.children.map { child in
      var child = child
      if child.name == "SignedExpiry" { child.text = fixture.clock.now().advanced(by: .seconds(5 * 86400)).iso8601 }
      return child
    }
    #expect(try await list(fixture, signature(fixture, longer, [("sr", "c"), ("sp", "l")])).code == "AuthenticationFailed")
    fixture.clock.advance(by: .seconds(86400))
    #expect(try await list(fixture, valid).text.contains("key time frame"))
    // Without Shared Key, delegated signatures go on; with the secret renewed, they do not.
    let (_, second) = try await delegate(fixture, role: BuiltInRole.storageBlobDataContributor, at: resource.id.description)
    try await fixture.put(resource.id, ["properties": ["allowSharedKeyAccess": false]], .patch)
    let delegated = try signature(fixture, second, [("sr", "c"), ("sp", "l")])
    #expect(try await list(fixture, delegated).status == 200)
    _ = try await fixture.act("revokeUserDelegationKeys", resource)
    #expect(try await list(fixture, delegated).code == "AuthenticationFailed")
    #expect(keys.count == 2)
  }

  @Test func aSignatureBoundToAUserNeedsThatUsersToken() async throws {
    let fixture = try await AccountFixture()
    let (resource, _) = try await fixture.makeAccount()
    let (_, key) = try await delegate(fixture, role: BuiltInRole.storageBlobDataReader, at: resource.id.description)
    let friend = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
    fixture.directory.add(friend, token: "friend")
    let bound = try signature(fixture, key, [("sr", "c"), ("sp", "l"), ("sduoid", friend.objectID.description)])
    let query = "restype=container&comp=list&\(bound)"
    #expect(try await fixture.send(fixture.request(.GET, "/con", query)).code == "AuthenticationFailed")
    #expect(try await fixture.send(fixture.request(.GET, "/con", query, [("Authorization", "Bearer delegator")])).code == "AuthenticationFailed")
    #expect(try await fixture.send(fixture.request(.GET, "/con", query, [("Authorization", "Bearer friend")])).status == 200)
  }

  @Test(arguments: [
    ("", "InvalidXmlDocument"), ("<KeyInfo>", "InvalidXmlDocument"), ("<Other/>", "InvalidXmlDocument"),
    ("<!DOCTYPE KeyInfo [<!ENTITY x 'y'>]><KeyInfo><Expiry>&x;</Expiry></KeyInfo>", "InvalidXmlDocument"),
    ("<KeyInfo/>", "MissingRequiredXmlNode"), ("<KeyInfo><Expiry>soon</Expiry></KeyInfo>", "InvalidXmlNodeValue"),
    ("<KeyInfo><Expiry>2020-01-01T00:00:00Z</Expiry></KeyInfo>", "InvalidXmlNodeValue"),
    ("<KeyInfo><Expiry>2100-01-01T00:00:00Z</Expiry></KeyInfo>", "InvalidXmlNodeValue"),
  ])
  func aRequestForAKeyMustSayForWhichTime(document: String, code: String) async throws {
    let fixture = try await AccountFixture()
    let (resource, _) = try await fixture.makeAccount()
    let principal = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
    fixture.directory.add(principal, token: "delegator")
    try await fixture.assign(BuiltInRole.storageBlobDelegator, to: principal, at: resource.id.description)
    let answer = try await fixture.send(
      fixture.request(.POST, "/", "restype=service&comp=userdelegationkey", [("Authorization", "Bearer delegator")], body: document))
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test func onlyATokenGetsADelegationKey() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let request = try fixture.request(.POST, "/", "restype=service&comp=userdelegationkey", body: "<KeyInfo/>")
    let answer = try await fixture.send(fixture.signed(request, key: keys[0]))
    #expect(answer.code == "AuthenticationFailed")
    #expect(answer.text.contains("Only authentication scheme Bearer is supported"))
    let all = try fixture.signature([("ss", "b"), ("srt", "sco"), ("sp", "rwdlacupitfxy")], key: keys[0])
    #expect(
      try await fixture.send(fixture.request(.POST, "/", "restype=service&comp=userdelegationkey&\(all)", body: "<KeyInfo/>")).code
        == "AuthorizationFailure")
  }
}
