import Access
import Base
import Crypto
import Edge
import Foundation
import NIOHTTP1
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

/// Who may do what with queues and tables, by key, signature and token.
@Suite struct QueueAndTableAccessTests {
  private static let queueHost = "acct.queue.core.cloud.test"
  private static let tableHost = "acct.table.core.cloud.test"
  private static let odata = [("Content-Type", "application/json"), ("Accept", "application/json;odata=nometadata")]

  private func account() async throws -> (AccountFixture, Resource, [SymmetricKey]) {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let queue = try await fixture.send(fixture.signed(fixture.request(.PUT, "/que", host: Self.queueHost), key: keys[0]))
    #expect(queue.status == 201, "\(queue)")
    for name in ["People", "Other"] {
      let table = try fixture.request(.POST, "/Tables", "", Self.odata, host: Self.tableHost, body: #"{"TableName":"\#(name)"}"#)
      let answer = try await fixture.send(fixture.signed(table, key: keys[1], isLite: true))
      #expect(answer.status == 201, "\(answer)")
    }
    return (fixture, resource, keys)
  }

  private func insert(
    _ fixture: AccountFixture, _ signature: String, _ partition: String, _ row: String = "1", table: String = "People"
  ) async throws -> Answer {
    try await fixture.send(
      fixture.request(
        .POST, "/\(table)", signature, Self.odata, host: Self.tableHost, body: #"{"PartitionKey":"\#(partition)","RowKey":"\#(row)"}"#))
  }

  private func peek(
    _ fixture: AccountFixture, _ signature: String, _ headers: [(String, String)] = [], queue: String = "que"
  ) async throws -> Answer {
    try await fixture.send(fixture.request(.GET, "/\(queue)/messages", "peekonly=true&\(signature)", headers, host: Self.queueHost))
  }

  private func put(_ fixture: AccountFixture, _ signature: String, _ headers: [(String, String)] = []) async throws -> Answer {
    try await fixture.send(
      fixture.request(
        .POST, "/que/messages", signature, headers, host: Self.queueHost,
        body: "<QueueMessage><MessageText>m</MessageText></QueueMessage>"))
  }

  // MARK: Shared Key

  @Test func aKeySignsForTablesInAShorterForm() async throws {
    let (fixture, _, keys) = try await account()
    for isLite in [false, true] {
      let request = try fixture.request(.GET, "/People()", "$top=1", Self.odata, host: Self.tableHost)
      #expect(try await fixture.send(fixture.signed(request, key: keys[0], isLite: isLite)).status == 200)
      var changed = fixture.signed(request, key: keys[0], isLite: isLite)
      changed.path = "/Other()"
      #expect(try await fixture.send(changed).status == 403)
      // What blobs sign does not count here.
      var blobs = fixture.signed(
        try fixture.request(.GET, "/People()", "$top=1", Self.odata, host: "acct.blob.core.cloud.test"), key: keys[0], isLite: isLite)
      blobs.host = Self.tableHost
      #expect(try await fixture.send(blobs).status == 403)
    }
  }

  // MARK: Signatures

  @Test func anAccountSignatureReachesTheServicesThatItNames() async throws {
    let (fixture, _, keys) = try await account()
    func signature(_ services: String) throws -> String {
      try fixture.signature([("ss", services), ("srt", "sco"), ("sp", "rwdlacup")], key: keys[0])
    }
    #expect(try await peek(fixture, signature("q")).status == 200)
    #expect(try await peek(fixture, signature("bqtf")).status == 200)
    #expect(try await peek(fixture, signature("bt")).code == "AuthorizationServiceMismatch")
    #expect(try await insert(fixture, signature("t"), "a").status == 201)
    #expect(try await insert(fixture, signature("bqf"), "b").text.contains("AuthorizationServiceMismatch"))
  }

  @Test func aQueueSignatureIsForThatQueueAndItsLetters() async throws {
    let (fixture, _, keys) = try await account()
    func signature(_ letters: String) throws -> String {
      try fixture.signature([("sp", letters)], container: "que", service: .queue, key: keys[0])
    }
    #expect(try await peek(fixture, signature("r")).status == 200)
    #expect(try await put(fixture, signature("r")).code == "AuthorizationPermissionMismatch")
    #expect(try await put(fixture, signature("a")).status == 201)
    #expect(try await peek(fixture, signature("aup")).code == "AuthorizationPermissionMismatch")
    #expect(try await peek(fixture, signature("r"), queue: "other").code == "AuthenticationFailed")
    let metadata = try fixture.request(.GET, "/que", "comp=metadata&\(signature("r"))", host: Self.queueHost)
    #expect(try await fixture.send(metadata).status == 200)
    let delete = try fixture.request(.DELETE, "/que", signature("raup"), host: Self.queueHost)
    #expect(try await fixture.send(delete).code == "AuthorizationFailure")
    let clear = try fixture.request(.DELETE, "/que/messages", signature("raup"), host: Self.queueHost)
    #expect(try await fixture.send(clear).status == 403)
    let list = try fixture.request(.GET, "/", "comp=list&\(signature("raup"))", host: Self.queueHost)
    #expect(try await fixture.send(list).status == 403)
    // A queue's signature is none for a container of the same name, nor the other way.
    #expect(try await fixture.send(fixture.request(.GET, "/que/b", signature("r"))).code == "AuthenticationFailed")
    let container = try fixture.signature([("sr", "c"), ("sp", "r")], container: "que", key: keys[0])
    #expect(try await peek(fixture, container).code == "AuthenticationFailed")
  }

  @Test func aTableSignatureIsForThatTableAndItsRange() async throws {
    let (fixture, _, keys) = try await account()
    func signature(_ fields: [(String, String)], table: String = "People") throws -> String {
      try fixture.signature([("tn", table), ("sp", "raud")] + fields, container: table, service: .table, key: keys[0])
    }
    let bounded = try signature([("spk", "b"), ("srk", "5"), ("epk", "d"), ("erk", "5")])
    for (partition, row, status) in [
      ("a", "9", 403), ("b", "4", 403), ("b", "5", 201), ("c", "1", 201), ("d", "5", 201), ("d", "6", 403), ("e", "1", 403),
    ] {
      #expect(try await insert(fixture, bounded, partition, row).status == status, "\(partition) \(row)")
    }
    #expect(try await insert(fixture, bounded, "c", "2", table: "Other").status == 403)
    #expect(try await insert(fixture, signature([], table: "PEOPLE"), "z").status == 201)
    let all = try await fixture.send(fixture.request(.GET, "/People()", bounded, Self.odata, host: Self.tableHost))
    #expect(all.status == 200)
    #expect(all.text.contains(#""PartitionKey":"c""#))
    #expect(!all.text.contains(#""PartitionKey":"z""#))
    let drop = try fixture.request(.DELETE, "/Tables('People')", signature([]), Self.odata, host: Self.tableHost)
    #expect(try await fixture.send(drop).status == 403)
    let list = try fixture.request(.GET, "/Tables", signature([]), Self.odata, host: Self.tableHost)
    #expect(try await fixture.send(list).status == 403)
  }

  @Test func aStoredPolicyOfAQueueGivesWhatASignatureLeavesOut() async throws {
    let (fixture, _, keys) = try await account()
    func store(_ policy: String) async throws {
      let document = "<SignedIdentifiers><SignedIdentifier><Id>p1</Id><AccessPolicy>\(policy)</AccessPolicy></SignedIdentifier></SignedIdentifiers>"
      let request = try fixture.request(.PUT, "/que", "comp=acl", host: Self.queueHost, body: document)
      #expect(try await fixture.send(fixture.signed(request, key: keys[0])).status == 204)
    }
    let signature = try fixture.signature([("si", "p1")], container: "que", service: .queue, key: keys[0])
    #expect(try await peek(fixture, signature).code == "AuthenticationFailed")
    let expiry = fixture.clock.now().advanced(by: .seconds(60)).iso8601
    try await store("<Expiry>\(expiry)</Expiry><Permission>r</Permission>")
    #expect(try await peek(fixture, signature).status == 200)
    #expect(try await put(fixture, signature).code == "AuthorizationPermissionMismatch")
    fixture.clock.advance(by: .seconds(60))
    #expect(try await peek(fixture, signature).code == "AuthenticationFailed")
  }

  // MARK: Tokens

  @Test func rolesOfQueuesAndTablesGiveWhatTheySay() async throws {
    let (fixture, resource, _) = try await account()
    func bearer(_ role: GUID, _ scope: String) async throws -> [(String, String)] {
      let principal = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
      let token = principal.objectID.description
      fixture.directory.add(principal, token: token)
      try await fixture.assign(role, to: principal, at: scope)
      return [("Authorization", "Bearer \(token)"), ("x-ms-version", "2025-05-05")]
    }
    let queue = "\(resource.id)/queueServices/default/queues/que"
    let sender = try await bearer(BuiltInRole.storageQueueDataMessageSender, queue)
    #expect(try await put(fixture, "", sender).status == 201)
    #expect(try await peek(fixture, "", sender).code == "AuthorizationPermissionMismatch")
    let reader = try await bearer(BuiltInRole.storageQueueDataReader, queue)
    #expect(try await peek(fixture, "", reader).status == 200)
    #expect(try await put(fixture, "", reader).code == "AuthorizationPermissionMismatch")
    let elsewhere = try await bearer(BuiltInRole.storageQueueDataReader, "\(resource.id)/queueServices/default/queues/other")
    #expect(try await peek(fixture, "", elsewhere).code == "AuthorizationPermissionMismatch")
    let contributor = try await bearer(BuiltInRole.storageQueueDataContributor, resource.id.description)
    #expect(try await put(fixture, "", contributor).status == 201)
    #expect(try await peek(fixture, "", try await bearer(BuiltInRole.storageBlobDataOwner, resource.id.description)).status == 403)
    let tables = try await bearer(BuiltInRole.storageTableDataReader, "\(resource.id)/tableServices/default/tables/people")
    func rows(_ path: String, _ headers: [(String, String)]) async throws -> Answer {
      try await fixture.send(fixture.request(.GET, path, "", headers + Self.odata, host: Self.tableHost))
    }
    #expect(try await rows("/People()", tables).status == 200)
    #expect(try await rows("/Other()", tables).status == 403)
  }

  @Test func aDelegatedQueueSignatureIsOfAKeyForQueues() async throws {
    let (fixture, resource, _) = try await account()
    let principal = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
    fixture.directory.add(principal, token: "delegator")
    for role in [BuiltInRole.storageQueueDataReader, BuiltInRole.storageQueueDelegator, BuiltInRole.storageBlobDelegator] {
      try await fixture.assign(role, to: principal, at: resource.id.description)
    }
    func key(_ host: String) async throws -> XMLElement {
      let end = fixture.clock.now().advanced(by: .seconds(86400)).iso8601
      let answer = try await fixture.send(
        fixture.request(
          .POST, "/", "restype=service&comp=userdelegationkey", [("Authorization", "Bearer delegator"), ("x-ms-version", "2026-04-06")], host: host,
          body: "<KeyInfo><Expiry>\(end)</Expiry></KeyInfo>"))
      #expect(answer.status == 200, "\(answer)")
      return try answer.xml()
    }
    func signature(_ key: XMLElement, _ service: String? = nil) throws -> String {
      let names = ["skoid": "SignedOid", "sktid": "SignedTid", "skt": "SignedStart", "ske": "SignedExpiry", "skv": "SignedVersion"]
      let fields = names.sorted { $0.key < $1.key }.map { ($0.key, key.child($0.value)?.text ?? "") }
      let all = fields + [("sks", try service ?? key.at("SignedService").text), ("sv", "2026-04-06"), ("sp", "ra")]
      let secret = try #require(Data(base64Encoded: try key.at("Value").text))
      return try fixture.signature(all, container: "que", service: .queue, key: SymmetricKey(data: secret))
    }
    let own = try await key(Self.queueHost)
    #expect(try own.at("SignedService").text == "q")
    #expect(try await peek(fixture, signature(own)).status == 200)
    #expect(try await put(fixture, signature(own)).code == "AuthorizationPermissionMismatch", "the delegator only reads")
    let blobs = try await key("acct.blob.core.cloud.test")
    #expect(try await peek(fixture, signature(blobs)).code == "AuthorizationServiceMismatch")
    #expect(try await peek(fixture, signature(blobs, "q")).code == "AuthenticationFailed", "the service is one of the terms of the key")
  }

  // MARK: Resource Manager's signatures

  @Test func resourceManagerSignsForQueuesAndTables() async throws {
    let (fixture, resource, _) = try await account()
    let expiry = fixture.clock.now().advanced(by: .seconds(3600)).iso8601
    func token(_ resourceName: String, _ letters: String, _ more: [(name: String, value: JSON)] = []) async throws -> String {
      let body = JSON.Object(
        [
          ("canonicalizedResource", .string(resourceName)), ("signedPermission", .string(letters)), ("signedExpiry", .string(expiry)),
        ] + more)
      return try #require(try await fixture.act("ListServiceSas", resource, .object(body))["serviceSasToken"]?.string)
    }
    #expect(try await peek(fixture, token("/queue/acct/que", "r")).status == 200)
    let bounded = try await token("/table/acct/People", "ra", [("startPk", "m"), ("endPk", "n")])
    #expect(try await insert(fixture, bounded, "m").status == 201)
    #expect(try await insert(fixture, bounded, "z").status == 403)
    for name in ["/file/acct/que", "/queue/other/que", "/queue/acct", "/queue/acct/que/x"] {
      await #expect(throws: CloudError.self) { _ = try await token(name, "r") }
    }
  }
}
