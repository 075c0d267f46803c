internal import Base
internal import Fabric
internal import Hypervisor
internal import Logging
internal import Records
internal import ResourceManager
internal import Wire

/// Looks at what runs on this host: a machine that ended by itself becomes `stopped`, with the reason; one whose host was started anew is started again.
struct MachineWatch: Sendable {
  let service: ComputeService

  func run() async throws {
    await recoverAfterReboot()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await end in service.hypervisor.ends() { await observe([end.id: end.reason]) }
      }
      group.addTask {
        while true {
          await observe([:])
          try await Task.sleep(for: .seconds(ComputeLimits.observeIntervalSeconds))
        }
      }
      group.addTask {
        while true {
          await service.openDisks.closeIdle()
          try await Task.sleep(for: .seconds(ComputeLimits.observeIntervalSeconds))
        }
      }
      try await group.waitForAll()
    }
  }

  /// One look. `known` has the reasons of ends that were just reported.
  func observe(_ known: [GUID: MachineEnd.Reason]) async {
    do {
      let host = service.configuration.host
      let wanted = try await service.records.read { try Machine.all(on: host, in: $0) }.filter { $0.wanted == .running && $0.startedTime != nil }
      var running = wanted.isEmpty ? [] : try await existing()
      // Whoever looks may be faster than the hypervisor's word of an end, which alone tells why, and than a machine that is just being started.
      if known.isEmpty, wanted.contains(where: { !running.contains($0.vmID) }) {
        try await Task.sleep(for: .milliseconds(ComputeLimits.reasonMilliseconds))
        running = try await existing()
      }
      for machine in wanted where !running.contains(machine.vmID) && (known.isEmpty || known[machine.vmID] != nil) {
        try await noteEnd(machine, known[machine.vmID])
      }
      try await service.metadata.serve(running, of: wanted)
    } catch is CancellationError {
      return
    } catch {
      service.logger.error("machines could not be looked at", metadata: ["error": "\(error)"])
    }
  }

  private func existing() async throws -> Set<GUID> {
    Set(try await service.hypervisor.machines().filter { $0.phase != .ended }.map(\.id))
  }

  /// Records that a machine is off which nobody stopped, unless an operation is about to start or stop it.
  private func noteEnd(_ machine: Machine, _ reason: MachineEnd.Reason?) async throws {
    let (service, now) = (service, service.clock.now())
    let entryID = service.random.guid()
    let text =
      switch reason {
      case .shutDown: "The guest shut down."
      case .failed: "The hypervisor's process of the virtual machine ended unexpectedly."
      case .destroyed, nil: "The virtual machine is no longer running on its host."
      }
    let isNews = try await service.records.write { transaction in
      guard var current = try transaction.fetch(Machine.self, machine.key), current.wanted == .running, current.startedTime == machine.startedTime,
        try LongRunningOperation.pending(machine.id, tenant: machine.tenant, in: transaction).isEmpty
      else { return false }
      current.wanted = .stopped
      current.end = Machine.End(reason: text, time: now)
      current.startedSize = nil
      try transaction.save(current)
      let interfaces = try ResourceLink.targets(of: machine.id, VirtualMachineType.interfaceRole, tenant: machine.tenant, in: transaction)
      try service.networks.withdraw(interfaces, tenant: machine.tenant, in: transaction)
      try ActivityLogEntry(
        platform: "Microsoft.Compute/virtualMachines/powerOff/action", on: machine.id, tenant: machine.tenant,
        status: reason == .shutDown ? .succeeded : .failed,
        error: reason == .shutDown ? nil : CloudError(500, "VMStoppedUnexpectedly", text), id: entryID, now: now
      ).record(in: transaction)
      return true
    }
    guard isNews else { return }
    service.logger.notice("machine ended", metadata: ["machine": "\(machine.id)", "reason": "\(text)"])
  }

  /// Machines that ran when the host went down run again.
  private func recoverAfterReboot() async {
    let boot = HostBoot.identifier()
    let host = service.configuration.host
    do {
      let lost = try await service.records.read { try Machine.all(on: host, in: $0) }
        .filter { $0.wanted == .running && $0.bootID != nil && $0.bootID != boot }
      for machine in lost {
        do {
          try await service.lifecycle.converge(machine.id, tenant: machine.tenant)
        } catch {
          service.logger.error("machine could not be started again", metadata: ["machine": "\(machine.id)", "error": "\(error)"])
        }
      }
    } catch {
      service.logger.error("machines of an earlier boot could not be read", metadata: ["error": "\(error)"])
    }
  }
}
