import FoundationEssentials
import Testing

/// The rules of the tree that no compiler checks.
@Suite struct TidyTests {
  /// The floors from the ground up. A target imports only what stands before it.
  private static let floors = [
    "Base", "Wire", "Declarations", "Records", "Keyring", "Extents", "Ledger", "Programs", "SecurityModule", "ExternalKeys", "Hypervisor", "Fabric",
    "Edge", "Access", "Identity", "Operators", "Templates", "ResourceManager", "Directory", "Monitor", "Security", "Storage", "Vault",
    "LedgerService", "Networking", "Compute",
    "Lockbox", "Catalogue", "SecNumCloud", "Offers", "catalogue-compiler", "cocagne",
  ]
  /// Services stand beside each other, and never import each other.
  private static let services: Set = ["Compute", "Directory", "LedgerService", "Lockbox", "Monitor", "Networking", "Security", "Storage", "Vault"]
  private static let maximumLines = 450

  private struct SourceFile {
    var path: String
    var target: String
    var lines: [Substring]
  }

  private static func sources() throws -> [SourceFile] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appending(path: "Sources").path
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
    return try files.sorted().map { path in
      let text = String(decoding: try Data(contentsOf: URL(filePath: folder + "/" + path)), as: UTF8.self)
      return SourceFile(
        path: path, target: String(path.prefix { $0 != "/" }), lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }

  @Test func thereAreSourcesOnEveryFloorAndNowhereElse() throws {
    #expect(Set(try Self.sources().map(\.target)) == Set(Self.floors))
  }

  @Test func noTargetImportsUpwardOrSideways() throws {
    for file in try Self.sources() {
      let height = try #require(Self.floors.firstIndex(of: file.target), "\(file.path)")
      for line in file.lines {
        let words = line.split(separator: " ")
        guard let position = words.firstIndex(of: "import"), position <= 1, let module = words.dropFirst(position + 1).first,
          let other = Self.floors.firstIndex(of: String(module))
        else { continue }
        #expect(other < height, "\(file.path) imports \(module)")
        if Self.services.contains(file.target) { #expect(!Self.services.contains(String(module)), "\(file.path) imports its neighbour \(module)") }
      }
    }
  }

  @Test func nothingIsForcedAndNothingIsLeftForLater() throws {
    // Spelled in halves, so that this file does not hold what it looks for.
    let forbidden = ["try" + "!", "as" + "! ", "TO" + "DO", "FIX" + "ME", "fatal" + "Error(\"skeleton"]
    for file in try Self.sources() {
      for (number, line) in file.lines.enumerated() {
        for word in forbidden where line.contains(word) { Issue.record("\(file.path):\(number + 1): \(word)") }
      }
    }
  }

  @Test func filesStayShort() throws {
    for file in try Self.sources() where file.lines.count > Self.maximumLines {
      Issue.record("\(file.path) has \(file.lines.count) lines")
    }
  }
}
