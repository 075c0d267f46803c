import Access
import Base
import LedgerService
import NIOHTTP1
import Testing
import Wire

/// Who may do what in a ledger, and who may not.
@Suite(.timeLimit(.minutes(2))) struct LedgerUserTests {
  @Test func everyOperationNeedsTheRoleThatItNamesAndNoStrangerGetsIn() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    try await fixture.append("entry")
    let reader = fixture.person("reader")
    let contributor = fixture.person("contributor")
    _ = fixture.person("stranger")
    try await fixture.grant("Reader", to: reader)
    try await fixture.grant("Contributor", to: contributor)
    let roles: [(token: String, role: LedgerRole?)] = [
      ("stranger", nil), ("reader", .reader), ("contributor", .contributor), ("owner", .administrator),
    ]
    #expect(fixture.endpoint.operations.count > 20)
    for operation in fixture.endpoint.operations {
      let path = operation.pattern.replacing("{transactionId}", with: "2.2").replacing("{functionId}", with: "f")
        .replacing("{userId}", with: "00000000-0000-0000-0000-000000000001")
      let anonymous = try await fixture.send(operation.method, path, body: "{}", token: nil)
      #expect(anonymous.status == 401 && anonymous.code == "InvalidAuthenticationInfo", "\(operation.name): \(anonymous)")
      #expect(anonymous.headers.contains(name: "WWW-Authenticate"))
      let forged = try await fixture.send(operation.method, path, body: "{}", token: "forged")
      #expect(forged.status == 401, "\(operation.name): \(forged)")
      for (token, role) in roles {
        let answer = try await fixture.send(operation.method, path, body: "{}", token: token)
        let isAllowed = role.map { $0 >= operation.role } ?? false
        #expect((answer.status != 403) == isAllowed, "\(operation.name) by \(token): \(answer)")
        guard !isAllowed else { continue }
        #expect(answer.code == "NotAllowed")
        #expect(answer.json["error"]?["message"]?.string == "Not allowed to call \(operation.method.rawValue) \(path)")
      }
    }
  }

  @Test func usersComeGoAndAreListedWithOneRoleOrWithAll() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let guest = fixture.person("guest")
    let path = "/app/users/\(guest.objectID)"
    #expect(try await fixture.send(.GET, path).code == "ResourceNotFound")
    let made = try await fixture.send(.PATCH, path, body: #"{"assignedRole":"Reader"}"#, contentType: "application/merge-patch+json")
    #expect(made.status == 200 && made.json == ["assignedRole": "Reader", "userId": .string(guest.objectID.description)], "\(made)")
    #expect(made.transaction == "2.2", "a change of users is a transaction")
    let several = try await fixture.send(.PATCH, "/app/ledgerUsers/\(guest.objectID)", body: #"{"assignedRoles":["Contributor","Reader"]}"#)
    #expect(several.json["assignedRoles"]?.array?.compactMap(\.string) == ["Reader", "Contributor"], "\(several)")
    #expect(try await fixture.send(.GET, path).json["assignedRole"]?.string == "Contributor")
    let list = try await fixture.send(.GET, "/app/users")
    #expect(list.json["ledgerUsers"]?.array?.count == 2)
    try await fixture.append("by the guest", token: "guest")
    #expect(try await fixture.send(.DELETE, path).status == 204)
    #expect(try await fixture.send(.GET, "/app/transactions", token: "guest").status == 403, "it ends at once")
    #expect(try await fixture.send(.DELETE, path).status == 404)
  }

  @Test(arguments: [
    ("/app/users/somebody", #"{"assignedRole":"Reader"}"#), ("/app/users/00000000-0000-0000-0000-000000000001", #"{"assignedRole":"Owner"}"#),
    ("/app/users/00000000-0000-0000-0000-000000000001", "{}"), ("/app/ledgerUsers/00000000-0000-0000-0000-000000000001", #"{"assignedRoles":[]}"#),
    ("/app/ledgerUsers/00000000-0000-0000-0000-000000000001", #"{"assignedRoles":["Reader",1]}"#),
    ("/app/users/" + String(repeating: "7F%3A", count: 31) + "7F", #"{"assignedRole":"Reader"}"#),
  ])
  func aUserThatCannotBeIsRefused(_ path: String, _ body: String) async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let answer = try await fixture.send(.PATCH, path, body: body)
    #expect(answer.status == 400 && answer.code == "InvalidInput", "\(answer)")
    #expect(try await fixture.send(.GET, "/app/users").json["ledgerUsers"]?.array?.count == 1)
  }

  @Test func aPrincipalOfAnotherTenantIsNobodyEvenWithTheSameObjectId() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let twin = Principal(kind: .user, tenant: fixture.random.guid(), objectID: fixture.owner.objectID, name: "twin")
    fixture.people.add(twin, token: "twin")
    for path in ["/app/transactions", "/app/users", "/app/collections"] {
      let answer = try await fixture.send(.GET, path, token: "twin")
      #expect(answer.status == 403 && answer.code == "NotAllowed", "\(answer)")
    }
  }

  @Test func aCloudWithoutEnclavesShowsNoQuoteAndNoConsortium() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let quotes = try await fixture.send(.GET, "/app/enclaveQuotes")
    #expect(quotes.json["enclaveQuotes"] == .object(JSON.Object()))
    #expect(quotes.json["currentNodeId"]?.string?.count == 64)
    #expect(try await fixture.send(.GET, "/app/governance/members").json == ["members": []])
    #expect(try await fixture.send(.GET, "/app/governance/constitution").json["script"]?.string?.contains("Rejected") == true)
  }
}
