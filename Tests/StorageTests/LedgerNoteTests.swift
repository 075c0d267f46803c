import Base
import Crypto
import Edge
import Ledger
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

/// Who shows a bad credential to an account, or may not, is noted for the ledger of the account's tenant.
@Suite(.timeLimit(.minutes(1))) struct LedgerNoteTests {
  private func noted(_ fixture: AccountFixture) async throws -> [LedgerEntry] {
    await fixture.notes.finish()
    return try await fixture.records.read { try LedgerEntry.waiting(in: $0) }
  }

  @Test func eachSortOfRefusalIsNotedOnceWithItsKind() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let reader = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid(), name: "reader@a.test")
    fixture.directory.add(reader, token: "t")
    let wrong = SymmetricKey(size: SymmetricKeySize(bitCount: 512))
    let version = ("x-ms-version", "2025-05-05")
    let signature = try fixture.signature([("ss", "b"), ("srt", "s"), ("sp", "w")], key: keys[0])
    let requests: [(EdgeRequest, LedgerEntry.Kind, String, Int)] = [
      (try fixture.signed(fixture.request(.GET, "/", "comp=list"), key: wrong), .authenticationFailure, "AuthenticationFailed", 403),
      (
        try fixture.request(.GET, "/", "comp=list", [("Authorization", "Bearer planted-token"), version]), .authenticationFailure,
        "InvalidAuthenticationInfo", 401
      ),
      (
        try fixture.request(.GET, "/", "comp=list", [("Authorization", "Nonsense"), version]), .authenticationFailure, "InvalidAuthenticationInfo",
        400
      ),
      (try fixture.request(.GET, "/", "comp=list", [("Authorization", "Bearer t"), version]), .refusal, "AuthorizationPermissionMismatch", 403),
      (try fixture.request(.GET, "/", "comp=list&\(signature)"), .refusal, "AuthorizationPermissionMismatch", 403),
      (try fixture.request(.GET, "/", "comp=list&\(signature)planted"), .authenticationFailure, "AuthenticationFailed", 403),
    ]
    for (request, kind, code, status) in requests {
      let before = try await noted(fixture).count
      fixture.clock.advance(by: .milliseconds(1))
      let answer = try await fixture.send(request)
      #expect(answer.status == status, "\(answer)")
      let entries = try await noted(fixture)
      #expect(entries.count == before + 1, "\(code)")
      let entry = try #require(entries.last)
      #expect((entry.kind, entry.tenant, entry.subject) == (kind, fixture.tenant, resource.id.description))
      #expect(entry.facts["code"] == code)
      #expect(entry.personal["address"] == "127.0.0.1")
      #expect(!"\(entry)".contains("planted"))
    }
    #expect(try await noted(fixture)[3].personal["caller"] == "reader@a.test")
  }

  @Test func theRulesOfTheNetworkAreARefusal() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    try await fixture.put(resource.id, ["properties": ["networkAcls": ["defaultAction": "Deny"]]], .patch)
    let answer = try await fixture.send(fixture.signed(fixture.request(.GET, "/", "comp=list", from: "203.0.113.9"), key: keys[0]))
    #expect(answer.code == "AuthorizationFailure")
    let entry = try #require(try await noted(fixture).first)
    #expect((entry.kind, entry.facts["code"], entry.personal) == (.refusal, "AuthorizationFailure", ["address": "203.0.113.9"]))
  }

  @Test func whoShowsNothingOrIsLetInIsNotNoted() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    #expect(try await fixture.send(fixture.signed(fixture.request(.GET, "/", "comp=list"), key: keys[0])).status == 200)
    #expect(try await fixture.send(fixture.request(.GET, "/", "comp=list", [("x-ms-version", "2025-05-05")])).status == 401)
    #expect(try await fixture.send(fixture.signed(fixture.request(.GET, "/none/blob"), key: keys[0])).status == 404)
    #expect(try await noted(fixture).isEmpty)
  }
}
