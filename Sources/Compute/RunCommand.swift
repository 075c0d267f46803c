internal import Base
internal import Hypervisor
internal import Logging
internal import Records
internal import ResourceManager
internal import Wire

/// `runCommand` with `RunShellScript`: a script that the guest's agent runs, and what it wrote.
///
/// Source: Microsoft, "Virtual Machines - Run Command", REST reference.
struct RunCommand: Sendable {
  let service: ComputeService

  static func check(_ body: JSON, _ machine: Machine, _ resource: Resource) throws -> JSON {
    guard machine.wanted == .running else {
      throw CloudError.operationNotAllowed("The operation requires the VM to be running (or set to run).")
    }
    guard let command = body.member("commandId")?.string else { throw CloudError.missingParameter("commandId") }
    guard command.lowercased() == "runshellscript" else {
      throw CloudError(404, "NotFound", "The entity was not found in this Azure location: run command '\(command)'.")
    }
    let lines = body.member("script")?.array?.compactMap(\.string) ?? []
    let script = lines.joined(separator: "\n")
    guard !script.isEmpty, script.utf8.count <= ComputeLimits.maximumScriptBytes else { throw CloudError.missingParameter("script") }
    let parameters: [JSON] = (body.member("parameters")?.array ?? []).map { item in
      ["name": item.member("name") ?? "", "value": item.member("value") ?? ""]
    }
    return ["script": .string(script), "parameters": .array(parameters)]
  }

  func run(_ input: JSON, on machine: Machine) async throws -> JSON {
    var arguments: [String] = []
    var environment: [String] = []
    for parameter in input["parameters"]?.array ?? [] {
      let (name, value) = (parameter["name"]?.string ?? "", parameter["value"]?.string ?? "")
      if name.isEmpty || name.hasPrefix("arg") { arguments.append(value) } else { environment.append("\(name)=\(value)") }
    }
    do {
      let result = try await service.hypervisor.execute(
        "/bin/sh", ["-s", "--"] + arguments, environment: environment, input: Array((input["script"]?.string ?? "").utf8), in: machine.vmID,
        timeoutSeconds: ComputeLimits.runCommandSeconds)
      func tail(_ bytes: [UInt8]) -> String { String(decoding: bytes.suffix(ComputeLimits.maximumScriptOutputBytes), as: UTF8.self) }
      let message = "Enable succeeded: \n[stdout]\n\(tail(result.output))\n[stderr]\n\(tail(result.complaint))"
      return [
        "value": [
          ["code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded", "message": .string(message)]
        ]
      ]
    } catch HypervisorError.refused(let reason) {
      service.logger.info("guest agent does not answer", metadata: ["machine": "\(machine.id)", "reason": "\(reason)"])
      throw CloudError(
        409, "VMAgentStatusCommunicationError",
        "VM '\(machine.id.name)' has not reported status for VM agent or extensions. Please verify that the OS is up and healthy, the VM has a running "
          + "guest agent, and that it can establish outbound connections.")
    }
  }
}
