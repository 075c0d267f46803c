import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

/// Query Blob Contents, through the service.
@Suite struct QueryTests {
  private static let staff = """
    name,city,age
    Ada,Paris,36
    Bea,Lyon,41
    "Cid, the second",Paris,9
    Dan,,70

    """
  private static let events = """
    {"kind":"boot","at":{"host":"a"},"n":1}
    {"kind":"halt","at":{"host":"b"},"n":2,"tags":["x","y"]}{"kind":"boot","at":{"host":"c"},"n":null}
    """

  private static let withHeaders = delimited(headers: true)

  private static func delimited(_ column: String = ",", _ record: String = "&#10;", headers: Bool = false) -> String {
    """
    <Format><Type>delimited</Type><DelimitedTextConfiguration><ColumnSeparator>\(column)</ColumnSeparator>\
    <FieldQuote>"</FieldQuote><RecordSeparator>\(record)</RecordSeparator><EscapeChar></EscapeChar><HasHeaders>\(headers)</HasHeaders></DelimitedTextConfiguration></Format>
    """
  }

  private static let json = """
    <Format><Type>json</Type><JsonTextConfiguration><RecordSeparator>&#10;</RecordSeparator></JsonTextConfiguration></Format>
    """

  static func document(_ expression: String, input: String? = nil, output: String? = nil) -> [UInt8] {
    let escaped = expression.map { $0 == "&" ? "&amp;" : $0 == "<" ? "&lt;" : String($0) }.joined()
    var document = "<?xml version='1.0' encoding='utf-8'?><QueryRequest><QueryType>SQL</QueryType><Expression>\(escaped)</Expression>"
    if let input { document += "<InputSerialization>\(input)</InputSerialization>" }
    if let output { document += "<OutputSerialization>\(output)</OutputSerialization>" }
    return Array("\(document)</QueryRequest>".utf8)
  }

  static func query(
    _ fixture: StorageFixture, _ blob: String, _ expression: String, input: String? = nil, output: String? = nil
  ) async throws -> (answer: Answer, result: AvroAnswer) {
    let answer = try await fixture.send(.POST, blob, [("comp", "query")], body: PiecesBody(document(expression, input: input, output: output)))
    return (answer, answer.status == 200 ? try AvroAnswer(answer.body) : AvroAnswer())
  }

  @Test(arguments: [
    ("SELECT 1.0/0 AS x FROM BlobStorage", ""), ("SELECT 0.0/0 AS x FROM BlobStorage", ""), ("SELECT 1e308*10 AS x FROM BlobStorage", ""),
    ("SELECT age % 0.0 AS x FROM BlobStorage", ""), ("SELECT CAST('nan' AS FLOAT) AS x FROM BlobStorage", ""),
    ("SELECT CAST('-inf' AS FLOAT) AS x FROM BlobStorage", ""), ("SELECT CAST('0x1p4' AS FLOAT) AS x FROM BlobStorage", ""),
    ("SELECT 'infinity' * 2 AS x FROM BlobStorage", ""), ("SELECT CAST('1e999' AS FLOAT) AS x FROM BlobStorage", ""),
  ])
  func whatIsNoNumberIsAnErrorOfItsRecord(expression: String, text: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/staff", Array(Self.staff.utf8))
    for output in [Self.json, Self.delimited()] {
      let (answer, result) = try await Self.query(fixture, "con/staff", expression, input: Self.withHeaders, output: output)
      #expect(answer.status == 200 && result.text == text && !result.errors.isEmpty, "\(result)")
    }
    let literal = try await Self.query(fixture, "con/staff", "SELECT 1e999 FROM BlobStorage", input: Self.withHeaders)
    #expect(literal.answer.status == 400)
  }

  @Test(arguments: [
    ("SELECT * FROM BlobStorage", "Ada,Paris,36\nBea,Lyon,41\n\"Cid, the second\",Paris,9\nDan,,70\n"),
    ("SELECT name FROM BlobStorage WHERE city = 'Paris'", "Ada\n\"Cid, the second\"\n"),
    ("select _1, _3 from BlobStorage where _3 > 36", "Bea,41\nDan,70\n"),
    ("SELECT s.name FROM BlobStorage s WHERE s.age BETWEEN 30 AND 45 LIMIT 1", "Ada\n"),
    ("SELECT name FROM BlobStorage WHERE name LIKE '%d%' AND NOT city = ''", "Ada\n\"Cid, the second\"\n"),
    ("SELECT UPPER(name) || '!', age * 2 + 1 FROM BlobStorage WHERE city IN ('Lyon', 'Nice')", "BEA!,83\n"),
    ("SELECT COUNT(*), SUM(age), MIN(age), MAX(age) FROM BlobStorage", "4,156,9,70\n"),
    ("SELECT AVG(age) FROM BlobStorage WHERE city = 'Paris'", "22.5\n"),
    ("SELECT name FROM BlobStorage WHERE CAST(age AS INT) % 2 = 1 OR age = 70", "Bea\n\"Cid, the second\"\nDan\n"),
    ("SELECT SUBSTRING(name, 1, 2), CHAR_LENGTH(city) FROM BlobStorage WHERE age < 40", "Ad,5\nCi,5\n"),
    ("SELECT name FROM BlobStorage LIMIT 0", ""),
  ])
  func rowsAreSelected(expression: String, expected: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/staff", Array(Self.staff.utf8))
    let (answer, result) = try await Self.query(
      fixture, "con/staff", expression, input: Self.withHeaders, output: Self.delimited())
    #expect(answer.status == 200, "\(answer)")
    #expect(answer["Content-Type"] == "avro/binary")
    #expect(result.text == expected)
    #expect(result.errors.isEmpty)
    #expect(result.total == Self.staff.utf8.count)
  }

  @Test(arguments: [
    ("SELECT kind, n FROM BlobStorage WHERE at.host <> 'a'", "{\"kind\":\"halt\",\"n\":2}\n{\"kind\":\"boot\",\"n\":null}\n"),
    ("SELECT tags[1] AS second FROM BlobStorage WHERE n IS NOT NULL", "{}\n{\"second\":\"y\"}\n"),
    ("SELECT host FROM BlobStorage[*].at", "{\"host\":\"a\"}\n{\"host\":\"b\"}\n{\"host\":\"c\"}\n"),
    ("SELECT COUNT(n) AS many FROM BlobStorage", "{\"many\":2}\n"),
    ("SELECT * FROM BlobStorage WHERE kind = 'halt'", "{\"kind\":\"halt\",\"at\":{\"host\":\"b\"},\"n\":2,\"tags\":[\"x\",\"y\"]}\n"),
  ])
  func jsonIsSelected(expression: String, expected: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/events", Array(Self.events.utf8))
    let (_, result) = try await Self.query(fixture, "con/events", expression, input: Self.json)
    #expect(result.text == expected)
    #expect(result.errors.isEmpty)
  }

  @Test func formsAreChangedAndHeadersNamed() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/staff", Array(Self.staff.utf8))
    let (_, lines) = try await Self.query(
      fixture, "con/staff", "SELECT name, age FROM BlobStorage LIMIT 2", input: Self.withHeaders, output: Self.delimited(";", "|", headers: true))
    #expect(lines.text == "name;age|Ada;36|Bea;41|")
    let (_, json) = try await Self.query(fixture, "con/staff", "SELECT * FROM BlobStorage LIMIT 1", input: Self.withHeaders, output: Self.json)
    #expect(json.text == "{\"name\":\"Ada\",\"city\":\"Paris\",\"age\":\"36\"}\n")
  }

  /// A row too short is passed over and told; what is no JSON ends the answer.
  @Test func recordsThatCannotBeReadAreTold() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/short", Array("a,b\nc\nd,e\n".utf8))
    let (_, short) = try await Self.query(fixture, "con/short", "SELECT _2 FROM BlobStorage")
    #expect(short.text == "b\ne\n")
    #expect(short.errors.map(\.isFatal) == [false])
    try await fixture.put("con/broken", Array("{\"a\":1}\n{a:2}\n{\"a\":3}\n".utf8))
    let (_, broken) = try await Self.query(fixture, "con/broken", "SELECT a FROM BlobStorage", input: Self.json)
    #expect(broken.errors.map(\.isFatal) == [true])
    #expect(!broken.text.contains("3"))
  }

  /// What would be too much, of a record or of the numbers of this machine, is told and passed over.
  @Test(arguments: [
    "SELECT DATE_ADD(second, 9223372036854, UTCNOW()) FROM BlobStorage", "SELECT DATE_ADD(year, 9000, UTCNOW()) FROM BlobStorage",
    "SELECT 9223372036854775807 + CAST(_1 AS INT) FROM BlobStorage", "SELECT CAST(_1 AS INT) / 0 FROM BlobStorage",
    "SELECT \(Array(repeating: "_2", count: 5).joined(separator: " || ")) FROM BlobStorage",
    "SELECT \(Array(repeating: "UPPER(_2)", count: 20).joined(separator: ", ")) FROM BlobStorage",
  ])
  func whatIsTooMuchIsTold(expression: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/large", Array("1,\(String(repeating: "x", count: 300_000))\n".utf8))
    let (_, result) = try await Self.query(fixture, "con/large", expression)
    #expect(result.text.isEmpty && result.errors.map(\.isFatal) == [false], "\(result.errors)")
    #expect(result.total != nil)
  }

  @Test func aQueryIsBoundedInItsDepth() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/staff", Array(Self.staff.utf8))
    for word in ["OR", "AND", "+"] {
      let chain = Array(repeating: "1", count: 4000).joined(separator: " \(word) ")
      let answer = try await Self.query(fixture, "con/staff", "SELECT * FROM BlobStorage WHERE \(chain) = 1").answer
      #expect(answer.status == 400 && answer.code == "InvalidInput")
    }
    let columns = Array(repeating: "_1", count: 1001).joined(separator: ",")
    #expect(try await Self.query(fixture, "con/staff", "SELECT \(columns) FROM BlobStorage").answer.status == 400)
  }

  /// Records may lie across pieces and extents in any way.
  @Test func aLargeBlobIsReadAsItStreams() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let lines = (0..<60_000).map { "line \($0),\"\($0 % 97)\",tail\n" }
    try await fixture.put("con/large", Array(lines.joined().utf8))
    let (_, counted) = try await Self.query(fixture, "con/large", "SELECT COUNT(*) FROM BlobStorage WHERE _2 = 13")
    #expect(counted.text == "\((0..<60_000).count { $0 % 97 == 13 })\n")
    let (_, all) = try await Self.query(fixture, "con/large", "SELECT _1 FROM BlobStorage WHERE _1 LIKE 'line %9999'")
    #expect(all.text == "line 9999\nline 19999\nline 29999\nline 39999\nline 49999\nline 59999\n")
    #expect(all.progress == all.progress.sorted() && all.progress.last == lines.joined().utf8.count)
  }

  @Test(arguments: [
    "", "SELECT", "SELECT * FROM elsewhere", "SELECT * FROM BlobStorage WHERE", "SELECT a FROM BlobStorage WHERE a = 'open",
    "DELETE FROM BlobStorage",
    "SELECT * FROM BlobStorage LIMIT -1", "SELECT nothing(a) FROM BlobStorage", "SELECT COUNT(*), a FROM BlobStorage",
    "SELECT " + String(repeating: "(", count: 5000) + "1", "SELECT a FROM BlobStorage WHERE a = 1 trailing words",
    "SELECT CAST(a AS blob) FROM BlobStorage",
  ])
  func whatIsNoQueryIsRefused(expression: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/staff", Array(Self.staff.utf8))
    let (answer, _) = try await Self.query(fixture, "con/staff", expression)
    #expect(answer.status == 400 && answer.code == "InvalidInput", "\(answer)")
  }

  @Test func formsThatAreNotReadAreRefused() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/staff", Array(Self.staff.utf8))
    for type in ["parquet", "arrow", "xml"] {
      let (answer, _) = try await Self.query(
        fixture, "con/staff", "SELECT * FROM BlobStorage", input: "<Format><Type>\(type)</Type></Format>")
      #expect(answer.status == 400 && answer.code == "InvalidXmlNodeValue")
    }
    let absent = try await Self.query(fixture, "con/none", "SELECT * FROM BlobStorage").answer
    #expect(absent.status == 404 && absent.code == "BlobNotFound")
    let text = try await fixture.send(.POST, "con/staff", [("comp", "query")], body: PiecesBody(Array("SELECT 1".utf8)))
    #expect(text.status == 400 && text.code == "InvalidXmlDocument")
  }

  /// Whatever stands in a query or a blob, the service answers, and never with a fault of its own.
  @Test func noTextBringsItDown() async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let random = SeededRandom(seed: seed)
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let words = [
      "SELECT", "FROM", "BlobStorage", "WHERE", "*", "(", ")", "[", "]", ",", ".", "'a'", "\"b\"", "1", "9223372036854775807", "-", "/", "%", "0",
      "1.5e308", "AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL", "CAST", "AS", "INT", "COUNT", "SUM", "SUBSTRING", "_1", "_99", "LIMIT",
      "||", "DATE_ADD", "year",
    ]
    func pick(_ count: Int) -> Int { Int(random.bytes(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % UInt64(count)) }
    for turn in 0..<300 {
      try await fixture.put("con/any", turn % 3 == 0 ? random.bytes(pick(400)) : Array((turn % 3 == 1 ? Self.events : Self.staff).utf8))
      var expression = turn % 2 == 0 ? "SELECT * FROM BlobStorage WHERE " : ""
      for _ in 0..<pick(14) { expression += words[pick(words.count)] + " " }
      let (answer, _) = try await Self.query(fixture, "con/any", expression, input: turn % 4 == 0 ? Self.json : nil)
      #expect(answer.status == 200 || answer.status == 400, "seed \(seed): \(expression)")
    }
  }
}

/// The records of a query's answer.
struct AvroAnswer {
  var data: [UInt8] = []
  var errors: [(isFatal: Bool, name: String)] = []
  var progress: [Int] = []
  var total: Int?

  var text: String { String(decoding: data, as: UTF8.self) }

  struct Malformed: Error {}

  init() {}

  init(_ bytes: [UInt8]) throws {
    var reader = Reader(bytes: bytes[...])
    guard try reader.take(4) == Array("Obj\u{1}".utf8) else { throw Malformed() }
    for _ in 0..<(try reader.long()) {
      _ = try reader.data()
      _ = try reader.data()
    }
    guard try reader.long() == 0 else { throw Malformed() }
    let marker = try reader.take(16)
    while !reader.bytes.isEmpty {
      let count = try reader.long()
      _ = try reader.long()
      for _ in 0..<count { try readRecord(&reader) }
      guard try reader.take(16) == marker else { throw Malformed() }
    }
  }

  private mutating func readRecord(_ reader: inout Reader) throws {
    switch try reader.long() {
    case 0: data += try reader.data()
    case 1:
      let isFatal = try reader.take(1) == [1]
      errors.append((isFatal, String(decoding: try reader.data(), as: UTF8.self)))
      _ = try reader.data()
      _ = try reader.long()
    case 2:
      progress.append(try reader.long())
      _ = try reader.long()
    case 3: total = try reader.long()
    default: throw Malformed()
    }
  }

  private struct Reader {
    var bytes: ArraySlice<UInt8>

    mutating func take(_ count: Int) throws -> [UInt8] {
      guard count >= 0, bytes.count >= count else { throw Malformed() }
      defer { bytes = bytes.dropFirst(count) }
      return Array(bytes.prefix(count))
    }

    mutating func long() throws -> Int {
      var (value, shift) = (UInt64(0), UInt64(0))
      while true {
        let byte = try take(1)[0]
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return Int(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)) }
        shift += 7
      }
    }

    mutating func data() throws -> [UInt8] { try take(try long()) }
  }
}
