internal import Catalogue
internal import Declarations
internal import FoundationEssentials

#if canImport(Glibc)
  internal import Glibc
#endif

/// `catalogue-compiler FOLDER OUTPUT VERSIONS FILE…`: checks data files by the schema of their name, and writes one Swift file with their texts.
///
/// `VERSIONS` is the `Package.resolved` of the build, whose text becomes `packages`; for `-` that is empty.
/// A file that does not validate ends the build, with the place of its error.
@main
enum CatalogueCompiler {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 4 else { fail("usage: catalogue-compiler FOLDER OUTPUT VERSIONS FILE…") }
    let folder = arguments[1]
    do {
      var texts: [String: String] = [:]
      for name in arguments[4...] { texts[name] = try text("\(folder)/\(name)") }
      try check(texts)
      texts["packages.json"] = arguments[3] == "-" ? "" : try text(arguments[3])
      try Data(source(texts).utf8).write(to: URL(filePath: arguments[2]))
    } catch {
      fail("\(error)")
    }
  }

  private static func text(_ path: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self) }

  private static func check(_ texts: [String: String]) throws {
    var requirements: Requirements?
    if let text = texts["requirements.yaml"] { requirements = try Requirements(reading: Declaration(text, file: "requirements.yaml")) }
    if let text = texts["pieces.yaml"], let requirements {
      _ = try PieceSlots(reading: Declaration(text, file: "pieces.yaml"), requirements: requirements)
    }
    if let text = texts["support.yaml"] { _ = try SupportTable(reading: Declaration(text, file: "support.yaml")) }
    if let text = texts["offers.yaml"] { _ = try OfferCatalogue(reading: Declaration(text, file: "offers.yaml")) }
  }

  /// `needs/hopital.yaml` becomes `needs_hopital`: folders and name joined by `_`.
  private static func source(_ texts: [String: String]) -> String {
    var lines = ["/// The data files of this module, as they were checked at build.", "enum EmbeddedData {"]
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
      let identifier = name.split(separator: ".")[0].map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
      lines.append("  static let \(identifier): String = \(literal(text))")
    }
    return (lines + ["}", ""]).joined(separator: "\n")
  }

  /// A literal without escapes: as many `#` as the text makes necessary.
  private static func literal(_ text: String) -> String {
    var marks = "#"
    while text.contains("\"\"\"\(marks)") || text.contains("\\\(marks)") { marks += "#" }
    return "\(marks)\"\"\"\n\(text)\n\"\"\"\(marks)"
  }

  private static func fail(_ message: String) -> Never {
    let bytes = Array((message + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    exit(1)
  }
}
