public import Base
public import Crypto
public import Keyring
public import Logging
internal import NIOCore
internal import NIOPosix
public import Records
internal import Synchronization

/// The only way to bytes: append-only segments of encrypted, authenticated frames.
///
/// A write reserves a range of a segment, streams frames into it and is synced together with its neighbours; only then may its
/// location be committed (`commit`) in the record transaction of whatever refers to it. What was never committed is dead space, which compaction
/// (`compact`, `run`) returns to the disk.
public final class ExtentStore: Sendable {
  let disk: any Disk
  let records: any RecordStore
  let keyring: Keyring
  let random: any RandomSource
  let limits: ExtentLimits
  let logger: Logger
  let threads: NIOThreadPool
  let table: SegmentTable
  let isCompacting = Mutex(false)

  /// Opens the store on a disk, and removes segments in which nothing is alive.
  ///
  /// Throws `ExtentError.foreignSegment` when the disk holds segments of another store, and whatever the disk and the records throw.
  public init(
    disk: any Disk, records: any RecordStore, keyring: Keyring, random: any RandomSource, limits: ExtentLimits = ExtentLimits(), logger: Logger
  ) async throws {
    precondition(limits.frameBytes > 0 && limits.segmentBytes > Segment.headerBytes && limits.threads > 0 && limits.movesPerTransaction > 0)
    self.disk = disk
    self.records = records
    self.keyring = keyring
    self.random = random
    self.limits = limits
    self.logger = logger
    let store = try await records.write { transaction in
      if let identity = try transaction.fetch(StoreIdentity.self, StoreIdentity.key) { return identity.id }
      let identity = StoreIdentity(id: random.guid())
      try transaction.save(identity)
      return identity.id
    }
    threads = NIOThreadPool(numberOfThreads: limits.threads)
    table = SegmentTable(disk: disk, store: store, limits: limits, threads: threads)
    threads.start()
    try await recover(store)
  }

  deinit {
    threads.shutdownGracefully { _ in }
  }

  /// Reserves room for `length` bytes of one owner. With a `callerKey`, which is kept nowhere, they can be read with it alone.
  ///
  /// Throws `KeyringError.noSuchKey` when the data key was destroyed, and `CloudError` 503 when the disk is full.
  public func write(length: Int, tenant: GUID, key: DataKeyID, callerKey: SymmetricKey? = nil) async throws -> ExtentWriter {
    precondition(length >= 0)
    let dataKey: SymmetricKey
    if let cached = keyring.cachedDataKey(key, tenant: tenant) {
      dataKey = cached
    } else {
      dataKey = try await records.read { [keyring] in try keyring.dataKey(key, tenant: tenant, in: $0) }
    }
    let layout = FrameLayout(length: length, frameBytes: limits.frameBytes)
    let reservation = try renderingDiskErrors {
      try table.reserve(layout.storedBytes, leavingFree: limits.recordReserveBytes + limits.compactionReserveBytes)
    }
    let record = ExtentRecord(
      tenant: tenant, id: random.guid(), segment: reservation.segment.number, offset: reservation.range.lowerBound, layout: layout, dataKey: key,
      hasCallerKey: callerKey != nil)
    return ExtentWriter(
      record: record, reservation: reservation, cipher: FrameCipher(dataKey: dataKey, callerKey: callerKey, id: record.id), limits: limits,
      threads: threads)
  }

  /// Makes a sealed extent exist, together with whatever else the transaction does. An extent is committed once.
  public func commit(_ extent: SealedExtent, in transaction: RecordTransaction) throws {
    let isNew = try transaction.insert(extent.record)
    precondition(isNew, "an extent was committed twice")
    transaction.afterCommit {
      // Holds the reservation until here: compaction, which waits for reservations to end, then sees the record.
      extent.reservation.segment.addLiveBytes(extent.record.layout.storedBytes)
    }
  }

  /// Drops an extent; false when it was gone already. Its space returns through compaction; readers that are under way finish.
  @discardableResult
  public func release(_ id: ExtentID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    guard let record = try transaction.fetch(ExtentRecord.self, ExtentRecord.key(tenant: tenant, id)) else { return false }
    try transaction.remove(ExtentRecord.self, record.key)
    transaction.afterCommit { [table] in table.segment(record.segment)?.addLiveBytes(-record.layout.storedBytes) }
    return true
  }

  /// A reader over parts of extents, one after the other. Once made, it is not disturbed by releases or compaction. `reader` is the transaction that read
  /// what refers to the extents; `callerKey` is the one that they were written with, if they were.
  ///
  /// Throws `ExtentError.noSuchExtent`, `ExtentError.callerKeyMissing`, and `ExtentError.corrupt` when an extent is shorter than what is asked of it.
  public func reader(_ slices: [ExtentSlice], tenant: GUID, callerKey: SymmetricKey? = nil, in reader: any RecordReader) throws -> ExtentReader {
    var pins: [UInt64: SegmentPin] = [:]
    var parts: [ExtentReader.Part] = []
    parts.reserveCapacity(slices.count)
    for slice in slices where !slice.range.isEmpty {
      guard let record = try reader.fetch(ExtentRecord.self, ExtentRecord.key(tenant: tenant, slice.id)) else {
        throw ExtentError.noSuchExtent(slice.id)
      }
      if record.hasCallerKey && callerKey == nil { throw ExtentError.callerKeyMissing(slice.id) }
      guard slice.range.lowerBound >= 0, slice.range.upperBound <= record.layout.length else {
        logDamage("an extent is shorter than what refers to it", record, offset: record.offset)
        throw ExtentError.corrupt(slice.id)
      }
      // Within the caller's transaction: what it resolves is not removed before it ends.
      guard let pin = pins[record.segment] ?? table.pin(record.segment) else {
        logDamage("the segment of an extent is missing", record, offset: record.offset)
        throw ExtentError.corrupt(slice.id)
      }
      pins[record.segment] = pin
      do {
        let key = try keyring.dataKey(record.dataKey, tenant: tenant, in: reader)
        parts.append(
          .init(
            record: record, range: slice.range, key: key, callerKey: record.hasCallerKey ? callerKey : nil,
            isLent: keyring.isLent(record.dataKey, tenant: tenant), pin: pin))
      } catch KeyringError.noSuchKey {
        throw ExtentError.noSuchExtent(slice.id)
      }
    }
    return ExtentReader(parts, store: self)
  }

  /// Finds out which segments there are, which of them are alive, and that they are this store's.
  private func recover(_ store: GUID) async throws {
    for name in try disk.list() {
      guard let number = Segment.number(ofFile: name) else {
        logger.warning("a file is not a segment and is left alone", metadata: ["file": "\(name)"])
        continue
      }
      let file = try disk.open(name)
      var header = [UInt8](repeating: 0, count: Segment.headerBytes)
      let count = try header.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
      if let found = Segment.store(inHeader: Array(header.prefix(count))), found != store { throw ExtentError.foreignSegment(name: name) }
      if try await isEmpty(number) {
        try disk.remove(name)
        table.skip(number)
        logger.info("removed a segment in which nothing is alive", metadata: ["segment": "\(name)"])
      } else {
        table.adopt(number, bytes: try file.size())
      }
    }
  }

  func isEmpty(_ segment: UInt64) async throws -> Bool {
    try await records.read { reader in
      try reader.list(
        ExtentRecord.self, index: ExtentRecord.segmentIndex, ExtentRecord.indexComponents(segment: segment), tenant: .zero, limit: 1
      ).isEmpty
    }
  }

  /// One line of the log for what is not as it was written.
  func logDamage(_ what: String, _ record: ExtentRecord, offset: Int) {
    logger.error(
      "\(what)",
      metadata: [
        "segment": "\(Segment.name(record.segment))", "offset": "\(offset)", "extent": "\(record.id)", "tenant": "\(record.tenant)",
      ])
  }
}

/// Runs `body` and turns an error of the disk into the one that a caller of the cloud may see.
func renderingDiskErrors<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch {
    throw rendered(error)
  }
}

/// The error that a caller of the cloud may see: 503 when the disk is full, 500 for its other errors.
func rendered(_ error: any Error) -> any Error {
  switch error {
  case DiskError.full: CloudError.serverBusy("The storage is full. Please retry your request later.", retryAfterSeconds: 30, cause: error)
  case let error as DiskError: CloudError.internalError(error)
  default: error
  }
}
