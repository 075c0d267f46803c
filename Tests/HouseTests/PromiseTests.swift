import FoundationEssentials
import Testing

/// `docs/promises.md` names a test for each promise: that test has to be there.
@Suite struct PromiseTests {
  @Test func everyPromiseHasATestThatExists() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let table = try String(contentsOf: root.appending(path: "docs/promises.md"), encoding: .utf8)
    let rows = table.split(separator: "\n").filter { $0.first == "|" && $0.dropFirst(2).first?.isNumber == true }
    #expect(rows.count >= 15)
    for (index, row) in rows.enumerated() {
      #expect(row.hasPrefix("| \(index + 1) |"), "promises are numbered in their order")
      let named = row.split(separator: "`")
      let test = try #require(named.count >= 2 ? named[named.count - 2] : nil, "promise \(index + 1) names no test")
      let parts = test.split(separator: "::", maxSplits: 1).map(String.init)
      try #require(parts.count == 2, "promise \(index + 1)")
      let source = try String(contentsOf: root.appending(path: parts[0]), encoding: .utf8)
      let found = ["def \(parts[1])(", "func \(parts[1])(", "func `\(parts[1])`("].contains { source.contains($0) }
      #expect(found, "promise \(index + 1): \(test)")
    }
  }
}
