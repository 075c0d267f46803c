import Base
import Simulation
import Templates
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// Each function of the language, by an expression and what it gives.
@Suite struct FunctionTests {
  static let cases: [(String, JSON)] = [
    // Arrays
    ("array('a')", ["a"]), ("array(createArray(1))", [1]), ("createArray(1, 'b')", [1, "b"]), ("createArray()", []),
    ("concat('a', 'b', 3)", "ab3"), ("concat(createArray(1), createArray(2))", [1, 2]), ("contains('abc', 'bc')", true),
    ("contains(createArray(1, 2), 3)", false), ("contains(createObject('One', 1), 'one')", true), ("empty('')", true),
    ("empty(createArray(1))", false),
    ("first('abc')", "a"), ("first(createArray(4, 5))", 4), ("last('abc')", "c"), ("last(createArray(4, 5))", 5),
    ("flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]),
    ("indexOf('abCd', 'cd')", 2), ("indexOf(createArray('x', 'y'), 'y')", 1), ("lastIndexOf('abab', 'ab')", 2),
    ("indexFromEnd(createArray(1, 2, 3), 1)", 3),
    ("tryIndexFromEnd(createArray(1), 5)", .null), ("intersection(createArray(1, 2, 3), createArray(3, 2))", [2, 3]),
    ("intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", ["a": 1]), ("length('abc')", 3), ("length(createArray(1, 2))", 2),
    ("max(1, 5, 3)", 5), ("min(createArray(4, 2))", 2), ("range(3, 2)", [3, 4]), ("skip(createArray(1, 2, 3), 1)", [2, 3]), ("skip('abc', 2)", "c"),
    ("take('abc', 2)", "ab"), ("take(createArray(1, 2), 1)", [1]), ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
    (
      "union(createObject('a', 1, 'o', createObject('x', 1)), createObject('b', 2, 'o', createObject('y', 2)))",
      ["a": 1, "o": ["x": 1, "y": 2], "b": 2]
    ),
    // Comparison and logic
    ("coalesce(null(), 'a', 'b')", "a"), ("equals('a', 'a')", true), ("equals(1, 2)", false), ("less(1, 2)", true), ("lessOrEquals('b', 'a')", false),
    ("greater('b', 'a')", true), ("greaterOrEquals(2, 2)", true), ("and(true(), false())", false), ("or(false(), true())", true),
    ("not(false())", true),
    ("bool('True')", true), ("bool(0)", false), ("true()", true), ("false()", false), ("null()", .null), ("if(true(), 'yes', div(1, 0))", "yes"),
    // Dates
    ("dateTimeAdd('2024-01-31T10:00:00Z', 'P1M')", "2024-02-29T10:00:00Z"), ("dateTimeAdd('2024-01-01T00:00:00Z', '-PT90M')", "2023-12-31T22:30:00Z"),
    ("dateTimeAdd('2024-03-05T01:02:03Z', 'P1D', 'yyyy/M/d HH')", "2024/3/6 01"), ("dateTimeFromEpoch(1700000000)", "2023-11-14T22:13:20Z"),
    ("dateTimeToEpoch('2023-11-14T22:13:20Z')", 1_700_000_000),
    // Lambdas
    ("filter(createArray(1, 2, 3), lambda('x', greater(lambdaVariables('x'), 1)))", [2, 3]),
    ("map(createArray('a', 'b'), lambda('x', 'i', concat(lambdaVariables('x'), lambdaVariables('i'))))", ["a0", "b1"]),
    ("reduce(createArray(1, 2, 3), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))", 6),
    ("sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", [1, 2, 3]),
    ("toObject(createArray('a'), lambda('x', lambdaVariables('x')), lambda('x', 1))", ["a": 1]),
    ("groupBy(createArray('ab', 'ac', 'b'), lambda('x', first(lambdaVariables('x'))))", ["a": ["ab", "ac"], "b": ["b"]]),
    ("mapValues(createObject('a', 1), lambda('x', add(lambdaVariables('x'), 1)))", ["a": 2]),
    // Numbers
    ("add(1, 2)", 3), ("sub(1, 2)", -1), ("mul(3, -4)", -12), ("div(7, 2)", 3), ("mod(7, 2)", 1), ("int('12')", 12), ("float('1.5')", .number(1.5)),
    // Objects
    ("createObject('a', 1, 'b', createArray())", ["a": 1, "b": []]),
    ("items(createObject('b', 2, 'a', 1))", [["key": "a", "value": 1], ["key": "b", "value": 2]]),
    ("objectKeys(createObject('b', 2, 'a', 1))", ["a", "b"]), ("shallowMerge(createArray(createObject('a', 1), createObject('a', 2)))", ["a": 2]),
    ("tryGet(createObject('a', createObject('b', 1)), 'a', 'b')", 1), ("tryGet(createObject('a', 1), 'x')", .null),
    ("json('{\"a\": [1]}')", ["a": [1]]),
    ("createObject('a', createArray(1, 2)).a[1]", 2), ("createObject('a', 1).?b", .null), ("createArray(1)[?5]", .null),
    // Strings
    ("base64('one')", "b25l"), ("base64ToString('b25l')", "one"), ("base64ToJson('eyJhIjoxfQ==')", ["a": 1]),
    ("dataUri('one')", "data:text/plain;charset=utf8;base64,b25l"), ("dataUriToString('data:;base64,b25l')", "one"), ("endsWith('abC', 'BC')", true),
    ("startsWith('abc', 'AB')", true), ("format('{0}-{1:D3}-{2:N2} {{x}}', 'a', 7, 1234)", "a-007-1,234.00 {x}"),
    ("join(createArray('a', 'b'), '+')", "a+b"),
    ("padLeft('7', 3, '0')", "007"), ("replace('aXbX', 'X', '-')", "a-b-"), ("split('a,b;c', createArray(',', ';'))", ["a", "b", "c"]),
    ("string(createArray(1, 'a'))", "[1,\"a\"]"), ("substring('abcdef', 2, 3)", "cde"), ("toLower('AbC')", "abc"), ("toUpper('AbC')", "ABC"),
    ("trim('  a b ')", "a b"), ("uri('https://a.b/c/d', 'e')", "https://a.b/c/e"), ("uriComponent('a b/c')", "a%20b%2Fc"),
    ("uriComponentToString('a%20b')", "a b"),
    ("guid('a', 'b')", "6e2ad5ef-8d8f-5dc7-a96f-0ee8c3f7f5f6"), ("length(uniqueString('a'))", 13),
    ("equals(uniqueString('a'), uniqueString('a'))", true),
    ("'it''s'", "it's"),
    // Addresses
    ("parseCidr('10.1.0.0/24').lastUsable", "10.1.0.254"), ("cidrSubnet('10.0.0.0/16', 24, 3)", "10.0.3.0/24"),
    ("cidrHost('10.0.1.0/24', 4)", "10.0.1.5"),
    // Scope
    ("resourceGroup().name", "rg"), ("resourceGroup().location", "paris"), ("subscription().displayName", "Ours"), ("deployment().name", "dep"),
    ("tenant().tenantId", "00000000-0000-0001-0000-000000000002"), ("environment().name", "Cocagne"), ("deployer().objectId", "me"),
    ("parameters('P')", "given"), ("variables('v')", "given!"), ("mine.double('a')", "aa"), ("pickZones('a', 'b', 'paris')", ["1"]),
    (
      "resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')",
      "/subscriptions/00000000-0000-0003-0000-000000000004/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    ),
    (
      "resourceId('other', 'Microsoft.Compute/disks', 'd')",
      "/subscriptions/00000000-0000-0003-0000-000000000004/resourceGroups/other/providers/Microsoft.Compute/disks/d"
    ),
    (
      "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
      "/subscriptions/00000000-0000-0003-0000-000000000004/providers/Microsoft.Authorization/roleDefinitions/r"
    ),
    ("tenantResourceId('Microsoft.Authorization/roleDefinitions', 'r')", "/providers/Microsoft.Authorization/roleDefinitions/r"),
    ("extensionResourceId('/x', 'Microsoft.Authorization/locks', 'l')", "/x/providers/Microsoft.Authorization/locks/l"),
    ("reference('thing').size", 5), ("reference('thing', '2024-01-01', 'Full').location", "paris"),
    (
      "listKeys('/subscriptions/00000000-0000-0003-0000-000000000004/resourceGroups/rg/providers/Microsoft.Test/things/thing', '2024-01-01').key",
      "secret"
    ),
  ]

  @Test(arguments: cases) func aFunctionGivesWhatMicrosoftDocuments(expression: String, expected: JSON) throws {
    if expression.hasPrefix("guid(") {
      let value = try #require(try Sample.evaluate(expression).string)
      let again = try Sample.evaluate(expression).string
      #expect(GUID(value) != nil && value == again)
      #expect(Array(value)[14] == "5", "version 5")
      return
    }
    #expect(try Sample.evaluate(expression) == expected, "\(expression)")
  }

  @Test(arguments: [
    "nope('a')", "concat(", "parameters('nope')", "variables('nope')", "div(1, 0)", "createObject('a')", "substring('abc', 2, 9)", "int('x')",
    "json('{')",
    "createArray(1)[3]", "createObject('a', 1).b", "base64ToString('*')", "range(0, 20000)", "utcNow()", "newGuid()", "resourceId('nope', 'a')",
    "resourceId('Microsoft.Compute/disks', 'a', 'b')", "copyIndex()", "lambda('x', 1)", "cidrSubnet('10.0.0.0/24', 8, 0)", "dateTimeAdd('x', 'P1D')",
    "dateTimeAdd('2024-01-01T00:00:00Z', '1D')", "format('{3}', 'a')", "if('a', 1, 2)", "add(9223372036854775807, 1)", "'open",
    "reference('nowhere')",
    "providers('Microsoft.Compute')", "max()",
  ])
  func whatIsWrongIsRefused(expression: String) {
    let error = #expect(throws: CloudError.self) { try Sample.evaluate(expression) }
    #expect(error?.code == "InvalidTemplate" && error?.status == 400)
  }

  @Test func anExpressionNestedTooDeeplyIsRefused() {
    let deep = String(repeating: "not(", count: 200) + "true()" + String(repeating: ")", count: 200)
    #expect(throws: CloudError.self) { try Sample.evaluate(deep) }
  }

  /// The table in the docs says of every function whether it is served; what it says is so.
  @Test func theTableOfFunctionsSaysWhatIs() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(
      path: "docs/templates.md"
    ).path
    let lines = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(lines.count > 80)
    let tested = Self.cases.map { $0.0.lowercased() }.joined(separator: " ")
    for line in lines {
      let cells = line.split(separator: "|").map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
      let name = cells[0].replacing("`", with: "")
      guard cells[1] == "yes", !["copyIndex", "utcNow", "newGuid", "list*"].contains(name) else { continue }
      #expect(tested.contains(name.lowercased() + "("), "\(name) is said to be served and has no test")
    }
  }
}
