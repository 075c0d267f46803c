internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Compute/images`: disks from which machines are made, copied from a machine's, from others or from blobs at the time it is made.
///
/// The record of its own copy of the operating system's disk is filed under the image's id, those of data disks below it.
///
/// Source: Microsoft, "Images", REST reference.
struct ImageType: ReconciledResourceType {
  static let name = "Microsoft.Compute/images"
  let service: ComputeService
  let descriptor = ResourceTypeDescriptor(type: name, apiVersions: ComputeProvider.apiVersions, linkPermission: "\(name)/read")
  /// Who makes an image of a disk or machine reads all that is on it: to see the machine is not enough for that.
  var linkPermissions: [String: String] {
    [
      DiskType.name.lowercased(): "\(DiskType.name)/beginGetAccess/action", VirtualMachineType.name.lowercased(): "\(VirtualMachineType.name)/write",
    ]
  }

  private static func dataDisk(_ lun: Int64, of image: ResourceID) -> ResourceID {
    var id = image
    id.provided[id.provided.count - 1].segments.append((type: "dataDisks", name: String(lun)))
    return id
  }

  private static let luns: ClosedRange<Int64> = 0...63

  /// The image's own copies of data disks, by their numbers.
  static func dataDisks(of image: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [(lun: Int64, record: DiskRecord)] {
    guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, image)) else { return [] }
    return try (resource.properties.member("storageProfile", "dataDisks")?.array ?? []).compactMap { disk in
      guard let lun = disk["lun"]?.integer, let record = try DiskRecord.find(dataDisk(lun, of: image), tenant: tenant, in: reader) else { return nil }
      return (lun, record)
    }
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    if let existing = change.existing {
      return Resource(
        tenant: context.tenant, id: change.id, location: nil, properties: existing.properties, provisioningState: existing.provisioningState,
        etag: .zero, createdTime: context.now, changedTime: context.now)
    }
    let given = change.body.member("properties") ?? [:]
    var (osDisk, dataDisks) = (given.member("storageProfile", "osDisk") ?? [:], given.member("storageProfile", "dataDisks")?.array ?? [])
    if let machine = given.member("sourceVirtualMachine", "id")?.string.flatMap({ ResourceID($0) }) {
      (osDisk, dataDisks) = try disks(of: machine, context, in: transaction)
    }
    let shownDisk = try copy(osDisk, as: change.id, change, in: transaction)
    var shown = JSON.Object([("osType", "Linux"), ("osState", osDisk.member("osState") ?? "Generalized")])
    for (name, value) in shownDisk.members { shown[name] = value }
    var luns: Set<Int64> = []
    let shownDataDisks = try dataDisks.map { disk -> JSON in
      guard let lun = disk.member("lun")?.integer, Self.luns.contains(lun), luns.insert(lun).inserted else {
        throw CloudError.invalidParameter(
          "dataDisk.lun", "The value '\(disk.member("lun")?.text ?? "null")' of parameter 'dataDisk.lun' is not valid, or given twice.")
      }
      var shown = JSON.Object([("lun", .integer(lun))])
      for (name, value) in try copy(disk, as: Self.dataDisk(lun, of: change.id), change, in: transaction).members { shown[name] = value }
      return .object(shown)
    }
    var properties = JSON.Object([
      ("storageProfile", ["osDisk": .object(shown), "dataDisks": .array(shownDataDisks), "zoneResilient": false]),
      ("hyperVGeneration", .string(given.member("hyperVGeneration")?.string ?? "V1")),
    ])
    if let source = given.member("sourceVirtualMachine") { properties["sourceVirtualMachine"] = source }
    return Resource(
      tenant: context.tenant, id: change.id, location: nil, properties: .object(properties), provisioningState: .creating, etag: .zero,
      createdTime: context.now, changedTime: context.now)
  }

  /// The disks of a machine that is off.
  private func disks(of machine: ResourceID, _ context: OperationContext, in reader: any RecordReader) throws -> (os: JSON, data: [JSON]) {
    guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: context.tenant, machine)), machine.subscription == context.subscription
    else { throw CloudError(404, "ResourceNotFound", "The source virtual machine '\(machine)' was not found.", target: "sourceVirtualMachine") }
    guard try Machine.find(machine, tenant: context.tenant, in: reader)?.wanted != .running else {
      throw CloudError.operationNotAllowed("The virtual machine '\(machine.name)' must be stopped or deallocated before an image is made of it.")
    }
    let view = VirtualMachine(resource)
    return (
      ["managedDisk": ["id": .string(view.osDisk?.description ?? "")]],
      view.dataDisks.map { ["lun": .integer(Int64($0.lun)), "managedDisk": ["id": .string($0.disk.description)]] }
    )
  }

  /// Files the image's copy of a disk, snapshot or blob, and gives what is shown of its source.
  private func copy(_ disk: JSON, as id: ResourceID, _ change: ResourceChange, in transaction: RecordTransaction) throws -> JSON.Object {
    let tenant = change.context.tenant
    var shown = JSON.Object([("caching", "ReadWrite"), ("storageAccountType", "Standard_LRS")])
    let encryption = try DiskEncryption(reference: disk.member("diskEncryptionSet"), "diskEncryptionSet.id", change.context, in: transaction)
    if let url = disk.member("blobUri")?.string {
      let source = DiskRecord.Source.blob(sealed: try service.disks.seal(url, tenant: tenant, in: transaction))
      _ = try service.newDisk(id, bytes: 0, source: source, backing: nil, encryption: encryption, tenant: tenant, in: transaction)
      shown["blobUri"] = .string(String(url.prefix { $0 != "?" }))
      return shown
    }
    guard let member = ["managedDisk", "snapshot"].first(where: { disk.member($0, "id") != nil }),
      let origin = disk.member(member, "id")?.string.flatMap({ ResourceID($0) }), origin.subscription == change.context.subscription,
      [DiskType.name, DiskType.snapshotName].contains(where: { $0.lowercased() == origin.type?.lowercased() }),
      let record = try DiskRecord.find(origin, tenant: tenant, in: transaction), !record.awaitsUpload
    else { throw CloudError(404, "ResourceNotFound", "The source of image '\(change.id.name)' was not found.", target: "storageProfile.osDisk") }
    _ = try service.newDisk(
      id, bytes: record.sizeBytes, source: .copy(record.id), backing: nil, encryption: encryption, tenant: tenant, in: transaction)
    shown[member] = ["id": .string(origin.description)]
    return shown
  }

  private static func records(of image: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [DiskRecord] {
    try (DiskRecord.find(image, tenant: tenant, in: reader).map { [$0] } ?? []) + dataDisks(of: image, tenant: tenant, in: reader).map(\.record)
  }

  func carryOut(_ task: ResourceTask) async throws -> JSON {
    let (id, tenant) = (task.resource.id, task.resource.tenant)
    try await DiskKeys.$asker.withValue(DiskKeys.Asker(task.context)) {
      for record in try await service.records.read({ try Self.records(of: id, tenant: tenant, in: $0) }) {
        if task.work == .delete { try service.disks.remove(record) } else { try await service.disks.prepare(record, as: task.context.principal) }
      }
    }
    return .null
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    for record in try Self.records(of: resource.id, tenant: resource.tenant, in: transaction) {
      try service.keyring.destroyDataKey(record.dataKey, tenant: record.tenant, in: transaction)
      try transaction.remove(DiskRecord.self, record.key)
    }
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    if var profile = shown["storageProfile"]?.object {
      func sized(_ disk: JSON?, _ id: ResourceID) throws -> JSON? {
        guard var disk = disk?.object else { return nil }
        let record = try DiskRecord.find(id, tenant: resource.tenant, in: reader)
        disk["diskSizeGB"] = record.map { .integer($0.sizeGiB) }
        disk["diskEncryptionSet"] = record?.encryptionSet.map { ["id": .string($0.description)] }
        return .object(disk)
      }
      profile["osDisk"] = try sized(profile["osDisk"], resource.id)
      profile["dataDisks"] = .array(
        try (profile["dataDisks"]?.array ?? []).compactMap { try sized($0, Self.dataDisk($0["lun"]?.integer ?? 0, of: resource.id)) })
      shown["storageProfile"] = .object(profile)
    }
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(shown)
  }
}
