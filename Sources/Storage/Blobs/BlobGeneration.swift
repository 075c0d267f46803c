internal import Base
internal import Records
internal import Wire

/// A blob that its name alone does not name: a snapshot, a version that is no longer the current one, or a blob that was deleted and can
/// still be restored. Filed beside the current one, in the order of time.
struct BlobGeneration: Record, Sendable {
  static let kind = "storage.generation"
  static let format = Blob.format

  var blob: Blob

  /// What names it under the blob's name: the snapshot's time, else the version's, else when it was deleted.
  var time: Timestamp { blob.snapshot ?? blob.version ?? blob.deletion?.deleted ?? blob.lastModified }

  var key: RecordKey {
    RecordKey(tenant: blob.tenant, blob.container.description, blob.name, Self.timeKey(time))
  }

  static func key(_ container: Container, name: String, time: Timestamp) -> RecordKey {
    RecordKey(tenant: container.tenant, container.id.description, name, timeKey(time))
  }

  /// What the keys of a blob's generations begin with.
  static func parent(_ container: Container, name: String) -> RecordKey {
    RecordKey(tenant: container.tenant, container.id.description, name)
  }

  /// Finds what can no longer be restored, in the order in which its time ends.
  static let expiryIndex = "expiry"
  /// Finds a blob's snapshots, but for those that were deleted.
  static let snapshotIndex = "snapshot"
  /// Finds the one that was deleted as the current blob and that no other has replaced since.
  static let deletedIndex = "deleted"

  var indexes: [RecordIndex] {
    guard let deletion = blob.deletion else {
      return blob.rehydrationIndexes + (blob.snapshot == nil ? [] : [RecordIndex(Self.snapshotIndex, blob.container.description, blob.name)])
    }
    let expiry = RecordIndex(Self.expiryIndex, Self.timeKey(deletion.expires), tenant: .zero)
    guard blob.snapshot == nil, blob.version == nil else { return [expiry] }
    return [expiry, RecordIndex(Self.deletedIndex, blob.container.description, blob.name)]
  }

  /// The key behind which no generation of the blob stands.
  static func end(_ container: Container, name: String) -> RecordKey {
    RecordKey(tenant: container.tenant, container.id.description, name, String(repeating: "9", count: timeKeyDigits))
  }

  static let timeKeyDigits = 19

  /// Microseconds, in as many digits as always.
  static func timeKey(_ time: Timestamp) -> String {
    max(0, time.microseconds).zeroPadded(timeKeyDigits)
  }
}

extension BlobGeneration {
  func encode(to writer: inout ByteWriter) {
    blob.encode(to: &writer)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    blob = try Blob(from: &reader, format: format)
    blob.isCurrent = false
  }
}

extension Blob {
  /// Whether it is the current one and snapshots or versions of it are left. What was deleted and can be restored does not count.
  func hasEarlierStates(in reader: any RecordReader) throws -> Bool {
    guard isCurrent else { return false }
    let parent = RecordKey(tenant: tenant, container.description, name)
    var last: RecordKey?
    while true {
      let states = try reader.list(BlobGeneration.self, under: parent, after: last, limit: Self.statesPerRead)
      if states.contains(where: { $0.blob.deletion == nil }) { return true }
      guard states.count == Self.statesPerRead else { return false }
      last = states.last?.key
    }
  }

  private static let statesPerRead = 64

  /// Saves a state that was changed in place, wherever it is filed. What names it must not have changed.
  func save(in transaction: RecordTransaction) throws {
    if isCurrent { try transaction.save(self) } else { try transaction.save(BlobGeneration(blob: self)) }
  }
}
