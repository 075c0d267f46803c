import Testing
import Wire

@Suite struct MergePatchTests {
  /// The test cases of RFC 7396, appendix A.
  @Test(arguments: [
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#), (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
    (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#), (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
    (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
    (#"{"a":"foo"}"#, "null", "null"), (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
    ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#), ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
  ])
  func aPatchIsApplied(original: String, patch: String, result: String) throws {
    #expect(try JSON(parsing: original).merging(patch: JSON(parsing: patch)) == JSON(parsing: result))
  }

  @Test func namesCompareWithoutRegardToCaseAndKeepTheirSpelling() {
    let original: JSON = ["accessTier": "Hot", "encryption": ["keySource": "a"]]
    #expect(original.merging(patch: ["AccessTier": "Cool"]) == ["accessTier": "Cool", "encryption": ["keySource": "a"]])
    #expect(original.merging(patch: ["Encryption": ["KEYSOURCE": .null]]) == ["accessTier": "Hot", "encryption": [:]])
  }
}
