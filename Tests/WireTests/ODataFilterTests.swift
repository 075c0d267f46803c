import Base
import Testing
import Wire

@Suite struct ODataFilterTests {
  private let item: JSON = [
    "displayName": "Ann O'Hara", "userPrincipalName": "ann@contoso.local", "accountEnabled": true, "age": 42, "score": .number(2.5),
    "id": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "createdDateTime": "2026-11-23T16:43:46.9729070Z", "manager": .null,
    "names": ["a", "https://x/y"], "empty": [], "roles": [["value": "reader", "rank": 1], ["value": "owner", "rank": 9]],
    "tags": ["env": "prod"],
  ]

  @Test(arguments: [
    ("displayName eq 'Ann O''Hara'", true),
    ("DisplayName EQ 'ann o''hara'", true),
    ("displayName ne 'Bob'", true),
    ("displayName eq 'Bob' or age gt 41", true),
    ("displayName eq 'Bob' or age gt 41 and accountEnabled eq false", false),
    ("(displayName eq 'Bob' or age gt 41) and accountEnabled", true),
    ("not (age lt 50)", false),
    ("not startswith(displayName,'B')", true),
    ("startswith(displayName,'ann')", true),
    ("endswith(userPrincipalName,'.LOCAL')", true),
    ("contains(displayName, 'O''H')", true),
    ("substringof('contoso', userPrincipalName)", true),
    ("tolower(displayName) eq 'ann o''hara'", true),
    ("age ge 42 and age le 42", true),
    ("score gt -1.5", true),
    ("score eq 2.5", true),
    ("age in (1, 42)", true),
    ("displayName in ('x','y')", false),
    ("manager eq null", true),
    ("missing eq null", true),
    ("missing ne null", false),
    ("missing eq 'x'", false),
    ("id eq '8E3AF657-A8FF-443C-A75C-2FE8C4BCB635'", true),
    ("id eq 8e3af657-a8ff-443c-a75c-2fe8c4bcb635", true),
    ("id eq guid'8e3af657-a8ff-443c-a75c-2fe8c4bcb635'", true),
    ("createdDateTime ge 2026-11-23T16:43:46.972907 and createdDateTime le 2026-11-23T16:43:46.972907", true),
    ("createdDateTime gt 2026-11-23T16:43:46Z", true),
    ("createdDateTime lt 2026-11-23T17:43:47+01:00", true),
    ("createdDateTime ge '2026-11-24'", false),
    ("createdDateTime lt datetime'2026-11-24T00:00:00'", true),
    ("names/any(x:x eq 'https://x/y')", true),
    ("names/any(x:x eq 'b')", false),
    ("names/all(x:startswith(x,'a') or contains(x,'/'))", true),
    ("names/any()", true),
    ("empty/any()", false),
    ("missing/any(x:x eq 'a')", false),
    ("roles/any(r:r/value eq 'owner' and r/rank gt 5)", true),
    ("roles/any(r:r/value eq 'reader' and r/rank gt 5)", false),
    ("tags/env eq 'prod'", true),
    ("[displayName eq 'Ann O''Hara']", true),
    ("  [ age eq 42 ]  ", true),
    ("displayName eq Ann.OHara", false),
    ("true", true),
  ])
  func evaluates(_ text: String, _ expected: Bool) throws {
    #expect(try ODataFilter(parsing: text).matches(item) == expected)
  }

  @Test(arguments: [
    "", "   ", "displayName", "displayName eq", "eq 'x'", "displayName eq 'x", "displayName eq 'x' and", "(age eq 42", "age eq 42)",
    "age eq 42 age eq 42",
    "age = 42", "displayName eq \"x\"", "startswith(displayName 'x')", "startswith(displayName,'x'", "names/any(x x eq 'a')", "names/any(x:",
    "age in 42",
    "age in (42", "age in (displayName)", "'x'", "42", "age eq 12abc", "duration eq foo'x'", "a/ eq 'x'", "[", "[]", "$", "age eq 42;drop",
  ])
  func malformedTextIsRefused(_ text: String) {
    // A property that stands alone is grammar; that it is no condition shows when it is evaluated.
    #expect(throws: (any Error).self) { try ODataFilter(parsing: text).matches(item) }
  }

  @Test(arguments: [
    ("displayName eq 42", "Edm.String"), ("age eq 'x'", "Edm.Double"), ("accountEnabled gt true", "Edm.Boolean"), ("names eq 'a'", "Collection"),
    ("createdDateTime gt 42", "Edm.String"), ("displayName ge 2026-01-01", "Edm.String"), ("startswith(age,'4')", "Edm.Double"),
    ("tags eq 'x'", "Edm.ComplexType"),
  ])
  func typesThatDoNotCompareAreRefused(_ text: String, _ left: String) throws {
    let filter = try ODataFilter(parsing: text)
    do {
      _ = try filter.matches(item)
      Issue.record("\(text) was evaluated")
    } catch let error as ODataError {
      guard case .incompatibleTypes(left, _, _) = error else {
        Issue.record("\(text): \(error)")
        return
      }
    }
  }

  @Test func boundsHold() throws {
    let deep = String(repeating: "(", count: 33) + "age eq 42" + String(repeating: ")", count: 33)
    #expect(throws: ODataError.self) { try ODataFilter(parsing: deep) }
    let negated = String(repeating: "not ", count: 4000) + "age eq 42"
    #expect(throws: ODataError.self) { try ODataFilter(parsing: negated) }
    let calls = String(repeating: "tolower(", count: 1000)
    #expect(throws: ODataError.self) { try ODataFilter(parsing: calls) }
    let lambdas = String(repeating: "a/any(x:", count: 1000)
    #expect(throws: ODataError.self) { try ODataFilter(parsing: lambdas) }
    #expect(throws: ODataError.self) { try ODataFilter(parsing: "a eq '\(String(repeating: "x", count: 17000))'") }
    // A long chain is not a deep one.
    let chain = Array(repeating: "age eq 42", count: 1000).joined(separator: " and ")
    #expect(try ODataFilter(parsing: chain).matches(item))
  }

  @Test func callersReadWhatTheyCanAnswerFromAnIndex() throws {
    let filter = try ODataFilter(parsing: "atScope() and assignedTo('a') and tagName eq 'a' and tagValue eq 'B'")
    #expect(filter.called("atScope")?.isEmpty == true)
    #expect(filter.called("AssignedTo") == [.literal(.string("a"))])
    #expect(filter.called("other") == nil)
    #expect(filter.required("TagName")?.text == "a")
    #expect(filter.required("tagvalue")?.text == "B")
    #expect(filter.required("name") == nil)
    #expect(try ODataFilter(parsing: "a eq 'x' or b eq 'y'").required("a") == nil)
    #expect(throws: ODataError.unsupportedFunction("atscope")) { try filter.matches(item) }
    #expect(try ODataFilter(parsing: "atScope()").matches(function: { name, _ in name == "atscope" }) { _ in nil })
  }

  @Test func aResolverMayRefuseAProperty() throws {
    struct Unknown: Error {}
    #expect(throws: Unknown.self) { try ODataFilter(parsing: "nothing eq 'x'").matches { _ in throw Unknown() } }
  }

  @Test func textCanBeComparedExactly() throws {
    let filter = try ODataFilter(parsing: "tagValue eq 'Prod'")
    #expect(try filter.matches { _ in "prod" })
    #expect(try !filter.matches(caseSensitive: true) { _ in "prod" })
  }
}
