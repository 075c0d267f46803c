package import Base
internal import Fabric
internal import Hypervisor
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// A file of a disk, snapshot or image on this host.
package struct DiskFile: Sendable, Equatable {
  package var path: String
  /// The id of the resource that it belongs to; nil where it is nobody's yet, the platform's own, or unknown.
  package var resource: String?
  package var tenant: GUID
  /// Whether its record names a data key that exists.
  package var hasDataKey: Bool
}

/// A machine that runs on this host.
package struct MachineProcess: Sendable, Equatable {
  package var id: GUID
  /// Nil where no record knows it.
  package var resource: String?
  package var tenant: GUID?
}

extension ComputeService {
  /// Files of disks that are looked at.
  private static let maximumFiles = 100_000

  /// Every disk file below the machines' folder, and the ids of disks whose file is not there though it was made.
  package func diskFiles() async throws -> (files: [DiskFile], missing: [String]) {
    let folder = configuration.folder
    let names = try ["disks", "blanks"].flatMap { part in try RemovableFile.names(in: "\(folder)/\(part)").map { "\(part)/\($0)" } }
    let keyring = keyring
    return try await records.read { reader in
      let disks = try DiskRecord.all(in: reader, limit: Self.maximumFiles)
      let blanks = try BlankDisk.all(in: reader)
      var owners: [String: DiskFile] = [:]
      func hasKey(_ id: DataKeyID, _ tenant: GUID) -> Bool {
        do {
          _ = try keyring.dataKey(id, tenant: tenant, in: reader)
          return true
        } catch {
          // It is there, and its customer's.
          return error as? KeyringError == .closed
        }
      }
      for disk in disks {
        let file = DiskFile(
          path: "\(folder)/\(disk.path)", resource: disk.id.description, tenant: disk.tenant, hasDataKey: hasKey(disk.dataKey, disk.tenant))
        owners[disk.path] = file
        // A blank becomes its owner's before it is moved.
        if !disk.isReady { owners[BlankDisk.path(disk.guid)] = file }
      }
      for blank in blanks {
        let path = BlankDisk.path(blank.guid)
        owners[path] = DiskFile(path: "\(folder)/\(path)", resource: nil, tenant: .zero, hasDataKey: hasKey(blank.dataKey, .zero))
      }
      var files = names.map { name in
        var file = owners[name] ?? owners[name.replacing(".partial", with: "")] ?? DiskFile(path: "", resource: nil, tenant: .zero, hasDataKey: false)
        file.path = "\(folder)/\(name)"
        return file
      }
      for image in try reader.list(PlatformImage.self, under: RecordKey(tenant: .zero, components: []), limit: PlatformImage.maximumListed) {
        files.append(DiskFile(path: "\(folder)/\(image.folder)/disk.qcow2", resource: nil, tenant: .zero, hasDataKey: false))
      }
      let present = Set(names)
      return (files, disks.filter { $0.isReady && !present.contains($0.path) }.map(\.id.description))
    }
  }

  /// What runs on this host, and the ids of machines that should and do not.
  package func processes() async throws -> (running: [MachineProcess], missing: [String]) {
    let host = configuration.host
    // Records first: what is started in between runs, and is known.
    let wanted = try await records.read { reader in
      try Machine.all(on: host, in: reader).filter { machine in
        try machine.wanted == .running && machine.startedTime != nil
          && LongRunningOperation.pending(machine.id, tenant: machine.tenant, in: reader).isEmpty
      }
    }
    let running = try await hypervisor.machines().filter { $0.phase != .ended }
    let processes = try await records.read { reader in
      try running.map { process in
        let machine = try Machine.find(process.id, in: reader)
        return MachineProcess(id: process.id, resource: machine?.id.description, tenant: machine?.tenant)
      }
    }
    let ids = Set(running.map(\.id))
    return (processes, wanted.filter { !ids.contains($0.vmID) }.map(\.id.description))
  }
}

extension DiskRecord {
  /// Of all tenants.
  static func all(in reader: any RecordReader, limit: Int) throws -> [DiskRecord] {
    try reader.list(DiskRecord.self, index: guidIndex, [], tenant: .zero, limit: limit)
  }
}
