internal import Base
internal import Records
internal import Wire

/// What becomes of a blob's state when another takes its place: a version, a snapshot that can be restored for a while, or nothing.
///
/// Source: Microsoft, "Blob versioning" and "Soft delete for blobs".
struct BlobHistory: Sendable {
  let contents: BlobContents

  /// Whether the state that is replaced lives on, and its content with it.
  func keeps(_ existing: Blob, _ call: StorageCall) -> Bool {
    call.properties.isVersioningEnabled || existing.version != nil || call.properties.deleteRetention.isEnabled
  }

  /// Files `blob` as the current one in place of `existing`. What its content does not share with that of `existing` must have been
  /// accounted for unless `keeps` says that it lives on. Gives the blob as it was saved.
  func replace(_ existing: Blob?, with blob: Blob, _ call: StorageCall, in transaction: RecordTransaction) throws -> Blob {
    var blob = blob
    if let existing { try keep(existing, call, in: transaction) }
    blob.version = nil
    if call.properties.isVersioningEnabled {
      blob.version = try Self.freeTime(after: call.now, above: existing?.version, tenant: blob.tenant, blob, in: transaction)
    }
    if let lease = existing?.lease, lease.isLocked(at: call.now) { blob.lease = lease } else { blob.lease = nil }
    try transaction.save(blob)
    return blob
  }

  /// Files the state that is replaced where its versions or snapshots are, if it lives on.
  private func keep(_ existing: Blob, _ call: StorageCall, in transaction: RecordTransaction) throws {
    var old = existing
    old.lease = nil
    if call.properties.isVersioningEnabled || existing.version != nil {
      old.version = try existing.version ?? Self.freeTime(after: existing.lastModified, above: nil, tenant: existing.tenant, existing, in: transaction)
    } else if call.properties.deleteRetention.isEnabled {
      old.snapshot = try Self.freeTime(after: call.now, above: nil, tenant: existing.tenant, existing, in: transaction)
      old.deletion = call.properties.deleteRetention.deletion(at: call.now)
    } else {
      return
    }
    try transaction.save(BlobGeneration(blob: old))
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
