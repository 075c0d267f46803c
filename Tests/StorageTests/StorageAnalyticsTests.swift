import Base
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct StorageAnalyticsTests {
  private func turnOn(_ settings: String, _ fixture: StorageFixture) async throws {
    let document = "<StorageServiceProperties>\(settings)</StorageServiceProperties>"
    let answer = try await fixture.send(.PUT, "", [("restype", "service"), ("comp", "properties")], body: PiecesBody(Array(document.utf8)))
    #expect(answer.status == 202, "\(answer)")
  }

  private func logging(_ days: Int? = nil, read: Bool = true, write: Bool = true, delete: Bool = true) -> String {
    let retention = days.map { "<Enabled>true</Enabled><Days>\($0)</Days>" } ?? "<Enabled>false</Enabled>"
    return "<Logging><Version>1.0</Version><Delete>\(delete)</Delete><Read>\(read)</Read><Write>\(write)</Write>"
      + "<RetentionPolicy>\(retention)</RetentionPolicy></Logging>"
  }

  private func logs(_ fixture: StorageFixture) async throws -> [String] {
    let list = try await fixture.send(.GET, "$logs", [("restype", "container"), ("comp", "list")])
    guard list.status == 200 else { return [] }
    return try list.xml().at("Blobs").children.compactMap { $0.child("Name")?.text }
  }

  @Test func requestsAreLoggedAsTheSettingsSay() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await turnOn(logging(write: false), fixture)
    try await fixture.put("con/a", [1, 2, 3])
    try await fixture.send(.GET, "con/a", [("timeout", "30")], [("User-Agent", "a;b \"c\""), ("x-ms-range", "bytes=0-1")])
    try await fixture.send(.GET, "con/a", [("sv", "2020-10-02"), ("sig", "secret+/=")])
    try await fixture.send(.GET, "con/a", [("sv", "2020-10-02"), ("SIG", "secret+/=")])
    try await fixture.send(.DELETE, "con/a")
    await fixture.endpoint.writeAnalytics()
    let names = try await logs(fixture)
    let time = fixture.clock.now().iso8601
    #expect(names == ["blob/\(time.prefix(10).replacing("-", with: "/"))/\(time.dropFirst(11).prefix(2))00/000000.log"])
    let log = try await fixture.send(.GET, "$logs/\(try #require(names.first))")
    #expect(log["x-ms-meta-LogType"] == "read,delete")
    #expect(log["x-ms-meta-LogVersion"] == "1.0")
    let lines = log.text.split(separator: "\n").map(String.init)
    #expect(lines.count == 4)
    let read = try #require(lines.first)
    #expect(read.hasPrefix("1.0;"))
    #expect(read.contains(";GetBlob;Success;206;"))
    #expect(lines.contains { $0.contains("sig=XXXXX") } && lines.contains { $0.contains("SIG=XXXXX") } && !log.text.contains("secret"))
    #expect(read.contains("\"a;b &quot;c&quot;\""))
    // Fields, but for what is in quotation marks.
    let bare = read.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 0 }.map(\.element).joined()
    #expect(bare.filter { $0 == ";" }.count == 29)
    #expect(lines.last?.contains(";DeleteBlob;Success;202;") == true)
  }

  @Test func nothingIsWrittenForAnAccountThatDoesNotWantIt() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    await fixture.endpoint.writeAnalytics()
    #expect(try await fixture.send(.HEAD, "$logs", [("restype", "container")]).status == 404)
  }

  @Test func laterLogsOfAnHourStandBesideTheEarlierOnes() async throws {
    let fixture = try await StorageFixture()
    try await turnOn(logging(), fixture)
    for _ in 0..<5 {
      try await fixture.makeContainer(fixture.random.guid().description)
      await fixture.endpoint.writeAnalytics()
    }
    #expect(try await logs(fixture).map { $0.suffix(10) } == (0..<5).map { "00000\($0).log" })
  }

  @Test func logsGoWhenTheirTimeIsOver() async throws {
    let fixture = try await StorageFixture()
    try await turnOn(logging(2), fixture)
    try await fixture.makeContainer()
    await fixture.endpoint.writeAnalytics()
    let old = try await logs(fixture)
    #expect(old.count == 1)
    fixture.clock.advance(by: .seconds(3 * 86400))
    try await fixture.put("con/a", [1])
    await fixture.endpoint.writeAnalytics()
    let left = try await logs(fixture)
    #expect(left.count == 1 && left != old)
  }

  private func metrics(_ fixture: StorageFixture, _ table: String) async throws -> [JSON] {
    let request = EdgeRequest(
      method: .GET, path: "/$Metrics\(table)", query: Query(),
      headers: [
        "x-ms-version": "2020-12-06", "Authorization": "Bearer token", "Accept": "application/json;odata=nometadata",
      ], authority: "acct.table.core.cloud.test", host: "acct.table.core.cloud.test", identifiers: RequestIdentifiers(request: fixture.random.guid()))
    let answer = try await Answer(await fixture.endpoint.respond(to: request))
    #expect(answer.status == 200 || answer.status == 404, "\(answer)")
    return answer.status == 200 ? try JSON(parsing: answer.body)["value"]?.array ?? [] : []
  }

  private static let hourly =
    "<HourMetrics><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true</IncludeAPIs><RetentionPolicy><Enabled>true</Enabled><Days>1</Days>"
    + "</RetentionPolicy></HourMetrics>"

  @Test func figuresAddUpAcrossWrites() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await turnOn(Self.hourly, fixture)
    for name in ["a", "b"] {
      try await fixture.put("con/\(name)", [1, 2, 3])
      await fixture.endpoint.writeAnalytics()
    }
    try await fixture.send(.GET, "con/missing")
    await fixture.endpoint.writeAnalytics()
    let rows = try await metrics(fixture, "HourPrimaryTransactionsBlob")
    let all = try #require(rows.first { $0["RowKey"]?.string == "user;All" })
    #expect(all["TotalRequests"]?.string == "3")
    #expect(all["Success"]?.string == "2")
    #expect(all["ClientOtherError"]?.string == "1")
    let puts = try #require(rows.first { $0["RowKey"]?.string == "user;PutBlob" })
    #expect(puts["TotalIngress"]?.string == "6")
    #expect(puts["PercentSuccess"]?.number == 100)
    #expect(try await metrics(fixture, "MinutePrimaryTransactionsBlob").isEmpty)
    fixture.clock.advance(by: .seconds(2 * 86400))
    try await fixture.send(.GET, "con/a")
    await fixture.endpoint.writeAnalytics()
    let later = try await metrics(fixture, "HourPrimaryTransactionsBlob")
    #expect(later.count == 2 && later.allSatisfy { $0["PartitionKey"] != all["PartitionKey"] })
  }
}
