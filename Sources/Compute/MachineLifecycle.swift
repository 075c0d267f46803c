internal import Base
internal import Fabric
internal import Hypervisor
internal import Records
internal import ResourceManager
internal import Wire

/// Brings a machine to what its records want. Every step looks first and does only what is missing, so that a crash between any two is followed
/// by the same steps again.
struct MachineLifecycle: Sendable {
  let service: ComputeService

  func carryOut(_ task: ResourceTask) async throws -> JSON {
    let (id, tenant) = (task.resource.id, task.resource.tenant)
    defer { service.steps("end the operation", id) }
    return try await DiskKeys.$asker.withValue(DiskKeys.Asker(task.context)) {
      switch task.work {
      case .put:
        try await converge(id, tenant: tenant)
        try await awaitProvisioning(id, tenant: tenant)
      case .delete: try await takeDown(id, tenant: tenant)
      case .act(let name, let input): return try await act(name, input, id, tenant: tenant)
      }
      return .null
    }
  }

  private func act(_ name: String, _ input: JSON, _ id: ResourceID, tenant: GUID) async throws -> JSON {
    let machine = try await machine(id, tenant: tenant)
    switch name.lowercased() {
    case "start": try await converge(id, tenant: tenant)
    case "poweroff", "deallocate":
      try await stop(machine, gently: input["skipShutdown"]?.boolean != true)
      try await settle(machine)
    case "restart":
      // The request asks once: a crash after the stop leads to the start alone.
      if let started = machine.startedTime, started.microseconds <= input["requested"]?.integer ?? 0 { try await stop(machine, gently: true) }
      try await converge(id, tenant: tenant)
    case "reapply": try await converge(id, tenant: tenant)
    case "redeploy":
      if let started = machine.startedTime, started.microseconds <= input["requested"]?.integer ?? 0 {
        try await service.hypervisor.destroy(machine.vmID)
      }
      try await converge(id, tenant: tenant)
    case "runcommand": return try await RunCommand(service: service).run(input, on: machine)
    default: break
    }
    return .null
  }

  private func machine(_ id: ResourceID, tenant: GUID) async throws -> Machine {
    guard let machine = try await service.records.read({ try Machine.find(id, tenant: tenant, in: $0) }) else { throw CloudError.computeNotFound(id) }
    return machine
  }

  // MARK: Bringing up

  /// Everything that a machine needs to run, read at one moment.
  private struct Plan: Sendable {
    var machine: Machine
    var resource: Resource
    var disks: [(record: DiskRecord, lun: Int?)]
    var interfaces: [MachineInterfaceRecord]
    var image: PlatformImage?
  }

  private func plan(_ id: ResourceID, tenant: GUID) async throws -> Plan {
    let service = service
    return try await service.records.read { reader in
      guard let machine = try Machine.find(id, tenant: tenant, in: reader),
        let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, id))
      else { throw CloudError.computeNotFound(id) }
      let typed = VirtualMachine(resource)
      var disks: [(record: DiskRecord, lun: Int?)] = []
      for (disk, lun) in (typed.osDisk.map { [($0, nil)] } ?? []) + typed.dataDisks.map({ ($0.disk, $0.lun) }) as [(ResourceID, Int?)] {
        guard let record = try DiskRecord.find(disk, tenant: tenant, in: reader) else { throw CloudError.computeNotFound(disk) }
        disks.append((record, lun))
      }
      let interfaces = try typed.interfaces.map { item in
        guard let found = try service.networks.interface(item.id, tenant: tenant, in: reader) else { throw CloudError.computeNotFound(item.id) }
        return found
      }
      let image = try disks.first?.record.ancestorImage(in: reader)
      return Plan(machine: machine, resource: resource, disks: disks, interfaces: interfaces, image: image)
    }
  }

  /// Opens the keys of a machine's disks, as far as it is to run. One that may not have them and does not run already is off.
  private func openKeys(_ plan: Plan) async throws {
    guard plan.machine.wanted == .running else { return }
    do {
      for disk in plan.disks {
        // A change of set that could not be carried out is, before the disk is used.
        try await service.diskKeys.protect(disk.record)
        try await service.diskKeys.open(disk.record)
      }
    } catch let error as CloudError where error.status < 500 {
      if try await !isThere(plan.machine) { _ = try await service.noteKeyFailure(plan.machine, error) }
      throw error
    }
  }

  /// Makes disks, starts the machine if it is to run, and plugs in what it lacks.
  func converge(_ id: ResourceID, tenant: GUID) async throws {
    var plan = try await plan(id, tenant: tenant)
    try await makeDisks(plan)
    try await openKeys(plan)
    try await finishDisks(plan)
    guard plan.machine.wanted == .running else { return }
    var running = try await service.hypervisor.machines().first { $0.id == plan.machine.vmID }
    if let size = plan.machine.startedSize, size != plan.machine.size, running != nil {
      try await stop(plan.machine, gently: true)
      running = nil
    }
    if let running, running.phase != .ended {
      try await plug(plan, running)
    } else {
      plan = try await self.plan(id, tenant: tenant)
      try await start(plan)
    }
    service.steps("connect interfaces", id)
    try await service.networks.connect(plan.interfaces.map(\.name))
    service.steps("serve metadata", id)
    try await service.metadata.serve(plan.interfaces.map(\.network))
  }

  /// A machine whose disks cannot be made under their keys is off.
  private func makeDisks(_ plan: Plan) async throws {
    for disk in plan.disks where !disk.record.isReady {
      do {
        try await service.disks.prepare(disk.record)
      } catch let error as CloudError where error.status < 500 && disk.record.encryptionSet != nil {
        if try await !isThere(plan.machine) { _ = try await service.noteKeyFailure(plan.machine, error) }
        throw error
      }
    }
  }

  /// Disks that were made with the machine are made now.
  private func finishDisks(_ plan: Plan) async throws {
    service.steps("file disks", plan.machine.id)
    let records = plan.disks.map(\.record)
    try await service.records.write { transaction in
      for record in records {
        guard var resource = try transaction.fetch(Resource.self, Resource.key(tenant: record.tenant, record.id)),
          resource.provisioningState == .creating, try LongRunningOperation.pending(record.id, tenant: record.tenant, in: transaction).isEmpty
        else { continue }
        resource.provisioningState = .succeeded
        try transaction.save(resource)
      }
    }
  }

  private func start(_ plan: Plan) async throws {
    let (machine, folder) = (plan.machine, "\(service.configuration.folder)/machines/\(plan.machine.vmID)")
    guard let size = service.sizes.first(where: { $0.name == machine.size }) else {
      throw CloudError.sizeNotAvailable(machine.size, location: service.location, zone: machine.zone)
    }
    service.steps("write discs", machine.id)
    try RemovableFile.makeFolder(folder, mode: 0o711)
    let secrets = try await secrets(plan)
    let discs = try await ProvisioningDocuments(
      machine: machine, resource: plan.resource, interfaces: plan.interfaces, secrets: secrets
    ).write(to: folder)
    let bootID = HostBoot.identifier()
    let interfaceIDs = plan.interfaces.map(\.id)
    let (service, now) = (service, service.clock.now())
    service.steps("file the start", machine.id)
    // What is about to run is recorded first: whoever finds the machine then knows where it belongs.
    let isStillWanted = try await service.records.write { transaction in
      // The operator may have stopped all machines meanwhile.
      guard var current = try transaction.fetch(Machine.self, machine.key), current.wanted == .running else { return false }
      if current.host == nil { try service.scheduler.place(&current, size, in: transaction) }
      current.startedSize = size.name
      current.startedTime = now
      current.bootID = bootID
      current.end = nil
      current.agent = nil
      current.incarnation += 1
      current.addresses = plan.interfaces.flatMap { interface in
        interface.addresses.map { Machine.address(interface.network, $0.privateAddress) }
      }
      try transaction.save(current)
      try service.networks.place(interfaceIDs, tenant: machine.tenant, on: current.host ?? "", in: transaction)
      return true
    }
    guard isStillWanted else {
      throw CloudError(409, "OperationPreempted", "The virtual machine '\(machine.id.name)' was stopped by the operator while it was being started.")
    }
    var interfaces: [MachineInterface] = []
    for interface in plan.interfaces {
      service.steps("prepare a tap", machine.id)
      let tap = try await service.networks.prepareTap(interface.name)
      interfaces.append(MachineInterface(tap: tap, mac: interface.mac, mtu: ComputeLimits.interfaceMTU))
    }
    var disks: [MachineDisk] = []
    for disk in plan.disks {
      await service.openDisks.close(disk.record.guid)
      disks.append(MachineDisk(serial: disk.record.serial, file: try await service.disks.file(disk.record), lun: disk.lun))
    }
    service.steps("start the machine", machine.id)
    try await service.hypervisor.start(
      MachineSpecification(
        id: machine.vmID, resourceID: machine.id.description, processors: size.processors, memoryBytes: size.memoryBytes,
        boot: try await boot(plan), disks: disks, discs: discs, interfaces: interfaces, consoleLog: "\(folder)/console.log", folder: folder))
  }

  private func secrets(_ plan: Plan) async throws -> MachineSecrets {
    guard let disk = plan.disks.first?.record else { return MachineSecrets() }
    return try await service.records.read { [service] in try service.secrets(of: plan.machine, osDisk: disk, in: $0) }
  }

  private func boot(_ plan: Plan) async throws -> MachineSpecification.Boot {
    if let direct = plan.image?.directBoot, let image = plan.image {
      let folder = "\(service.configuration.folder)/\(image.folder)"
      return .kernel(path: "\(folder)/\(direct.kernel)", initrd: direct.initrd.map { "\(folder)/\($0)" }, commandLine: direct.commandLine)
    }
    let machine = VirtualMachine(plan.resource)
    guard machine.isTrustedLaunch, let disk = plan.disks.first?.record else { return .bios }
    return .uefi(secureBoot: machine.hasSecureBoot, tpmKey: machine.hasTPM ? try await service.tpmKey(of: plan.machine, osDisk: disk) : nil)
  }

  /// Data disks of a running machine as they are wanted.
  private func plug(_ plan: Plan, _ running: RunningMachine) async throws {
    let wanted = Set(plan.disks.map(\.record.serial))
    for serial in running.disks.subtracting(wanted).sorted() {
      service.steps("detach a disk", plan.machine.id)
      try await service.hypervisor.detach(diskWithSerial: serial, from: running.id)
    }
    for disk in plan.disks where !running.disks.contains(disk.record.serial) {
      service.steps("attach a disk", plan.machine.id)
      await service.openDisks.close(disk.record.guid)
      let file = try await service.disks.file(disk.record)
      try await service.hypervisor.attach(MachineDisk(serial: disk.record.serial, file: file, lun: disk.lun), to: running.id)
    }
  }

  /// A new machine is made once its guest says so, where its image has an agent that does.
  private func awaitProvisioning(_ id: ResourceID, tenant: GUID) async throws {
    let plan = try await plan(id, tenant: tenant)
    guard plan.machine.wanted == .running, plan.machine.provisionedTime == nil else { return }
    service.steps("await the guest", id)
    if plan.image?.reportsReady ?? false {
      let started = plan.machine.startedTime ?? service.clock.now()
      let deadline = started.advanced(by: .seconds(ComputeLimits.provisioningSeconds))
      while try await machine(id, tenant: tenant).agent?.isReady != true {
        guard try await isThere(plan.machine) else {
          throw CloudError(409, "VMStartTimedOut", "VM '\(id.name)' stopped before the guest reported that it is provisioned.")
        }
        guard service.clock.now() < deadline else {
          throw CloudError(
            409, "OSProvisioningTimedOut",
            "OS Provisioning for VM '\(id.name)' did not finish in the allotted time. The VM may still finish provisioning successfully. "
              + "Please check provisioning state later.")
        }
        try await Task.sleep(for: .milliseconds(200))
      }
    }
    let now = service.clock.now()
    service.steps("file the provisioning", id)
    try await service.records.write { transaction in
      guard var current = try transaction.fetch(Machine.self, plan.machine.key) else { return }
      current.provisionedTime = now
      try transaction.save(current)
    }
  }

  // MARK: Taking down

  /// Ends a machine that may be running: asks the guest first, unless told not to.
  func stop(_ machine: Machine, gently: Bool, seconds: Int = ComputeLimits.shutdownSeconds) async throws {
    guard try await isThere(machine) else { return }
    if gently {
      service.steps("ask for a shutdown", machine.id)
      let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
      var asked = ContinuousClock.now.advanced(by: .seconds(-ComputeLimits.shutdownRepeatSeconds))
      while ContinuousClock.now < deadline {
        // A guest that is still starting does not see the button: it is pressed again.
        if ContinuousClock.now - asked >= .seconds(ComputeLimits.shutdownRepeatSeconds) {
          try await service.hypervisor.requestShutdown(machine.vmID)
          asked = .now
        }
        guard try await isThere(machine) else { return }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    service.steps("end the machine", machine.id)
    try await service.hypervisor.destroy(machine.vmID)
  }

  private func isThere(_ machine: Machine) async throws -> Bool {
    try await service.hypervisor.exists(machine.vmID)
  }

  /// What a machine that is off no longer has: its interfaces on the host and, once deallocated, its host.
  private func settle(_ machine: Machine) async throws {
    let service = service
    service.steps("file the stop", machine.id)
    try await service.records.write { transaction in
      guard var current = try transaction.fetch(Machine.self, machine.key), current.wanted != .running else { return }
      let interfaces = try ResourceLink.targets(of: machine.id, VirtualMachineType.interfaceRole, tenant: machine.tenant, in: transaction)
      try service.networks.withdraw(interfaces, tenant: machine.tenant, in: transaction)
      current.addresses = []
      current.startedSize = nil
      current.end = nil
      if current.wanted == .deallocated { current.host = nil }
      try transaction.save(current)
    }
  }

  private func takeDown(_ id: ResourceID, tenant: GUID) async throws {
    guard let machine = try await service.records.read({ try Machine.find(id, tenant: tenant, in: $0) }) else { return }
    try await stop(machine, gently: false)
    try await settle(machine)
    service.steps("remove files", id)
    try await service.hypervisor.forget(machine.vmID)
    try RemovableFile.removeFolder("\(service.configuration.folder)/machines/\(machine.vmID)")
  }

  // MARK: Disks

  /// Makes a disk's file as large as its record says, and its machine see it.
  func grow(_ disk: DiskRecord) async throws {
    let owner = try await service.records.read { reader in
      try ResourceLink.sources(of: disk.id, VirtualMachineType.diskRole, tenant: disk.tenant, in: reader).first
        .flatMap { try Machine.find($0, tenant: disk.tenant, in: reader) }
    }
    if let owner, try await isThere(owner) {
      service.steps("grow the disk", disk.id)
      try await service.hypervisor.grow(diskWithSerial: disk.serial, of: owner.vmID, to: disk.sizeBytes)
    } else {
      try await service.disks.grow(disk)
    }
  }
}
