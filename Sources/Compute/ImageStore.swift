internal import Base
internal import Crypto
internal import Hypervisor
internal import Keyring
internal import Records
internal import Synchronization
public import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// The operator's catalogue of images: takes what was built, signs it, and checks it before a machine is made of it.
public struct ImageStore: Sendable {
  private let service: ComputeService

  public init(service: ComputeService) {
    self.service = service
  }

  /// The platform's key for images. Its public half tells whoever asks that an entry is the operator's own.
  private struct SigningKey: Record, Codable {
    static let kind = "compute.imageKey"
    static let key = RecordKey(tenant: .zero, "image")
    static let context = "compute.imageKey"
    var sealed: [UInt8]
    var key: RecordKey { Self.key }
  }

  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  /// Takes an image from a folder that holds `manifest.json` and `disk.qcow2`, and gives its catalogue entry's URN.
  public func add(from folder: String) async throws -> String {
    guard let text = FileDigest.text("\(folder)/manifest.json"), let manifest = try? JSON(parsing: text) else {
      throw Failure(description: "\(folder)/manifest.json cannot be read")
    }
    func word(_ name: String) throws -> String {
      guard let text = manifest[name]?.string, !text.isEmpty,
        text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") })
      else { throw Failure(description: "manifest.json: \(name) is missing or no plain word") }
      return text
    }
    let (publisher, offer, sku, version) = (try word("publisher"), try word("offer"), try word("sku"), try word("version"))
    guard PlatformImage.isVersion(version) else { throw Failure(description: "manifest.json: the version must be three numbers, not \(version)") }
    let disk = "\(folder)/disk.qcow2"
    let description: DiskImages.Description
    do {
      description = try await service.disks.images.inspect(disk)
    } catch {
      throw Failure(description: "disk.qcow2 is no sound qcow2 image: \(error)")
    }
    guard description.standsAlone, !description.isEncrypted else { throw Failure(description: "disk.qcow2 must stand alone and be unencrypted") }
    var files = ["disk.qcow2"]
    var boot: PlatformImage.DirectBoot?
    if let direct = manifest["directBoot"], let kernel = direct["kernel"]?.string {
      boot = PlatformImage.DirectBoot(kernel: kernel, initrd: direct["initrd"]?.string, commandLine: direct["commandLine"]?.string ?? "")
      files += [kernel] + (boot?.initrd.map { [$0] } ?? [])
    }
    let relative = "images/\(service.random.guid())"
    let target = "\(service.configuration.folder)/\(relative)"
    var digests: [String: String] = [:]
    do {
      try RemovableFile.makeFolder(target, mode: 0o711)
      for file in files {
        guard !file.contains("/") else { throw Failure(description: "manifest.json: '\(file)' is no file name") }
        digests[file] = try FileDigest.copy("\(folder)/\(file)", to: "\(target)/\(file)")
      }
      let image = PlatformImage(
        publisher: publisher, offer: offer, sku: sku, version: version, folder: relative, sizeBytes: description.virtualBytes,
        generations: manifest["hyperVGenerations"]?.array?.compactMap(\.string) ?? ["V1"], directBoot: boot,
        reportsReady: manifest["reportsReady"]?.boolean ?? (boot == nil), digests: digests, signature: "", publishedTime: service.clock.now(),
        text: manifest["description"]?.string)
      try await file(image)
      return "\(publisher):\(offer):\(sku):\(version)"
    } catch {
      try? RemovableFile.removeFolder(target)
      throw error
    }
  }

  private func file(_ image: PlatformImage) async throws {
    let service = service
    try await service.records.write { transaction in
      var signed = image
      let signature = try signingKey(in: transaction).signature(for: Array(image.signedText.utf8))
      signed.signature = Base64.encode(Array(signature.rawRepresentation))
      guard try transaction.insert(signed) else {
        throw Failure(
          description: "\(image.publisher):\(image.offer):\(image.sku):\(image.version) is in the catalogue already; versions do not change")
      }
    }
  }

  private func signingKey(in transaction: RecordTransaction) throws -> P256.Signing.PrivateKey {
    if let stored = try transaction.fetch(SigningKey.self, SigningKey.key) {
      return try P256.Signing.PrivateKey(
        rawRepresentation: try service.keyring.open(stored.sealed, context: SigningKey.context, tenant: .zero, in: transaction))
    }
    let key = P256.Signing.PrivateKey()
    try transaction.save(
      SigningKey(sealed: try service.keyring.seal(key.rawRepresentation, context: SigningKey.context, tenant: .zero, in: transaction)))
    return key
  }

  /// Throws where an entry is not what was signed, or a file not what was entered.
  func verify(_ image: PlatformImage) async throws {
    let key = try await service.records.write { try signingKey(in: $0).publicKey }
    guard let raw = Base64.decode(image.signature), let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw),
      key.isValidSignature(signature, for: Array(image.signedText.utf8))
    else { throw Failure(description: "the catalogue entry of \(image.offer) \(image.version) is not signed by this platform") }
    for (file, digest) in image.digests {
      guard try FileDigest.sha256("\(service.configuration.folder)/\(image.folder)/\(file)") == digest else {
        throw Failure(description: "\(file) of \(image.offer) \(image.version) is not what was entered in the catalogue")
      }
    }
  }

  /// The catalogue, for the operator.
  public func list() async throws -> [JSON] {
    try await service.records.read { reader in
      try PlatformImage.list([], in: reader).map { image in
        [
          "urn": .string("\(image.publisher):\(image.offer):\(image.sku):\(image.version)"), "sizeBytes": .integer(image.sizeBytes),
          "publishedTime": .string(image.publishedTime.iso8601), "signature": .string(image.signature),
        ]
      }
    }
  }
}

/// Digests of files, read in pieces.
enum FileDigest {
  private static let pieceBytes = 1 << 20

  static func text(_ path: String) -> String? {
    let bytes = RemovableFile.tail(path, bytes: 1 << 20)
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  static func sha256(_ path: String) throws -> String {
    var hash = SHA256()
    try read(path) { hash.update(data: $0) }
    return hexadecimal(hash.finalize())
  }

  /// Copies a file, durably and readable by all, and gives its SHA-256.
  static func copy(_ path: String, to target: String) throws -> String {
    let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o444)
    guard output >= 0 else { throw RemovableFile.Failure(path: target, code: errno) }
    defer { close(output) }
    var hash = SHA256()
    try read(path) { piece in
      hash.update(data: piece)
      var rest = piece[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
        guard count > 0 else { throw RemovableFile.Failure(path: target, code: errno) }
        rest = rest.dropFirst(count)
      }
    }
    guard fsync(output) == 0 else { throw RemovableFile.Failure(path: target, code: errno) }
    return hexadecimal(hash.finalize())
  }

  private static func read(_ path: String, _ body: ([UInt8]) throws -> Void) throws {
    let input = open(path, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw RemovableFile.Failure(path: path, code: errno) }
    defer { close(input) }
    var buffer = [UInt8](repeating: 0, count: pieceBytes)
    while true {
      let count = Glibc.read(input, &buffer, buffer.count)
      guard count >= 0 else { throw RemovableFile.Failure(path: path, code: errno) }
      if count == 0 { return }
      try body(Array(buffer[..<count]))
    }
  }

  private static func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}
