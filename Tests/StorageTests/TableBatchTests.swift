import Base
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct TableBatchTests {
  @Test func allChangesOfABatchAreMade() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    for row in ["deleted", "merged", "replaced"] { try await fixture.insert("p", row, #""Old":1"#) }
    let answer = try await fixture.batch([
      .insert("p", "inserted", #""A":1"#), .change("DELETE", "p", "deleted", ifMatch: "*"),
      .change("MERGE", "p", "merged", #"{"New":2}"#, ifMatch: "*"), .change("PUT", "p", "replaced", #"{"New":3}"#, ifMatch: "*"),
      .change("PATCH", "p", "made", #"{"New":4}"#), .change("PUT", "p", "set", #"{"New":5}"#),
    ])
    #expect(answer.status == 202)
    #expect(try answer.statuses() == [201, 204, 204, 204, 204, 204])
    #expect(answer.text.components(of: "ETag: W/\"datetime'") == 5)
    #expect(answer.text.contains("Content-ID: 0\r\n") && answer.text.contains("Content-ID: 5\r\n"))
    #expect(try await fixture.rows("PartitionKey eq 'p'") == ["inserted", "made", "merged", "replaced", "set"])
    let merged = try await fixture.get("p", "merged").json()
    #expect(merged["Old"] == 1 && merged["New"] == 2)
    #expect(try await fixture.get("p", "replaced").json()["Old"] == nil)
  }

  @Test(arguments: [
    (TablePart.insert("p", "there"), 409, "EntityAlreadyExists"), (.change("PUT", "p", "missing", "{}", ifMatch: "*"), 404, "ResourceNotFound"),
    (.change("DELETE", "p", "missing", ifMatch: "*"), 404, "ResourceNotFound"),
    (.change("MERGE", "p", "there", "{}", ifMatch: "W/\"datetime'2012-06-15T22%3A51%3A44.9662825Z'\""), 412, "UpdateConditionNotSatisfied"),
    (.insert("p", "first"), 400, "InvalidDuplicateRow"), (.insert("q", "other"), 400, "CommandsInBatchActOnDifferentPartitions"),
    (.insert("p", "a/b"), 400, "OutOfRangeInput"), (.insert("p", "list", #""A":[]"#), 400, "InvalidInput"),
    (.insert("p", "elsewhere", table: "nobody"), 400, "CommandsInBatchActOnDifferentPartitions"), (.change("GET", "p", "there"), 400, "InvalidInput"),
    (.change("PUT", "p", "there", "{}", ifMatch: "nonsense"), 400, "InvalidInput"), (.raw("HELO people HTTP/1.1\r\n\r\n"), 400, "InvalidInput"),
    (.raw("POST /people HTTP/1.1\r\nContent-Length: 99\r\n\r\n{}"), 400, "InvalidInput"),
    (.raw("POST /a/b(c HTTP/1.1\r\n\r\n{}"), 400, "OutOfRangeInput"),
  ])
  func nothingIsChangedWhenOneChangeCannotBeMade(_ part: TablePart, _ status: Int, _ code: String) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "there", #""A":1"#)
    let answer = try await fixture.batch([.insert("p", "first"), .change("PUT", "p", "second", "{}"), part, .insert("p", "last")])
    #expect(answer.status == 202, "\(answer)")
    #expect(try answer.statuses() == [status])
    #expect(answer.text.contains("\"code\":\"\(code)\""))
    #expect(answer.text.contains("\"value\":\"2:"), "\(answer.text)")
    #expect(try await fixture.rows(nil) == ["there"])
    #expect(try await fixture.get("p", "there").json()["A"] == 1)
  }

  @Test func aBatchHoldsAHundredChangesAndNoMore() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    func parts(_ count: Int) -> [TablePart] { (0..<count).map { .insert("p", "\($0)") } }
    let tooMany = try await fixture.batch(parts(101))
    #expect(tooMany.text.contains("99:The batch request operation exceeds the maximum 100 changes per change set."))
    #expect(try await fixture.rows(nil).isEmpty)
    #expect(try await fixture.batch(parts(100)).statuses().count == 100)
    #expect(try await fixture.rows(nil).count == 100)
    let missing = try await fixture.batch([.insert("p", "a", table: "nobody")])
    #expect(missing.text.contains("0:The table specified does not exist."))
  }

  @Test func aBatchMayBeOneQuery() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "r", #""A":7"#)
    let found = try await fixture.query(batch: "GET /people(PartitionKey='p',RowKey='r') HTTP/1.1\r\nAccept: application/json\r\n\r\n")
    #expect(found.status == 202)
    #expect(try found.statuses() == [200])
    #expect(found.text.contains("\"A\":7"))
    let missing = try await fixture.query(batch: "GET https://acct.table.core.cloud.test/people(PartitionKey='p',RowKey='x') HTTP/1.1\r\n\r\n")
    #expect(try missing.statuses() == [404])
    #expect(try await fixture.query(batch: "POST /people HTTP/1.1\r\n\r\n{}").statuses() == [400])
  }

  @Test(arguments: [
    ("application/json", "{}", 415), ("multipart/mixed", "--a--", 415), ("multipart/mixed; boundary=", "", 415),
    ("multipart/mixed; boundary=a", "", 400),
    ("multipart/mixed; boundary=a", "--a--", 400), ("multipart/mixed; boundary=a", "--a\r\n\r\n", 400),
    ("multipart/mixed; boundary=a", "--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--a--", 400),
    ("multipart/mixed; boundary=a", "--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--a--", 400),
    ("multipart/mixed; boundary=a", "--a\r\nno header\r\n\r\n--a--", 400), ("multipart/mixed; boundary=a", "--a\r\n\r\n--a\r\n\r\n--a--", 400),
  ])
  func whatIsNoBatchIsRefused(_ type: String, _ body: String, _ status: Int) async throws {
    let fixture = try await TableFixture()
    let request = fixture.request(.POST, "$batch", [], [("Content-Type", type)], body: PiecesBody(Array(body.utf8)))
    #expect(try await Answer(await fixture.storage.endpoint.respond(to: request)).status == status)
  }

  @Test func aBatchOfMoreThanFourMebibytesIsRefused() async throws {
    let fixture = try await TableFixture()
    let request = fixture.request(
      .POST, "$batch", [], [("Content-Type", "multipart/mixed; boundary=a")], body: PiecesBody(Array(repeating: 0x20, count: (4 << 20) + 1)))
    let answer = try await Answer(await fixture.storage.endpoint.respond(to: request))
    #expect(answer.status == 413)
    #expect(answer.code == "RequestBodyTooLarge")
  }

  @Test func batchesThatMeetAreMadeOneAfterTheOther() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    // Each writes its number to every row; whoever reads sees one number in all of them.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<6 {
        group.addTask {
          for round in 0..<5 {
            let answer = try await fixture.batch((0..<10).map { .change("PUT", "p", "\($0)", "{\"N\":\(writer * 100 + round)}") })
            #expect(try answer.statuses() == Array(repeating: 204, count: 10))
            let page = try await fixture.send(.GET, "people()", [("$filter", "PartitionKey eq 'p'")]).json()
            #expect(Set(page["value"]?.array?.compactMap { $0["N"]?.integer } ?? []).count == 1)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4])
  func noBatchMakesTheServiceStumble(seed: UInt64) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "there")
    let random = SeededRandom(seed: seed)
    let whole = TablePart.body([
      .insert("p", "a", #""A":1"#), .change("PUT", "p", "b", "{}"), .change("DELETE", "p", "there", ifMatch: "*"),
      .change("MERGE", "p", "c", #"{"B":2}"#),
    ])
    for round in 0..<300 {
      var body = whole
      for _ in 0...(random.next() % 4) {
        let place = Int(random.next() % UInt64(body.count))
        switch random.next() % 5 {
        case 0: body[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: body.remove(at: place)
        case 2: body.insert(contentsOf: Array("\r\n".utf8), at: place)
        case 3: body.removeSubrange(place..<min(body.count, place + Int(random.next() % 40)))
        default:
          let end = min(body.count, place + Int(random.next() % 200))
          body.insert(contentsOf: Array(body[place..<end]), at: place)
        }
      }
      let before = try await fixture.rows(nil)
      let answer = try await fixture.batch(body: body)
      #expect([202, 400, 413, 415].contains(answer.status), "seed \(seed), round \(round): \(answer)")
      #expect(!answer.text.contains("HTTP/1.1 5"), "seed \(seed), round \(round): \(answer.text)")
      let isRefused = answer.status != 202 || answer.text.contains("odata.error")
      if isRefused { #expect(try await fixture.rows(nil) == before, "seed \(seed), round \(round)") }
    }
  }
}

/// A part of a batch.
struct TablePart: Sendable, CustomStringConvertible {
  var request: String
  var description: String { String(request.prefix { $0 != "\r\n" }) }

  static func raw(_ request: String) -> TablePart { TablePart(request: request) }

  static func insert(_ partition: String, _ row: String, _ members: String = "", table: String = "people") -> TablePart {
    let body = "{\"PartitionKey\":\"\(partition)\",\"RowKey\":\"\(row)\"\(members.isEmpty ? "" : ",\(members)")}"
    return raw(
      "POST https://acct.table.core.cloud.test/\(table) HTTP/1.1\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  static func change(_ method: String, _ partition: String, _ row: String, _ body: String = "", ifMatch: String? = nil) -> TablePart {
    let condition = ifMatch.map { "If-Match: \($0)\r\n" } ?? ""
    return raw(
      "\(method) https://acct.table.core.cloud.test/\(TableFixture.address(partition, row)) HTTP/1.1\r\nContent-Type: application/json\r\n"
        + "\(condition)\r\n\(body)")
  }

  static func body(_ parts: [TablePart]) -> [UInt8] {
    var text = "--batch\r\nContent-Type: multipart/mixed; boundary=changes\r\n\r\n"
    for (index, part) in parts.enumerated() {
      text += "--changes\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: \(index)\r\n\r\n\(part.request)\r\n"
    }
    return Array("\(text)--changes--\r\n--batch--\r\n".utf8)
  }
}

extension TableFixture {
  func batch(_ parts: [TablePart]) async throws -> Answer { try await batch(body: TablePart.body(parts)) }

  func batch(body: [UInt8]) async throws -> Answer {
    let headers = [("Content-Type", "multipart/mixed; boundary=batch")]
    return try await Answer(await storage.endpoint.respond(to: request(.POST, "$batch", [], headers, body: PiecesBody(body))))
  }

  func query(batch request: String) async throws -> Answer {
    try await batch(body: Array("--batch\r\nContent-Type: application/http\r\n\r\n\(request)\r\n--batch--\r\n".utf8))
  }
}

extension Answer {
  /// The statuses of a batch's parts.
  func statuses() throws -> [Int] {
    text.split(separator: "\r\n").filter { $0.hasPrefix("HTTP/1.1 ") }.compactMap { Int($0.dropFirst(9).prefix(3)) }
  }
}

extension String {
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
