internal import Base
internal import Records
internal import Wire

/// A copy that goes on after its request was answered: where it comes from, where it goes, and how far it is.
///
/// Written in the transaction that made its destination, so that a restart goes on with it; removed with the one that ends it.
struct CopyJob: Record, Codable, Sendable {
  static let kind = "storage.copy"

  /// A blob, and the account that it must still be in.
  struct Place: Codable, Sendable {
    var account: String
    /// `StorageAccount.partition`.
    var partition: String
    var tenant: GUID
    /// `Container.id`.
    var container: GUID
    var blob: String
    /// The time of a snapshot or a previous version; nil for the current blob.
    var generation: Timestamp?

    init(_ blob: Blob, _ account: StorageAccount) {
      (self.account, partition, tenant) = (account.name, account.partition, account.tenant)
      (container, self.blob) = (blob.container, blob.name)
      generation = blob.isCurrent ? nil : BlobGeneration(blob: blob).time
    }
  }

  /// `BlobCopy.id`.
  var id: GUID
  var source: Place
  /// The state of the source that is copied, and no other.
  var sourceTag: UInt64
  var destination: Place
  /// What the copied blocks, or the pages, are filed under.
  var list: GUID
  var started: Timestamp
  /// Bytes.
  var copied = 0
  var total: Int
  /// Of the copied blocks.
  var chunkEnds: [Int] = []
  var blocks = 0
  /// Where the source is read next: the chunk of its block list and the block in it, or the window of its pages.
  var nextChunk = 0
  var nextBlock = 0
  var nextWindow = 0

  /// Filed under the platform, whose work it is.
  var key: RecordKey { Self.key(id) }

  static let parent = RecordKey(tenant: .zero)

  static func key(_ id: GUID) -> RecordKey { RecordKey(tenant: .zero, id.description) }

  init(id: GUID, from source: Blob, _ sourceAccount: StorageAccount, to blob: Blob, _ call: StorageCall, list: GUID) {
    self.id = id
    self.source = Place(source, sourceAccount)
    sourceTag = source.etag.ticks
    destination = Place(blob, call.account)
    self.list = list
    started = call.now
    total = source.size
  }

  // MARK: The destination

  /// Gives a destination what it shows until the copy ends.
  static func empty(_ blob: inout Blob, size: Int, id: GUID, contents: BlobContents, in transaction: RecordTransaction) throws {
    switch blob.type {
    case .block: (blob.content, blob.size) = (.empty, 0)
    case .append:
      blob.content = .blocks(try contents.save(blocks: [], id: id, tenant: blob.tenant, in: transaction))
      blob.size = 0
    case .page:
      blob.content = try contents.makePages(id: id, tenant: blob.tenant, in: transaction)
      blob.size = size
    }
  }

  /// The destination, if the job is still the one that its blob waits for, and is as it was when the step began.
  func current(in reader: any RecordReader) throws -> Blob? {
    guard let stored = try reader.fetch(CopyJob.self, key), stored.copied == copied, stored.nextWindow == nextWindow else { return nil }
    let place = RecordKey(tenant: destination.tenant, destination.container.description, destination.blob)
    guard let blob = try reader.fetch(Blob.self, place), let copy = blob.copy, copy.id == id, copy.status == .pending else { return nil }
    return blob
  }

  /// Ends a copy that does not succeed: the destination is left empty.
  static func end(
    _ blob: Blob, as status: BlobCopy.Status, description: String?, at now: Timestamp, contents: BlobContents, in transaction: RecordTransaction
  ) throws {
    var blob = blob
    guard let copy = blob.copy else { return }
    if let job = try transaction.fetch(CopyJob.self, key(copy.id)) { try job.drop(contents: contents, in: transaction) }
    try contents.release(blob.content, tenant: blob.tenant, in: transaction)
    try empty(&blob, size: 0, id: contents.makeID(at: now), contents: contents, in: transaction)
    blob.copy?.status = status
    blob.copy?.statusDescription = description
    blob.copy?.completed = now
    blob.etag = ETag(at: now, after: blob.etag)
    blob.lastModified = max(now, blob.lastModified)
    try transaction.save(blob)
  }

  /// Removes the job, and the blocks that it copied to no end.
  func drop(contents: BlobContents, in transaction: RecordTransaction) throws {
    try transaction.remove(CopyJob.self, key)
    if !chunkEnds.isEmpty { try contents.schedule(.blockList(list), tenant: destination.tenant, in: transaction) }
  }

  /// Counts copied blocks, which are the next chunk of the list.
  mutating func add(_ added: [CommittedBlock], endsChunk: Bool, in transaction: RecordTransaction) throws {
    guard !added.isEmpty else { return }
    try transaction.save(BlockListChunk(tenant: destination.tenant, list: list, index: chunkEnds.count, blocks: added))
    copied += added.reduce(0) { $0 + $1.size }
    blocks += added.count
    chunkEnds.append(copied)
    (nextChunk, nextBlock) = endsChunk ? (nextChunk + 1, 0) : (nextChunk, nextBlock + added.count)
  }

  // MARK: The source

  /// The source and its account. Throws what a reader would be told when it is not there any more, or is another than it was.
  func requireSource(in reader: any RecordReader) throws -> (Blob, StorageAccount) {
    guard let account = try reader.fetch(StorageAccount.self, StorageAccount.key(source.account)), account.partition == source.partition else {
      throw StorageError.resourceNotFound
    }
    let key = RecordKey(tenant: source.tenant, source.container.description, source.blob)
    var blob: Blob?
    if let time = source.generation {
      let key = RecordKey(tenant: source.tenant, source.container.description, source.blob, BlobGeneration.timeKey(time))
      blob = try reader.fetch(BlobGeneration.self, key)?.blob
    } else {
      blob = try reader.fetch(Blob.self, key)
    }
    guard let blob, blob.deletion == nil else { throw StorageError.blobNotFound }
    guard blob.etag.ticks == sourceTag else { throw StorageError.conditionNotMet }
    return (blob, account)
  }
}
