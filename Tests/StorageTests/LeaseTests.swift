import Base
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct LeaseTests {
  private static let (a, b, c) = (GUID(high: 0xA, low: 0xA), GUID(high: 0xB, low: 0xB), GUID(high: 0xC, low: 0xC))

  enum State: String, CaseIterable {
    case available
    case leased
    case breaking
    case broken
    case expired
  }

  /// An action, and what becomes of each state: the state afterwards, or the code of the refusal.
  struct Row: CustomTestStringConvertible, Sendable {
    var name: String
    var headers: [(String, String)]
    var outcomes: [String]
    var testDescription: String { name }
  }

  private static func action(_ name: String, _ headers: [(String, String)]) -> [(String, String)] { [("x-ms-lease-action", name)] + headers }
  private static func lease(_ id: GUID) -> (String, String) { ("x-ms-lease-id", id.description) }
  private static func proposed(_ id: GUID) -> (String, String) { ("x-ms-proposed-lease-id", id.description) }
  private static let duration = ("x-ms-lease-duration", "60")
  private static let (present, mismatch, absent) = (
    "LeaseAlreadyPresent", "LeaseIdMismatchWithLeaseOperation", "LeaseNotPresentWithLeaseOperation"
  )

  @Test(arguments: [
    "1f812371a41d49e6b1237d8a4eb9c0a1", "{1f812371-a41d-49e6-b123-7d8a4eb9c0a1}", "(1F812371-A41D-49E6-B123-7D8A4EB9C0A1)",
    "1F812371-A41D-49E6-B123-7D8A4EB9C0A1",
  ])
  func anIdIsReadInEveryFormOfAGUID(form: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let acquired = try await fixture.send(
      .PUT, "con/a", [("comp", "lease")], Self.action("acquire", [Self.duration, ("x-ms-proposed-lease-id", form)]))
    #expect(acquired["x-ms-lease-id"] == "1f812371-a41d-49e6-b123-7d8a4eb9c0a1", "\(acquired)")
    #expect(try await fixture.put("con/a", [2], [("x-ms-lease-id", form)]).status == 201)
  }

  @Test(arguments: [
    "1f812371a41d49e6b1237d8a4eb9c0a", "{1f812371-a41d-49e6-b123-7d8a4eb9c0a1)", "1f812371a41d49e6b1237d8a4eb9c0ag", "éééééééééééééééé", "",
  ])
  func whatIsNoGUIDIsNoId(text: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let answer = try await fixture.send(
      .PUT, "con/a", [("comp", "lease")], Self.action("acquire", [Self.duration, ("x-ms-proposed-lease-id", text)]))
    #expect(answer.status == 400, "\(answer)")
  }

  /// Microsoft, "Lease Blob", REST reference: "Outcomes of lease operations on blobs by lease state". The states are those of a lease A.
  static let table: [Row] = [
    Row(name: "acquire", headers: action("acquire", [duration]), outcomes: ["leased", present, present, "leased", "leased"]),
    Row(
      name: "acquire A", headers: action("acquire", [duration, proposed(a)]),
      outcomes: ["leased", "leased", "LeaseIsBreakingAndCannotBeAcquired", "leased", "leased"]),
    Row(name: "acquire B", headers: action("acquire", [duration, proposed(b)]), outcomes: ["leased", present, present, "leased", "leased"]),
    Row(
      name: "break at once", headers: action("break", [("x-ms-lease-break-period", "0")]),
      outcomes: [absent, "broken", "broken", "broken", "broken"]),
    Row(
      name: "break in 10 s", headers: action("break", [("x-ms-lease-break-period", "10")]),
      outcomes: [absent, "breaking", "breaking", "broken", "broken"]),
    Row(name: "break", headers: action("break", []), outcomes: [absent, "breaking", "breaking", "broken", "broken"]),
    Row(
      name: "change A to B", headers: action("change", [lease(a), proposed(b)]),
      outcomes: [absent, "leased", "LeaseIsBreakingAndCannotBeChanged", absent, absent]),
    Row(name: "change B to A", headers: action("change", [lease(b), proposed(a)]), outcomes: [absent, "leased", mismatch, absent, absent]),
    Row(name: "change B to C", headers: action("change", [lease(b), proposed(c)]), outcomes: [absent, mismatch, mismatch, absent, absent]),
    Row(
      name: "renew A", headers: action("renew", [lease(a)]),
      outcomes: [mismatch, "leased", "LeaseIsBrokenAndCannotBeRenewed", "LeaseIsBrokenAndCannotBeRenewed", "leased"]),
    Row(name: "renew B", headers: action("renew", [lease(b)]), outcomes: [mismatch, mismatch, mismatch, mismatch, mismatch]),
    Row(
      name: "release A", headers: action("release", [lease(a)]), outcomes: [mismatch, "available", "available", "available", "available"]),
    Row(name: "release B", headers: action("release", [lease(b)]), outcomes: [mismatch, mismatch, mismatch, mismatch, mismatch]),
  ]

  @Test(arguments: table, ["con/a", "con"]) func anActionDoesToAStateWhatTheTableSays(_ row: Row, _ path: String) async throws {
    for (state, outcome) in zip(State.allCases, row.outcomes) {
      let fixture = try await StorageFixture()
      try await fixture.makeContainer()
      try await fixture.put("con/a", [1])
      try await bring(path, to: state, fixture)
      let answer = try await send(path, row.headers, fixture)
      if State(rawValue: outcome) != nil {
        #expect((200...202).contains(answer.status), "\(row.name), \(state): \(answer)")
        #expect(try await self.state(path, fixture) == outcome, "\(row.name), \(state)")
      } else {
        #expect(answer.status == 409, "\(row.name), \(state): \(answer)")
        #expect(answer.code == outcome, "\(row.name), \(state)")
        #expect(try await self.state(path, fixture) == state.rawValue, "\(row.name), \(state)")
      }
    }
  }

  private func send(_ path: String, _ headers: [(String, String)], _ fixture: StorageFixture) async throws -> Answer {
    let query = [("comp", "lease")] + (path.contains("/") ? [] : [("restype", "container")])
    return try await fixture.send(.PUT, path, query.map { (name: $0.0, value: $0.1) }, headers)
  }

  private func state(_ path: String, _ fixture: StorageFixture) async throws -> String? {
    let answer = try await fixture.send(.HEAD, path, path.contains("/") ? [] : [("restype", "container")])
    #expect(answer["x-ms-lease-status"] == (["leased", "breaking"].contains(answer["x-ms-lease-state"] ?? "") ? "locked" : "unlocked"))
    #expect((answer["x-ms-lease-duration"] != nil) == (answer["x-ms-lease-state"] == "leased"))
    return answer["x-ms-lease-state"]
  }

  private func bring(_ path: String, to state: State, _ fixture: StorageFixture) async throws {
    if state == .available { return }
    let acquired = try await send(path, Self.action("acquire", [Self.duration, Self.proposed(Self.a)]), fixture)
    #expect(acquired.status == 201 && acquired["x-ms-lease-id"] == Self.a.description, "\(acquired)")
    switch state {
    case .available, .leased: break
    case .breaking: #expect(try await send(path, Self.action("break", [("x-ms-lease-break-period", "30")]), fixture)["x-ms-lease-time"] == "30")
    case .broken: #expect(try await send(path, Self.action("break", [("x-ms-lease-break-period", "0")]), fixture)["x-ms-lease-time"] == "0")
    case .expired: fixture.clock.advance(by: .seconds(60))
    }
    #expect(try await self.state(path, fixture) == state.rawValue)
  }

  @Test func aBreakingLeaseEndsWithItsPeriodAndNeverLaterThanItsTerm() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    try await bring("con/a", to: .leased, fixture)
    fixture.clock.advance(by: .milliseconds(20_500))
    #expect(try await send("con/a", Self.action("break", [("x-ms-lease-break-period", "60")]), fixture)["x-ms-lease-time"] == "40")
    #expect(try await send("con/a", Self.action("break", [("x-ms-lease-break-period", "50")]), fixture)["x-ms-lease-time"] == "40")
    #expect(try await send("con/a", Self.action("break", [("x-ms-lease-break-period", "5")]), fixture)["x-ms-lease-time"] == "5")
    fixture.clock.advance(by: .milliseconds(4_999))
    #expect(try await state("con/a", fixture) == "breaking")
    fixture.clock.advance(by: .milliseconds(1))
    #expect(try await state("con/a", fixture) == "broken")
  }

  @Test func anInfiniteLeaseLastsUntilItIsBrokenOrReleased() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let lease = try #require(try await send("con/a", Self.action("acquire", [("x-ms-lease-duration", "-1")]), fixture)["x-ms-lease-id"])
    fixture.clock.advance(by: .seconds(400 * 86400))
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-lease-duration"] == "infinite")
    #expect(try await fixture.put("con/a", [2]).code == "LeaseIdMissing")
    #expect(try await fixture.put("con/a", [2], [("x-ms-lease-id", lease)]).status == 201)
    #expect(try await send("con/a", Self.action("break", []), fixture)["x-ms-lease-time"] == "0")
    #expect(try await fixture.put("con/a", [3]).status == 201)
  }

  @Test func aLeaseThatExpiredIsRenewedOnlyWhileNothingWasChanged() async throws {
    for change in ["none", "metadata", "overwrite", "lease"] {
      let fixture = try await StorageFixture()
      try await fixture.makeContainer()
      try await fixture.put("con/a", [1])
      try await bring("con/a", to: .expired, fixture)
      switch change {
      case "metadata": #expect(try await fixture.send(.PUT, "con/a", [("comp", "metadata")]).status == 200)
      case "overwrite": #expect(try await fixture.put("con/a", [2]).status == 201)
      case "lease":
        #expect(try await send("con/a", Self.action("acquire", [Self.duration, Self.proposed(Self.b)]), fixture).status == 201)
        #expect(try await send("con/a", Self.action("release", [Self.lease(Self.b)]), fixture).status == 200)
      default: break
      }
      let renewed = try await send("con/a", Self.action("renew", [Self.lease(Self.a)]), fixture)
      #expect(renewed.status == (change == "none" ? 200 : 409), "\(change): \(renewed)")
    }
  }

  private struct Operation {
    var method: HTTPMethod
    var path = "con/a"
    var query: [(name: String, value: String)] = []
    var headers: [(String, String)] = []
    var body: [UInt8] = []
  }

  /// What changes a blob, and what reads it.
  private static let changes = [
    Operation(method: .PUT, headers: [("x-ms-blob-type", "BlockBlob")], body: [1]),
    Operation(method: .PUT, query: [("comp", "block"), ("blockid", "QUFB")], body: [1]),
    Operation(method: .PUT, query: [("comp", "metadata")]), Operation(method: .PUT, query: [("comp", "properties")]),
    Operation(method: .PUT, query: [("comp", "tags")], body: Array("<Tags><TagSet></TagSet></Tags>".utf8)),
    Operation(method: .PUT, query: [("comp", "tier")], headers: [("x-ms-access-tier", "Cool")]), Operation(method: .DELETE),
  ]
  private static let reads = [
    Operation(method: .GET), Operation(method: .HEAD), Operation(method: .GET, query: [("comp", "metadata")]),
    Operation(method: .GET, query: [("comp", "tags")]), Operation(method: .GET, query: [("comp", "blocklist")]),
  ]

  private func send(_ operation: Operation, lease: GUID?, _ fixture: StorageFixture) async throws -> Answer {
    let headers = operation.headers + (lease.map { [("x-ms-lease-id", $0.description)] } ?? [])
    return try await fixture.send(operation.method, operation.path, operation.query, headers, body: PiecesBody(operation.body))
  }

  @Test func onlyTheHolderChangesABlobAndWhoNamesALeaseMustHoldIt() async throws {
    for (operation, needsLease) in Self.changes.map({ ($0, true) }) + Self.reads.map({ ($0, false) }) {
      let fixture = try await StorageFixture()
      try await fixture.makeContainer()
      try await fixture.put("con/a", [1])
      let what: Comment = "\(operation.method) \(operation.query)"
      #expect(try await send(operation, lease: Self.a, fixture).code == "LeaseNotPresentWithBlobOperation", what)
      try await bring("con/a", to: .leased, fixture)
      #expect(try await send(operation, lease: Self.b, fixture).code == "LeaseIdMismatchWithBlobOperation", what)
      let without = try await send(operation, lease: nil, fixture)
      #expect(needsLease ? without.status == 412 && without.code == "LeaseIdMissing" : without.status == 200, "\(what): \(without)")
      fixture.clock.advance(by: .seconds(60))
      #expect(try await send(operation, lease: Self.a, fixture).code == "LeaseLost", what)
      #expect(try await send("con/a", Self.action("renew", [Self.lease(Self.a)]), fixture).status == 200)
      #expect((200..<300).contains(try await send(operation, lease: Self.a, fixture).status), what)
    }
  }

  @Test func aLeasedContainerIsChangedByAnybodyAndDeletedByTheHolder() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let container = Operation(method: .HEAD, path: "con", query: [("restype", "container")])
    let metadata = Operation(method: .PUT, path: "con", query: [("restype", "container"), ("comp", "metadata")])
    let list = Operation(method: .GET, path: "con", query: [("restype", "container"), ("comp", "list")])
    let delete = Operation(method: .DELETE, path: "con", query: [("restype", "container")])
    for operation in [container, metadata, list, delete] {
      #expect(try await send(operation, lease: Self.a, fixture).code == "LeaseNotPresentWithContainerOperation")
    }
    try await bring("con", to: .leased, fixture)
    for operation in [container, metadata, list] {
      #expect(try await send(operation, lease: Self.b, fixture).code == "LeaseIdMismatchWithContainerOperation")
      #expect(try await send(operation, lease: nil, fixture).status == 200)
      #expect(try await send(operation, lease: Self.a, fixture).status == 200)
    }
    #expect(try await send(delete, lease: nil, fixture).code == "LeaseIdMissing")
    #expect(try await send(delete, lease: Self.b, fixture).code == "LeaseIdMismatchWithContainerOperation")
    #expect(try await send(delete, lease: Self.a, fixture).status == 202)
  }

  @Test func ofManyWhoAcquireAtOnceOneHolds() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group -> [Int] in
      for _ in 0..<24 { group.addTask { try await send("con/a", Self.action("acquire", [Self.duration]), fixture).status } }
      var statuses: [Int] = []
      for try await status in group { statuses.append(status) }
      return statuses
    }
    #expect(statuses.count { $0 == 201 } == 1)
    #expect(statuses.count { $0 == 409 } == 23)
  }

  /// The clock is set an hour back and forth; a lease lasts its 60 seconds all the same, and nobody else gets it meanwhile.
  @Test(arguments: [-3600, 3600]) func aLeaseOutlastsASteppedClock(bySeconds seconds: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    try await bring("con/a", to: .leased, fixture)
    fixture.clock.advance(by: .seconds(20))
    fixture.clock.set(fixture.clock.now().advanced(by: .seconds(seconds)))
    fixture.clock.advance(by: .seconds(39))
    #expect(try await state("con/a", fixture) == "leased")
    #expect(try await send("con/a", Self.action("acquire", [Self.duration]), fixture).code == "LeaseAlreadyPresent")
    #expect(try await fixture.put("con/a", [2]).code == "LeaseIdMissing")
    #expect(try await send("con/a", Self.action("renew", [Self.lease(Self.a)]), fixture).status == 200)
    fixture.clock.set(fixture.clock.now().advanced(by: .seconds(-seconds)))
    fixture.clock.advance(by: .seconds(59))
    #expect(try await fixture.put("con/a", [2], [Self.lease(Self.a)]).status == 201)
    #expect(try await send("con/a", Self.action("acquire", [Self.duration]), fixture).code == "LeaseAlreadyPresent")
    fixture.clock.advance(by: .seconds(1))
    #expect(try await state("con/a", fixture) == "expired")
    #expect(try await send("con/a", Self.action("acquire", [Self.duration]), fixture).status == 201)
  }

  @Test(arguments: [
    ([("x-ms-lease-duration", "60")], "MissingRequiredHeader"), ([("x-ms-lease-action", "steal")], "InvalidHeaderValue"),
    ([("x-ms-lease-action", "acquire")], "MissingRequiredHeader"),
    ([("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "14")], "InvalidHeaderValue"),
    ([("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "61")], "InvalidHeaderValue"),
    ([("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "99999999999999999999")], "InvalidHeaderValue"),
    ([("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "60"), ("x-ms-proposed-lease-id", "mine")], "InvalidHeaderValue"),
    ([("x-ms-lease-action", "renew")], "MissingRequiredHeader"), ([("x-ms-lease-action", "release")], "MissingRequiredHeader"),
    ([("x-ms-lease-action", "change"), ("x-ms-lease-id", GUID.zero.description)], "MissingRequiredHeader"),
    ([("x-ms-lease-action", "break"), ("x-ms-lease-break-period", "61")], "InvalidHeaderValue"),
    ([("x-ms-lease-action", "break"), ("x-ms-lease-break-period", "-1")], "InvalidHeaderValue"),
  ]) func headersThatSayNoActionAreRefused(_ headers: [(String, String)], _ code: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    for path in ["con/a", "con"] {
      let answer = try await send(path, headers, fixture)
      #expect(answer.status == 400)
      #expect(answer.code == code)
    }
  }
}
