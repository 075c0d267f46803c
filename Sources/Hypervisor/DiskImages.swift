public import Base
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
  /// What an image file says of itself.
  public struct Description: Sendable, Equatable {
    public var virtualBytes: Int64
    /// Whether all its bytes are in this file: no backing image, no external data file.
    public var standsAlone: Bool
    public var isEncrypted: Bool
  }

  private let random: any RandomSource
  private let program = Program("qemu-img")
  /// Milliseconds that LUKS spends on stretching a passphrase: the keys are random, there is nothing to stretch.
  private static let stretchMilliseconds = 10

  public init(random: any RandomSource) {
    self.random = random
  }

  /// Makes a new disk of a size, empty or on its backing image. `blank` is the path of an empty disk with its key, which becomes it where it is there.
  public func create(_ file: ImageFile, bytes: Int64, from blank: String? = nil) async throws {
    let partial = try await begin(file, bytes: bytes, from: blank)
    try place(partial.path, file.path)
  }

  /// Makes a small empty disk, in the time that nobody waits for: what takes long of a disk is the making of its header.
  public func createBlank(_ file: ImageFile) async throws {
    let partial = file.path + ".partial"
    unlink(partial)
    try await create(partial, file, bytes: Self.blankBytes, program: Program("chrt"), ["--idle", "0", program.name])
    try place(partial, file.path)
  }

  private static let blankBytes: Int64 = 1 << 20

  /// A disk beside its place, as it is before anybody wrote to it.
  private func begin(_ file: ImageFile, bytes: Int64, from blank: String?) async throws -> ImageFile {
    var partial = file
    partial.path = file.path + ".partial"
    unlink(partial.path)
    guard let blank, bytes >= Self.blankBytes, rename(blank, partial.path) == 0 else {
      try await create(partial.path, file, bytes: bytes, program: program)
      return partial
    }
    try await resize(partial, to: bytes)
    if let backing = file.backing {
      let secrets = try ImageSecrets([("k", file.passphrase)], random: random)
      try await program.run(
        ["rebase", "-q", "-u"] + secrets.arguments + ["-F", "qcow2", "-b", backing, "--image-opts", Self.options(partial, "k")], input: secrets.input)
    }
    return partial
  }

  /// How many headers are made at one time: each takes a processor.
  private static let headers = Turnstile(2)

  private func create(_ path: String, _ file: ImageFile, bytes: Int64, program: Program, _ prefix: [String] = []) async throws {
    try await Self.headers.pass { try await makeHeader(path, file, bytes: bytes, program: program, prefix) }
  }

  private func makeHeader(_ path: String, _ file: ImageFile, bytes: Int64, program: Program, _ prefix: [String]) async throws {
    let secrets = try ImageSecrets([("k", file.passphrase)], random: random)
    // QEMU measures how fast the processor hashes, and gives up where a measurement falls between two ticks of its clock: SHA-512 takes long enough.
    var options = "encrypt.format=luks,encrypt.key-secret=k,encrypt.hash-alg=sha512,encrypt.iter-time=\(Self.stretchMilliseconds),lazy_refcounts=off"
    if let backing = file.backing { options += ",backing_file=\(backing),backing_fmt=qcow2" }
    try await program.run(prefix + ["create", "-q", "-f", "qcow2"] + secrets.arguments + ["-o", options, path, String(bytes)], input: secrets.input)
  }

  public func resize(_ file: ImageFile, to bytes: Int64) async throws {
    let secrets = try ImageSecrets([("k", file.passphrase)], random: random)
    guard try await describe(file).virtualBytes < bytes else { return }
    try await program.run(["resize", "-q"] + secrets.arguments + ["--image-opts", Self.options(file, "k"), String(bytes)], input: secrets.input)
  }

  /// Copies a disk into a new encrypted file of the same size.
  public func copy(_ origin: ImageFile, to file: ImageFile) async throws {
    let target = try await begin(file, bytes: try await describe(origin).virtualBytes, from: nil)
    let secrets = try ImageSecrets([("t", file.passphrase), ("s", origin.passphrase)], random: random)
    try await program.run(
      ["convert", "-q", "-n"] + secrets.arguments
        + ["--image-opts", Self.options(origin, "s"), "--target-image-opts", Self.options(target, "t")], input: secrets.input)
    try place(target.path, file.path)
  }

  /// Makes a new disk of a size and lets `fill` write to its file; it appears in its place once that has ended well.
  public func create(_ file: ImageFile, bytes: Int64, from blank: String? = nil, fill: (ImageFile) async throws -> Void) async throws {
    let partial = try await begin(file, bytes: bytes, from: blank)
    try await fill(partial)
    try place(partial.path, file.path)
  }

  /// Makes a new disk of a size and lets `fill` write its bytes; the file appears once that has ended well.
  public func create(_ file: ImageFile, bytes: Int64, from blank: String? = nil, filledBy fill: (DiskBytes) async throws -> Void) async throws {
    try await create(file, bytes: bytes, from: blank) { partial in
      let disk = try await DiskBytes.open(partial, isReadOnly: false, random: random)
      do {
        try await fill(disk)
        try await disk.flush()
      } catch {
        await disk.close()
        throw error
      }
      await disk.close()
    }
  }

  /// Opens the bytes of a disk that no machine has open.
  public func bytes(of file: ImageFile, isReadOnly: Bool) async throws -> DiskBytes {
    try await DiskBytes.open(file, isReadOnly: isReadOnly, random: random)
  }

  public func describe(_ file: ImageFile) async throws -> Description {
    let secrets = try ImageSecrets([("k", file.passphrase)], random: random)
    // The size stands in the header; whether the key fits, only who opens it learns.
    let output = try await program.run(
      ["info", "--output=json", "-U"] + secrets.arguments + ["--image-opts", Self.options(file, "k")], input: secrets.input)
    return try Self.description(output)
  }

  /// What an unencrypted qcow2 file says of itself. Throws where it is none, or its structure is damaged.
  public func inspect(_ path: String) async throws -> Description {
    let description = try Self.description(try await program.run(["info", "--output=json", "-f", "qcow2", path]))
    // Whoever checks an image opens what it stands on.
    if description.standsAlone { try await program.run(["check", "-q", "-f", "qcow2", path]) }
    return description
  }

  private static func description(_ output: ProgramOutput) throws -> Description {
    let json = try JSON(parsing: output.bytes)
    guard let bytes = json["virtual-size"]?.integer else { throw HypervisorError.refused("qemu-img told nothing of the image") }
    let dataFile = json.member("format-specific", "data")?["data-file"]
    return Description(
      virtualBytes: bytes, standsAlone: json["backing-filename"] == nil && dataFile == nil, isEncrypted: json["encrypted"]?.boolean ?? false)
  }

  static func options(_ file: ImageFile, _ secret: String) -> String {
    "driver=qcow2,encrypt.format=luks,encrypt.key-secret=\(secret),file.filename=\(file.path)"
  }

  /// Makes a whole file durable and puts it in its place.
  private func place(_ partial: String, _ path: String) throws {
    let descriptor = open(partial, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw HypervisorError.refused("\(partial) is not there") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0, rename(partial, path) == 0 else { throw HypervisorError.refused("\(path) could not be made: \(errno)") }
  }
}
