internal import Base
internal import Crypto

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A file of encrypted pieces: names and values, one after the other, each with its length in four bytes before both.
///
/// It begins with eight bytes of magic. Each piece is its plain length (four bytes, big-endian, the highest bit set on the last one), the ciphertext of
/// AES-256-GCM, and a tag of 16 bytes. The nonce is the piece's number, the length is authenticated; the key is of this archive alone (HKDF-SHA256 of the
/// backup's key and the archive's name), so that no nonce comes twice, no piece is moved, and none is cut off at the end.
enum BackupArchive {
  fileprivate static let magic = Array("COCABKP1".utf8)
  fileprivate static let pieceBytes = 1 << 20
  fileprivate static let lengthBytes = 4
  fileprivate static let tagBytes = 16
  fileprivate static let last: UInt32 = 1 << 31

  fileprivate static func key(_ backupKey: SymmetricKey, name: String) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(inputKeyMaterial: backupKey, info: Array("cocagne archive \(name)".utf8), outputByteCount: 32)
  }

  fileprivate static func nonce(_ number: UInt64) throws -> AES.GCM.Nonce {
    try AES.GCM.Nonce(data: [0, 0, 0, 0] + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) })
  }

  fileprivate static func bytes(_ length: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> UInt32($0)) } }
}

/// Writes an archive, and digests it on the way.
final class BackupArchiveWriter {
  private let file: any DiskFile
  private let key: SymmetricKey
  private var hash = SHA256()
  private var plain: [UInt8] = []
  private var number: UInt64 = 0
  private var offset = 0
  /// Bytes of the file so far.
  var byteCount: Int { offset }

  init(_ file: any DiskFile, name: String, backupKey: SymmetricKey) throws {
    self.file = file
    key = BackupArchive.key(backupKey, name: name)
    plain.reserveCapacity(BackupArchive.pieceBytes * 2)
    try write(BackupArchive.magic)
  }

  func append(_ name: [UInt8], _ value: [UInt8]) throws {
    plain += BackupArchive.bytes(UInt32(name.count)) + BackupArchive.bytes(UInt32(value.count))
    plain += name
    plain += value
    var start = 0
    while plain.count - start > BackupArchive.pieceBytes {
      try seal(plain[start..<start + BackupArchive.pieceBytes], isLast: false)
      start += BackupArchive.pieceBytes
    }
    if start > 0 { plain.removeFirst(start) }
  }

  /// Ends the archive and makes it durable. Gives its SHA-256, in hexadecimal.
  func finish() throws -> String {
    try seal(plain[...], isLast: true)
    try file.sync()
    return hash.finalize().hexadecimal
  }

  private func seal(_ piece: ArraySlice<UInt8>, isLast: Bool) throws {
    let length = BackupArchive.bytes(UInt32(piece.count) | (isLast ? BackupArchive.last : 0))
    let box = try AES.GCM.seal(piece, using: key, nonce: BackupArchive.nonce(number), authenticating: length)
    number += 1
    try write(length + box.ciphertext + box.tag)
  }

  private func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try file.write($0, at: offset) }
    hash.update(data: bytes)
    offset += bytes.count
  }
}

/// Reads an archive: nothing of a piece is given before the whole of it has proven itself.
final class BackupArchiveReader {
  private let file: any DiskFile
  private let key: SymmetricKey
  private let name: String
  private var plain: [UInt8] = []
  private var position = 0
  private var number: UInt64 = 0
  private var offset: Int
  private var isLast = false

  /// Throws `ObservationFailure` for what is no archive.
  init(_ file: any DiskFile, name: String, backupKey: SymmetricKey) throws {
    self.file = file
    self.name = name
    key = BackupArchive.key(backupKey, name: name)
    offset = 0
    guard try read(BackupArchive.magic.count) == BackupArchive.magic else { throw damaged }
  }

  private var damaged: ObservationFailure {
    ObservationFailure("\(name) est abîmé, ou chiffré sous une autre clé racine.", "\(name) is damaged, or encrypted under another root key.")
  }

  /// The next pair; nil at the end.
  func next() throws -> (name: [UInt8], value: [UInt8])? {
    while true {
      if let pair = pair() { return pair }
      guard !isLast else {
        guard position == plain.count else { throw damaged }
        return nil
      }
      plain.removeFirst(position)
      position = 0
      plain += try open()
    }
  }

  /// The pair at the position, and past it; nil where the rest of it is in a later piece.
  private func pair() -> (name: [UInt8], value: [UInt8])? {
    let lengths = 2 * BackupArchive.lengthBytes
    guard position + lengths <= plain.count else { return nil }
    let (name, value) = (length(at: position), length(at: position + BackupArchive.lengthBytes))
    let start = position + lengths
    guard start + name + value <= plain.count else { return nil }
    position = start + name + value
    return (Array(plain[start..<start + name]), Array(plain[start + name..<position]))
  }

  private func length(at place: Int) -> Int { plain[place..<place + BackupArchive.lengthBytes].reduce(0) { $0 << 8 | Int($1) } }

  private func open() throws -> [UInt8] {
    let header = try read(BackupArchive.lengthBytes)
    let value = header.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let length = Int(value & ~BackupArchive.last)
    guard header.count == BackupArchive.lengthBytes, length <= BackupArchive.pieceBytes else { throw damaged }
    let sealed = try read(length + BackupArchive.tagBytes)
    guard sealed.count == length + BackupArchive.tagBytes,
      let box = try? AES.GCM.SealedBox(
        nonce: BackupArchive.nonce(number), ciphertext: sealed.prefix(length), tag: sealed.suffix(BackupArchive.tagBytes)),
      let piece = try? AES.GCM.open(box, using: key, authenticating: header)
    else { throw damaged }
    number += 1
    isLast = value & BackupArchive.last != 0
    return Array(piece)
  }

  private func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
    offset += got
    return Array(bytes.prefix(got))
  }
}
