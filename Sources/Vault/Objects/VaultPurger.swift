internal import Base
internal import Logging
internal import Records

/// Purges deleted things and vaults whose time has come, and removes what is left of those that were purged, in bounded transactions.
package struct VaultPurger: Sendable {
  private let services: VaultServices

  /// How often it looks for things whose time has come; what a request purges wakes it.
  private static let interval: Duration = .seconds(60)
  /// After what failed.
  private static let retryInterval: Duration = .seconds(5)

  package init(_ services: VaultServices) {
    self.services = services
  }

  /// Runs until its task is cancelled. What fails is logged and tried again.
  package func run() async throws {
    let waker = services.vaults.purgeWaker
    try await withThrowingTaskGroup { group in
      group.addTask {
        while !Task.isCancelled {
          waker.wake()
          try await Task.sleep(for: Self.interval)
        }
      }
      group.addTask {
        for await _ in waker.wakes {
          do {
            while try await !round() { try Task.checkCancellation() }
          } catch let error where !(error is CancellationError) {
            services.logger.error("purging vaults failed and is tried again", metadata: ["error": "\(error)"])
            try await Task.sleep(for: Self.retryInterval)
            waker.wake()
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// One bounded round. True when nothing is left to do now.
  package func round() async throws -> Bool {
    let moreVaults = try await services.vaults.purgeExpired(now: services.clock.now(), random: services.random)
    let moreThings = try await purgeExpiredThings()
    let moreRemains = try await removeRemains()
    return !moreVaults && !moreThings && !moreRemains
  }

  /// Whether some may be left.
  private func purgeExpiredThings() async throws -> Bool {
    let now = services.clock.now()
    guard let next = try await services.records.read({ try Self.expiring(limit: 1, $0) }).first?.deletion, next.purgeTime <= now else { return false }
    return try await services.records.write { transaction in
      let limit = VaultLimits.maximumThingPurges
      let due = try Self.expiring(limit: limit, transaction).filter { $0.deletion.map { $0.purgeTime <= now } ?? false }
      for object in due {
        try transaction.remove(VaultObject.self, object.key)
        try transaction.save(
          VaultPurge(id: services.random.guid(), tenant: object.tenant, partition: object.partition, incarnation: object.incarnation))
      }
      return due.count == limit
    }
  }

  /// Deleted things of all vaults, in the order of their purge.
  private static func expiring(limit: Int, _ reader: any RecordReader) throws -> [VaultObject] {
    try reader.list(VaultObject.self, index: VaultObject.purgeIndex, [], tenant: .zero, limit: limit)
  }

  /// Whether some may be left.
  private func removeRemains() async throws -> Bool {
    let limit = VaultLimits.maximumPurgesPerRound
    let purges = try await services.records.read { try $0.list(VaultPurge.self, under: RecordKey(tenant: .zero), limit: limit) }
    var isDone = purges.count < limit
    for purge in purges {
      try Task.checkCancellation()
      let isRemoved = try await services.records.write { transaction in try purge.step(now: services.clock.now(), in: transaction) }
      isDone = isDone && isRemoved
    }
    return !isDone
  }
}

extension VaultPurge {
  /// Removes a bounded part; true, and the purge is gone, when that was the last.
  fileprivate func step(now: Timestamp, in transaction: RecordTransaction) throws -> Bool {
    let limit = VaultLimits.maximumRemovals
    let vault = RecordKey(tenant: tenant, partition)
    let versions = try transaction.list(
      VaultObjectVersion.self, under: incarnation.map { RecordKey(tenant: tenant, partition, $0.description) } ?? vault, limit: limit)
    for version in versions {
      // The module's keys are destroyed outside of transactions; from here on each has a record that sees to it.
      if let moduleKey = version.moduleKey { try transaction.save(ModuleKeyRemoval(id: moduleKey, due: now, tenant: tenant)) }
      try transaction.remove(VaultObjectVersion.self, version.key)
    }
    guard versions.count < limit else { return false }
    if incarnation == nil {
      guard try transaction.removeAll(VaultObject.self, under: vault, limit: limit) < limit else { return false }
      let pending = try transaction.list(CertificateOperation.self, under: vault, limit: limit)
      for operation in pending { try operation.remove(now: now, transaction) }
      guard pending.count < limit, try transaction.removeAll(CertificateRenewal.self, under: vault, limit: limit) < limit else { return false }
      try transaction.remove(CertificateSettings.self, vault)
      try transaction.remove(ExternalConnection.self, vault)
      try transaction.remove(VaultClientAuthority.self, vault)
    }
    try transaction.remove(VaultPurge.self, key)
    return true
  }
}
