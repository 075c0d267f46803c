internal import Base
internal import Edge
internal import Extents
internal import Keyring
internal import NIOCore
internal import Records

/// Moves the bytes of blobs in and out of extents and payload records, and gives their space back.
struct BlobContents: Sendable {
  let records: any RecordStore
  let extents: ExtentStore
  let keyring: Keyring
  let random: any RandomSource

  /// Extents that one transaction releases; more are left to the purger.
  static let maximumReleasesPerTransaction = 512

  init(_ services: StorageServices) {
    records = services.records
    extents = services.extents
    keyring = services.keyring
    random = services.random
  }

  /// An identifier that sorts by its time of making, so that the records under it are appended and not scattered.
  func makeID(at now: Timestamp) -> GUID {
    GUID(high: UInt64(bitPattern: now.microseconds), low: random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  // MARK: Writing

  /// Streams a request's body into an extent that nothing refers to yet, under the account's key unless another is given. Whatever goes
  /// wrong, nothing is left behind.
  func receive(
    _ call: StorageCall, length: Int, digest: ContentDigest, key: BlobKey? = nil
  ) async throws -> (extent: SealedExtent, digest: ContentDigest.Result) {
    var digest = digest
    let key = key ?? BlobKey(call.account)
    let writer = try await extents.write(length: length, tenant: call.account.tenant, key: key.dataKey, callerKey: key.customerKey?.key)
    do {
      var received = 0
      while let piece = try await call.request.body.next() {
        received += piece.readableBytes
        guard received <= length else { throw StorageError.incompleteBody }
        digest.update(piece)
        try await writer.append(piece)
      }
      guard received == length else { throw StorageError.incompleteBody }
      let result = try digest.finish()
      return (try await writer.finish(), result)
    } catch {
      writer.cancel()
      throw error
    }
  }

  /// `id` is a new one.
  func save(inline bytes: [UInt8], id: GUID, account: StorageAccount, key: BlobKey? = nil, in transaction: RecordTransaction) throws {
    let key = key ?? BlobKey(account)
    let dataKey = try keyring.dataKey(key.dataKey, tenant: account.tenant, in: transaction)
    try transaction.add(
      try BlobPayload(sealing: bytes, tenant: account.tenant, id: id, dataKey: dataKey, customerKey: key.customerKey?.key))
  }

  /// Stores a block list under an id of its own.
  func save(blocks: [CommittedBlock], id: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> BlockListSummary {
    var summary = BlockListSummary(id: id, count: blocks.count, chunkEnds: [])
    var end = 0
    for (index, start) in stride(from: 0, to: blocks.count, by: BlockListChunk.maximumBlocks).enumerated() {
      let part = Array(blocks[start..<min(start + BlockListChunk.maximumBlocks, blocks.count)])
      try transaction.save(BlockListChunk(tenant: tenant, list: id, index: index, blocks: part))
      end += part.reduce(0) { $0 + $1.size }
      summary.chunkEnds.append(end)
    }
    return summary
  }

  // MARK: Reading

  enum Source: Sendable {
    case bytes(ByteBuffer)
    case extents(any BlobByteReader)
  }

  /// The bytes of a part of a blob, found within the snapshot that the blob was read from. Throws where the blob needs a key of the
  /// customer's and it is not this one, and where its scope is disabled.
  func source(
    _ blob: Blob, range: Range<Int>, account: StorageAccount, customerKey: ProvidedKey? = nil, in reader: any RecordReader
  ) throws -> Source {
    let key = try BlobKey(blob.encryption, customerKey, account, in: reader)
    guard !range.isEmpty else { return .bytes(ByteBuffer()) }
    switch blob.content {
    case .empty: return .bytes(ByteBuffer())
    case .inline(let id):
      guard let payload = try reader.fetch(BlobPayload.self, BlobPayload.key(tenant: blob.tenant, id)) else { throw BlobDamage.missingPayload }
      let dataKey = try keyring.dataKey(key.dataKey, tenant: account.tenant, in: reader)
      let bytes = try payload.open(dataKey: dataKey, customerKey: key.customerKey?.key)
      guard bytes.count == blob.size else { throw BlobDamage.wrongLength }
      return .bytes(ByteBuffer(bytes: bytes[range]))
    case .extent(let extent):
      return .extents(
        try extents.reader([ExtentSlice(id: extent, range: range)], tenant: blob.tenant, callerKey: key.customerKey?.key, in: reader))
    case .blocks(let summary):
      let slices = try slices(summary, range: range, tenant: blob.tenant, in: reader)
      return .extents(try extents.reader(slices, tenant: blob.tenant, callerKey: key.customerKey?.key, in: reader))
    case .pages(let map):
      return .extents(
        try PageReader(map, range: range, tenant: blob.tenant, callerKey: key.customerKey?.key, contents: self, in: reader))
    }
  }

  private func slices(_ summary: BlockListSummary, range: Range<Int>, tenant: GUID, in reader: any RecordReader) throws -> [ExtentSlice] {
    var slices: [ExtentSlice] = []
    for index in summary.chunkEnds.indices where summary.chunkEnds[index] > range.lowerBound {
      var offset = index == 0 ? 0 : summary.chunkEnds[index - 1]
      if offset >= range.upperBound { break }
      for block in try chunk(summary, index, tenant: tenant, in: reader).blocks {
        let part = range.clamped(to: offset..<offset + block.size)
        if !part.isEmpty { slices.append(ExtentSlice(id: block.extent, range: part.lowerBound - offset..<part.upperBound - offset)) }
        offset += block.size
      }
    }
    return slices
  }

  /// All blocks of a list, in the blob's order.
  func blocks(_ summary: BlockListSummary, tenant: GUID, in reader: any RecordReader) throws -> [CommittedBlock] {
    var blocks: [CommittedBlock] = []
    blocks.reserveCapacity(summary.count)
    for index in summary.chunkEnds.indices { blocks += try chunk(summary, index, tenant: tenant, in: reader).blocks }
    return blocks
  }

  func chunk(_ summary: BlockListSummary, _ index: Int, tenant: GUID, in reader: any RecordReader) throws -> BlockListChunk {
    guard let chunk = try reader.fetch(BlockListChunk.self, BlockListChunk.key(tenant: tenant, list: summary.id, index: index)) else {
      throw BlobDamage.missingBlockList
    }
    return chunk
  }

  // MARK: Giving space back

  /// Drops the content of a blob that is replaced or deleted, and gives the number of extents released; what is too much for one
  /// transaction is left to the purger.
  @discardableResult
  func release(_ content: BlobContent, tenant: GUID, in transaction: RecordTransaction) throws -> Int {
    if case .pages(let map) = content { return try release(pages: map, tenant: tenant, in: transaction) }
    if let id = content.id, try drop(id, tenant: tenant, in: transaction) { return 0 }
    switch content {
    case .empty: return 0
    case .inline(let id):
      try transaction.remove(BlobPayload.self, BlobPayload.key(tenant: tenant, id))
      return 0
    case .extent(let extent):
      try extents.release(extent, tenant: tenant, in: transaction)
      return 1
    case .blocks(let summary):
      guard summary.count <= Self.maximumReleasesPerTransaction else {
        try schedule(.blockList(summary.id), tenant: tenant, in: transaction)
        return 0
      }
      let owned = try blocks(summary, tenant: tenant, in: transaction).filter(\.ownsExtent)
      for block in owned { try extents.release(block.extent, tenant: tenant, in: transaction) }
      try removeChunks(summary, tenant: tenant, in: transaction)
      try repay(loanOf: summary.id, tenant: tenant, in: transaction)
      return owned.count
    case .pages: return 0
    }
  }

  // MARK: Sharing

  /// Gives content another holder: it stays until each has released it.
  func share(_ content: BlobContent, tenant: GUID, in transaction: RecordTransaction) throws {
    if case .pages(let map) = content { return try share(pages: map, tenant: tenant, in: transaction) }
    if let id = content.id { try share(id, tenant: tenant, in: transaction) }
  }

  private func share(_ id: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    let others = try transaction.fetch(SharedContent.self, SharedContent.key(tenant: tenant, id))?.others ?? 0
    try transaction.save(SharedContent(tenant: tenant, content: id, others: others + 1))
  }

  func isShared(_ content: BlobContent, tenant: GUID, in reader: any RecordReader) throws -> Bool {
    if case .pages(let map) = content { return try isShared(pages: map, tenant: tenant, in: reader) }
    return try content.id.map { try reader.exists(SharedContent.self, SharedContent.key(tenant: tenant, $0)) } ?? false
  }

  /// Takes one holder away. False when it was the last one, and the content is the caller's to remove.
  private func drop(_ id: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    guard var shared = try transaction.fetch(SharedContent.self, SharedContent.key(tenant: tenant, id)) else { return false }
    shared.others -= 1
    if shared.others == 0 { try transaction.remove(SharedContent.self, shared.key) } else { try transaction.save(shared) }
    return true
  }

  /// Makes a new list a holder of the one from which it took over blocks.
  func borrow(from lender: BlockListSummary, for list: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    try share(lender.id, tenant: tenant, in: transaction)
    try transaction.save(BlockListLoan(tenant: tenant, list: list, lender: lender.id))
  }

  /// A list that takes the place of another takes over what that one had borrowed.
  func passOn(loanOf old: GUID, to list: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard let loan = try transaction.fetch(BlockListLoan.self, BlockListLoan.key(tenant: tenant, old)) else { return }
    try transaction.remove(BlockListLoan.self, loan.key)
    try transaction.save(BlockListLoan(tenant: tenant, list: list, lender: loan.lender))
  }

  /// Lets go of the list from which one that is gone had borrowed.
  func repay(loanOf list: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard let loan = try transaction.fetch(BlockListLoan.self, BlockListLoan.key(tenant: tenant, list)) else { return }
    try transaction.remove(BlockListLoan.self, loan.key)
    guard try !drop(loan.lender, tenant: tenant, in: transaction) else { return }
    try schedule(.blockList(loan.lender), tenant: tenant, in: transaction)
  }

  /// Removes the records of a list, not the extents.
  func removeChunks(_ summary: BlockListSummary, tenant: GUID, in transaction: RecordTransaction) throws {
    for index in summary.chunkEnds.indices {
      try transaction.remove(BlockListChunk.self, BlockListChunk.key(tenant: tenant, list: summary.id, index: index))
    }
  }

  /// Drops extents that no list holds any longer. Many of them become a list of their own, for the purger.
  func release(_ unused: [(id: ExtentID, size: Int)], listID: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard unused.count > Self.maximumReleasesPerTransaction else {
      for extent in unused { try extents.release(extent.id, tenant: tenant, in: transaction) }
      return
    }
    _ = try save(
      blocks: unused.map { CommittedBlock(id: [], extent: $0.id, size: $0.size, ownsExtent: true) }, id: listID, tenant: tenant, in: transaction)
    try schedule(.blockList(listID), tenant: tenant, in: transaction)
  }

  /// Drops the uncommitted blocks of a blob, if it has any.
  func discardUncommitted(_ container: Container, name: String, in transaction: RecordTransaction) throws {
    let key = UncommittedBlob.key(container, name: name)
    guard let uncommitted = try transaction.fetch(UncommittedBlob.self, key) else { return }
    try transaction.remove(UncommittedBlob.self, key)
    try schedule(.stage(uncommitted.stage, releasesExtents: true), tenant: container.tenant, in: transaction)
  }

  func schedule(_ subject: PurgeTask.Subject, tenant: GUID, in transaction: RecordTransaction) throws {
    try transaction.save(PurgeTask(id: random.guid(), tenant: tenant, subject: subject))
  }
}
