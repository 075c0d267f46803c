internal import Base
internal import Records
internal import Synchronization

/// Blobs that were read and whose records are yet to say so, in memory: a read never waits for a write. What the process has not noted when it ends
/// is lost, and so is what comes while there are too many.
///
/// Source: Microsoft, "Optionally enable access time tracking".
final class BlobAccesses: Sendable {
  struct Access: Sendable {
    /// The blob's.
    var key: RecordKey
    /// The account's name and `StorageAccount.partition`.
    var account: String
    var partition: String
    var container: String
    var time: Timestamp
  }

  static let maximumPending = 20_000

  private let pending = Mutex<[RecordKey: Access]>([:])

  /// Remembers that a blob is read, where its account tracks that and has not noted it today.
  func note(_ blob: Blob, _ call: StorageCall) {
    guard call.properties.tracksLastAccess, blob.isCurrent, Self.isNewDay(call.now, after: blob.lastAccessed) else { return }
    let access = Access(
      key: blob.key, account: call.account.name, partition: call.account.partition, container: call.container, time: call.now)
    pending.withLock { pending in
      guard pending.count < Self.maximumPending else { return }
      pending[access.key] = access
    }
  }

  /// Up to `limit` of them, which are forgotten here.
  func take(_ limit: Int) -> [Access] {
    pending.withLock { pending in
      let taken = Array(pending.values.prefix(limit))
      for access in taken { pending[access.key] = nil }
      return taken
    }
  }

  static func isNewDay(_ time: Timestamp, after last: Timestamp?) -> Bool {
    last.map { time.seconds / 86400 > $0.seconds / 86400 } ?? true
  }
}
