internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// What can be asked of a machine by POST, and its instance view.
extension VirtualMachineType {
  var actions: [ResourceAction] {
    [
      action("start") { machine, resource, _, context, transaction in
        if machine.wanted == .deallocated {
          let size = try size(machine.size, location: resource.location ?? "", zone: machine.zone)
          try service.scheduler.place(&machine, size, in: transaction)
        }
        for disk in VirtualMachine(resource).disks {
          guard let record = try DiskRecord.find(disk, tenant: resource.tenant, in: transaction) else { throw CloudError.computeNotFound(disk) }
          try DiskType(service: service, isSnapshot: false).requireNoAccess(record, in: transaction)
        }
        machine.wanted = .running
        return .null
      },
      action("powerOff") { machine, _, _, context, _ in
        if machine.wanted == .running { machine.wanted = .stopped }
        return ["skipShutdown": .boolean(context.query["skipShutdown"]?.lowercased() == "true")]
      },
      action("deallocate") { machine, _, _, _, _ in
        machine.wanted = .deallocated
        return [:]
      },
      action("restart") { machine, resource, _, context, _ in
        guard machine.wanted == .running else {
          throw CloudError.operationNotAllowed("Operation 'restart' is not allowed on VM '\(resource.id.name)' since the VM is not running.")
        }
        return ["requested": .integer(context.now.microseconds)]
      },
      action("redeploy") { machine, resource, _, context, _ in
        guard machine.wanted == .running else {
          throw CloudError.operationNotAllowed("Operation 'redeploy' is not allowed on VM '\(resource.id.name)' since the VM is not running.")
        }
        return ["requested": .integer(context.now.microseconds)]
      },
      action("reapply") { _, _, _, _, _ in .null },
      action("runCommand") { machine, resource, body, _, _ in try RunCommand.check(body, machine, resource) },
      ResourceAction(name: "generalize", permission: "\(Self.name)/generalize/action", isWrite: true) { resource, _, _, transaction in
        guard let machine = try Machine.find(resource.id, tenant: resource.tenant, in: transaction), machine.wanted != .running else {
          throw CloudError.operationNotAllowed(
            "Please power off the Virtual Machine and then try to generalize, since the Virtual Machine '\(resource.id.name)' is running.")
        }
        return .null
      },
      ResourceAction(
        name: "retrieveBootDiagnosticsData", permission: "\(Self.name)/retrieveBootDiagnosticsData/action", isWrite: false, givesSecret: true
      ) { resource, _, context, reader in
        guard let machine = try Machine.find(resource.id, tenant: resource.tenant, in: reader) else { throw CloudError.computeNotFound(resource.id) }
        return ["serialConsoleLogBlobUri": .string(service.diagnostics.url(of: machine, now: context.now))]
      },
    ]
  }

  var views: [ResourceView] {
    [
      ResourceView(name: "instanceView", permission: "\(Self.name)/instanceView/read") { resource, _, reader in
        try instanceView(resource, in: reader)
      },
      ResourceView(name: "vmSizes", permission: "\(Self.name)/vmSizes/read") { _, _, _ in ["value": .array(service.sizes.map(\.json))] },
    ]
  }

  func expansion(_ name: String, of resource: Resource, in reader: any RecordReader) throws -> [(name: String, value: JSON)] {
    switch name {
    case "instanceview": return [("instanceView", try instanceView(resource, in: reader))]
    case "userdata":
      guard let machine = try Machine.find(resource.id, tenant: resource.tenant, in: reader),
        let disk = try VirtualMachine(resource).osDisk.flatMap({ try DiskRecord.find($0, tenant: resource.tenant, in: reader) })
      else { return [] }
      do {
        guard let data = try service.secrets(of: machine, osDisk: disk, in: reader).userData else { return [] }
        return [("userData", .string(Base64.encode(data)))]
      } catch KeyringError.closed {
        // Who asks again, as the answer says, finds it open where its customer allows that.
        service.diskKeys.openSoon(disk)
        throw KeyringError.closed
      }
    default: return []
    }
  }

  private func instanceView(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let machine = try Machine.find(resource.id, tenant: resource.tenant, in: reader) else { throw CloudError.computeNotFound(resource.id) }
    return InstanceView.json(machine, resource, pending: try LongRunningOperation.pending(resource.id, tenant: resource.tenant, in: reader))
  }

  private typealias Check = @Sendable (inout Machine, Resource, JSON, OperationContext, RecordTransaction) throws -> JSON

  /// An action that goes on after its request; `check` records what is wanted.
  private func action(_ name: String, check: @escaping Check) -> ResourceAction {
    ResourceAction(name: name, permission: "\(Self.name)/\(name)/action", isWrite: true, isLongRunning: true) {
      resource, body, context, transaction in
      guard var machine = try Machine.find(resource.id, tenant: resource.tenant, in: transaction) else {
        throw CloudError.computeNotFound(resource.id)
      }
      let input = try check(&machine, resource, body, context, transaction)
      try transaction.save(machine)
      return input
    }
  }
}

/// What a machine is doing, as Azure shows it.
///
/// Source: Microsoft, "Virtual Machines - Instance View", REST reference.
enum InstanceView {
  static func json(_ machine: Machine, _ resource: Resource, pending: [LongRunningOperation]) -> JSON {
    var statuses: [JSON] = []
    let (code, text) = provisioning(resource)
    statuses.append(status("ProvisioningState/\(code)", "Provisioning \(text)", time: resource.changedTime))
    let (power, display) = power(machine, pending)
    var state = status("PowerState/\(power)", "VM \(display)", time: nil).object ?? JSON.Object()
    if let end = machine.end {
      state["time"] = .string(end.time.iso8601Fractional)
      state["message"] = .string(end.reason)
      state["level"] = "Warning"
    }
    statuses.append(.object(state))
    var view = JSON.Object([
      ("computerName", .string(VirtualMachine(resource).computerName)), ("hyperVGeneration", VirtualMachine(resource).isTrustedLaunch ? "V2" : "V1"),
      ("statuses", .array(statuses)),
      (
        "disks",
        .array(
          VirtualMachine(resource).disks.map { disk in
            ["name": .string(disk.name), "statuses": [status("ProvisioningState/succeeded", "Provisioning succeeded", time: resource.changedTime)]]
          })
      ),
    ])
    if let availability = machine.availability {
      view["platformFaultDomain"] = .integer(Int64(availability.faultDomain))
      view["platformUpdateDomain"] = .integer(Int64(availability.updateDomain))
    }
    if let agent = machine.agent, machine.wanted == .running {
      view["vmAgent"] = [
        "vmAgentVersion": "Unknown",
        "statuses": [
          [
            "code": .string("ProvisioningState/\(agent.isReady ? "succeeded" : "failed")"), "level": agent.isReady ? "Info" : "Error",
            "displayStatus": agent.isReady ? "Ready" : "Not Ready", "message": .string(agent.text), "time": .string(agent.time.iso8601Fractional),
          ]
        ],
      ]
    }
    view["bootDiagnostics"] = [:]
    return .object(view)
  }

  private static func provisioning(_ resource: Resource) -> (String, String) {
    switch resource.provisioningState {
    case .creating: ("creating", "creating")
    case .updating: ("updating", "updating")
    case .deleting: ("deleting", "deleting")
    case .succeeded: ("succeeded", "succeeded")
    case .failed, .canceled: ("failed", "failed")
    }
  }

  private static func power(_ machine: Machine, _ pending: [LongRunningOperation]) -> (String, String) {
    let action = pending.first?.action?.lowercased()
    switch machine.wanted {
    case .running:
      if machine.startedTime == nil || action == "start" { return ("starting", "starting") }
      return ("running", "running")
    case .stopped: return action == "poweroff" ? ("stopping", "stopping") : ("stopped", "stopped")
    case .deallocated:
      return action == "deallocate" || pending.first?.work == .deleteResource ? ("deallocating", "deallocating") : ("deallocated", "deallocated")
    }
  }

  private static func status(_ code: String, _ text: String, time: Timestamp?) -> JSON {
    .object(["code": .string(code), "level": "Info", "displayStatus": .string(text), "time": time.map { .string($0.iso8601Fractional) }])
  }
}
