internal import Base
internal import Wire

/// What is in a dossier: every file but the manifest and its signature, with its SHA-256. The signature is over the manifest's bytes.
///
/// Once the platform has a ledger, the entry that anchors the dossier stands beside the signature, as a file of its own.
struct Manifest: Equatable {
  struct File: Equatable {
    /// From the dossier's root, with `/`.
    var path: String
    var bytes: Int
    /// In hexadecimal.
    var sha256: String
  }

  static let name = "MANIFESTE.json"
  static let signatureName = "MANIFESTE.sig"
  static let format = "cocagne-dossier-1"
  /// A manifest may not be larger, in bytes.
  static let maximumBytes = 64 << 20

  var scope: String
  var service: String
  var time: Timestamp
  var version: String
  /// The fingerprint of the key that signs it.
  var key: String
  /// Sorted by path.
  var files: [File]

  var bytes: [UInt8] {
    let members: [String] = [
      "\"format\": \(Self.text(Self.format))", "\"scope\": \(Self.text(scope))", "\"service\": \(Self.text(service))",
      "\"time\": \(Self.text(time.iso8601))", "\"version\": \(Self.text(version))", "\"key\": \(Self.text(key))",
    ]
    let entries = files.sorted { $0.path < $1.path }.map { file in
      "    {\"path\": \(Self.text(file.path)), \"bytes\": \(file.bytes), \"sha256\": \(Self.text(file.sha256))}"
    }
    return Array("{\n  \(members.joined(separator: ",\n  ")),\n  \"files\": [\n\(entries.joined(separator: ",\n"))\n  ]\n}\n".utf8)
  }

  private static func text(_ text: String) -> String { JSON.string(text).text }

  init(scope: String, service: String, time: Timestamp, version: String, key: String, files: [File]) {
    self.scope = scope
    self.service = service
    self.time = time
    self.version = version
    self.key = key
    self.files = files
  }

  /// Reads one. Throws `DossierError` for what is none, for a path that leads out of the dossier, and for a file that is named twice.
  init(parsing bytes: [UInt8]) throws {
    guard let json = try? JSON(parsing: bytes), json["format"]?.string == Self.format else {
      throw DossierError("\(Self.name) n'est pas le manifeste d'un dossier.", "\(Self.name) is no manifest of a dossier.")
    }
    guard let scope = json["scope"]?.string, let service = json["service"]?.string,
      let time = json["time"]?.string.flatMap({ Timestamp(iso8601: $0) }),
      let version = json["version"]?.string, let key = json["key"]?.string, let entries = json["files"]?.array
    else { throw DossierError("\(Self.name) est incomplet.", "\(Self.name) is incomplete.") }
    var seen: Set<String> = [Self.name, Self.signatureName]
    let files = try entries.map { entry in
      guard let path = entry["path"]?.string, let bytes = entry["bytes"]?.integer, let sha256 = entry["sha256"]?.string, Self.isInside(path) else {
        throw DossierError("\(Self.name) nomme un fichier illisible.", "\(Self.name) names a file that cannot be read.")
      }
      guard seen.insert(path).inserted else { throw DossierError("\(Self.name) nomme \(path) deux fois.", "\(Self.name) names \(path) twice.") }
      return File(path: path, bytes: Int(bytes), sha256: sha256)
    }
    self.init(scope: scope, service: service, time: time, version: version, key: key, files: files)
  }

  private static func isInside(_ path: String) -> Bool {
    !path.utf8.contains(0) && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
  }
}
