import Access
import Base
import Edge
import Logging
import Monitor
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

@Suite struct ActivityLogListTests {
  @Test func theNewestEventsComeFirstWithWhatClientsRead() async throws {
    let log = try await Log()
    try await log.write(3)
    let answer = try await log.list("eventTimestamp ge 2027-01-01T00:00:00.5 and eventTimestamp le 2028-01-01T00:00:00")
    let events = answer["value"]?.array ?? []
    #expect(events.compactMap { $0["resourceGroupName"]?.string } == ["rg2", "rg1", "rg0"])
    let event = try #require(events.first)
    #expect(event["caller"] == "alice@test.example")
    #expect(event["operationName"]?["value"] == "Microsoft.Resources/subscriptions/resourceGroups/write")
    #expect(event["status"]?["value"] == "Succeeded")
    #expect(event["subStatus"]?["localizedValue"] == "Created (HTTP Status Code: 201)")
    #expect(event["eventTimestamp"] == "2027-01-15T08:00:02.0000000Z")
    #expect(event["httpRequest"]?["clientIpAddress"] == "192.0.2.7")
    #expect(event["claims"] == ["upn": "alice@test.example"])
    #expect(event["category"]?["value"] == "Administrative")
    #expect(event["resourceId"]?.string == log.group(2))
    #expect(event["subscriptionId"]?.string == "\(log.subscription)")
    try await log.close()
  }

  @Test(arguments: [
    ("eventTimestamp ge 2027-01-15T08:00:01 and eventTimestamp le 2027-01-15T08:00:01", ["rg1"]),
    ("eventTimestamp ge '2027-01-15T08:00:02Z'", ["rg2"]),
    ("eventTimestamp ge 2027-01-01T00:00:00 and eventTimestamp le 2027-01-15T07:59:59", []),
    ("eventTimestamp ge 2027-01-01T00:00:00 and resourceGroupName eq 'RG1'", ["rg1"]),
    ("eventTimestamp ge 2027-01-01T00:00:00 and resourceProvider eq Microsoft.Resources and status eq 'Failed'", ["rg2"]),
    ("eventTimestamp ge 2027-01-01T00:00:00 and caller eq 'alice@test.example'", ["rg2", "rg1", "rg0"]),
    ("eventTimestamp ge 2027-01-01T00:00:00 and caller eq 'bob'", []),
    ("eventTimestamp ge 2027-01-01T00:00:00 and eventChannels eq 'Admin, Operation'", ["rg2", "rg1", "rg0"]),
  ])
  func aFilterChooses(filter: String, groups: [String]) async throws {
    let log = try await Log()
    try await log.write(3, lastFails: filter.contains("Failed"))
    let answer = try await log.list(filter)
    #expect(answer["value"]?.array?.compactMap { $0["resourceGroupName"]?.string } == groups)
    try await log.close()
  }

  @Test func aFilterByResourceAndByCorrelationChooses() async throws {
    let log = try await Log()
    try await log.write(2)
    #expect(try await log.list("eventTimestamp ge 2027-01-01 and resourceUri eq '\(log.group(1).uppercased())'")["value"]?.array?.count == 1)
    #expect(try await log.list("eventTimestamp ge 2027-01-01 and correlationId eq '\(log.correlation)'")["value"]?.array?.count == 2)
    #expect(try await log.list("eventTimestamp ge 2027-01-01 and correlationId eq '\(GUID.zero)'")["value"]?.array?.count == 0)
    try await log.close()
  }

  @Test func selectShowsOnlyWhatItNames() async throws {
    let log = try await Log()
    try await log.write(1)
    let answer = try await log.list("eventTimestamp ge 2027-01-01", select: "caller , OperationName")
    #expect(answer["value"]?.array?.first?.object?.names.sorted() == ["caller", "operationName"])
    try await log.close()
  }

  @Test func pagesHoldEveryEventOnce() async throws {
    let log = try await Log()
    try await log.write(450)
    var answer = try await log.list("eventTimestamp ge 2027-01-01")
    var names: [String] = []
    var pages = 0
    while true {
      pages += 1
      names += answer["value"]?.array?.compactMap { $0["resourceGroupName"]?.string } ?? []
      guard let next = answer["nextLink"]?.string else { break }
      answer = try await log.follow(next)
    }
    #expect(pages == 3)
    #expect(names == (0..<450).reversed().map { "rg\($0)" })
    try await log.close()
  }

  @Test(arguments: [
    "colour eq 'red'", "eventTimestamp ge", "eventTimestamp ge 'never'", "eventTimestamp ge 2027-02-01 and eventTimestamp le 2027-01-01",
  ])
  func aBadFilterIsRefused(filter: String) async throws {
    let log = try await Log()
    try await log.write(1)
    #expect(try await log.list(filter)["error"]?["code"] == "BadRequest")
    try await log.close()
  }

  @Test func categoriesAreListed() async throws {
    let log = try await Log()
    let answer = try await log.get("/providers/microsoft.insights/eventcategories", [])
    #expect(answer["value"] == [["value": "Administrative", "localizedValue": "Administrative"]])
    try await log.close()
  }
}

/// A subscription's activity log behind the endpoint.
struct Log {
  let records: SQLiteRecordStore
  let endpoint: ResourceManagerEndpoint
  let clock = ManualClock()
  let random = SeededRandom(seed: 3)
  let tenant: GUID
  let subscription: GUID
  let correlation: GUID
  private let directory: String

  static let address = CloudAddress(domain: "test.localhost", port: 443)

  init() async throws {
    directory = FileManager.default.temporaryDirectory.path + "/log-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    records = try SQLiteRecordStore(path: directory + "/records")
    (tenant, subscription, correlation) = (random.guid(), random.guid(), random.guid())
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let paris = Location(
      name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "48.86",
      longitude: "2.35", zones: ["1"])
    let manager = ResourceManager(
      records: records, access: AccessControl(records: records), providers: [MonitorProvider()], locations: [paris], tenantProfile: { _ in nil },
      clock: clock, random: random, logger: logger)
    let twins = Twins(tenant: tenant)
    endpoint = ResourceManagerEndpoint(
      manager: manager, verifier: twins, authorizer: twins, principals: twins, address: Self.address, logger: logger)
    let (tenant, subscription, now) = (tenant, subscription, clock.now())
    try await records.write { transaction in
      try ResourceManager.createSubscription(id: subscription, tenant: tenant, displayName: "S", now: now, in: transaction)
    }
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  func group(_ number: Int) -> String { "/subscriptions/\(subscription)/resourceGroups/rg\(number)" }

  /// Writes events one second apart, on groups `rg0`, `rg1`, …
  func write(_ count: Int, lastFails: Bool = false) async throws {
    let start = clock.now()
    let entries = (0..<count).map { number in
      let fails = lastFails && number == count - 1
      return ActivityLogEntry(
        id: random.guid(), tenant: tenant, subscription: subscription, time: start.advanced(by: .seconds(number)),
        operationName: "Microsoft.Resources/subscriptions/resourceGroups/write", resourceID: group(number), status: fails ? .failed : .succeeded,
        statusCode: fails ? 409 : 201, caller: "alice@test.example", principalID: random.guid(), claims: ["upn": "alice@test.example"],
        correlationID: correlation, operationID: random.guid(), clientAddress: "192.0.2.7", method: "PUT")
    }
    clock.advance(by: .seconds(count))
    try await records.write { transaction in
      for entry in entries { try transaction.save(entry) }
    }
  }

  func list(_ filter: String, select: String? = nil) async throws -> JSON {
    let path = "/subscriptions/\(subscription)/providers/microsoft.insights/eventtypes/management/values"
    return try await get(path, [("$filter", filter)] + (select.map { [("$select", $0)] } ?? []))
  }

  func get(_ path: String, _ query: [(name: String, value: String)]) async throws -> JSON {
    let request = EdgeRequest(
      method: .GET, path: path, query: Query(items: query + [("api-version", "2015-04-01")]), headers: ["Authorization": "Bearer any"],
      identifiers: RequestIdentifiers(request: random.guid()))
    guard case .bytes(let buffer) = await endpoint.respond(to: request).body else { return .null }
    return try JSON(parsing: buffer.readableBytesView)
  }

  func follow(_ link: String) async throws -> JSON {
    let halves = link.dropFirst(Self.address.url("management").count).split(separator: "?", maxSplits: 1).map(String.init)
    let items = Query(parsing: halves[1])?.items ?? []
    return try await get(halves[0], items.filter { $0.name != "api-version" })
  }
}

/// Lets everybody in.
struct Twins: TokenVerifier, Authorizer, PrincipalResolver {
  let tenant: GUID

  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    Principal(kind: .user, tenant: tenant, objectID: GUID(high: 1, low: 1), name: "alice@test.example")
  }

  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision { .allowed }
  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { nil }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { nil }
}
