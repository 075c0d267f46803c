internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// Delete Blob and Undelete Blob.
struct BlobDeletions: Sendable {
  let records: any RecordStore
  let contents: BlobContents

  /// Snapshots and versions that one transaction deletes or restores. A blob that has more is gone, or back, with the last of them.
  static let maximumGenerationsPerTransaction = 256

  /// What `x-ms-delete-snapshots` says.
  private enum Snapshots: String {
    case include
    case only
  }

  /// Source: Microsoft, "Delete Blob", REST reference.
  @Sendable
  func delete(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    var snapshots: Snapshots?
    if let text = call.header("x-ms-delete-snapshots") {
      snapshots = Snapshots(rawValue: text.lowercased())
      if snapshots == nil { throw StorageError.invalidHeaderValue("x-ms-delete-snapshots", text) }
    }
    let isPermanent = try Self.isPermanent(call)
    var keeps: Bool?
    if let parameter = ["snapshot", "versionid"].first(where: { call.request.query[$0] != nil }) {
      guard snapshots == nil else { throw StorageError.invalidQueryParameterValue(parameter, call.request.query[parameter] ?? "") }
      keeps = try await records.write { try self.deleteGeneration(call, conditions, permanently: isPermanent, in: $0) }
    } else {
      guard !isPermanent else { throw StorageError.invalidQueryParameterValue("deletetype", "permanent") }
      while keeps == nil {
        keeps = try await records.write { [snapshots] in try self.deleteCurrent(call, conditions, snapshots, in: $0) }
      }
    }
    return EdgeResponse(.accepted, headers: ["x-ms-delete-type-permanent": keeps == true ? "false" : "true"])
  }

  /// Deletes the blob, snapshot or version that a call names. A blob that has snapshots is not deleted.
  func delete(_ call: StorageCall, _ conditions: BlobConditions, in transaction: RecordTransaction) throws {
    if call.request.query["snapshot"] != nil || call.request.query["versionid"] != nil {
      _ = try deleteGeneration(call, conditions, permanently: false, in: transaction)
    } else {
      _ = try deleteCurrent(call, conditions, nil, in: transaction)
    }
  }

  private static func isPermanent(_ call: StorageCall) throws -> Bool {
    guard let type = call.request.query["deletetype"] else { return false }
    guard type.lowercased() == "permanent" else { throw StorageError.invalidQueryParameterValue("deletetype", type) }
    guard call.properties.allowsPermanentDelete else { throw StorageError.permanentDeleteNotEnabled }
    return true
  }

  /// Whether what was deleted lives on; nil while snapshots are left that go before the blob does.
  private func deleteCurrent(
    _ call: StorageCall, _ conditions: BlobConditions, _ wanted: Snapshots?, in transaction: RecordTransaction
  ) throws -> Bool? {
    let container = try Container.require(call, in: transaction)
    let blob = try Blob.requireCurrent(call, in: transaction)
    try conditions.requireWrite(blob, for: .delete, call)
    try call.requireTierChange(of: blob)
    let history = BlobHistory(contents: contents)
    let limit = wanted == nil ? 1 : Self.maximumGenerationsPerTransaction
    let snapshots = try transaction.list(
      BlobGeneration.self, index: BlobGeneration.snapshotIndex, [container.id.description, blob.name], tenant: container.tenant, limit: limit)
    if wanted == nil, !snapshots.isEmpty { throw StorageError.snapshotsPresent }
    var released = 0
    for var snapshot in snapshots {
      snapshot.blob.terms = blob.terms
      try snapshot.blob.requireMutable(for: .delete, at: call.now)
      released += try history.remove(snapshot, permanently: false, call, in: transaction) ?? 0
      if released >= BlobContents.maximumReleasesPerTransaction { return nil }
    }
    if snapshots.count == limit { return nil }
    if wanted == .only { return call.properties.deleteRetention.isEnabled }
    try contents.discardUncommitted(container, name: blob.name, in: transaction)
    return try history.remove(blob, call, in: transaction)
  }

  /// Whether the snapshot or version that was deleted can be restored.
  private func deleteGeneration(
    _ call: StorageCall, _ conditions: BlobConditions, permanently: Bool, in transaction: RecordTransaction
  ) throws -> Bool {
    let found = try Blob.require(call, includingDeleted: permanently, in: transaction)
    guard !found.isCurrent else { throw StorageError.operationNotAllowedOnRootBlob }
    try conditions.requireWrite(found, for: .delete, call)
    try call.requireTierChange(of: found)
    guard !permanently || found.deletion != nil else { throw StorageError.blobNotFound }
    let released = try BlobHistory(contents: contents).remove(BlobGeneration(blob: found), permanently: permanently, call, in: transaction)
    return released == nil
  }

  /// Restores the blob and all of its snapshots and versions that were deleted.
  ///
  /// Source: Microsoft, "Undelete Blob", REST reference.
  @Sendable
  func undelete(_ call: StorageCall) async throws -> EdgeResponse {
    var position: RecordKey?
    repeat {
      position = try await records.write { [position] in try self.restore(call, after: position, in: $0) }
    } while position != nil
    return EdgeResponse(.ok)
  }

  /// Where to go on; nil at the end.
  private func restore(_ call: StorageCall, after position: RecordKey?, in transaction: RecordTransaction) throws -> RecordKey? {
    let container = try Container.require(call, in: transaction)
    var hasCurrent = try transaction.exists(Blob.self, Blob.key(container, name: call.blob))
    let limit = Self.maximumGenerationsPerTransaction
    let generations = try transaction.list(
      BlobGeneration.self, under: BlobGeneration.parent(container, name: call.blob), after: position, limit: limit)
    guard hasCurrent || !generations.isEmpty || position != nil else { throw StorageError.blobNotFound }
    for var generation in generations {
      guard let deletion = generation.blob.deletion, deletion.expires > call.now else { continue }
      if generation.blob.snapshot == nil && generation.blob.version == nil {
        if !hasCurrent {
          try transaction.remove(BlobGeneration.self, generation.key)
          generation.blob.deletion = nil
          generation.blob.isCurrent = true
          try transaction.save(generation.blob)
          hasCurrent = true
          continue
        }
        generation.blob.snapshot = generation.time
      }
      generation.blob.deletion = nil
      try transaction.save(generation)
    }
    return generations.count == limit ? generations.last?.key : nil
  }
}
