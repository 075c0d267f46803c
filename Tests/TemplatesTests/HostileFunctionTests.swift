import Base
import Simulation
import Templates
import Testing
import Wire

/// A template is anybody's text: whatever it asks of a function, the answer is a value that can be written, or an error.
@Suite(.timeLimit(.minutes(2))) struct HostileFunctionTests {
  private static let functions = Set(FunctionTests.cases.map { String($0.0.prefix { $0 != "(" }) }).sorted()

  private static let arguments = [
    "9223372036854775807", "-9223372036854775808", "-9223372036854775807", "0", "-1", "1", "64", "10000", "''", "'a'", "'é'", "'nan'", "'inf'",
    "'1e999'", "'0x10'", "float('1e308')", "float('-0.5')", "json('1e300')", "json('-9223372036854775809')", "createArray()",
    "createArray(1, null())", "createObject()", "createObject('a', 1)", "null()", "true()", "'P99999999Y'", "'-P3000Y'", "'PT9223372036854775807S'",
    "'P9223372036854775807W'",
    "'2024-02-29T23:59:59Z'", "'0001-01-01T00:00:00Z'", "'9999-12-31T23:59:59Z'", "'{0:D999999999}'", "'{0:N-1}'", "'{0:F99}'", "'{0:X5}'",
    "'10.0.0.0/8'", "'255.255.255.255/32'", "'0.0.0.0/0'", "'::/0'", "'yyyy-MM-dd fff'",
  ]

  @Test func noArgumentsBringAFunctionDown() throws {
    let random = SeededRandom(seed: 7)
    var (answers, refusals) = (0, 0)
    for _ in 0..<8000 {
      let name = Self.functions[random.number(below: Self.functions.count)]
      let given = (0..<random.number(below: 4)).map { _ in Self.arguments[random.number(below: Self.arguments.count)] }
      do {
        let value = try Sample.evaluate("\(name)(\(given.joined(separator: ", ")))")
        #expect(try JSON(parsing: value.text) == value || value.text.contains("."), "\(name) \(given)")
        answers += 1
      } catch {
        refusals += 1
      }
    }
    #expect(answers > 500 && refusals > 500, "\(answers) answers, \(refusals) refusals")
  }

  @Test(arguments: [
    "dateTimeAdd('2024-01-01T00:00:00Z', 'PT9223372036854775807S')", "dateTimeAdd('2024-01-01T00:00:00Z', 'P9000Y')", "string(float('1e999'))",
    "int(json('1e300'))", "float('nan')", "float('inf')", "format('{0:D}', json('1e300'))", "format('{0:X}', json('1e300'))",
    "format('{0:N-1}', 1)", "format('{0:D999999999}', 1)", "dateTimeFromEpoch(9223372036854775807)", "dateTimeAdd('2024-01-01T00:00:00Z', '-P3000Y')",
    "substring('abc', 1, 9223372036854775807)", "substring('abc', 9223372036854775807)",
  ])
  func whatHasNoResultIsRefused(expression: String) {
    #expect(throws: (any Error).self, "\(expression)") { try Sample.evaluate(expression) }
  }

  @Test func largeIntegersStayAsTheyAre() throws {
    #expect(try Sample.evaluate("int(9223372036854775807)") == 9_223_372_036_854_775_807)
    #expect(try Sample.evaluate("format('{0:D}', 9007199254740993)") == "9007199254740993")
    #expect(try Sample.evaluate("dateTimeAdd('0999-01-31T00:00:00Z', 'P1M')") == "0999-02-28T00:00:00Z")
  }
}
