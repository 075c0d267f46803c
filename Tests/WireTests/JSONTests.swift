import Testing
import Wire

@Suite struct JSONTests {
  @Test(arguments: [
    ("{}", [:] as JSON), ("[]", [] as JSON), (" null ", JSON.null), ("-0", 0 as JSON), ("12", 12 as JSON), ("1.5e2", JSON.number(150)),
    (#""a\u00e9\ud83d\ude00\n""#, "aé😀\n" as JSON), (#"{"a":[1,{"b":true}],"c":null}"#, ["a": [1, ["b": true]], "c": .null] as JSON),
    ("9223372036854775808", JSON.number(9.223372036854775808e18)), ("\u{FEFF}1", 1 as JSON),
  ])
  func aTextParses(text: String, value: JSON) throws {
    #expect(try JSON(parsing: text) == value)
  }

  @Test(
    arguments: [
      ("", .unexpectedEnd), ("{", .unexpectedEnd), ("[1,]", .unexpectedCharacter), ("{\"a\":1,}", .unexpectedCharacter), ("01", .badNumber),
      ("-", .unexpectedEnd), ("+1", .unexpectedCharacter), ("1e999", .badNumber), ("tru", .unexpectedEnd), ("1 2", .unexpectedCharacter),
      ("\"\\x\"", .badEscape), ("\"\\ud800\"", .unexpectedCharacter), ("\"\\udc00\"", .badEscape), ("\"a\nb\"", .unexpectedCharacter),
      ("{\"a\":1,\"a\":2}", .duplicateName), ("NaN", .unexpectedCharacter), ("'a'", .unexpectedCharacter), ("// c\n1", .unexpectedCharacter),
    ] as [(String, JSONError.Reason)])
  func aMalformedTextIsRefused(text: String, reason: JSONError.Reason) {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(error?.reason == reason)
  }

  @Test func depthAndSizeAreBounded() throws {
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(throws: Never.self) { try JSON(parsing: deep) }
    let deeper = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError(reason: .tooDeep, offset: 65)) { try JSON(parsing: deeper) }
    #expect(throws: JSONError(reason: .tooLarge, offset: 10)) { try JSON(parsing: "\"0123456789\"", limits: JSONLimits(bytes: 10)) }
  }

  @Test func bytesThatAreNoUTF8AreRefused() {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xC3, 0x28, 0x22]) }
    #expect(error?.reason == .notUTF8)
  }

  @Test func whatIsWrittenReadsBack() throws {
    let value: JSON = ["t": "\u{1}\"\\\n\r\t/é😀", "n": [.number(0.1), -5, .integer(.max)], "o": ["z": false, "a": .null]]
    #expect(try JSON(parsing: value.bytes) == value)
    #expect(value.text.hasPrefix(#"{"t":"\u0001\"\\\n\r\t/é😀","#))
  }

  @Test func membersKeepTheirOrderAndAreUnique() {
    var object = JSON.Object([("b", 1), ("a", 2), ("b", 3)])
    #expect(JSON.object(object).text == #"{"b":3,"a":2}"#)
    object["b"] = nil
    #expect(object.names == ["a"])
    #expect(object.member(ignoringCase: "A") == 2)
  }
}
