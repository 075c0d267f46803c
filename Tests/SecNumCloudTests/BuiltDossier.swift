import Base
import Foundation
import SecNumCloud
import Simulation
import Wire

/// A dossier that was built of a twin, in a directory of its own.
struct BuiltDossier {
  let twin: DossierTwin
  let path: String
  private let directory: ScratchDirectory

  /// The one that most tests look at.
  static let shared = Task { try await BuiltDossier(DossierTwin()) }

  init(_ twin: DossierTwin, english: Bool = false) async throws {
    self.twin = twin
    directory = ScratchDirectory()
    path = directory("dossier")
    _ = try await twin.builder().build(at: path, english: english, pdf: false)
  }

  private init(copying other: BuiltDossier) throws {
    twin = other.twin
    directory = ScratchDirectory()
    path = directory("dossier")
    try FileManager.default.copyItem(atPath: other.path, toPath: path)
  }

  /// One that a test may do harm to.
  func copy() throws -> BuiltDossier { try BuiltDossier(copying: self) }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(path)/\(name)"))) }
  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }
  func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: URL(filePath: "\(path)/\(name)")) }
  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

  /// All files, from the root.
  var names: [String] {
    get throws {
      try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) && !isFolder.boolValue
      }.sorted()
    }
  }

  static let models = [
    "catalog", "profile", "component-definition", "system-security-plan", "assessment-plan", "assessment-results", "plan-of-action-and-milestones",
  ]

  /// An OSCAL document, without the name around it.
  func oscal(_ model: String) throws -> JSON {
    guard let document = try JSON(parsing: bytes("oscal/\(model).json"))[model] else { throw DossierError("\(model) manque", "\(model) lacks") }
    return document
  }
}

extension JSON {
  /// Every value inside, with the name under which it stands; elements of a list have the list's.
  func walk(_ name: String = "", _ body: (String, JSON) throws -> Void) rethrows {
    try body(name, self)
    for element in array ?? [] { try element.walk(name, body) }
    for member in object?.members ?? [] { try member.value.walk(member.name, body) }
  }
}
