import Access
import Base
import Directory
import Identity
import Ledger
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct LedgerEntryTests {
  /// What a POST can be beside a change: questions that are too long for a URL.
  private static let questions = ["getByIds", "getMemberGroups", "getMemberObjects", "checkMemberGroups"]

  /// Goes through every route that changes the directory: each change leaves one entry, in its tenant's name, that names persons where they can be erased
  /// and no secret anywhere.
  @Test func everyChangeOfTheDirectoryLeavesOneEntry() async throws {
    let fixture = try await DirectoryFixture()
    var walk = Walk(fixture)
    let user = try await walk.make(.POST, "/users", "/users", DirectoryFixture.userBody("alice"), "users/create", "/users")
    let group = try await walk.make(
      .POST, "/groups", "/groups", ["displayName": "g", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true], "groups/create")
    let application = try await walk.make(.POST, "/applications", "/applications", ["displayName": "app"], "applications/create")
    let appID = try await fixture.get("/v1.0/applications/\(application)").json["appId"]?.string ?? ""
    let principal = try await walk.make(
      .POST, "/servicePrincipals", "/servicePrincipals", ["appId": .string(appID)], "servicePrincipals/create")
    try await walk.change(
      .PATCH, "/users/{id}", "/users/\(user)", ["passwordProfile": ["password": .string(Walk.password)]], "users/basic/update", "/users")
    try await walk.change(
      .POST, "/users/{id}/revokeSignInSessions", "/users/\(user)/revokeSignInSessions", nil, "users/invalidateAllRefreshTokens", "/users")
    try await walk.change(.PATCH, "/groups/{id}", "/groups/\(group)", ["description": "d"], "groups/basic/update", "/groups/\(group)")
    try await walk.change(
      .POST, "/groups/{id}/members/$ref", "/groups/\(group)/members/$ref", fixture.reference(user), "groups/members/update",
      "/groups/\(group)/members")
    try await walk.change(
      .DELETE, "/groups/{id}/members/{member}/$ref", "/groups/\(group)/members/\(user)/$ref", nil, "groups/members/update", "/groups/\(group)/members"
    )
    try await walk.change(
      .PATCH, "/applications/{id}", "/applications/\(application)", ["displayName": "b"], "applications/basic/update", "/applications/\(application)")
    try await walk.change(
      .PATCH, "/servicePrincipals/{id}", "/servicePrincipals/\(principal)", ["tags": ["t"]], "servicePrincipals/basic/update",
      "/servicePrincipals/\(principal)")
    for (collection, object) in [("groups", group), ("applications", application), ("servicePrincipals", principal)] {
      let subject = "/\(collection)/\(object)/owners"
      try await walk.change(
        .POST, "/\(collection)/{id}/owners/$ref", "/\(collection)/\(object)/owners/$ref", fixture.reference(user), "\(collection)/owners/update",
        subject)
      try await walk.change(
        .DELETE, "/\(collection)/{id}/owners/{owner}/$ref", "/\(collection)/\(object)/owners/\(user)/$ref", nil, "\(collection)/owners/update",
        subject)
    }
    for (collection, object) in [("applications", application), ("servicePrincipals", principal)] {
      let (added, entry) = try await walk.change(
        .POST, "/\(collection)/{id}/addPassword", "/\(collection)/\(object)/addPassword", ["passwordCredential": ["displayName": "s"]],
        "\(collection)/credentials/update", "/\(collection)/\(object)")
      let keyID = added["keyId"]?.string ?? ""
      #expect(entry.facts["credentials"] == keyID)
      walk.secrets.append(added["secretText"]?.string ?? "")
      let (_, removal) = try await walk.change(
        .POST, "/\(collection)/{id}/removePassword", "/\(collection)/\(object)/removePassword", ["keyId": .string(keyID)],
        "\(collection)/credentials/update", "/\(collection)/\(object)")
      #expect(removal.facts["credentials"] == keyID)
    }
    let roles = "/roleManagement/directory/roleAssignments"
    let role = try await walk.make(
      .POST, roles, roles,
      ["principalId": .string(user), "roleDefinitionId": .string(DirectoryRole.directoryReaders.description), "directoryScopeId": "/"],
      "roleAssignments/allProperties/allTasks")
    try await walk.change(.DELETE, roles + "/{id}", "\(roles)/\(role)", nil, "roleAssignments/allProperties/allTasks", "\(roles)/\(role)")
    try await walk.change(
      .DELETE, "/servicePrincipals/{id}", "/servicePrincipals/\(principal)", nil, "servicePrincipals/delete", "/servicePrincipals/\(principal)")
    try await walk.change(.DELETE, "/applications/{id}", "/applications/\(application)", nil, "applications/delete", "/applications/\(application)")
    try await walk.change(.DELETE, "/groups/{id}", "/groups/\(group)", nil, "groups/delete", "/groups/\(group)")
    try await walk.change(.DELETE, "/users/{id}", "/users/\(user)", nil, "users/delete", "/users")

    let changes = fixture.endpoint.routes.filter { route in
      route.method != .GET && !Self.questions.contains { route.pattern.hasSuffix($0) }
    }
    #expect(
      Set(changes.map { "\($0.method) \($0.pattern)" }) == walk.walked, "a route that changes the directory has no step here, or a step no route")
    try await walk.expectNoSecrets([Walk.password, "Battery staple 2"])
    try await fixture.close()
  }

  @Test func aRefusedChangeLeavesNoEntryOfAChange() async throws {
    let fixture = try await DirectoryFixture()
    let before = try await fixture.entries().count
    #expect(try await fixture.send(.POST, "/v1.0/users", ["displayName": "x"]).status == 400)
    let user = GUID(high: 1, low: 2)
    #expect(try await fixture.send(.DELETE, "/v1.0/users/\(user)").status == 404)
    #expect(try await fixture.entries().count == before)
    try await fixture.close()
  }

  @Test func whoMayNotIsNotedWithWhatItIsAndWhereAndWhoNoTokenNotAtAll() async throws {
    let fixture = try await DirectoryFixture()
    let user = try await fixture.user("mallory")
    let victim = try await fixture.user("victim")
    let before = try await fixture.entries().count
    fixture.clock.advance(by: .milliseconds(1))
    #expect(try await fixture.send(.DELETE, "/v1.0/users/\(victim)", token: "user:\(user)").status == 403)
    fixture.clock.advance(by: .milliseconds(1))
    #expect(try await fixture.get("/v1.0/users", token: "nonsense").status == 401)
    #expect(try await fixture.get("/v1.0/users", token: "").status == 401)
    await fixture.notes.finish()
    let noted = Array(try await fixture.entries().dropFirst(before))
    #expect(noted.map(\.kind) == [.refusal, .authenticationFailure])
    let refusal = try #require(noted.first)
    #expect((refusal.tenant, refusal.subject) == (fixture.tenant.id, "/users/{id}"))
    #expect(refusal.facts["operation"] == "microsoft.directory/users/delete")
    #expect(refusal.personal["caller"] == "mallory@contoso.local")
    #expect(refusal.personal["id"] == victim)
    #expect(noted.last?.facts["code"] == "malformed")
    #expect(noted.last?.tenant == .zero)
    try await fixture.close()
  }
}

extension DirectoryFixture {
  func entries() async throws -> [LedgerEntry] { try await records.read { try LedgerEntry.waiting(in: $0) } }
}

/// Changes one thing after the other, and looks at what the ledger got of each.
private struct Walk {
  static let password = "Planted secret 77"

  let fixture: DirectoryFixture
  /// Method and pattern of each route that was taken.
  var walked: Set<String> = []
  var secrets: [String] = []

  init(_ fixture: DirectoryFixture) {
    self.fixture = fixture
  }

  /// Makes something, and gives its id.
  mutating func make(
    _ method: HTTPMethod, _ pattern: String, _ path: String, _ body: JSON, _ operation: String, _ subject: String? = nil
  ) async throws -> String {
    let (json, entry) = try await change(method, pattern, path, body, operation, subject)
    let id = try #require(json["id"]?.string)
    #expect(entry.subject == subject ?? "\(path)/\(id)")
    return id
  }

  @discardableResult
  mutating func change(
    _ method: HTTPMethod, _ pattern: String, _ path: String, _ body: JSON?, _ operation: String, _ subject: String? = nil
  ) async throws -> (JSON, LedgerEntry) {
    walked.insert("\(method) /v1.0\(pattern)")
    let before = try await fixture.entries().count
    fixture.clock.advance(by: .milliseconds(1))
    let answer = try await fixture.send(method, "/v1.0" + path, body)
    #expect((200..<300).contains(answer.status), "\(method) \(path): \(answer.text)")
    let entries = try await fixture.entries()
    #expect(entries.count == before + 1, "\(method) \(path) left \(entries.count - before) entries")
    let entry = try #require(entries.last)
    #expect((entry.tenant, entry.kind, entry.outcome) == (fixture.tenant.id, .controlWrite, .succeeded))
    if let subject { #expect(entry.subject == subject) }
    #expect(entry.facts["operation"] == "microsoft.directory/\(operation)")
    #expect(entry.personal["principal"] == fixture.administrator.id.description)
    #expect(entry.personal["caller"] == "admin@contoso.local")
    let open = ([entry.subject] + entry.facts.values).joined(separator: " ")
    for personal in entry.personal.values { #expect(!open.contains(personal), "\(method) \(path): \(open) names \(personal)") }
    return (answer.json, entry)
  }

  func expectNoSecrets(_ more: [String]) async throws {
    for entry in try await fixture.entries() {
      let text = ([entry.subject] + Array(entry.facts.values) + Array(entry.personal.values)).joined(separator: "\n")
      for secret in secrets + more { #expect(!secret.isEmpty && !text.contains(secret), "\(text)") }
    }
  }
}
