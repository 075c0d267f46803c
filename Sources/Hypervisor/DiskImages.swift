public import Base
internal import Crypto
internal import CryptoExtras
internal import Programs
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Makes, changes and copies disk files with `qemu-img`.
///
/// A file appears whole or not at all: it is made beside its place and renamed. Keys never stand on a command line: a key of the moment goes through
/// standard input, and the disks' keys are given encrypted under it.
public struct DiskImages: Sendable {
  public enum Source: Sendable {
    /// An image that is not encrypted.
    case plain(path: String, format: Format)
    case encrypted(ImageFile)
  }

  public enum Format: String, Sendable {
    case raw
    case qcow2
    /// A virtual hard disk, as Azure exports and imports them.
    case vpc
  }

  /// What an image file says of itself.
  public struct Description: Sendable, Equatable {
    public var format: String
    public var virtualBytes: Int64
    public var backing: String?
    public var isEncrypted: Bool
  }

  private let random: any RandomSource
  private let program = Program("qemu-img")
  /// Milliseconds that LUKS spends on stretching a passphrase: the keys are random, there is nothing to stretch.
  private static let stretchMilliseconds = 10

  public init(random: any RandomSource) {
    self.random = random
  }

  /// Makes a new disk of a size, empty or on its backing image.
  public func create(_ file: ImageFile, bytes: Int64) async throws {
    let partial = file.path + ".partial"
    unlink(partial)
    try await create(partial, file, bytes: bytes)
    try place(partial, file.path)
  }

  private func create(_ path: String, _ file: ImageFile, bytes: Int64) async throws {
    let secrets = try Secrets([("k", file.passphrase)], random: random)
    // QEMU measures how fast the processor hashes, and gives up where a measurement falls between two ticks of its clock: SHA-512 takes long enough.
    var options = "encrypt.format=luks,encrypt.key-secret=k,encrypt.hash-alg=sha512,encrypt.iter-time=\(Self.stretchMilliseconds),lazy_refcounts=off"
    if let backing = file.backing { options += ",backing_file=\(backing),backing_fmt=qcow2" }
    try await program.run(["create", "-q", "-f", "qcow2"] + secrets.arguments + ["-o", options, path, String(bytes)], input: secrets.input)
  }

  public func resize(_ file: ImageFile, to bytes: Int64) async throws {
    let secrets = try Secrets([("k", file.passphrase)], random: random)
    guard try await describe(file).virtualBytes < bytes else { return }
    try await program.run(["resize", "-q"] + secrets.arguments + ["--image-opts", Self.options(file, "k"), String(bytes)], input: secrets.input)
  }

  /// Copies an image into a new encrypted file of the same size.
  public func convert(from source: Source, to file: ImageFile) async throws {
    let partial = file.path + ".partial"
    unlink(partial)
    let bytes: Int64
    var all: [(String, [UInt8])] = [("t", file.passphrase)]
    let options: String
    switch source {
    case .plain(let path, let format):
      bytes = try await describe(path, format).virtualBytes
      options = "driver=\(format.rawValue),file.filename=\(path)"
    case .encrypted(let origin):
      bytes = try await describe(origin).virtualBytes
      all.append(("s", origin.passphrase))
      options = Self.options(origin, "s")
    }
    var target = file
    target.backing = nil
    try await create(partial, target, bytes: bytes)
    let secrets = try Secrets(all, random: random)
    target.path = partial
    try await program.run(
      ["convert", "-q", "-n"] + secrets.arguments + ["--image-opts", options, "--target-image-opts", Self.options(target, "t")], input: secrets.input)
    try place(partial, file.path)
  }

  /// Writes a disk as a fixed virtual hard disk.
  public func export(_ file: ImageFile, asVHD path: String) async throws {
    let secrets = try Secrets([("s", file.passphrase)], random: random)
    let partial = path + ".partial"
    unlink(partial)
    try await program.run(
      ["convert", "-q"] + secrets.arguments + ["--image-opts", "-O", "vpc", "-o", "subformat=fixed,force_size=on", Self.options(file, "s"), partial],
      input: secrets.input)
    try place(partial, path)
  }

  public func describe(_ file: ImageFile) async throws -> Description {
    let secrets = try Secrets([("k", file.passphrase)], random: random)
    // The size stands in the header; whether the key fits, only who opens it learns.
    let output = try await program.run(
      ["info", "--output=json", "-U"] + secrets.arguments + ["--image-opts", Self.options(file, "k")], input: secrets.input)
    return try Self.description(output)
  }

  public func describe(_ path: String, _ format: Format) async throws -> Description {
    try Self.description(try await program.run(["info", "--output=json", "-U", "-f", format.rawValue, path]))
  }

  /// Throws where a file's structure is damaged.
  public func check(_ file: ImageFile) async throws {
    let secrets = try Secrets([("k", file.passphrase)], random: random)
    try await program.run(["check", "-q"] + secrets.arguments + ["--image-opts", Self.options(file, "k")], input: secrets.input)
  }

  private static func description(_ output: ProgramOutput) throws -> Description {
    let json = try JSON(parsing: output.bytes)
    guard let format = json["format"]?.string, let bytes = json["virtual-size"]?.integer else {
      throw HypervisorError.refused("qemu-img told nothing of the image")
    }
    return Description(
      format: format, virtualBytes: bytes, backing: json["full-backing-filename"]?.string ?? json["backing-filename"]?.string,
      isEncrypted: json["encrypted"]?.boolean ?? false)
  }

  private static func options(_ file: ImageFile, _ secret: String) -> String {
    "driver=qcow2,encrypt.format=luks,encrypt.key-secret=\(secret),file.filename=\(file.path)"
  }

  /// Makes a whole file durable and puts it in its place.
  private func place(_ partial: String, _ path: String) throws {
    let descriptor = open(partial, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw HypervisorError.refused("\(partial) is not there") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0, rename(partial, path) == 0 else { throw HypervisorError.refused("\(path) could not be made: \(errno)") }
  }

  /// Secrets for `qemu-img`: a key of the moment on standard input, and the others encrypted under it.
  ///
  /// Source: QEMU, "Providing secret data to QEMU".
  private struct Secrets {
    var arguments: [String]
    var input: [UInt8]

    init(_ secrets: [(id: String, value: [UInt8])], random: any RandomSource) throws {
      let master = random.bytes(32)
      input = Array(Base64.encode(master).utf8)
      arguments = ["--object", "secret,id=master,format=base64,file=/dev/stdin"]
      for (id, value) in secrets {
        let vector = random.bytes(16)
        let sealed = try AES._CBC.encrypt(value, using: SymmetricKey(data: master), iv: AES._CBC.IV(ivBytes: vector))
        arguments += [
          "--object",
          "secret,id=\(id),keyid=master,format=base64,iv=\(Base64.encode(vector)),data=\(Base64.encode(Array(sealed)))",
        ]
      }
    }
  }
}
