package import Base
internal import Fabric
internal import Hypervisor
internal import Keyring
internal import Logging
internal import Records
internal import ResourceManager
package import Wire

/// Ends the use of disks whose customers have withdrawn their keys: machines are stopped, and access by URL is revoked.
///
/// Asking about a disk is what keeps its key lent while a machine runs on it: the keyring asks the customer again and again about keys in use.
package struct DiskKeyWatch: Sendable {
  let service: ComputeService
  /// Until then a customer's side that does not answer has not yet had its time since this process knows of the disks.
  private let deadline: Timestamp

  package init(service: ComputeService) {
    self.service = service
    deadline = service.clock.steady().advanced(by: .seconds(KeyringLimits.customerKeySeconds))
  }

  /// A disk under a set, and who uses it.
  private struct Use: Sendable {
    var disk: DiskRecord
    var machine: Machine?
    var hasAccess: Bool
  }

  /// What is used together: all of a machine's disks, or one disk that is reached by URL.
  private struct Group: Sendable {
    var uses: [Use]
  }

  func run() async throws {
    while true {
      await look()
      try await Task.sleep(for: .seconds(ComputeLimits.keyWatchSeconds))
    }
  }

  /// One look at all disks in use.
  package func look() async {
    do {
      let groups = try await groups()
      await withTaskGroup(of: Void.self) { tasks in
        for (index, group) in groups.enumerated() {
          if index >= ComputeLimits.maximumConcurrentKeyLooks { await tasks.next() }
          tasks.addTask { await self.look(at: group) }
        }
      }
    } catch is CancellationError {
      return
    } catch {
      service.logger.error("keys of disks could not be looked at", metadata: ["error": "\(error)"])
    }
  }

  private func groups() async throws -> [Group] {
    let (service, now, host) = (service, service.clock.now(), service.configuration.host)
    let uses = try await service.records.read { reader in
      try DiskRecord.underSets(in: reader).compactMap { disk -> Use? in
        let owner = try ResourceLink.sources(of: disk.id, VirtualMachineType.diskRole, tenant: disk.tenant, in: reader).first
        let machine = try owner.flatMap { try Machine.find($0, tenant: disk.tenant, in: reader) }
        let access = try DiskAccess.current(of: disk.id, tenant: disk.tenant, now: now, in: reader)
        let use = Use(disk: disk, machine: machine?.host == host ? machine : nil, hasAccess: access != nil)
        return use.machine == nil && !use.hasAccess ? nil : use
      }
    }
    guard !uses.isEmpty else { return [] }
    let running = Set(try await service.hypervisor.machines().filter { $0.phase != .ended }.map(\.id))
    var byMachine: [GUID: Group] = [:]
    var others: [Group] = []
    for use in uses {
      if let machine = use.machine, running.contains(machine.vmID) {
        byMachine[machine.vmID, default: Group(uses: [])].uses.append(use)
      } else if use.hasAccess {
        var alone = use
        alone.machine = nil
        others.append(Group(uses: [alone]))
      }
    }
    return Array(byMachine.values) + others
  }

  private func look(at group: Group) async {
    do {
      var first: DiskKeyFailure?
      // Each look is a question of its own: what was answered to an earlier one says nothing of a customer's side that has come back meanwhile.
      let asker = DiskKeys.Asker(request: service.random.guid())
      for use in group.uses {
        let found = try await DiskKeys.$asker.withValue(asker) { try await service.diskKeys.failure(of: use.disk) }
        guard let failure = found else { continue }
        // No answer means no, once the time for one has passed.
        if !failure.reason.isRefusal, service.clock.steady() < deadline { continue }
        first = first ?? failure
        if use.hasAccess { try await endAccess(use.disk, isRefusal: failure.reason.isRefusal) }
      }
      if let first, let machine = group.uses.lazy.compactMap(\.machine).first { try await stop(machine, first) }
    } catch KeyringError.noSuchKey {
      // The disk was deleted meanwhile.
    } catch is CancellationError {
      return
    } catch {
      service.logger.error(
        "a disk's key could not be looked at", metadata: ["disk": "\(group.uses.first?.disk.id.description ?? "")", "error": "\(error)"])
    }
  }

  /// The bytes are closed at once; leave to reach them ends where the customer has said no.
  private func endAccess(_ disk: DiskRecord, isRefusal: Bool) async throws {
    if isRefusal {
      try await service.records.write { transaction in
        _ = try transaction.remove(DiskAccess.self, DiskAccess.key(disk.tenant, disk.id))
      }
    }
    await service.openDisks.close(disk.guid)
  }

  /// Stops a machine, which whoever owns it may start again once the key is back.
  private func stop(_ machine: Machine, _ failure: DiskKeyFailure) async throws {
    let isNews = try await service.noteKeyFailure(machine, failure.cloudError)
    if isNews { service.logger.notice("machine loses its key", metadata: ["machine": "\(machine.id)", "cause": "\(failure.reason.code)"]) }
    try await service.lifecycle.stop(machine, gently: true, seconds: ComputeLimits.withdrawalShutdownSeconds)
  }
}

extension ComputeService {
  /// Wraps the data keys of the disks under a set with its active key, where they are not.
  package func protectDisks(under set: ResourceID, tenant: GUID) async throws {
    for disk in try await records.read({ try DiskRecord.all(under: set, tenant: tenant, in: $0) }) {
      steps("protect the disk's key", disk.id)
      try await diskKeys.protect(disk)
    }
  }

  /// Records that a machine is off because a disk's key cannot be used; gives false where nobody wanted it to run.
  func noteKeyFailure(_ machine: Machine, _ error: CloudError) async throws -> Bool {
    let (networks, now, entryID) = (networks, clock.now(), random.guid())
    return try await records.write { transaction in
      guard var current = try transaction.fetch(Machine.self, machine.key), current.wanted == .running else { return false }
      current.wanted = .stopped
      current.end = Machine.End(reason: "\(error.code): \(error.message)", time: now)
      current.startedSize = nil
      try transaction.save(current)
      let interfaces = try ResourceLink.targets(of: machine.id, VirtualMachineType.interfaceRole, tenant: machine.tenant, in: transaction)
      try networks.withdraw(interfaces, tenant: machine.tenant, in: transaction)
      try ActivityLogEntry(
        platform: "Microsoft.Compute/virtualMachines/powerOff/action", on: machine.id, tenant: machine.tenant, status: .failed, error: error,
        id: entryID, now: now
      ).record(in: transaction)
      return true
    }
  }
}

extension ActivityLogEntry {
  /// Something that the platform did by itself.
  init(
    platform operation: String, on resource: ResourceID, tenant: GUID, status: ActivityLogEntry.Status, error: CloudError?, id: GUID, now: Timestamp
  ) {
    self.init(
      id: id, tenant: tenant, subscription: resource.subscription, time: now, operationName: operation, resourceID: resource.description,
      status: status, statusCode: error?.status ?? 200, errorCode: error?.code, errorMessage: error?.message, caller: "Microsoft.Compute",
      principalID: .zero, claims: [:], correlationID: id, operationID: id, clientAddress: "", method: "")
  }
}
