import Base
import Ledger
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

extension VaultFixture {
  /// Sets a secret and gives its version.
  @discardableResult
  func set(_ name: String, _ value: String, _ further: [(String, JSON)] = [], vault: String = VaultFixture.vault) async throws -> String {
    var body = JSON.Object([("value", .string(value))])
    for (name, value) in further { body[name] = value }
    let answer = try await send(.PUT, "/secrets/\(name)", .object(body), vault: vault)
    let id = try #require(answer["id"]?.string, "\(answer)")
    return String(id.split(separator: "/").last ?? "")
  }

  /// The same endpoint over other records of the same content, or with another log.
  func endpoint(records other: (any RecordStore)? = nil, logging catcher: LogCatcher = LogCatcher()) -> VaultEndpoint {
    VaultEndpoint(
      vaults: Vaults(records: other ?? records, keyring: keyring), verifier: caller, authorizer: caller, principals: caller, access: access,
      address: address, clock: clock, random: random, logger: catcher.logger)
  }

  func entries() async throws -> [LedgerEntry] { try await records.read { try LedgerEntry.waiting(limit: 10_000, in: $0) } }
}

/// Secrets as the data plane serves them.
@Suite struct SecretTests {
  @Test func aSecretIsGivenAsItWasSetWithAndWithoutItsVersion() async throws {
    let fixture = try await VaultFixture()
    let expires = fixture.clock.now().seconds + 1000
    let made = try await fixture.send(
      .PUT, "/secrets/Database-1",
      [
        "value": "påss\u{0}word\n", "contentType": "text/plain", "tags": ["a": "1", "b": ""],
        "attributes": ["enabled": true, "nbf": 5, "exp": .integer(expires)],
      ])
    #expect(made.status == 200, "\(made)")
    let id = try #require(made["id"]?.string)
    #expect(id.hasPrefix("https://vault1.vault.cloud.test/secrets/Database-1/"))
    let version = try #require(id.split(separator: "/").last)
    #expect(version.count == 32 && version.allSatisfy { $0.isHexDigit })
    for path in ["/secrets/Database-1", "/secrets/Database-1/", "/secrets/database-1/\(version)", "/SECRETS/DATABASE-1/\(version.uppercased())"] {
      let got = try await fixture.send(.GET, path)
      #expect(got.status == 200, "\(path) \(got)")
      #expect(got.json == made.json, "\(path) \(got)")
    }
    #expect(made["value"] == "påss\u{0}word\n")
    #expect(made["contentType"] == "text/plain")
    #expect(made["tags"] == ["a": "1", "b": ""])
    #expect(made["managed"] == nil && made["kid"] == nil)
    let now = fixture.clock.now().seconds
    #expect(
      made["attributes"] == [
        "enabled": true, "nbf": 5, "exp": .integer(expires), "created": .integer(now), "updated": .integer(now),
        "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90,
      ])
  }

  @Test func eachSetMakesAVersionAndTheNewestAnswers() async throws {
    let fixture = try await VaultFixture()
    let first = try await fixture.set("s", "one")
    fixture.clock.advance(by: .seconds(10))
    let second = try await fixture.set("S", "two")
    #expect(first != second)
    #expect(try await fixture.send(.GET, "/secrets/s")["value"] == "two")
    #expect(try await fixture.send(.GET, "/secrets/s/\(first)")["value"] == "one")
    let versions = try await fixture.send(.GET, "/secrets/s/versions")
    let ids = versions["value"]?.array?.compactMap { $0["id"]?.string } ?? []
    #expect(Set(ids) == Set([first, second].map { "https://vault1.vault.cloud.test/secrets/s/\($0)" }))
    #expect(versions["value"]?.array?.allSatisfy { $0["value"] == nil } == true)
    #expect(versions.json.object?["nextLink"] == .null)
  }

  @Test func whatIsNotThereIsNotFoundInAzuresWords() async throws {
    let fixture = try await VaultFixture()
    try await fixture.set("there", "x")
    for path in ["/secrets/missing", "/secrets/there/00000000000000000000000000000000", "/secrets/there/no-version"] {
      let answer = try await fixture.send(.GET, path)
      #expect(answer.status == 404 && answer.code == "SecretNotFound", "\(answer)")
    }
    let message = try await fixture.send(.GET, "/secrets/missing").message
    #expect(message?.hasPrefix("A secret with (name/id) missing was not found in this key vault.") == true)
    for (method, path) in [(HTTPMethod.DELETE, "/secrets/missing"), (.PATCH, "/secrets/missing"), (.POST, "/secrets/missing/backup")] {
      #expect(try await fixture.send(method, path, [:]).code == "SecretNotFound")
    }
    for (method, path) in [(HTTPMethod.GET, "/deletedsecrets/there"), (.POST, "/deletedsecrets/there/recover"), (.DELETE, "/deletedsecrets/there")] {
      let answer = try await fixture.send(method, path)
      #expect(answer.status == 404 && answer.code == "SecretNotFound", "\(answer)")
    }
    #expect(try await fixture.send(.GET, "/secrets/missing/versions")["value"] == [])
  }

  @Test(
    arguments: [
      [:],
      ["value": 5],
      ["value": ["a"]],
      ["value": .string(String(repeating: "x", count: 25 * 1024 + 1))],
      ["value": .string(String(repeating: "é", count: 13 * 1024))],
      ["value": "x", "contentType": .string(String(repeating: "c", count: 256))],
      ["value": "x", "contentType": true],
      ["value": "x", "attributes": "enabled"],
      ["value": "x", "attributes": ["enabled": "yes"]],
      ["value": "x", "attributes": ["exp": "tomorrow"]],
      ["value": "x", "attributes": ["exp": -1]],
      ["value": "x", "attributes": ["exp": 9_223_372_036_854_775_807]],
      ["value": "x", "attributes": ["nbf": .number(1.5)]],
      ["value": "x", "attributes": ["nbf": 20, "exp": 10]],
      ["value": "x", "tags": "a"],
      ["value": "x", "tags": ["a": 1]],
      ["value": "x", "tags": ["a": .string(String(repeating: "t", count: 513))]],
      ["value": "x", "tags": .object(JSON.Object((0..<16).map { (name: "tag\($0)", value: "v") }))],
    ] as [JSON])
  func aBadBodyIsRefusedAndLeavesNothing(body: JSON) async throws {
    let fixture = try await VaultFixture()
    let answer = try await fixture.send(.PUT, "/secrets/bad", body)
    #expect(answer.status == 400 && answer.code == "BadParameter", "\(answer)")
    #expect(try await fixture.count("vault.object") == 0)
    #expect(try await fixture.count("vault.version") == 0)
  }

  @Test(arguments: ["under_score", "dot.dot", "sp ace", "ä", String(repeating: "n", count: 128)])
  func aNameThatNoSecretCanHaveIsRefused(name: String) async throws {
    let fixture = try await VaultFixture()
    let answer = try await fixture.send(.PUT, "/secrets/\(percentEncoded(name))", ["value": "x"])
    #expect(answer.status == 400 && answer.code == "BadParameter", "\(answer)")
    let long = String(repeating: "n", count: 127)
    #expect(try await fixture.send(.PUT, "/secrets/\(long)", ["value": "x"]).status == 200)
  }

  @Test func theLargestValueAndTheMostTagsFit() async throws {
    let fixture = try await VaultFixture()
    let value = String(repeating: "x", count: 25 * 1024)
    let tags = JSON.object(JSON.Object((0..<15).map { (name: "tag\($0)", value: .string(String(repeating: "v", count: 512))) }))
    try await fixture.set("large", value, [("tags", tags), ("contentType", .string(String(repeating: "c", count: 255)))])
    let got = try await fixture.send(.GET, "/secrets/large")
    #expect(got["value"]?.string == value)
    #expect(got["tags"] == tags)
    try await fixture.set("empty", "")
    #expect(try await fixture.send(.GET, "/secrets/empty")["value"] == "")
  }

  @Test func aDisabledSecretGivesNoValueUntilItIsEnabled() async throws {
    let fixture = try await VaultFixture()
    let version = try await fixture.set("s", "hidden", [("attributes", ["enabled": false])])
    for path in ["/secrets/s", "/secrets/s/\(version)"] {
      let answer = try await fixture.send(.GET, path)
      #expect(answer.status == 403 && answer.code == "Forbidden" && answer.innerCode == "SecretDisabled", "\(answer)")
      #expect(answer.message == "Operation get is not allowed on a disabled secret.")
    }
    let list = try await fixture.send(.GET, "/secrets")
    #expect(list["value"]?.array?.first?["attributes"]?["enabled"] == false)
    #expect(try await fixture.send(.PATCH, "/secrets/s/\(version)", ["attributes": ["enabled": true]]).status == 200)
    #expect(try await fixture.send(.GET, "/secrets/s")["value"] == "hidden")
    #expect(try await fixture.send(.PATCH, "/secrets/s", ["attributes": ["enabled": false]]).status == 200)
    #expect(try await fixture.send(.GET, "/secrets/s").innerCode == "SecretDisabled")
  }

  @Test func validityTellsTheReaderAndKeepsNobodyOut() async throws {
    let fixture = try await VaultFixture()
    let now = fixture.clock.now().seconds
    try await fixture.set("expired", "old", [("attributes", ["exp": .integer(now - 10)])])
    try await fixture.set("early", "new", [("attributes", ["nbf": .integer(now + 1000)])])
    #expect(try await fixture.send(.GET, "/secrets/expired")["value"] == "old")
    #expect(try await fixture.send(.GET, "/secrets/early")["value"] == "new")
  }

  @Test func anUpdateChangesWhatItNamesAndNothingElse() async throws {
    let fixture = try await VaultFixture()
    let first = try await fixture.set("s", "one", [("tags", ["a": "1"]), ("contentType", "text/x"), ("attributes", ["exp": 2_000_000_000])])
    let second = try await fixture.set("s", "two")
    fixture.clock.advance(by: .seconds(60))
    let updated = try await fixture.send(.PATCH, "/secrets/s/\(first)", ["attributes": ["nbf": 7], "tags": ["b": "2"]])
    #expect(updated.status == 200 && updated["value"] == nil, "\(updated)")
    #expect(updated["tags"] == ["b": "2"] && updated["contentType"] == "text/x")
    #expect(updated["attributes"]?["exp"] == 2_000_000_000 && updated["attributes"]?["nbf"] == 7)
    #expect(updated["attributes"]?["updated"]?.integer == fixture.clock.now().seconds)
    #expect(updated["attributes"]?["created"]?.integer == fixture.clock.now().seconds - 60)
    let other = try await fixture.send(.GET, "/secrets/s/\(second)")
    #expect(other["tags"] == [:] && other["attributes"]?["nbf"] == nil)
    #expect(try await fixture.send(.GET, "/secrets/s/\(first)")["value"] == "one")
    // The validity that comes out must be one.
    #expect(try await fixture.send(.PATCH, "/secrets/s/\(first)", ["attributes": ["nbf": 2_000_000_001]]).code == "BadParameter")
    #expect(try await fixture.send(.PATCH, "/secrets/s/\(first)", ["tags": [:]])["tags"] == [:])
  }

  // MARK: Races, crashes, logs

  @Test func setsOfOneNameAtOnceAllMakeAVersion() async throws {
    let fixture = try await VaultFixture()
    let count = 24
    let versions = try await withThrowingTaskGroup(of: (String, String).self) { group in
      for number in 0..<count { group.addTask { (try await fixture.set("s", "value\(number)"), "value\(number)") } }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(versions.count == count)
    for (version, value) in versions { #expect(try await fixture.send(.GET, "/secrets/s/\(version)")["value"]?.string == value) }
    let current = try await fixture.send(.GET, "/secrets/s")
    let version = current["id"]?.string?.split(separator: "/").last.map(String.init) ?? ""
    #expect(current["value"]?.string == versions[version])
    #expect(try await fixture.entries().count { $0.facts["operation"] == "Set Secret" } == count)
  }

  @Test func aDeletionAndASetAtOnceLeaveOneOrTheOther() async throws {
    for seed in 1...8 {
      let fixture = try await VaultFixture(seed: UInt64(seed))
      try await fixture.set("s", "one")
      async let deleted = fixture.send(.DELETE, "/secrets/s")
      async let set = fixture.send(.PUT, "/secrets/s", ["value": "two"])
      let (deletion, setting) = try await (deleted, set)
      #expect(deletion.status == 200)
      #expect(setting.status == 200 || setting.innerCode == "ObjectIsDeletedButRecoverable", "\(setting)")
      #expect(try await fixture.send(.GET, "/secrets/s").code == "SecretNotFound")
      #expect(try await fixture.send(.POST, "/deletedsecrets/s/recover").status == 200)
      #expect(try await fixture.send(.GET, "/secrets/s")["value"] == (setting.status == 200 ? "two" : "one"))
    }
  }

  @Test func noValueIsGivenWithoutItsEntryInTheLedger() async throws {
    let fixture = try await VaultFixture()
    let version = try await fixture.set("s", "worth something")
    let watched = WatchedRecords(fixture.records)
    let endpoint = fixture.endpoint(records: watched)
    for failure in [WatchedRecords.WriteFailure.before, .atCommit] {
      watched.failWrites(failure)
      for (method, path) in [(HTTPMethod.GET, "/secrets/s"), (.POST, "/secrets/s/backup")] {
        let answer = try await fixture.send(method, path, to: endpoint)
        #expect(answer.status == 500 && answer["value"] == nil, "\(answer)")
      }
    }
    #expect(try await fixture.entries().allSatisfy { $0.kind != .secretRead })
    watched.failWrites(nil)
    #expect(try await fixture.send(.GET, "/secrets/s", to: endpoint)["value"] == "worth something")
    let entry = try #require(try await fixture.entries().first { $0.kind == .secretRead })
    #expect(entry.subject == "https://vault1.vault.cloud.test/secrets/s/\(version)")
    #expect(entry.facts["operation"] == "Get Secret" && entry.tenant == fixture.tenant && entry.outcome == .succeeded)
    #expect(entry.personal["caller"] == "tester@cloud.test")
  }

  @Test func aChangeAndItsEntryAreBothThereOrNeither() async throws {
    let fixture = try await VaultFixture()
    try await fixture.set("old", "one")
    let before = try await fixture.entries().count
    let watched = WatchedRecords(fixture.records)
    let endpoint = fixture.endpoint(records: watched)
    watched.failWrites(.atCommit)
    for (method, path) in [(HTTPMethod.PUT, "/secrets/new"), (.PUT, "/secrets/old"), (.PATCH, "/secrets/old"), (.DELETE, "/secrets/old")] {
      #expect(try await fixture.send(method, path, ["value": "two", "tags": ["a": "b"]], to: endpoint).status == 500)
    }
    #expect(try await fixture.send(.GET, "/secrets/new").code == "SecretNotFound")
    let old = try await fixture.send(.GET, "/secrets/old")
    #expect(old["value"] == "one" && old["tags"] == [:])
    #expect(try await fixture.entries().count == before + 1)
  }

  @Test func theSecondReadOfASecretNeedsNoReadOfRecords() async throws {
    let fixture = try await VaultFixture()
    try await fixture.set("s", "one")
    let watched = WatchedRecords(fixture.records)
    let endpoint = fixture.endpoint(records: watched)
    _ = try await fixture.send(.GET, "/secrets/s", to: endpoint)
    let (reads, writes) = (watched.reads, watched.writes)
    #expect(try await fixture.send(.GET, "/secrets/s", to: endpoint)["value"] == "one")
    #expect(watched.reads == reads)
    #expect(watched.writes == writes + 1)
    // What changes is forgotten.
    _ = try await fixture.send(.PATCH, "/secrets/s", ["contentType": "text/y"], to: endpoint)
    #expect(try await fixture.send(.GET, "/secrets/s", to: endpoint)["contentType"] == "text/y")
    _ = try await fixture.send(.PUT, "/secrets/s", ["value": "two"], to: endpoint)
    #expect(try await fixture.send(.GET, "/secrets/s", to: endpoint)["value"] == "two")
    _ = try await fixture.send(.DELETE, "/secrets/s", to: endpoint)
    #expect(try await fixture.send(.GET, "/secrets/s", to: endpoint).status == 404)
  }

  @Test func valuesStandInNoLogNoErrorNoEntryAndNoRecord() async throws {
    let fixture = try await VaultFixture()
    let planted = "planted-5f1c7e9b"
    let catcher = LogCatcher()
    let watched = WatchedRecords(fixture.records)
    let endpoint = fixture.endpoint(records: watched, logging: catcher)
    var errors: [String] = []
    _ = try await fixture.send(.PUT, "/secrets/s", ["value": .string(planted)], to: endpoint)
    #expect(try await fixture.send(.GET, "/secrets/s", to: endpoint)["value"]?.string == planted)
    let blob = try #require(try await fixture.send(.POST, "/secrets/s/backup", to: endpoint)["value"]?.string)
    for body in [["value": .string(planted + String(repeating: "x", count: 26_000))], ["value": .string(planted), "tags": 5]] as [JSON] {
      errors.append(try await fixture.send(.PUT, "/secrets/s", body, to: endpoint).description)
    }
    errors.append(try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)], to: endpoint).description)
    watched.failWrites(.atCommit)
    for (method, path) in [(HTTPMethod.PUT, "/secrets/s"), (.GET, "/secrets/s"), (.POST, "/secrets/s/backup")] {
      errors.append(try await fixture.send(method, path, ["value": .string(planted)], to: endpoint).description)
    }
    #expect(catcher.text.contains("vault request failed"))
    #expect(!catcher.text.contains(planted))
    #expect(errors.allSatisfy { !$0.contains(planted) && !$0.hasPrefix("200") }, "\(errors)")
    let wanted = Array(planted.utf8)
    let all = try await fixture.records.read {
      try $0.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 1_000_000, reversed: false)
    }
    #expect(all.count > 5)
    #expect(!all.contains { entry in entry.value.indices.contains { entry.value[$0...].starts(with: wanted) } })
  }
}
