internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// Disks and snapshots under encryption sets.
///
/// Source: Microsoft, "Azure Disk Storage server-side encryption", customer-managed keys and their restrictions.
extension DiskType {
  /// A set whose key may not be used is refused before anything is recorded.
  func prepare(_ change: ResourceChange) async throws -> (any Sendable)? {
    guard let set = change.body.member("properties", "encryption", "diskEncryptionSetId")?.string.flatMap({ ResourceID($0) }) else { return nil }
    if let existing = change.existing {
      let record = try await service.records.read { try DiskRecord.find(existing.id, tenant: existing.tenant, in: $0) }
      guard record?.encryptionSet != set else { return nil }
    }
    try await service.diskKeys.requireUsable(set, change.context)
    return nil
  }

  /// A snapshot is encrypted as what it is of.
  func requireSameSet(
    _ encryption: DiskEncryption, _ source: DiskRecord.Source, _ context: OperationContext, in reader: any RecordReader
  ) throws {
    guard case .copy(let origin) = source, let original = try DiskRecord.find(origin, tenant: context.tenant, in: reader),
      original.encryptionSet != nil, encryption.settled(copying: original) != original.encryptionSet
    else { return }
    throw CloudError.operationNotAllowed(
      "A snapshot of '\(original.id.name)' must be encrypted with the disk encryption set of its source.")
  }

  /// Records the set that a disk is to be under; whether there is something to carry out.
  func settleEncryption(_ given: JSON, of record: inout DiskRecord, _ change: ResourceChange, in transaction: RecordTransaction) throws -> Bool {
    let encryption = try DiskEncryption(disk: given.member("encryption"), change.context, in: transaction)
    let wanted = encryption == .unsaid ? record.encryptionSet : encryption.settled(copying: nil)
    guard wanted != record.encryptionSet else { return try !service.diskKeys.isSettled(record, in: transaction) }
    let owner = try ResourceLink.sources(of: record.id, VirtualMachineType.diskRole, tenant: record.tenant, in: transaction).first
    if let owner, try Machine.find(owner, tenant: record.tenant, in: transaction)?.wanted != .deallocated {
      throw CloudError.operationNotAllowed(
        "Cannot change the encryption settings of disk '\(record.id.name)' while it is attached to running VM '\(owner)'.")
    }
    try requireNoAccess(record, in: transaction)
    record.encryptionSet = wanted
    try transaction.save(record)
    return true
  }
}
