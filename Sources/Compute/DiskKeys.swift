internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// The data keys of disks, snapshots and images: puts them under the keys of their encryption sets, and opens them before a disk is used.
struct DiskKeys: Sendable {
  let records: any RecordStore
  let customerKeys: CustomerKeyring
  let address: CloudAddress

  /// Who asked for what is being done, for the ledger and the key's owner; nil for work of the platform's own.
  struct Asker: Sendable {
    var caller: GUID?
    var request: GUID?

    init(_ context: OperationContext) {
      caller = context.principal.objectID
      request = context.requestID ?? context.correlationID
    }

    /// Whoever has a URL.
    init(request: GUID) { self.request = request }
  }

  @TaskLocal static var asker: Asker?

  // MARK: Opening

  /// Makes a disk's data key usable, whoever protects it. Throws a `CloudError` where its customer does not allow it.
  func open(_ disk: DiskRecord) async throws {
    do {
      if let failure = try await failure(of: disk) { throw failure.cloudError }
    } catch KeyringError.noSuchKey {
      throw CloudError.computeNotFound(disk.id)
    }
  }

  /// Begins to open a disk's data key, for who comes back.
  func openSoon(_ disk: DiskRecord) {
    Task { _ = try? await failure(of: disk) }
  }

  /// Opens a disk's data key; gives why it cannot be. A key that is open is not asked about, but counts as in use.
  func failure(of disk: DiskRecord) async throws -> DiskKeyFailure? {
    if customerKeys.isOpen(disk.dataKey, tenant: disk.tenant) { return nil }
    do {
      try await customerKeys.open(disk.dataKey, tenant: disk.tenant, caller: Self.asker?.caller, request: Self.asker?.request)
      return nil
    } catch let error as CustomerKeyError {
      let protection = try await records.read { try Keyring.protection(of: disk.dataKey, tenant: disk.tenant, in: $0) }
      let key = protection.map { $0.key.at($0.version).url } ?? ""
      return DiskKeyFailure(reason: error, key: key, set: disk.encryptionSet?.name ?? disk.id.name)
    }
  }

  /// Throws the `CloudError` that a new disk under a set would meet. A set that is not there is for the type to refuse.
  func requireUsable(_ set: ResourceID, _ context: OperationContext) async throws {
    guard let set = try await records.read({ try DiskEncryptionSet.find(set, tenant: context.tenant, address, in: $0) }) else { return }
    do {
      _ = try await customerKeys.newestVersion(of: set.key, set.use(for: set.id))
    } catch {
      throw DiskKeyFailure(reason: error, key: set.key.url, set: set.id.name).cloudError
    }
  }

  // MARK: Protecting

  /// Whether a disk's data key is protected as its record wants it.
  func isSettled(_ disk: DiskRecord, in reader: any RecordReader) throws -> Bool {
    let actual = try Keyring.protection(of: disk.dataKey, tenant: disk.tenant, in: reader)
    guard let id = disk.encryptionSet else { return actual == nil }
    guard let set = try DiskEncryptionSet.find(id, tenant: disk.tenant, address, in: reader) else { return true }
    return actual?.key == set.key && actual?.identity == set.identity ?? .zero
  }

  /// Puts a disk's data key under its set's key, or gives it back to the platform's; what it encrypts is not touched. With `newest`, one that another
  /// version of the key has wrapped is wrapped anew.
  ///
  /// Throws a `CloudError` where a customer does not allow it; then all is as before.
  func protect(_ disk: DiskRecord, newest: String? = nil) async throws {
    do {
      try await settle(disk, newest)
    } catch KeyringError.noSuchKey {
      throw CloudError.computeNotFound(disk.id)
    }
  }

  private func settle(_ disk: DiskRecord, _ newest: String?) async throws {
    let address = address
    let (set, actual) = try await records.read { reader in
      (
        try disk.encryptionSet.flatMap { try DiskEncryptionSet.find($0, tenant: disk.tenant, address, in: reader) },
        try Keyring.protection(of: disk.dataKey, tenant: disk.tenant, in: reader)
      )
    }
    guard let set else {
      if disk.encryptionSet == nil, actual != nil { try await unprotect(disk) }
      return
    }
    if let actual, actual.identity != set.identity ?? .zero { try await reassign(disk, to: set) }
    guard actual?.key != set.key || (newest != nil && newest != actual?.version) else { return }
    try await open(disk)
    let use = set.use(for: disk.id, caller: Self.asker?.caller, request: Self.asker?.request)
    let prepared: Keyring.PreparedDataKey
    do {
      prepared = try await customerKeys.prepare(disk.dataKey, tenant: disk.tenant, set.key, use)
    } catch let error as CustomerKeyError {
      throw DiskKeyFailure(reason: error, key: set.key.url, set: set.id.name).cloudError
    }
    let keyring = customerKeys.keyring
    try await records.write { transaction in
      // Another change may have come in between; it protects the key itself.
      guard let current = try transaction.fetch(DiskRecord.self, disk.key), current.guid == disk.guid, current.encryptionSet == set.id,
        try DiskEncryptionSet.find(set.id, tenant: disk.tenant, address, in: transaction)?.key == set.key
      else { return }
      try keyring.protect(prepared, in: transaction)
    }
  }

  private func unprotect(_ disk: DiskRecord) async throws {
    try await open(disk)
    let keyring = customerKeys.keyring
    try await records.write { transaction in
      guard let current = try transaction.fetch(DiskRecord.self, disk.key), current.guid == disk.guid, current.encryptionSet == nil else { return }
      try keyring.unprotect(disk.dataKey, tenant: disk.tenant, in: transaction)
    }
  }

  private func reassign(_ disk: DiskRecord, to set: DiskEncryptionSet) async throws {
    let keyring = customerKeys.keyring
    try await records.write { transaction in
      guard let current = try transaction.fetch(DiskRecord.self, disk.key), current.guid == disk.guid else { return }
      try keyring.reassign(disk.dataKey, tenant: disk.tenant, to: set.identity ?? .zero, in: transaction)
    }
  }
}
