import Base
import Ledger
import Lockbox
import NIOHTTP1
import Operators
import Records
import Simulation
import Testing
import Wire

/// The register of what authorities asked for: its steps, whose ledger they are in, and what it refuses.
@Suite(.timeLimit(.minutes(1))) struct AuthorityRequestTests {
  private struct House {
    let cloud: LockboxCloud
    private let steps: AuthorityRequests

    /// For a further step, a moment after the one before.
    var register: AuthorityRequests {
      cloud.tick()
      return steps
    }

    init() async throws {
      cloud = try await LockboxCloud()
      let tenant = cloud.tenant
      steps = AuthorityRequests(records: cloud.records, isTenant: { id, _ in id == tenant }, clock: cloud.clock, random: cloud.random)
    }

    func form(_ changes: [String: JSON] = [:]) -> JSON {
      var object = JSON.Object([
        ("received", "2026-02-12"), ("country", "FR"), ("authority", "Tribunal judiciaire de Paris"),
        ("basis", "Code de procédure pénale, article 60-1"), ("way", "droit-ue"), ("asked", "Journal d'accès d'un compte"),
        ("tenantId", .string(cloud.tenant.description)),
      ])
      for (name, value) in changes { object[name] = value.isNull ? nil : value }
      return .object(object)
    }

    static let handed: JSON = ["answer": "remise", "answered": "2026-02-20", "handedOver": "sept jours de journal"]
    static let person = ["caller": "claire@example.org"]

    func entries(_ tenant: GUID) async throws -> [LedgerEntry] { try await cloud.entries(of: .authorityRequest, tenant: tenant) }

    func refusal(_ body: () async throws -> AuthorityRequest) async -> Int {
      do {
        _ = try await body()
        return 200
      } catch {
        return (error as? CloudError)?.status ?? 0
      }
    }
  }

  @Test func `each step is in the ledger of the tenant that is concerned`() async throws {
    let house = try await House()
    let made = try await house.register.add(house.form(), by: House.person)
    let id = made.id.description
    #expect(made.state == .open)
    #expect(try await house.register.answer(id, House.handed, by: House.person).state == .answered)
    _ = try await house.register.giveNotice(id, ["notice": "2026-02-21"], by: House.person)
    #expect(try await house.register.close(id, by: House.person).state == .closed)
    let entries = try await house.entries(house.cloud.tenant)
    #expect(entries.map { $0.facts["operation"] } == ["add", "answer", "notice", "close"])
    #expect(entries.allSatisfy { $0.subject == "authority-request/\(id)" && $0.personal["caller"] == "claire@example.org" })
    #expect(entries[1].facts["answer"] == "remise" && entries[1].personal["handedOver"] == "sept jours de journal")
    #expect(try await house.entries(.zero).isEmpty)
    #expect(try await house.register.list().map(\.id) == [made.id])
    try await house.cloud.close()
  }

  @Test func `what the law keeps from the tenant is in the platform's ledger until the tenant is told, and then in the tenant's`() async throws {
    let house = try await House()
    let id = try await house.register.add(house.form(["noticeWithheld": "secret de l'instruction"]), by: House.person).id.description
    _ = try await house.register.answer(id, House.handed, by: House.person)
    #expect(try await house.entries(house.cloud.tenant).isEmpty)
    #expect(try await house.entries(.zero).map { $0.facts["operation"] } == ["add", "answer"])
    _ = try await house.register.close(id, by: House.person)
    // The prohibition may fall long after the request was closed.
    let told = try await house.register.giveNotice(id, ["notice": "2026-06-01"], by: House.person)
    #expect(told.state == .closed && told.notice == "2026-06-01")
    let shown = try #require(try await house.entries(house.cloud.tenant).first)
    #expect(try await house.entries(house.cloud.tenant).count == 1)
    #expect(shown.facts["received"] == "2026-02-12" && shown.facts["answer"] == "remise" && shown.personal["asked"] != nil)
    #expect(await house.refusal { try await house.register.giveNotice(id, ["noticeWithheld": "autre"], by: House.person) } == 409)
    try await house.cloud.close()
  }

  @Test func `a request about no tenant is the platform's affair`() async throws {
    let house = try await House()
    let id = try await house.register.add(house.form(["tenantId": .null]), by: House.person).id.description
    #expect(await house.refusal { try await house.register.giveNotice(id, ["notice": "2026-02-21"], by: House.person) } == 409)
    _ = try await house.register.answer(id, ["answer": "refus", "answered": "2026-02-20", "grounds": "incompétence"], by: House.person)
    #expect(try await house.register.close(id, by: House.person).state == .closed)
    #expect(try await house.entries(.zero).count == 3)
    try await house.cloud.close()
  }

  @Test(
    arguments: [
      ("received", JSON.null), ("received", "2026-02-30"), ("received", "12/02/2026"), ("received", "2999-01-01"), ("country", "France"),
      ("country", "fr"), ("authority", .null), ("authority", " "), ("authority", .string(String(repeating: "a", count: 1001))), ("basis", .null),
      ("way", "fax"), ("asked", "a\u{7}b"), ("tenantId", "x"), ("unknown", "x"),
    ] as [(String, JSON)])
  func `bad input enters nothing`(_ name: String, _ value: JSON) async throws {
    let house = try await House()
    #expect(await house.refusal { try await house.register.add(house.form([name: value]), by: House.person) } == 400)
    #expect(try await house.register.list().isEmpty)
    #expect(try await house.entries(house.cloud.tenant).isEmpty)
    try await house.cloud.close()
  }

  @Test func `steps come in their order and once`() async throws {
    let house = try await House()
    let register = house.register
    #expect(
      await house.refusal { try await register.add(house.form(["tenantId": .string(house.cloud.random.guid().description)]), by: House.person) }
        == 404)
    let id = try await register.add(house.form(), by: House.person).id.description
    #expect(await house.refusal { try await register.close(id, by: House.person) } == 409)
    for bad: JSON in [
      ["answer": "remise", "answered": "2026-02-20"], ["answer": "refus", "answered": "2026-02-20", "handedOver": "x"],
      ["answer": "peut-être", "answered": "2026-02-20"], ["answer": "refus"], ["answer": "refus", "answered": "2026-02-11"],
      ["answer": "refus", "answered": "2026-02-20", "decisionAuthority": "Juge"],
    ] { #expect(await house.refusal { try await register.answer(id, bad, by: House.person) } == 400, "\(bad)") }
    let statuses = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 { group.addTask { await house.refusal { try await register.answer(id, House.handed, by: House.person) } } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses.sorted() == [200, 409, 409, 409])
    #expect(await house.refusal { try await register.close(id, by: House.person) } == 409)
    for bad: JSON in [[:], ["notice": "2026-02-11"], ["notice": "2026-02-21", "noticeWithheld": "x"]] {
      #expect(await house.refusal { try await register.giveNotice(id, bad, by: House.person) } == 400, "\(bad)")
    }
    _ = try await register.giveNotice(id, ["notice": "2026-02-21"], by: House.person)
    _ = try await register.close(id, by: House.person)
    #expect(await house.refusal { try await register.close(id, by: House.person) } == 409)
    #expect(await house.refusal { try await register.request("x") } == 404)
    #expect(try await house.entries(house.cloud.tenant).count == 4)
    try await house.cloud.close()
  }

  @Test func `its routes need the register's permissions, and show it to nobody else`() async throws {
    let house = try await House()
    let routes = AuthorityRoutes(register: house.register).routes
    #expect(routes.allSatisfy { $0.permission == ($0.method == .GET ? .readAuthorityRequests : .writeAuthorityRequests) })
    #expect(OperatorRole.allCases.filter { $0.permissions.contains(.writeAuthorityRequests) } == [.securite])
    try await house.cloud.close()
  }
}
