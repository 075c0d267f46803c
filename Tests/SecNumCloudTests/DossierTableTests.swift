import Catalogue
import Foundation
import SecNumCloud
import Testing

/// `docs/secnumcloud.md` says what the code has.
struct DossierTableTests {
  private static let path = "\(#filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined())/docs/secnumcloud.md"

  private static func table() throws -> ObservationTable {
    let requirements = try SecNumCloudData.requirements()
    return ObservationTable(requirements: requirements, slots: try SecNumCloudData.pieceSlots(requirements))
  }

  @Test func `the document of what observes each item is the one that the registry makes`() throws {
    let made = try Self.table().markdown
    if ProcessInfo.processInfo.environment["COCAGNE_UPDATE_GOLDEN"] != nil { try Data(made.utf8).write(to: URL(filePath: Self.path)) }
    let committed = try String(contentsOf: URL(filePath: Self.path), encoding: .utf8)
    #expect(made == committed, "set COCAGNE_UPDATE_GOLDEN=1 to write \(Self.path) anew, then read the difference")
  }

  @Test func `no item is followed by nothing, and every observation names its test`() throws {
    let table = try Self.table()
    let requirements = try SecNumCloudData.requirements()
    print("SecNumCloud: \(table.summary)")
    #expect(requirements.items.filter { table.following($0) == .none }.map(\.id.description) == [])
    #expect(ObservationTable.Following.allCases.reduce(0) { $0 + table.count($1) } == requirements.items.count)
    for observation in ControlObservations.all() {
      let words = observation.test.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(words.count == 2 && words.allSatisfy { !$0.isEmpty }, "\(observation.control) names its test as “file: sentence”")
      guard words.count == 2 else { continue }
      let text = Self.text(of: words[0])
      #expect(text != nil, "\(observation.control): there is no test file \(words[0])")
      #expect(text?.contains(words[1]) != false, "\(observation.control): \(words[0]) has no test “\(words[1])”")
    }
  }

  /// A test file of that name, among the unit or the conformance tests.
  private static func text(of file: String) -> String? {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let paths = ["Tests/SecNumCloudTests", "Conformance"].flatMap { folder in ["", ".swift", ".py"].map { "\(root)/\(folder)/\(file)\($0)" } }
    return paths.lazy.compactMap { try? String(contentsOf: URL(filePath: $0), encoding: .utf8) }.first
  }
}
