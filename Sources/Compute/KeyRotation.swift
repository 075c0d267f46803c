internal import Base
internal import Keyring
internal import Logging
internal import Records
internal import ResourceManager
internal import Wire

/// Brings the disks of encryption sets that follow their key's versions to the newest one, disks that nobody uses included.
///
/// Source: Microsoft, "Azure Disk Storage server-side encryption", automatic key rotation.
package struct KeyRotation: Sendable {
  let service: ComputeService
  private static let maximumSubscriptions = 100_000

  package init(service: ComputeService) {
    self.service = service
  }

  func run() async throws {
    while true {
      await round()
      try await Task.sleep(for: .seconds(ComputeLimits.keyRotationSeconds))
    }
  }

  /// One look at all sets.
  package func round() async {
    do {
      let address = service.address
      let sets = try await service.records.read { reader in
        try Subscription.all(limit: Self.maximumSubscriptions, in: reader).flatMap { subscription in
          try Resource.all(of: DiskEncryptionSetType.name, in: subscription, limit: DiskEncryptionSetType.maximumSets, in: reader)
        }.compactMap { resource -> DiskEncryptionSet? in
          guard resource.provisioningState.isFinal, let set = DiskEncryptionSet(resource, address) else { return nil }
          return set.followsVersions && set.identity != nil ? set : nil
        }
      }
      for set in sets { try await follow(set) }
    } catch is CancellationError {
      return
    } catch {
      service.logger.error("disk encryption sets could not be looked at", metadata: ["error": "\(error)"])
    }
  }

  private func follow(_ set: DiskEncryptionSet) async throws {
    do {
      let newest = try await service.customerKeys.newestVersion(of: set.key, set.use(for: set.id))
      for disk in try await service.records.read({ try DiskRecord.all(under: set.id, tenant: set.tenant, in: $0) }) {
        try await service.diskKeys.protect(disk, newest: newest)
      }
      try await note(set, newest)
    } catch let error as CustomerKeyError {
      guard error.isRefusal else { return }
      try await note(set, DiskKeyFailure(reason: error, key: set.key.url, set: set.id.name).cloudError)
    } catch let error as CloudError where error.status < 500 {
      try await note(set, error)
    } catch let error where !(error is CancellationError) {
      // The sets behind it have their turn.
      service.logger.warning("a disk encryption set could not be followed", metadata: ["set": "\(set.id)", "error": "\(error)"])
    }
  }

  /// Shows the version that is active now. The first that is known is no rotation.
  private func note(_ set: DiskEncryptionSet, _ newest: String) async throws {
    let (now, entryID, etag, address) = (service.clock.now(), service.random.guid(), service.random.guid(), service.address)
    try await service.records.write { transaction in
      guard var (resource, properties) = try Self.current(set, address, in: transaction) else { return }
      guard set.shownVersion != newest || properties["autoKeyRotationError"] != nil else { return }
      properties["autoKeyRotationError"] = nil
      if set.shownVersion != newest, var active = properties["activeKey"]?.object {
        active["keyUrl"] = .string(set.key.at(newest).url)
        properties["activeKey"] = .object(active)
        if set.shownVersion != nil { properties["lastKeyRotationTimestamp"] = .string(now.iso8601Fractional) }
      }
      resource.properties = .object(properties)
      resource.etag = etag
      resource.changedTime = now
      try transaction.save(resource)
      try ActivityLogEntry(
        platform: "\(DiskEncryptionSetType.name)/write", on: set.id, tenant: set.tenant, status: .succeeded, error: nil, id: entryID, now: now
      ).record(in: transaction)
    }
  }

  private func note(_ set: DiskEncryptionSet, _ error: CloudError) async throws {
    let (now, entryID, address) = (service.clock.now(), service.random.guid(), service.address)
    try await service.records.write { transaction in
      guard var (resource, properties) = try Self.current(set, address, in: transaction),
        properties["autoKeyRotationError"]?["code"]?.string != error.code
      else { return }
      properties["autoKeyRotationError"] = ["code": .string(error.code), "message": .string(error.message)]
      resource.properties = .object(properties)
      try transaction.save(resource)
      try ActivityLogEntry(
        platform: "\(DiskEncryptionSetType.name)/write", on: set.id, tenant: set.tenant, status: .failed, error: error, id: entryID, now: now
      ).record(in: transaction)
    }
  }

  /// The set as it is now, unless somebody has chosen another key meanwhile.
  private static func current(
    _ set: DiskEncryptionSet, _ address: CloudAddress, in reader: any RecordReader
  ) throws -> (Resource, JSON.Object)? {
    guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: set.tenant, set.id)), resource.provisioningState.isFinal,
      let found = DiskEncryptionSet(resource, address), found.key == set.key, found.shownVersion == set.shownVersion, found.followsVersions,
      let properties = resource.properties.object
    else { return nil }
    return (resource, properties)
  }
}
