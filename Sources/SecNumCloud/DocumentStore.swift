public import Base
internal import Declarations
public import Extents
public import Keyring
internal import Ledger
internal import NIOCore
public import Records

/// What the operator files: pieces of the dossier and registers. Bytes lie encrypted in the platform's own extents, under a data key of the platform.
public final class DocumentStore: Sendable {
  private let records: any RecordStore
  private let extents: ExtentStore
  private let keyring: Keyring
  private let clock: any WallClock
  private let random: any RandomSource

  public init(records: any RecordStore, extents: ExtentStore, keyring: Keyring, clock: any WallClock, random: any RandomSource) {
    self.records = records
    self.extents = extents
    self.keyring = keyring
    self.clock = clock
    self.random = random
  }

  // MARK: Bytes

  /// Where the bytes of a piece or register lie, and what they must be.
  public struct Content: Hashable, Sendable, Codable {
    var extent: ExtentID
    public var bytes: Int
    /// In hexadecimal.
    public var sha256: String
  }

  /// The bytes. Throws `ObservationFailure` where they are not those that were filed.
  public func bytes(of content: Content) async throws -> [UInt8] {
    let whole = ExtentSlice(id: content.extent, range: 0..<content.bytes)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(content.bytes)
    do {
      let reader = try await records.read { [extents] in try extents.reader([whole], tenant: .zero, in: $0) }
      while let chunk = try await reader.next(upTo: Self.chunkBytes) { bytes.append(contentsOf: chunk.readableBytesView) }
    } catch let error as ExtentError {
      throw ObservationFailure(
        "le contenu d'empreinte \(content.sha256) est abîmé sur le disque : \(error).",
        "the content of digest \(content.sha256) is damaged on the disk: \(error).")
    }
    guard sha256Hexadecimal(bytes) == content.sha256 else {
      throw ObservationFailure(
        "le contenu ne correspond plus à son empreinte \(content.sha256).", "the content no longer has its digest \(content.sha256).")
    }
    return bytes
  }

  private static let chunkBytes = 1 << 20

  private func write(_ bytes: [UInt8]) async throws -> (extent: SealedExtent, content: Content) {
    guard !bytes.isEmpty else { throw ObservationFailure("le fichier est vide.", "the file is empty.") }
    guard bytes.count <= ObservationLimits.maximumDocumentBytes else {
      throw ObservationFailure(
        "le fichier dépasse \(ObservationLimits.maximumDocumentBytes) octets.",
        "the file is larger than \(ObservationLimits.maximumDocumentBytes) bytes.")
    }
    let key = try await dataKey()
    let writer = try await extents.write(length: bytes.count, tenant: .zero, key: key)
    for start in stride(from: 0, to: bytes.count, by: Self.chunkBytes) {
      try await writer.append(ByteBuffer(bytes: bytes[start..<min(start + Self.chunkBytes, bytes.count)]))
    }
    let extent = try await writer.finish()
    return (extent, Content(extent: extent.id, bytes: bytes.count, sha256: sha256Hexadecimal(bytes)))
  }

  private struct DocumentKey: Record, Codable {
    static let kind = "secnumcloud.documentKey"
    static let key = RecordKey(tenant: .zero, "documents")
    var dataKey: DataKeyID
    var key: RecordKey { Self.key }
  }

  private func dataKey() async throws -> DataKeyID {
    try await records.write { [keyring] transaction in
      if let stored = try transaction.fetch(DocumentKey.self, DocumentKey.key) { return stored.dataKey }
      let made = try keyring.makeDataKey(tenant: .zero, in: transaction)
      try transaction.save(DocumentKey(dataKey: made))
      return made
    }
  }

  // MARK: Pieces

  /// Files a piece: a later one of the same slot takes the place of the earlier, which stays as history.
  public func file(_ bytes: [UInt8], as draft: Piece.Draft) async throws -> Piece {
    let (extent, content) = try await write(bytes)
    let piece = Piece(draft, id: random.guid(), content: content, filed: clock.now())
    let entryID = random.guid()
    try await records.write { [extents] transaction in
      try extents.commit(extent, in: transaction)
      for var earlier in try Self.pieces(in: transaction) where earlier.slot == piece.slot && earlier.replaced == nil {
        earlier.replaced = piece.filed
        try transaction.save(earlier)
      }
      try transaction.save(piece)
      try piece.entry(id: entryID).append(in: transaction)
    }
    return piece
  }

  /// Every piece ever filed, in the order of filing.
  public static func pieces(in reader: any RecordReader) throws -> [Piece] {
    try reader.list(Piece.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed).sorted { $0.filed < $1.filed }
  }

  /// Every piece ever filed, in the order of filing.
  public func pieces() async throws -> [Piece] { try await records.read { try Self.pieces(in: $0) } }

  // MARK: Registers

  /// Stores a register's text, which must be one: the earlier version stays as history.
  public func set<R: Register>(_ type: R.Type, text: String, file: String, author: String) async throws {
    _ = try R(reading: Declaration(text, file: file))
    let (extent, content) = try await write(Array(text.utf8))
    let version = RegisterVersion(name: R.name, file: file, author: author, content: content, time: clock.now())
    let entryID = random.guid()
    try await records.write { [extents] transaction in
      try extents.commit(extent, in: transaction)
      try transaction.save(version)
      try version.entry(id: entryID).append(in: transaction)
    }
  }

  /// The register as it stands; nil where it was never filed.
  public func register<R: Register>(_ type: R.Type) async throws -> FiledRegister<R>? {
    let versions = try await records.read {
      try $0.list(RegisterVersion.self, under: RecordKey(tenant: .zero, R.name), limit: ObservationLimits.maximumListed)
    }
    guard let latest = versions.last else { return nil }
    let text = String(decoding: try await bytes(of: latest.content), as: UTF8.self)
    return FiledRegister(value: try R(reading: Declaration(text, file: latest.file)), version: latest)
  }

  /// Every version of every register, by name, then in the order of time.
  public func registerVersions() async throws -> [RegisterVersion] {
    try await records.read { try $0.list(RegisterVersion.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed) }
  }
}
