internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Compute/images`: a disk from which machines are made, copied from a machine's or a disk's at the time it is made.
///
/// Source: Microsoft, "Images", REST reference.
struct ImageType: ReconciledResourceType {
  static let name = "Microsoft.Compute/images"
  let service: ComputeService
  let descriptor = ResourceTypeDescriptor(type: name, apiVersions: ComputeProvider.apiVersions, linkPermission: "\(name)/read")
  /// Who makes an image of a disk or machine reads it.
  var linkPermissions: [String: String] {
    [
      DiskType.name.lowercased(): "\(DiskType.name)/beginGetAccess/action", VirtualMachineType.name.lowercased(): "\(VirtualMachineType.name)/read",
    ]
  }

  /// The record of an image's own copy of its disk, filed under the image's id.
  static func file(of image: Resource) -> ResourceID? { image.id }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    if let existing = change.existing {
      return Resource(
        tenant: context.tenant, id: change.id, location: nil, properties: existing.properties, provisioningState: existing.provisioningState,
        etag: .zero, createdTime: context.now, changedTime: context.now)
    }
    let given = change.body.member("properties") ?? [:]
    var origin = given.member("storageProfile", "osDisk", "managedDisk", "id") ?? given.member("storageProfile", "osDisk", "snapshot", "id")
    if let machine = given.member("sourceVirtualMachine", "id")?.string.flatMap({ ResourceID($0) }) {
      guard let resource = try transaction.fetch(Resource.self, Resource.key(tenant: context.tenant, machine)),
        machine.subscription == context.subscription
      else { throw CloudError(404, "ResourceNotFound", "The source virtual machine '\(machine)' was not found.", target: "sourceVirtualMachine") }
      guard try Machine.find(machine, tenant: context.tenant, in: transaction)?.wanted != .running else {
        throw CloudError.operationNotAllowed(
          "The virtual machine '\(machine.name)' must be stopped or deallocated before an image is made of it.")
      }
      origin = VirtualMachine(resource).osDisk.map { .string($0.description) }
    }
    var osDisk = JSON.Object([
      ("osType", "Linux"), ("osState", given.member("storageProfile", "osDisk", "osState") ?? "Generalized"), ("caching", "ReadWrite"),
      ("storageAccountType", "Standard_LRS"),
    ])
    if let url = given.member("storageProfile", "osDisk", "blobUri")?.string {
      let source = DiskRecord.Source.blob(sealed: try service.disks.seal(url, tenant: context.tenant, in: transaction))
      _ = try service.newDisk(change.id, bytes: 0, source: source, backing: nil, tenant: context.tenant, in: transaction)
      osDisk["blobUri"] = .string(String(url.prefix { $0 != "?" }))
    } else {
      guard let id = origin?.string.flatMap({ ResourceID($0) }), id.subscription == context.subscription,
        let record = try DiskRecord.find(id, tenant: context.tenant, in: transaction), !record.awaitsUpload
      else { throw CloudError(404, "ResourceNotFound", "The source of image '\(change.id.name)' was not found.", target: "storageProfile.osDisk") }
      _ = try service.newDisk(
        change.id, bytes: record.sizeBytes, source: .copy(record.id), backing: nil, tenant: context.tenant, in: transaction)
      osDisk["managedDisk"] = ["id": .string(id.description)]
    }
    var properties = JSON.Object([
      ("storageProfile", ["osDisk": .object(osDisk), "dataDisks": [], "zoneResilient": false]),
      ("hyperVGeneration", .string(given.member("hyperVGeneration")?.string ?? "V1")),
    ])
    if let source = given.member("sourceVirtualMachine") { properties["sourceVirtualMachine"] = source }
    return Resource(
      tenant: context.tenant, id: change.id, location: nil, properties: .object(properties), provisioningState: .creating, etag: .zero,
      createdTime: context.now, changedTime: context.now)
  }

  func carryOut(_ task: ResourceTask) async throws -> JSON {
    let (id, tenant) = (task.resource.id, task.resource.tenant)
    guard let record = try await service.records.read({ try DiskRecord.find(id, tenant: tenant, in: $0) }) else { return .null }
    if task.work == .delete { try service.disks.remove(record) } else { try await service.disks.prepare(record, as: task.context.principal) }
    return .null
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard let record = try DiskRecord.find(resource.id, tenant: resource.tenant, in: transaction) else { return }
    try service.keyring.destroyDataKey(record.dataKey, tenant: record.tenant, in: transaction)
    try transaction.remove(DiskRecord.self, record.key)
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    if let record = try DiskRecord.find(resource.id, tenant: resource.tenant, in: reader), var profile = shown["storageProfile"]?.object,
      var disk = profile["osDisk"]?.object
    {
      disk["diskSizeGB"] = .integer(record.sizeGiB)
      profile["osDisk"] = .object(disk)
      shown["storageProfile"] = .object(profile)
    }
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(shown)
  }
}
