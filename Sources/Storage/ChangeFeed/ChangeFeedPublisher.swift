internal import Base
internal import Records
internal import Wire

/// Puts what was noted of blobs into the change feed of their account: chunks of Avro in `$blobchangefeed`, by the hour, in the order of time.
///
/// Source: Microsoft, "Change feed support in Azure Blob Storage".
struct ChangeFeedPublisher: Sendable {
  private let records: any RecordStore
  private let contents: BlobContents
  private let blobs: SystemBlobs
  private let clock: any WallClock
  private let limits: StorageLimits
  private let services: StorageServices

  static let container = "$blobchangefeed"
  private static let overview = "meta/segments.json"
  /// Accounts whose keys are closed that one round passes over, and changes that it looks at to do so.
  private static let maximumPassedOver = 64
  private static let maximumLookedAt = 10_000

  init(_ services: StorageServices, limits: StorageLimits) {
    records = services.records
    contents = BlobContents(services)
    blobs = SystemBlobs(contents: contents, inlineBytes: limits.inlineBytes)
    clock = services.clock
    self.limits = limits
    self.services = services
  }

  /// Publishes one chunk of one account. True when nothing is left that is old enough: what was noted a moment ago waits, so that a
  /// transaction that began before and ends after another does not come out of order. An account whose key its customer keeps closed waits.
  func round() async throws -> Bool {
    var closed: Set<String> = []
    while closed.count < Self.maximumPassedOver {
      let now = clock.now()
      let (account, changes) = try await due(now, passingOver: closed)
      guard let first = changes.first else { return true }
      guard let account else {
        // The account is gone, and with it whoever could read them.
        try await records.write { transaction in for change in changes { try transaction.remove(BlobChange.self, change.key) } }
        return false
      }
      guard try await services.openKeys([account.dataKey], tenant: account.tenant) else {
        closed.insert(account.partition)
        continue
      }
      try await publish(changes, hour: ChangeFeedSegment.hour(of: first.time), account, now: now)
      return false
    }
    return true
  }

  /// The oldest changes that can be published together, and their account, if it is there still; no changes where none is old enough.
  private func due(_ now: Timestamp, passingOver closed: Set<String>) async throws -> (StorageAccount?, [BlobChange]) {
    let latest = now.advanced(by: .seconds(-limits.changeFeedDelaySeconds))
    return try await records.read { [limits] reader in
      guard let first = try Self.first(passingOver: closed, in: reader), first.time <= latest else { return (nil, []) }
      let account = try reader.fetch(StorageAccount.self, StorageAccount.key(first.account))
      let parent = RecordKey(tenant: first.tenant, first.partition)
      let listed = try reader.list(BlobChange.self, under: parent, limit: limits.changeFeedChunkEvents)
      let hour = ChangeFeedSegment.hour(of: first.time)
      let settled = listed.prefix { $0.time <= latest && ChangeFeedSegment.hour(of: $0.time) == hour }
      // A chunk that is not full waits for more.
      let isDue = settled.count == limits.changeFeedChunkEvents || first.time <= latest.advanced(by: .seconds(-limits.changeFeedBatchSeconds))
      guard isDue else { return (nil, []) }
      return (account?.partition == first.partition ? account : nil, Array(settled))
    }
  }

  private static func first(passingOver closed: Set<String>, in reader: any RecordReader) throws -> BlobChange? {
    if closed.isEmpty { return try reader.list(BlobChange.self, index: BlobChange.timeIndex, [], tenant: .zero, limit: 1).first }
    return try reader.list(BlobChange.self, index: BlobChange.timeIndex, [], tenant: .zero, limit: maximumLookedAt).first {
      !closed.contains($0.partition)
    }
  }

  private func publish(_ changes: [BlobChange], hour: Timestamp, _ account: StorageAccount, now: Timestamp) async throws {
    let key = ChangeFeedSegment.key(tenant: account.tenant, account.partition, hour)
    var segment =
      try await records.read { try $0.fetch(ChangeFeedSegment.self, key) }
      ?? ChangeFeedSegment(tenant: account.tenant, partition: account.partition, hour: hour, chunks: 0, events: 0)
    let file = AvroFile(schema: BlobChange.schema, marker: contents.random.bytes(16))
    let chunk = file.head + file.block(count: changes.count, changes.flatMap(\.event))
    let chunkName = segment.chunkName(segment.chunks)
    segment.chunks += 1
    segment.events += changes.count
    let isFinal = now.seconds >= hour.seconds + ChangeFeedSegment.hourSeconds + Int64(limits.changeFeedDelaySeconds)
    let overview: JSON = [
      "version": 0, "lastConsumable": .string((isFinal ? hour.advanced(by: .seconds(ChangeFeedSegment.hourSeconds)) : hour).iso8601Fractional),
      "storageDiagnostics": ["version": 0, "lastModifiedTime": .string(now.iso8601Fractional)],
    ]
    let prepared = [
      try await blobs.prepare(chunkName, chunk, contentType: "avro/binary", account: account),
      try await blobs.prepare(segment.metadataName, segment.document(isFinal: isFinal).bytes, contentType: "application/json", account: account),
      try await blobs.prepare(Self.overview, overview.bytes, contentType: "application/json", account: account),
    ]
    try await records.write { [segment, blobs] transaction in
      // The account may have been deleted since.
      guard try transaction.fetch(StorageAccount.self, StorageAccount.key(account.name))?.partition == account.partition else { return }
      for change in changes { try transaction.remove(BlobChange.self, change.key) }
      for blob in prepared { try blobs.save(blob, in: Self.container, account: account, now: now, transaction) }
      try transaction.save(segment)
    }
    try await expire(account, now: now)
  }

  /// Removes the oldest hour of a feed that is kept for a number of days only, if it is past them.
  private func expire(_ account: StorageAccount, now: Timestamp) async throws {
    try await records.write { [contents] transaction in
      guard let days = try BlobServiceProperties.of(account, in: transaction).changeFeed?.retentionDays,
        let container = try transaction.fetch(Container.self, Container.key(account, name: Self.container)),
        let oldest = try transaction.list(ChangeFeedSegment.self, under: RecordKey(tenant: account.tenant, account.partition), limit: 1).first,
        oldest.hour.seconds + ChangeFeedSegment.hourSeconds + Int64(days) * 86400 < now.seconds
      else { return }
      // An hour may have more chunks than one transaction can remove: the last ones go first, and the hour with its first.
      var rest = oldest
      rest.chunks = max(0, oldest.chunks - BlobPurge.maximumRecordsPerStep)
      let names = (rest.chunks..<oldest.chunks).map(oldest.chunkName) + (rest.chunks == 0 ? [oldest.metadataName] : [])
      for name in names {
        guard let blob = try transaction.fetch(Blob.self, Blob.key(container, name: name)) else { continue }
        try transaction.remove(Blob.self, blob.key)
        try contents.release(blob.content, tenant: blob.tenant, in: transaction)
      }
      if rest.chunks == 0 { try transaction.remove(ChangeFeedSegment.self, oldest.key) } else { try transaction.save(rest) }
    }
  }

  /// Removes what the feed of an account that is gone has left beside its blobs, a bounded part of it. True when nothing is left.
  static func purge(account partition: String, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    let limit = BlobPurge.maximumRecordsPerStep
    let parent = RecordKey(tenant: tenant, partition)
    let changes = try transaction.removeAll(BlobChange.self, under: parent, limit: limit)
    let segments = try transaction.removeAll(ChangeFeedSegment.self, under: parent, limit: limit)
    return changes < limit && segments < limit
  }
}
