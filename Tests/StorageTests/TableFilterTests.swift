import Base
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

@Suite struct TableFilterTests {
  private static let properties = #"""
    "Age":39,"Large@odata.type":"Edm.Int64","Large":"1099511627776","Ratio":3.25,"Married":true,"Name":"Ann O'Hara",
    "Born@odata.type":"Edm.DateTime","Born":"1973-10-04T00:00:00.1234567Z","Id@odata.type":"Edm.Guid","Id":"c9da6455-213d-42c9-9a79-3e9149a57833",
    "Bytes@odata.type":"Edm.Binary","Bytes":"YmluYXJ5","NotANumber@odata.type":"Edm.Double","NotANumber":"NaN"
    """#

  @Test(arguments: [
    ("Age eq 39", true), ("Age eq 39L", true), ("Age lt 39.5", true), ("Age ne 39", false), ("39 eq Age", true), ("40 gt Age", true),
    ("age eq 39", false), ("Age eq '39'", false), ("Age ne '39'", false), ("not (Age eq '39')", true),
    ("Large eq 1099511627776L", true), ("Large eq 1099511627776", true), ("Large gt 1099511627775L", true), ("Large lt 9223372036854775807L", true),
    ("Ratio gt 3.2", true), ("Ratio eq 3.25", true), ("Ratio eq 325e-2", true), ("Ratio lt -1", false), ("Ratio eq 3.25d", true),
    ("Married", true), ("Married eq true", true), ("not Married", false), ("Married ne true", false), ("Married gt false", true),
    ("Name eq 'Ann O''Hara'", true), ("Name eq 'ann o''hara'", false), ("Name ge 'Ann' and Name lt 'Ano'", true), ("Name gt 'a'", false),
    ("Born eq datetime'1973-10-04T00:00:00.1234567Z'", true), ("Born gt datetime'1973-10-04T00:00:00.1234566Z'", true),
    ("Born lt datetime'1973-10-04T01:00:00.1234568+01:00'", true), ("Born eq datetime'1973-10-04'", false),
    ("Id eq guid'C9DA6455-213D-42C9-9A79-3E9149A57833'", true), ("Id eq 'c9da6455-213d-42c9-9a79-3e9149a57833'", false),
    ("Bytes eq X'62696e617279'", true), ("Bytes eq binary'62696E617279'", true), ("Bytes lt X'63'", true), ("Bytes eq X''", false),
    ("NotANumber eq 0.0", false), ("NotANumber ne 0.0", true),
    ("Missing eq 1", false), ("Missing ne 1", false), ("not (Missing ne 1)", true), ("Missing", false),
    ("Age eq 1 or Age eq 39 and Married eq false", false), ("(Age eq 1 or Age eq 39) and Married eq true", true),
    ("((((Age eq 39))))", true), ("not (Age eq 39 and not (Married))", true), ("true", true), ("1 lt 2", true), ("'b' lt 'a'", false),
    ("PartitionKey eq 'p'", true), ("RowKey gt 'r'", false), ("Timestamp gt datetime'2000-01-01T00:00:00Z'", true),
    ("PartitionKey gt 'a' and not (RowKey eq 'x')", true), ("PartitionKey eq 'x' or RowKey eq 'r'", true),
    ("PartitionKey eq 'p' and PartitionKey eq 'q'", false), ("PartitionKey ne 'p'", false), ("'p' le PartitionKey", true),
  ])
  func evaluates(_ filter: String, _ expected: Bool) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    #expect(try await fixture.insert("p", "r", Self.properties).status == 201)
    #expect(try await fixture.rows(filter).count == (expected ? 1 : 0))
  }

  @Test(arguments: [
    ("aaa bbb ccc", "InvalidInput"), ("Age eq", "InvalidInput"), ("eq 39", "InvalidInput"), ("Age = 39", "InvalidInput"),
    ("(Age eq 39", "InvalidInput"),
    ("Age eq 39)", "InvalidInput"), ("Age eq 39x", "InvalidInput"), ("Age eq 39LL", "InvalidInput"), ("Age eq --1", "InvalidInput"),
    ("Age eq 9223372036854775808L", "InvalidInput"), ("Born eq datetime'yesterday'", "InvalidInput"), ("Id eq guid'1'", "InvalidInput"),
    ("Bytes eq X'abc'", "InvalidInput"), ("Bytes eq X'zz'", "InvalidInput"), ("Name eq 'open", "InvalidInput"), ("Name eq null", "InvalidInput"),
    ("Age eq time'1'", "InvalidInput"), ("39", "InvalidInput"), ("'text'", "InvalidInput"), ("Age eq 1e400", "InvalidInput"), ("$", "InvalidInput"),
    ("startswith(Name,'A')", "NotImplemented"), ("Age in (1,2)", "NotImplemented"), ("Name eq Other", "NotImplemented"),
    ("a/b eq 1", "NotImplemented"),
    ("Names/any(x:x eq 'a')", "NotImplemented"), ("not", "InvalidInput"), ("and or", "InvalidInput"),
    (String(repeating: "(", count: 40) + "Age eq 1" + String(repeating: ")", count: 40), "InvalidInput"),
    (String(repeating: "not ", count: 5000) + "Married", "InvalidInput"),
  ])
  func whatIsNoFilterIsRefused(_ filter: String, _ code: String) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let answer = try await fixture.send(.GET, "people()", [("$filter", filter)])
    #expect(answer.status == (code == "NotImplemented" ? 501 : 400))
    #expect(answer.code == code)
  }

  @Test(arguments: [
    ("PartitionKey eq 'b'", 10), ("PartitionKey eq 'b' and RowKey eq '03'", 1), ("PartitionKey eq 'b' and RowKey ge '03' and RowKey lt '06'", 3),
    ("PartitionKey eq 'b' and (RowKey eq '01' or RowKey eq '07')", 2), ("PartitionKey ge 'b' and PartitionKey lt 'c'", 10),
    ("PartitionKey gt 'a' and PartitionKey le 'b'", 10), ("(PartitionKey eq 'b' and RowKey gt '07') and N ge 0", 2),
    ("'b' eq PartitionKey and '03' ge RowKey", 4), ("PartitionKey eq 'b' and not (RowKey eq '03')", 9),
    ("(PartitionKey eq 'b' and RowKey lt '02') or (PartitionKey eq 'b' and RowKey le '03')", 4),
  ])
  func aQueryReadsOnlyTheRangeThatItsFilterNames(_ filter: String, _ count: Int) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    for partition in ["a", "b", "c"] {
      for row in 0..<10 { try await fixture.insert(partition, "0\(row)", "\"N\":\(row)") }
    }
    // Whoever touches another partition stumbles.
    for entry in try await fixture.entityEntries() {
      let isOther = ["a", "c"].contains { name in entry.key.indices.contains { entry.key[$0...].starts(with: [1] + Array(name.utf8) + [1, 0x30]) } }
      if isOther { try await fixture.storage.records.write { try $0.put([0xFF], forKey: entry.key) } }
    }
    #expect(try await fixture.send(.GET, "people()").status == 500)
    #expect(try await fixture.rows(filter, top: 3).count == count)
  }

  @Test func pagesGoOnWhereTheyEnded() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    var all: [String] = []
    for partition in ["a'", "b", "ö"] {
      for row in 0..<7 {
        let name = "\(partition)/\(row)".replacing("/", with: "+")
        try await fixture.insert(partition, name, "\"Even\":\(row % 2 == 0)")
        all.append(name)
      }
    }
    for top in [1, 2, 3, 20, 21, 22] { #expect(try await fixture.rows(nil, top: top) == all) }
    #expect(try await fixture.rows("Even eq true", top: 2).count == 12)
    #expect(try await fixture.rows("PartitionKey eq 'b' or PartitionKey eq 'a'''", top: 4) == Array(all.prefix(14)))
    // Nothing is behind the last page, so it says so.
    let last = try await fixture.send(.GET, "people()", [("$top", "7"), ("$filter", "PartitionKey eq 'b'")])
    #expect(last["x-ms-continuation-NextPartitionKey"] == nil)
    for token in ["", "1!4!YQ", "2!4!YQ--", "1!4!****", "nonsense"] {
      #expect(try await fixture.send(.GET, "people()", [("NextPartitionKey", token)]).status == 400, "\(token)")
    }
    for top in ["0", "-1", "1001", "x", ""] { #expect(try await fixture.send(.GET, "people()", [("$top", top)]).code == "InvalidInput") }
  }

  @Test func pagesOfLargeEntitiesAreBounded() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let text = String(repeating: "x", count: 32_000)
    let members = (0..<8).map { "\"a\($0)\":\"\(text)\"" }.joined(separator: ",")
    for row in 10..<40 { #expect(try await fixture.insert("p", "\(row)", members).status == 201) }
    let page = try await fixture.send(.GET, "people()")
    #expect(page.body.count < 6 << 20)
    #expect(page["x-ms-continuation-NextRowKey"] != nil)
    #expect(try await fixture.rows(nil) == (10..<40).map(String.init))
  }

  @Test(arguments: [UInt64(1), 2, 3, 4])
  func noFilterMakesTheServiceStumble(seed: UInt64) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "r", Self.properties)
    let random = SeededRandom(seed: seed)
    let words = [
      "Age", "PartitionKey", "RowKey", "Timestamp", "Name", "eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "(", ")", "'p'", "'r'", "''", "'",
      "39", "39L", "-1.5e3", "1e999", "true", "false", "null", "datetime'2020-01-01T00:00:00Z'", "datetime'",
      "guid'c9da6455-213d-42c9-9a79-3e9149a57833'",
      "X'00'", "X'0'", "any", "in", "/", ":", ",", "startswith", "ö", "\u{10FFFF}", "\0", "[", "]", "$", "%",
    ]
    for round in 0..<400 {
      let filter = (0..<Int(random.next() % 14)).map { _ in words[Int(random.next() % UInt64(words.count))] }
        .joined(separator: random.next() % 4 == 0 ? "" : " ")
      let answer = try await fixture.send(.GET, "people()", [("$filter", filter)])
      #expect([200, 400, 501].contains(answer.status), "seed \(seed), round \(round): \(filter) gave \(answer)")
    }
  }

  /// What a query gives is what looking at every entity would give, whatever ranges it read.
  @Test(arguments: [UInt64(11), 12, 13])
  func rangesLeaveNothingOut(seed: UInt64) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let random = SeededRandom(seed: seed)
    let names = ["", "a", "b", "😀", "\u{E000}"]
    for partition in names {
      for row in names { try await fixture.insert(partition, row) }
    }
    func condition(_ depth: Int) -> String {
      switch depth == 0 ? 0 : random.next() % 5 {
      case 1: "(\(condition(depth - 1)) and \(condition(depth - 1)))"
      case 2: "(\(condition(depth - 1)) or \(condition(depth - 1)))"
      case 3: "not (\(condition(depth - 1)))"
      default:
        "\(random.next() % 2 == 0 ? "PartitionKey" : "RowKey") \(["eq", "ne", "gt", "ge", "lt", "le"][Int(random.next() % 6)]) "
          + "'\(names[Int(random.next() % 5)])'"
      }
    }
    for _ in 0..<60 {
      let filter = condition(3)
      // A comparison that no key takes part in hides what the filter says of the keys.
      let all = try await fixture.rows("not (not (\(filter)))")
      #expect(try await fixture.rows(filter, top: 3) == all, "seed \(seed): \(filter)")
    }
  }
}
