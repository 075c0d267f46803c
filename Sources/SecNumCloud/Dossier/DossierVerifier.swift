public import Base
internal import Crypto
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Checks a dossier by its own files alone, without a cloud: what `tools/verify-dossier` does in another language.
public struct DossierVerifier: Sendable {
  private let folder: String
  private let key: String?
  private let host = LinuxHost()

  /// `key` is the public key, PEM, that the reader has from elsewhere; without one, the dossier's own is taken, and its fingerprint is for the reader to
  /// compare.
  public init(folder: String, key: String? = nil) {
    self.folder = folder
    self.key = key
  }

  /// What the check came to.
  public struct Report: Sendable {
    /// Empty for a dossier that is as it was signed.
    public var problems: [Text]
    public var scope: String
    public var service: String
    public var time: Timestamp
    public var version: String
    public var fileCount: Int
    public var observationCount: Int
    /// Of the key that the signatures were checked with.
    public var fingerprint: String
    /// Whether the key came from elsewhere.
    public var isKeyGiven: Bool

    public var isSound: Bool { problems.isEmpty }
  }

  /// Throws `DossierError` where there is no dossier to check, or no key.
  public func verify() throws -> Report {
    guard let bytes = try read(Manifest.name, limit: Manifest.maximumBytes) else {
      throw DossierError("\(folder) n'est pas un dossier : \(Manifest.name) manque.", "\(folder) is no dossier: \(Manifest.name) lacks.")
    }
    let signer = try publicKey()
    let fingerprint = SHA256.hash(data: signer.derRepresentation).hexadecimal
    let manifest = try Manifest(parsing: bytes)
    var problems: [Text] = []
    let signature = try read(Manifest.signatureName, limit: Self.maximumSignatureBytes)
    if signature == nil {
      problems.append(Text("\(Manifest.signatureName) manque.", "\(Manifest.signatureName) lacks."))
    } else if !Self.isValid(signature, over: bytes, by: signer) {
      problems.append(
        Text(
          "la signature du manifeste n'est pas de la clé \(fingerprint) : le manifeste a changé, ou une autre clé l'a signé.",
          "the manifest's signature is not by the key \(fingerprint): the manifest has changed, or another key signed it."))
    }
    if manifest.key != fingerprint {
      problems.append(
        Text("le manifeste nomme la clé \(manifest.key), et non \(fingerprint).", "the manifest names the key \(manifest.key), not \(fingerprint)."))
    }
    problems += try compare(manifest)
    let (looks, wrong) = try checkObservations(by: signer)
    return Report(
      problems: problems + wrong, scope: manifest.scope, service: manifest.service, time: manifest.time, version: manifest.version,
      fileCount: manifest.files.count, observationCount: looks, fingerprint: fingerprint, isKeyGiven: key != nil)
  }

  private static let maximumSignatureBytes = 4096
  private static let maximumKeyBytes = 64 << 10
  private static let maximumFileBytes = 1 << 30
  private static let chunkBytes = 1 << 20
  private static let maximumDepth = 16

  private func publicKey() throws -> P256.Signing.PublicKey {
    let own = key == nil ? try read(DossierEvidence.publicKey, limit: Self.maximumKeyBytes).map { String(decoding: $0, as: UTF8.self) } : nil
    guard let pem = key ?? own else {
      throw DossierError("\(DossierEvidence.publicKey) manque : donnez une clé.", "\(DossierEvidence.publicKey) lacks: give a key.")
    }
    guard let key = try? P256.Signing.PublicKey(pemRepresentation: pem) else {
      throw DossierError("la clé n'est pas une clé publique P-256 en PEM.", "the key is no public P-256 key in PEM.")
    }
    return key
  }

  private static func isValid(_ signature: [UInt8]?, over bytes: [UInt8], by key: P256.Signing.PublicKey) -> Bool {
    guard let signature, let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
    return key.isValidSignature(parsed, for: Data(bytes))
  }

  // MARK: Files

  private func compare(_ manifest: Manifest) throws -> [Text] {
    var found: [String: (bytes: Int, sha256: String)] = [:]
    var problems: [Text] = []
    for path in try Self.listing(of: folder) where path != Manifest.name && path != Manifest.signatureName {
      guard let digest = digest(of: path) else {
        problems.append(Text("\(path) n'est pas un fichier ordinaire.", "\(path) is no ordinary file."))
        continue
      }
      found[path] = digest
    }
    var missing: [Manifest.File] = []
    for file in manifest.files {
      guard let there = found.removeValue(forKey: file.path) else {
        missing.append(file)
        continue
      }
      if there.sha256 != file.sha256 || there.bytes != file.bytes { problems.append(Text("\(file.path) a changé.", "\(file.path) has changed.")) }
    }
    for file in missing {
      if let renamed = found.filter({ $0.value.sha256 == file.sha256 }).keys.min() {
        found[renamed] = nil
        problems.append(Text("\(file.path) a été renommé en \(renamed).", "\(file.path) was renamed to \(renamed)."))
      } else {
        problems.append(Text("\(file.path) manque.", "\(file.path) lacks."))
      }
    }
    return problems + found.keys.sorted().map { Text("\($0) a été ajouté.", "\($0) was added.") }
  }

  /// The names of everything that is no folder, from the dossier's root, sorted.
  static func listing(of folder: String) throws -> [String] {
    let host = LinuxHost()
    var paths: [String] = []
    var folders = [""]
    while let inner = folders.popLast() {
      guard inner.count(where: { $0 == "/" }) < maximumDepth else { throw DossierError("\(inner) est trop profond.", "\(inner) is too deep.") }
      for name in try host.names(in: inner.isEmpty ? folder : "\(folder)/\(inner)") ?? [] {
        let path = inner.isEmpty ? name : "\(inner)/\(name)"
        if try host.attributes(of: "\(folder)/\(path)")?.isFolder == true { folders.append(path) } else { paths.append(path) }
      }
    }
    return paths.sorted()
  }

  /// Nil for what is no ordinary file: a link, a pipe or a device is none.
  private func digest(of path: String) -> (bytes: Int, sha256: String)? {
    guard let attributes = try? host.attributes(of: "\(folder)/\(path)"), !attributes.isLink else { return nil }
    var hash = SHA256()
    var count = 0
    while count <= Self.maximumFileBytes {
      guard let chunk = try? host.bytes(of: "\(folder)/\(path)", from: count, limit: Self.chunkBytes) else { return nil }
      if chunk.isEmpty { return (count, hash.finalize().hexadecimal) }
      hash.update(data: chunk)
      count += chunk.count
    }
    return nil
  }

  private func read(_ path: String, limit: Int) throws -> [UInt8]? {
    guard let attributes = try host.attributes(of: "\(folder)/\(path)"), !attributes.isFolder, !attributes.isLink else { return nil }
    guard attributes.bytes <= limit else { throw DossierError("\(path) dépasse \(limit) octets.", "\(path) is larger than \(limit) bytes.") }
    return try host.bytes(of: "\(folder)/\(path)", from: 0, limit: limit)
  }

  // MARK: Observations

  /// How many statements there are, and which of them are not signed by the key.
  private func checkObservations(by key: P256.Signing.PublicKey) throws -> (count: Int, problems: [Text]) {
    let names = Set(try host.names(in: "\(folder)/\(DossierEvidence.observationFolder)") ?? [])
    var problems: [Text] = []
    let statements = names.filter { !$0.hasSuffix(DossierEvidence.signatureSuffix) }.sorted()
    for name in statements {
      let path = "\(DossierEvidence.observationFolder)/\(name)"
      let signature = try read(path + DossierEvidence.signatureSuffix, limit: Self.maximumSignatureBytes)
      guard let statement = try read(path, limit: Manifest.maximumBytes), Self.isValid(signature, over: statement, by: key) else {
        problems.append(Text("la signature de \(path) est fausse ou manque.", "the signature of \(path) is wrong or lacks."))
        continue
      }
    }
    return (statements.count, problems)
  }
}
