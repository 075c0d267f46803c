import Base
import Crypto
import Extents
import Keyring
import Logging
import NIOCore
import Records
import Simulation
import Synchronization
import Testing

/// A record store with one tenant's data key, over which extent stores are opened on any disk.
final class ExtentFixture: Sendable {
  let directory = ScratchDirectory()
  let tenant = SystemRandom().guid()
  let key: DataKeyID
  let log = LogLines()
  private let rootKey: RootKey
  private let open: Mutex<SQLiteRecordStore>
  private let currentKeyring: Mutex<Keyring>

  init() async throws {
    let records = try SQLiteRecordStore(path: directory("records"))
    rootKey = try RootKey(creatingAt: directory("root.key"), random: SystemRandom())
    let keyring = Keyring(rootKey: rootKey, random: SystemRandom())
    key = try await records.write { [tenant] in try keyring.makeDataKey(tenant: tenant, in: $0) }
    open = Mutex(records)
    currentKeyring = Mutex(keyring)
  }

  var records: SQLiteRecordStore { open.withLock { $0 } }
  var keyring: Keyring { currentKeyring.withLock { $0 } }

  /// Closes the records and opens them as a new process would.
  func restart() async throws {
    try await records.close()
    let records = try SQLiteRecordStore(path: directory("records"))
    open.withLock { $0 = records }
    currentKeyring.withLock { $0 = Keyring(rootKey: rootKey, random: SystemRandom()) }
  }

  /// Forgets every extent, as if the store were new.
  func reset() async throws {
    let everything = KeyBytes([0])..<KeyBytes([UInt8](repeating: 0xFF, count: 32))
    try await records.write { transaction in
      for entry in try transaction.entries(in: everything, limit: 10_000, reversed: false) where entry.key.count > 17 {
        // After a tenant's 16 bytes and the mark of a record or an index entry comes the kind.
        let kind = entry.key[17...].prefix { $0 != 1 }
        if kind.elementsEqual("extent".utf8) { try transaction.remove(key: entry.key) }
      }
    }
  }

  /// Small segments and frames, so that little data has many of them.
  static var smallLimits: ExtentLimits {
    var limits = ExtentLimits()
    limits.segmentBytes = 64 << 10
    limits.frameBytes = 4 << 10
    limits.recordReserveBytes = 0
    limits.compactionReserveBytes = 0
    limits.readBytes = 16 << 10
    limits.inlineBytes = 12 << 10
    limits.writeBehindBytes = 32 << 10
    limits.openSegments = 4
    limits.movesPerTransaction = 3
    return limits
  }

  func store(on disk: any Disk, limits: ExtentLimits = smallLimits, records: (any RecordStore)? = nil) async throws -> ExtentStore {
    var logger = Logger(label: "extents", factory: { [log] _ in LogLines.Handler(lines: log) })
    logger.logLevel = .warning
    return try await ExtentStore(
      disk: disk, records: records ?? self.records, keyring: keyring, random: SystemRandom(), limits: limits, logger: logger)
  }

  /// Writes content in pieces of `piece` bytes up to its durability.
  func write(_ content: [UInt8], to store: ExtentStore, piece: Int = 3000) async throws -> SealedExtent {
    let writer = try await store.write(length: content.count, tenant: tenant, key: key)
    for start in stride(from: 0, to: content.count, by: piece) {
      try await writer.append(ByteBuffer(bytes: content[start..<min(start + piece, content.count)]))
    }
    return try await writer.finish()
  }

  func commit(_ extent: SealedExtent, to store: ExtentStore) async throws {
    try await records.write { try store.commit(extent, in: $0) }
  }

  /// Writes and commits.
  func save(_ content: [UInt8], to store: ExtentStore, piece: Int = 3000) async throws -> ExtentID {
    let extent = try await write(content, to: store, piece: piece)
    try await commit(extent, to: store)
    return extent.id
  }

  func release(_ id: ExtentID, from store: ExtentStore) async throws {
    let existed = try await records.write { [tenant] in try store.release(id, tenant: tenant, in: $0) }
    #expect(existed)
  }

  func reader(_ slices: [ExtentSlice], of store: ExtentStore) async throws -> ExtentReader {
    try await records.read { [tenant] in try store.reader(slices, tenant: tenant, in: $0) }
  }

  func read(_ id: ExtentID, _ range: Range<Int>, from store: ExtentStore, upTo maximumBytes: Int = 10_000) async throws -> [UInt8] {
    try await drain(try await reader([ExtentSlice(id: id, range: range)], of: store), upTo: maximumBytes)
  }
}

/// All that a reader gives.
func drain(_ reader: ExtentReader, upTo maximumBytes: Int = 10_000) async throws -> [UInt8] {
  var bytes: [UInt8] = []
  while let piece = try await reader.next(upTo: maximumBytes) {
    #expect(piece.readableBytes > 0 && piece.readableBytes <= maximumBytes)
    bytes += piece.readableBytesView
  }
  return bytes
}

/// The lines that were logged.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  /// Gives the lines since the last call.
  func take() -> [String] {
    lines.withLock { lines in
      defer { lines = [] }
      return lines
    }
  }

  struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    init(lines: LogLines) {
      self.lines = lines
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      lines.lines.withLock { $0.append("\(event.level) \(event.message) \(fields)") }
    }
  }
}
