internal import Base
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A dossier's folder while it is written: beside its place and under another name, until it is whole.
struct DossierFolder {
  private let destination: String
  private let partial: String
  private(set) var files: [Manifest.File] = []

  /// Throws `DossierError` where the place is taken by what is no dossier, or by one into which somebody laid further files.
  init(at destination: String, random: any RandomSource) throws {
    self.destination = destination.count > 1 && destination.hasSuffix("/") ? String(destination.dropLast()) : destination
    partial = "\(self.destination).partial-\(random.bytes(4).hexadecimal)"
    try Self.check(self.destination)
    guard mkdir(partial, 0o700) == 0 else { throw Self.failure("mkdir", partial) }
  }

  /// Where the files lie for now.
  var path: String { partial }

  mutating func write(_ bytes: [UInt8], to name: String) throws {
    try put(bytes, name)
    files.append(Manifest.File(path: name, bytes: bytes.count, sha256: sha256Hexadecimal(bytes)))
  }

  /// Takes in a file that a program wrote there.
  mutating func adopt(_ name: String) throws {
    let bytes = Array(try Data(contentsOf: URL(filePath: "\(partial)/\(name)")))
    guard chmod("\(partial)/\(name)", 0o600) == 0 else { throw Self.failure("chmod", name) }
    files.append(Manifest.File(path: name, bytes: bytes.count, sha256: sha256Hexadecimal(bytes)))
  }

  /// Signs what is there and puts it in its place as a whole.
  func finish(_ manifest: Manifest, key: EvidenceKey) throws {
    let bytes = manifest.bytes
    precondition(manifest.files.count == files.count, "the manifest names every file")
    try put(bytes, Manifest.name)
    try put(key.sign(bytes), Manifest.signatureName)
    let old = "\(partial).old"
    let isReplacing = rename(destination, old) == 0
    guard isReplacing || errno == ENOENT else { throw Self.failure("rename", destination) }
    guard rename(partial, destination) == 0 else {
      let failure = Self.failure("rename", destination)
      if isReplacing { _ = rename(old, destination) }
      throw failure
    }
    if isReplacing { try FileManager.default.removeItem(atPath: old) }
  }

  /// Nothing of an attempt that failed stays.
  func abandon() { try? FileManager.default.removeItem(atPath: partial) }

  private func put(_ bytes: [UInt8], _ name: String) throws {
    var folder = partial
    for step in name.split(separator: "/").dropLast() {
      folder += "/\(step)"
      if mkdir(folder, 0o700) != 0 && errno != EEXIST { throw Self.failure("mkdir", folder) }
    }
    let disk = try PosixDisk(path: folder)
    guard let last = name.split(separator: "/").last else { preconditionFailure("a file has a name") }
    let file = try disk.create(String(last))
    try bytes.withUnsafeBytes { try file.write($0, at: 0) }
    try file.sync()
  }

  private static func check(_ path: String) throws {
    let host = LinuxHost()
    guard let attributes = try host.attributes(of: path) else { return }
    guard attributes.isFolder, let names = try host.names(in: path) else {
      throw DossierError("\(path) n'est pas un dossier de fichiers.", "\(path) is no folder.")
    }
    guard !names.isEmpty else { return }
    guard let bytes = try host.bytes(of: "\(path)/\(Manifest.name)", from: 0, limit: Manifest.maximumBytes),
      let manifest = try? Manifest(parsing: bytes)
    else {
      throw DossierError(
        "\(path) n'est pas vide et n'est pas un dossier de Cocagne : choisissez un autre chemin.",
        "\(path) is not empty and is no dossier of Cocagne: choose another path.")
    }
    let named = Set(manifest.files.map(\.path) + [Manifest.name, Manifest.signatureName])
    if let stranger = try DossierVerifier.listing(of: path).first(where: { !named.contains($0) }) {
      throw DossierError(
        "\(path) contient « \(stranger) », que son manifeste ne nomme pas : déplacez-le d'abord.",
        "\(path) holds “\(stranger)”, which its manifest does not name: move it first.")
    }
  }

  private static func failure(_ call: String, _ path: String) -> DossierError {
    let reason = String(cString: strerror(errno))
    return DossierError("\(path) : \(call) : \(reason).", "\(path): \(call): \(reason).")
  }
}
