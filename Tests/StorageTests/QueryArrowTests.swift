import Testing
import Wire

/// Answers of queries in Arrow.
@Suite struct QueryArrowTests {
  private static func run(_ expression: String, _ fields: String, _ blob: String) async throws -> (bytes: [UInt8], errors: [String], code: String?) {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/rows", Array(blob.utf8))
    let format = "<Format><Type>arrow</Type><ArrowConfiguration><Schema>\(fields)</Schema></ArrowConfiguration></Format>"
    let (answer, result) = try await QueryTests.query(fixture, "con/rows", expression, output: format)
    return (result.data, result.errors.map(\.name), answer.status == 200 ? nil : answer.code)
  }

  private static func field(_ type: String, _ name: String, _ further: String = "") -> String {
    "<Field><Type>\(type)</Type><Name>\(name)</Name>\(further)</Field>"
  }

  /// As Azure answered it when Microsoft recorded the tests of its SDK for Python.
  @Test func anAnswerIsAzuresByteForByte() async throws {
    let (bytes, errors, _) = try await Self.run(
      "SELECT _2 from BlobStorage WHERE _1 > 250", Self.field("decimal", "abc", "<Precision>4</Precision><Scale>2</Scale>"),
      "100,200,300,400\n300,400,500,600\n")
    #expect(errors.isEmpty)
    #expect(Base64.encode(bytes) == Self.recorded)
  }

  private static let recorded = """
    /////3gAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAEAAAAUAAAAEAAUAAgABgAHAAwAAAAQABAAAAAAAAEHEAAAABwAAAAEAAAAAA\
    AAAAMAAABhYmMACAAMAAQACAAIAAAABAAAAAIAAAD/////cAAAABAAAAAAAAoADgAGAAUACAAKAAAAAAMEABAAAAAAAAoADAAAAAQACAAKAAAAMAAAAAQAAAACAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAD/////iAAAABQAAAAAAAAADAAWAAYABQAIAAwADAAAAAADBAAYAAAAEAAAAA\
    AAAAAAAAoAGAAMAAQACAAKAAAAPAAAABAAAAABAAAAAAAAAAAAAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAA\
    AACQAQAAAAAAAAAAAAAAAAAA
    """

  @Test(arguments: [
    ("int64", "7", "seven"), ("double", "7.5", "much"), ("bool", "TRUE", "yes"), ("timestamp[ms]", "2026-11-26T00:00:00Z", "today"),
    ("decimal", "-12.5", "12.5e3"), ("decimal", "\(String(repeating: "9", count: 38))", "\(String(repeating: "9", count: 39))"),
  ])
  func aValueThatDoesNotFitIsPassedOverAndTold(type: String, good: String, bad: String) async throws {
    let (alone, none, _) = try await Self.run("SELECT _1 FROM BlobStorage", Self.field(type, "f"), "\(good)\n")
    let (both, errors, _) = try await Self.run("SELECT _1 FROM BlobStorage", Self.field(type, "f"), "\(bad)\n\(good)\n")
    #expect(none.isEmpty && errors == ["InvalidTypeConversion"])
    #expect(alone == both)
    let (missing, noErrors, _) = try await Self.run("SELECT _1 FROM BlobStorage", Self.field(type, "f"), " \n")
    #expect(noErrors.isEmpty && missing.count > 300)
  }

  @Test func aSchemaOfAnotherWidthEndsTheQuery() async throws {
    let (_, errors, _) = try await Self.run("SELECT _1, _2 FROM BlobStorage", Self.field("string", "f"), "a,b\nc,d\n")
    #expect(errors == ["InvalidSchema"])
  }

  @Test(arguments: [
    "", "<Field><Name>f</Name></Field>", "<Field><Type>int32</Type></Field>", "<Field><Type>decimal</Type><Precision>39</Precision></Field>",
    "<Field><Type>decimal</Type><Precision>4</Precision><Scale>5</Scale></Field>", "<Field><Type>decimal</Type><Scale>many</Scale></Field>",
    String(repeating: "<Field><Type>bool</Type></Field>", count: 1025),
  ])
  func whatIsNoSchemaIsRefused(fields: String) async throws {
    let code = try await Self.run("SELECT * FROM BlobStorage", fields, "").code
    #expect(code == "MissingRequiredXmlNode" || code == "InvalidXmlNodeValue")
  }

  @Test func arrowIsNoFormOfWhatIsRead() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/rows", Array("a\n".utf8))
    let format = "<Format><Type>arrow</Type><ArrowConfiguration><Schema>\(Self.field("string", "f"))</Schema></ArrowConfiguration></Format>"
    let (answer, _) = try await QueryTests.query(fixture, "con/rows", "SELECT * FROM BlobStorage", input: format)
    #expect(answer.status == 400 && answer.code == "InvalidXmlNodeValue")
  }

  /// Many rows come in several messages, and all of them.
  @Test func manyRowsComeInSeveralMessages() async throws {
    let rows = (0..<20_000).map { "\($0)\n" }.joined()
    let (bytes, errors, _) = try await Self.run("SELECT _1 FROM BlobStorage", Self.field("int64", "n"), rows)
    #expect(errors.isEmpty)
    #expect(bytes.count > 8 * 20_000)
    func count(_ pattern: [UInt8]) -> Int {
      bytes.indices.dropLast(7).count { bytes[$0] == pattern[0] && bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }
    for number in [1234, 9999, 19_999] as [Int64] { #expect(count(withUnsafeBytes(of: number.littleEndian) { Array($0) }) >= 1) }
    #expect(count([0xFF, 0xFF, 0xFF, 0xFF]) > 4)
  }
}
