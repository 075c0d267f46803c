import Base
import Declarations
import Testing

/// A YAML file says what its author wrote, or where it is wrong.
struct DeclarationTests {
  private func read(_ text: String) throws -> Declaration { try Declaration(text, file: "essai.yaml") }

  @Test func `a value knows its line and its path`() throws {
    let root = try read("a: 1\nb:\n  - c: texte\n")
    let value = try #require(try root.members(required: ["a", "b"])["b"]).list()[0].members(required: ["c"])
    #expect(value["c"]?.line == 3)
    #expect(value["c"]?.path == "b[0].c")
    #expect(try value["c"]?.text() == "texte")
  }

  @Test func `a number without quotes is no text, and its line is named`() throws {
    let id = try #require(try read("x: y\nid: 11.10\n").members(required: ["x", "id"])["id"])
    let error = #expect(throws: DeclarationError.self) { try id.text() }
    #expect(error?.place == "essai.yaml:2")
    #expect(error?.french.contains("guillemets") == true)
    #expect(try read("id: \"11.10\"").members(required: ["id"])["id"]?.text() == "11.10")
  }

  @Test(arguments: [
    ("x: 1\na: 1\na: 2\n", 3), ("a: [1\nb: 2\n", 2), ("a: 1\nz: 2\n", 2), ("[1]", 1), ("b: 1\n", 1),
  ])
  func `what is not as wanted is refused with its line`(_ text: String, _ line: Int) throws {
    let error = #expect(throws: DeclarationError.self) { try read(text).members(required: ["a"]) }
    #expect(error?.line == line)
  }

  @Test func `an empty file, a huge one and one that repeats itself by aliases are refused`() throws {
    #expect(throws: DeclarationError.self) { try read("") }
    #expect(throws: DeclarationError.self) { try read(String(repeating: "a", count: Declaration.maximumBytes + 1)) }
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...6 { bomb += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n" }
    #expect(throws: DeclarationError.self) { try read(bomb) }
  }

  @Test func `scalars are of their kind`() throws {
    let members = try read("i: 3\nn: 2.5\nb: true\nd: 2026-02-28\nz: ~\ns: \"3\"\n").members(required: ["i", "n", "b", "d", "z", "s"])
    #expect(try members["i"]?.integer(in: 0...5) == 3)
    #expect(throws: DeclarationError.self) { try members["i"]?.integer(in: 4...5) }
    #expect(throws: DeclarationError.self) { try members["s"]?.integer(in: 0...5) }
    #expect(try members["n"]?.number(in: 0...5) == 2.5)
    #expect(try members["b"]?.boolean() == true)
    #expect(try members["d"]?.date().description == "2026-02-28")
    #expect(members["z"]?.isNull == true)
    #expect(throws: DeclarationError.self) { try members["z"]?.text() }
    #expect(throws: DeclarationError.self) { try members["b"]?.text(of: ["vrai"]) }
  }
}

struct CalendarDateTests {
  @Test(arguments: ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "26-01-01", "2026-01-01T00", "+026-01-01", ""])
  func `what is no day is refused`(_ text: String) {
    #expect(CalendarDate(text) == nil)
  }

  @Test func `days, months and instants go into each other`() throws {
    let leap = try #require(CalendarDate("2024-02-29"))
    #expect(leap.adding(months: 12).description == "2025-02-28")
    #expect(leap.adding(months: -3).description == "2023-11-29")
    #expect(leap.adding(days: 1).description == "2024-03-01")
    #expect(try leap.days(to: #require(CalendarDate("2025-03-01"))) == 366)
    #expect(CalendarDate(Timestamp(seconds: -1)).description == "1969-12-31")
    #expect(CalendarDate(Timestamp(seconds: 0)).start == Timestamp(seconds: 0))
    for number in stride(from: -200_000, through: 200_000, by: 97) { #expect(CalendarDate(dayNumber: number).dayNumber == number) }
  }
}
