internal import Base
internal import Crypto
internal import Hypervisor
internal import Keyring
internal import Logging
internal import Records
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// An empty encrypted disk that belongs to nobody yet. Its header takes seconds of a processor to make, and a new disk should not wait for that.
struct BlankDisk: Record, Codable, Sendable {
  static let kind = "compute.blankDisk"

  /// Names its file, and the disk that is made of it.
  var guid: GUID
  /// Of the platform's own, until it is given to a tenant.
  var dataKey: DataKeyID
  /// Whether the file is there.
  var isReady = false

  var key: RecordKey { RecordKey(tenant: .zero, guid.description) }

  /// Below the machines' folder.
  static func path(_ guid: GUID) -> String { "blanks/\(guid).qcow2" }

  static func all(in reader: any RecordReader) throws -> [BlankDisk] {
    try reader.list(BlankDisk.self, under: RecordKey(tenant: .zero, components: []), limit: 1024)
  }

  static func any(in reader: any RecordReader) throws -> BlankDisk? {
    try all(in: reader).first(where: \.isReady)
  }

  /// Gives it and its key to a tenant; gives the key's new name.
  func give(to tenant: GUID, _ keyring: Keyring, in transaction: RecordTransaction) throws -> DataKeyID {
    let given = try keyring.makeDataKey(keyring.dataKey(dataKey, tenant: .zero, in: transaction), tenant: tenant, in: transaction)
    try keyring.destroyDataKey(dataKey, tenant: .zero, in: transaction)
    try transaction.remove(BlankDisk.self, key)
    return given
  }
}

/// Keeps a few blank disks ready.
struct BlankDisks: Sendable {
  let service: ComputeService
  private static let pause: Duration = .seconds(1)

  private var folder: String { service.configuration.folder }

  func run() async throws {
    while true {
      do {
        try await removeStrays()
        while true {
          if try await service.records.read({ try BlankDisk.all(in: $0).count }) < ComputeLimits.blankDisks {
            try await make()
          } else {
            try await Task.sleep(for: Self.pause)
          }
        }
      } catch _ where Task.isCancelled {
        // The program that was making one was ended with this task.
        throw CancellationError()
      } catch {
        service.logger.error("blank disks could not be made", metadata: ["error": "\(error)"])
        try await Task.sleep(for: .seconds(ComputeLimits.observeIntervalSeconds))
      }
    }
  }

  private func make() async throws {
    let (service, guid) = (service, service.random.guid())
    let (blank, key) = try await service.records.write { transaction in
      let blank = BlankDisk(guid: guid, dataKey: try service.keyring.makeDataKey(tenant: .zero, in: transaction))
      try transaction.save(blank)
      return (blank, try service.keyring.dataKey(blank.dataKey, tenant: .zero, in: transaction).withUnsafeBytes { Array($0) })
    }
    try await service.disks.images.createBlank(ImageFile(path: "\(folder)/\(BlankDisk.path(guid))", key: key))
    try await service.records.write { transaction in
      var ready = blank
      ready.isReady = true
      try transaction.save(ready)
    }
  }

  /// What a crash has kept from being made whole: records without their file, and files without a record.
  private func removeStrays() async throws {
    let service = service
    try await service.records.write { transaction in
      for blank in try BlankDisk.all(in: transaction) where !blank.isReady {
        try service.keyring.destroyDataKey(blank.dataKey, tenant: .zero, in: transaction)
        try transaction.remove(BlankDisk.self, blank.key)
      }
    }
    for name in try RemovableFile.names(in: "\(folder)/blanks") {
      let guid = GUID(String(name.prefix { $0 != "." }))
      let isKnown = try await service.records.read { reader in
        guard let guid, !name.hasSuffix(".partial") else { return false }
        return try BlankDisk.all(in: reader).contains { $0.guid == guid } || DiskRecord.find(guid, in: reader) != nil
      }
      if !isKnown { try RemovableFile.remove("\(folder)/blanks/\(name)") }
    }
  }
}
