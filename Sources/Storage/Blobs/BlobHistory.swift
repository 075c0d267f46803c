internal import Base
internal import Records
internal import Wire

/// What becomes of a blob's state when another takes its place: a version, a snapshot that can be restored for a while, or nothing.
///
/// Source: Microsoft, "Blob versioning" and "Soft delete for blobs".
struct BlobHistory: Sendable {
  let contents: BlobContents

  /// Whether the state that is replaced lives on, and its content with it. What lay in the archive is not protected from being replaced.
  func keeps(_ existing: Blob, _ call: StorageCall) -> Bool {
    keepsVersion(existing, call) || call.properties.deleteRetention.isEnabled && existing.tier != .archive
  }

  /// What was written as a version stays one when the account keeps versions no longer.
  private func keepsVersion(_ existing: Blob, _ call: StorageCall) -> Bool {
    call.properties.isVersioningEnabled || existing.version != nil
  }

  /// Files `blob` as the current one in place of `existing`. What its content does not share with that of `existing` must have been
  /// accounted for unless `keeps` says that it lives on. Gives the blob as it was saved.
  func replace(_ existing: Blob?, with blob: Blob, _ call: StorageCall, in transaction: RecordTransaction) throws -> Blob {
    var blob = blob
    if let existing, keeps(existing, call) {
      if keepsVersion(existing, call) {
        try keepVersion(existing, call, in: transaction)
      } else {
        var old = existing
        old.lease = nil
        old.snapshot = try Self.freeTime(after: call.now, above: nil, tenant: existing.tenant, existing, in: transaction)
        old.deletion = call.properties.deleteRetention.deletion(at: call.now)
        try transaction.save(BlobGeneration(blob: old))
      }
    }
    blob.version = try version(of: blob, after: existing, call, in: transaction)
    blob.lease = existing?.lease.afterChange(at: call.steady)
    blob.lastAccessed = call.properties.tracksLastAccess ? call.now : nil
    try transaction.save(blob)
    try BlobChange.note(.created, of: blob, call, in: transaction)
    return blob
  }

  /// Files `blob`, which differs from `existing` by what is said of it and not by its bytes. Only versions keep such a state: soft delete
  /// protects bytes.
  func update(_ existing: Blob, to blob: Blob, _ call: StorageCall, in transaction: RecordTransaction) throws -> Blob {
    var blob = blob
    if keepsVersion(existing, call) {
      try keepVersion(existing, call, in: transaction)
      try contents.share(existing.content, tenant: existing.tenant, in: transaction)
      blob.version = try version(of: blob, after: existing, call, in: transaction)
    }
    try transaction.save(blob)
    try BlobChange.note(.propertiesUpdated, of: blob, call, in: transaction)
    return blob
  }

  /// Makes a snapshot of the current blob and gives both as they were saved. Where the account keeps versions, the blob goes on as a new
  /// version.
  func snapshot(
    _ existing: Blob, metadata: Metadata?, _ call: StorageCall, in transaction: RecordTransaction
  ) throws -> (snapshot: Blob, current: Blob) {
    var current = existing
    if call.properties.isVersioningEnabled {
      try keepVersion(existing, call, in: transaction)
      try contents.share(existing.content, tenant: existing.tenant, in: transaction)
    }
    var snapshot = existing
    (snapshot.lease, snapshot.version) = (nil, nil)
    // What protects a blob protects no copy of its state.
    (snapshot.immutability, snapshot.hasLegalHold) = (nil, false)
    snapshot.snapshot = try Self.freeTime(after: call.now, above: existing.version, tenant: existing.tenant, existing, in: transaction)
    if let metadata { snapshot.metadata = metadata }
    try contents.share(existing.content, tenant: existing.tenant, in: transaction)
    try transaction.save(BlobGeneration(blob: snapshot))
    try BlobChange.note(.snapshotCreated, of: snapshot, call, in: transaction)
    if call.properties.isVersioningEnabled {
      current.version = try version(of: current, after: existing, call, in: transaction)
      try transaction.save(current)
    }
    return (snapshot, current)
  }

  /// Takes the current blob away: it becomes a version, or can be restored for a while. False when nothing is left of it.
  func remove(_ existing: Blob, _ call: StorageCall, in transaction: RecordTransaction) throws -> Bool {
    try transaction.remove(Blob.self, existing.key)
    try BlobChange.note(.deleted, of: existing, call, in: transaction)
    if keepsVersion(existing, call) {
      try keepVersion(existing, call, in: transaction)
      return true
    }
    guard var deletion = call.properties.deleteRetention.deletion(at: call.now) else {
      try contents.release(existing.content, tenant: existing.tenant, in: transaction)
      return false
    }
    // One that was deleted before and then made again is a snapshot by now.
    let parts = [existing.container.description, existing.name]
    for var earlier in try transaction.list(BlobGeneration.self, index: BlobGeneration.deletedIndex, parts, tenant: existing.tenant, limit: 1) {
      earlier.blob.snapshot = earlier.time
      try transaction.save(earlier)
    }
    deletion.deleted = try Self.freeTime(after: call.now, above: nil, tenant: existing.tenant, existing, in: transaction)
    var old = existing
    (old.lease, old.deletion) = (nil, deletion)
    try transaction.save(BlobGeneration(blob: old))
    return true
  }

  /// Takes a snapshot or a version away. Gives the number of extents released; nil when it can be restored.
  func remove(_ generation: BlobGeneration, permanently: Bool, _ call: StorageCall, in transaction: RecordTransaction) throws -> Int? {
    try BlobChange.note(.deleted, of: generation.blob, call, in: transaction)
    if !permanently, let deletion = call.properties.deleteRetention.deletion(at: call.now) {
      var deleted = generation
      deleted.blob.deletion = deletion
      try transaction.save(deleted)
      return nil
    }
    try transaction.remove(BlobGeneration.self, generation.key)
    return try contents.release(generation.blob.content, tenant: generation.blob.tenant, in: transaction)
  }

  private func keepVersion(_ existing: Blob, _ call: StorageCall, in transaction: RecordTransaction) throws {
    var old = existing
    old.lease = nil
    if old.version == nil {
      old.version = try Self.freeTime(after: existing.lastModified, above: nil, tenant: existing.tenant, existing, in: transaction)
    }
    try transaction.save(BlobGeneration(blob: old))
  }

  /// Nil where the account keeps no versions.
  private func version(of blob: Blob, after existing: Blob?, _ call: StorageCall, in transaction: RecordTransaction) throws -> Timestamp? {
    guard call.properties.isVersioningEnabled else { return nil }
    return try Self.freeTime(after: call.now, above: existing?.version, tenant: blob.tenant, blob, in: transaction)
  }

  /// A time that names no other generation of the blob yet.
  static func freeTime(after now: Timestamp, above last: Timestamp?, tenant: GUID, _ blob: Blob, in reader: any RecordReader) throws -> Timestamp {
    var time = now
    if let last, time <= last { time = last.advanced(by: .microseconds(1)) }
    func key(_ time: Timestamp) -> RecordKey {
      RecordKey(tenant: tenant, blob.container.description, blob.name, BlobGeneration.timeKey(time))
    }
    while try reader.exists(BlobGeneration.self, key(time)) { time = time.advanced(by: .microseconds(1)) }
    return time
  }
}

/// For how long what was deleted can be restored.
struct RetentionPolicy: Sendable, Equatable, Codable {
  /// Nil: not at all.
  var days: Int?

  static let days = 1...365

  var isEnabled: Bool { days != nil }

  /// Nil when the policy is off.
  func deletion(at now: Timestamp) -> SoftDeletion? {
    days.map { SoftDeletion(deleted: now, expires: now.advanced(by: .seconds(86400 * $0))) }
  }
}
