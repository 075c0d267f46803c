import Testing
import Wire

@Suite struct LenientJSONTests {
  private func parse(_ text: String) throws -> JSON { try JSON(parsingLeniently: Array(text.utf8)) }

  @Test func whatTheCommandLineSendsIsRead() throws {
    let text = """
      {"properties": {"mode": "Incremental", template:{ // how it begins
        "a": 'single', /* a
        comment */ $b: [1, 2,], "long": "two
      lines",
      }}}
      """
    let template = try parse(text).member("properties", "template")
    #expect(template == ["a": "single", "$b": [1, 2], "long": "two\nlines"])
  }

  @Test(arguments: ["{}", "[]", "[1, -2.5e3, \"\\u00e9\\n\", true, null, {\"a\": []}]", " \"a/b // no comment\" "])
  func itAgreesWithTheStrictParserOnJSON(text: String) throws {
    #expect(try parse(text) == JSON(parsing: text))
  }

  @Test(arguments: ["{", "{a}", "{a:1,,}", "[1 2]", "{'a':1", "/* open", "{\"a\":1}x", "{a:1,a:2}", "\"open"])
  func whatIsNoneOfItIsRefused(text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test(arguments: ["{a:1}", "['a']", "{\"a\":1,}", "// x\n1", "\"a\nb\""])
  func theStrictParserTakesNoneOfIt(text: String) {
    #expect(throws: JSONError.self) { try JSON(parsing: text) }
  }

  @Test func itsBoundsAreTheStrictOnes() {
    #expect(throws: JSONError.self) { try JSON(parsingLeniently: Array(String(repeating: "[", count: 100).utf8)) }
    #expect(throws: JSONError.self) { try JSON(parsingLeniently: Array("[1]".utf8), limits: JSONLimits(depth: 4, bytes: 2)) }
  }
}
