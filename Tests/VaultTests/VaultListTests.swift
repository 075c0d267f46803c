import Base
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

extension VaultFixture {
  /// Versions like the one that is there, under names of their own; faster than as many requests.
  func addCopies(of version: String, ofSecret name: String, count: Int, vault: String = VaultFixture.vault) async throws {
    let vault = try #require(try await vaults.vault(named: vault))
    let (object, original) = try await records.read { reader in
      let object = try #require(try reader.fetch(VaultObject.self, VaultObject.key(tenant: vault.tenant, vault.partition, .secrets, name)))
      let key = VaultObjectVersion.key(tenant: vault.tenant, vault.partition, object.incarnation, version)
      return (object, try #require(try reader.fetch(VaultObjectVersion.self, key)))
    }
    #expect(object.currentVersion == version)
    for start in stride(from: 0, to: count, by: 500) {
      try await records.write { [self] transaction in
        for _ in start..<min(start + 500, count) {
          var copy = original
          copy.version = random.bytes(16).hexadecimal
          try transaction.save(copy)
        }
      }
    }
  }

  /// All pages of a list, from link to link, with the ids on each.
  func pages(_ path: String, maximum: Int? = nil, to endpoint: VaultEndpoint? = nil) async throws -> [[String]] {
    var pages: [[String]] = []
    var query = maximum.map { [(name: "maxresults", value: String($0))] } ?? []
    while pages.count < 1000 {
      let answer = try await send(.GET, path, query: query, to: endpoint)
      pages.append(try #require(answer["value"]?.array, "\(answer)").compactMap { $0["id"]?.string })
      guard let link = answer["nextLink"]?.string else { return pages }
      #expect(link.hasPrefix("https://vault1.vault.cloud.test\(path)?"), "\(link)")
      let items = try #require(Query(parsing: link.split(separator: "?", maxSplits: 1)[1])).items
      #expect(items.contains { $0.name == "api-version" && $0.value == "7.4" })
      query = items.filter { $0.name != "api-version" }
    }
    Issue.record("a list without end")
    return pages
  }
}

/// Lists of things in vaults, by the example of secrets.
@Suite struct VaultListTests {
  @Test func listsComeInPagesOfTwentyFiveOrFewer() async throws {
    let fixture = try await VaultFixture()
    let names = (0..<60).map { "Secret-\($0)" }
    for name in names { try await fixture.set(name, "x") }
    let all = try await fixture.pages("/secrets")
    #expect(all.map(\.count) == [25, 25, 10])
    #expect(Set(all.joined()) == Set(names.map { "https://vault1.vault.cloud.test/secrets/\($0)" }))
    #expect(Array(all.joined()) == all.joined().sorted { $0.lowercased() < $1.lowercased() })
    let small = try await fixture.pages("/secrets", maximum: 7)
    #expect(small.map(\.count) == Array(repeating: 7, count: 8) + [4])
    #expect(Array(small.joined()) == Array(all.joined()))
    for name in names.prefix(30) { _ = try await fixture.send(.DELETE, "/secrets/\(name)") }
    #expect(try await fixture.pages("/deletedsecrets").map(\.count) == [25, 5])
    #expect(try await fixture.pages("/secrets").map(\.count) == [25, 5])
    #expect(try await fixture.pages("/secrets", maximum: 1).count == 30)
  }

  @Test func aFullPageThatIsTheLastHasNoLink() async throws {
    let fixture = try await VaultFixture()
    for number in 0..<25 { try await fixture.set("s\(number)", "x") }
    #expect(try await fixture.pages("/secrets").map(\.count) == [25])
  }

  @Test(arguments: ["0", "26", "-1", "x", "", "99999999999999999999"])
  func anotherNumberOfResultsIsRefused(number: String) async throws {
    let fixture = try await VaultFixture()
    for path in ["/secrets", "/deletedsecrets", "/secrets/s/versions"] {
      let answer = try await fixture.send(.GET, path, query: [("maxresults", number)])
      #expect(answer.status == 400 && answer.code == "BadParameter", "\(answer)")
    }
  }

  @Test func aTokenThatWasAlteredOrBelongsToAnotherListIsRefused() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("vault2")
    for name in ["a", "b"] {
      for _ in 0..<2 { try await fixture.set(name, "x") }
    }
    func token(_ path: String) async throws -> String {
      let link = try #require(try await fixture.send(.GET, path, query: [("maxresults", "1")])["nextLink"]?.string)
      let query = try #require(Query(parsing: link.split(separator: "?", maxSplits: 1)[1]))
      return try #require(query["$skiptoken"])
    }
    let secrets = try await token("/secrets")
    #expect(try await fixture.send(.GET, "/secrets", query: [("$skiptoken", secrets)]).status == 200)
    for (path, token, vault) in [
      ("/secrets", "", "vault1"), ("/secrets", "x", "vault1"), ("/secrets", secrets + "A", "vault1"),
      ("/secrets", String(secrets.dropLast()), "vault1"),
      ("/secrets", secrets, "vault2"), ("/deletedsecrets", secrets, "vault1"), ("/secrets/a/versions", secrets, "vault1"),
      ("/secrets/b/versions", try await token("/secrets/a/versions"), "vault1"),
    ] {
      let answer = try await fixture.send(.GET, path, query: [("$skiptoken", token)], vault: vault)
      #expect(answer.status == 400 && answer.code == "BadParameter", "\(path) \(token) \(answer)")
    }
  }

  @Test func tenThousandVersionsPageWithoutReadingMoreThanAPage() async throws {
    let fixture = try await VaultFixture()
    let version = try await fixture.set("many", "x")
    try await fixture.addCopies(of: version, ofSecret: "many", count: 9_999)
    for number in 0..<3 { try await fixture.set("other\(number)", "x") }
    let watched = WatchedRecords(fixture.records)
    let endpoint = fixture.endpoint(records: watched)
    _ = try await fixture.send(.GET, "/secrets", to: endpoint)
    var reads = watched.reads
    #expect(try await fixture.send(.GET, "/secrets", to: endpoint)["value"]?.array?.count == 4)
    #expect(watched.reads - reads <= 3 * 4)
    reads = watched.reads
    let pages = try await fixture.pages("/secrets/many/versions", to: endpoint)
    #expect(pages.count == 400 && pages.allSatisfy { $0.count == 25 })
    #expect(Set(pages.joined()).count == 10_000)
    // The thing, and a page with one version more.
    #expect(watched.reads - reads <= 400 * 27)
    reads = watched.reads
    #expect(try await fixture.send(.GET, "/secrets/many", to: endpoint)["value"] == "x")
    #expect(watched.reads - reads <= 3)
    // A new version is as cheap as the first, and a purge takes them all.
    try await fixture.set("many", "y")
    _ = try await fixture.send(.DELETE, "/secrets/many")
    _ = try await fixture.send(.DELETE, "/deletedsecrets/many")
    let purger = VaultPurger(
      VaultServices(
        vaults: fixture.vaults, address: fixture.address, clock: fixture.clock, random: fixture.random, logger: LogCatcher().logger))
    var rounds = 1
    while try await !purger.round(), rounds < 100 { rounds += 1 }
    #expect(rounds < 100)
    #expect(try await fixture.count("vault.version") == 3)
  }
}
