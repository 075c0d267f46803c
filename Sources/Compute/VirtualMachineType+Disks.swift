internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// What a machine's body says of its disks; disks that it asks for are made as resources of their own.
extension VirtualMachineType {
  func storageProfile(
    _ given: JSON?, _ existing: Resource?, _ change: ResourceChange, size: MachineSize, location: String, zones: [String]?,
    in transaction: RecordTransaction
  ) throws -> (json: JSON, osDisk: DiskRecord) {
    let kept = existing?.properties["storageProfile"]
    guard let given = given ?? kept else { throw CloudError.missingParameter("storageProfile") }
    let maker = DiskMaker(service: service, change: change, location: location, zones: zones)
    var profile = JSON.Object()
    let (osDisk, record, image) = try self.osDisk(given, kept, maker, in: transaction)
    profile["imageReference"] = image
    profile["osDisk"] = osDisk
    let images = kept == nil ? try imageDisks(of: image, tenant: change.context.tenant, in: transaction) : [:]
    profile["dataDisks"] = .array(try dataDisks(given, kept, images, maker, size, osDisk: record.id, in: transaction))
    return (.object(profile), record)
  }

  private func osDisk(
    _ given: JSON, _ kept: JSON?, _ maker: DiskMaker, in transaction: RecordTransaction
  ) throws -> (disk: JSON, record: DiskRecord, image: JSON?) {
    let asked = given.member("osDisk")
    if let kept, let disk = kept["osDisk"], let id = disk.member("managedDisk", "id")?.string.flatMap({ ResourceID($0) }),
      let record = try DiskRecord.find(id, tenant: maker.change.context.tenant, in: transaction)
    {
      if let other = asked?.member("managedDisk", "id")?.string.flatMap({ ResourceID($0) }), other != id {
        throw CloudError.changeNotAllowed("osDisk.managedDisk.id")
      }
      var shown = disk.object ?? JSON.Object()
      try Self.requireSet(asked, of: record, "osDisk")
      if let option = asked?.member("deleteOption") { shown["deleteOption"] = .string(try Self.deleteOption(option, "osDisk")) }
      return (.object(shown), record, kept["imageReference"])
    }
    let option = asked?.member("createOption")?.string ?? "FromImage"
    let caching = asked?.member("caching")?.string ?? "ReadWrite"
    let name = asked?.member("name")?.string
    let record: DiskRecord
    var image: JSON?
    switch option.lowercased() {
    case "fromimage":
      guard let reference = given.member("imageReference"), let found = VirtualMachine.image(reference) else {
        throw CloudError.missingParameter("storageProfile.imageReference")
      }
      let size = asked?.member("diskSizeGB")?.integer
      let diskName = name ?? "\(maker.change.id.name)_OsDisk_1_\(service.random.guid().description.filter { $0 != "-" })"
      (record, image) = try maker.osDisk(named: diskName, from: found, reference, sizeGiB: size, asked?.member("managedDisk"), in: transaction)
    case "attach":
      record = try maker.attached(asked?.member("managedDisk", "id"), "osDisk.managedDisk.id", in: transaction)
      try Self.requireSet(asked, of: record, "osDisk")
    default:
      throw CloudError.invalidParameter("osDisk.createOption", "The value '\(option)' of osDisk.createOption is not valid.")
    }
    return (
      [
        "osType": "Linux", "name": .string(record.id.name), "createOption": option.lowercased() == "attach" ? "Attach" : "FromImage",
        "caching": .string(caching), "managedDisk": try maker.reference(record, in: transaction),
        "deleteOption": .string(try Self.deleteOption(asked?.member("deleteOption"), "osDisk")),
        "diskSizeGB": .integer(record.sizeGiB),
      ], record, image
    )
  }

  /// The data disks of the image that a machine is made of, by their numbers.
  private func imageDisks(of image: JSON?, tenant: GUID, in reader: any RecordReader) throws -> [Int64: DiskRecord] {
    guard case .managed(let id)? = VirtualMachine.image(image), id.type?.lowercased() == ImageType.name.lowercased() else { return [:] }
    return Dictionary(
      try ImageType.dataDisks(of: id, tenant: tenant, in: reader).map { ($0.lun, $0.record) }, uniquingKeysWith: { first, _ in first })
  }

  /// The id of the disk that a machine has at a number, where an item that asks for a new one means it.
  private static func made(by item: JSON, lun: Int64, _ kept: JSON?) -> JSON? {
    let disk = (kept?["dataDisks"]?.array ?? []).first { $0["lun"]?.integer == lun && $0["createOption"]?.string != "Attach" }
    if let name = item.member("name")?.string, name.lowercased() != disk?["name"]?.string?.lowercased() { return nil }
    return disk?.member("managedDisk", "id")
  }

  private func dataDisks(
    _ given: JSON, _ kept: JSON?, _ images: [Int64: DiskRecord], _ maker: DiskMaker, _ size: MachineSize, osDisk: ResourceID,
    in transaction: RecordTransaction
  ) throws -> [JSON] {
    if let kept, given.member("dataDisks") == nil { return kept["dataDisks"]?.array ?? [] }
    var items = given.member("dataDisks")?.array ?? []
    // An image brings its data disks along, whether they are named or not.
    for lun in images.keys.sorted() where !items.contains(where: { $0.member("lun")?.integer == lun }) {
      items.append(["lun": .integer(lun), "createOption": "FromImage"])
    }
    var luns: Set<Int64> = []
    var disks: Set<ResourceID> = [osDisk]
    var result: [JSON] = []
    for item in items where item.member("toBeDetached")?.boolean != true {
      guard let lun = item.member("lun")?.integer, (0...63).contains(lun) else {
        throw CloudError.invalidParameter(
          "dataDisk.lun", "The value '\(item.member("lun")?.text ?? "null")' of parameter 'dataDisk.lun' is not valid.")
      }
      guard luns.insert(lun).inserted else {
        throw CloudError.invalidParameter("dataDisk.lun", "The lun '\(lun)' is already in use by another data disk of the virtual machine.")
      }
      let option = item.member("createOption")?.string ?? "Attach"
      let record: DiskRecord
      // What is read back from the platform names its disk: it is that one, however it was made. So is what asks again for the disk that it made.
      if let named = item.member("managedDisk", "id") ?? (option.lowercased() == "attach" ? nil : Self.made(by: item, lun: lun, kept)) {
        record = try maker.attached(named, "dataDisk.managedDisk.id", in: transaction)
        try Self.requireSet(item, of: record, "dataDisk")
      } else if option.lowercased() == "empty" {
        guard let gibibytes = item.member("diskSizeGB")?.integer else { throw CloudError.missingParameter("dataDisk.diskSizeGB") }
        let name =
          item.member("name")?.string ?? "\(maker.change.id.name)_disk\(lun + 2)_\(service.random.guid().description.filter { $0 != "-" })"
        record = try maker.emptyDisk(named: name, sizeGiB: gibibytes, item.member("managedDisk"), in: transaction)
      } else if option.lowercased() == "fromimage", let origin = images[lun] {
        let name =
          item.member("name")?.string ?? "\(maker.change.id.name)_disk\(lun + 2)_\(service.random.guid().description.filter { $0 != "-" })"
        record = try maker.copiedDisk(
          named: name, of: origin, sizeGiB: item.member("diskSizeGB")?.integer, item.member("managedDisk"), in: transaction)
      } else {
        throw CloudError.missingParameter("dataDisk.managedDisk.id")
      }
      guard disks.insert(record.id).inserted else {
        throw CloudError(
          409, "AttachDiskWhileBeingAttached", "Disk '\(record.id.name)' cannot be attached to virtual machine '\(maker.change.id.name)' twice.")
      }
      result.append([
        "lun": .integer(lun), "name": .string(record.id.name),
        "createOption": .string(["empty": "Empty", "fromimage": "FromImage"][option.lowercased()] ?? "Attach"),
        "caching": .string(item.member("caching")?.string ?? "None"), "managedDisk": try maker.reference(record, in: transaction),
        "deleteOption": .string(try Self.deleteOption(item.member("deleteOption"), "dataDisk")), "diskSizeGB": .integer(record.sizeGiB),
        "toBeDetached": false,
      ])
    }
    guard result.count <= size.maximumDataDisks else {
      throw CloudError.operationNotAllowed(
        "The maximum number of data disks allowed to be attached to a VM of this size is \(size.maximumDataDisks).")
    }
    return result
  }
}

/// Makes disk resources in the transaction of the machine that asks for them.
struct DiskMaker {
  let service: ComputeService
  let change: ResourceChange
  let location: String
  let zones: [String]?

  func osDisk(
    named name: String, from image: VirtualMachine.ImageReference, _ reference: JSON, sizeGiB: Int64?, _ managed: JSON?,
    in transaction: RecordTransaction
  ) throws -> (DiskRecord, JSON) {
    var shown = reference.object ?? JSON.Object()
    let (source, minimum, backing): (DiskRecord.Source, Int64, String?)
    switch image {
    case .platform(let publisher, let offer, let sku, let version):
      let found = try PlatformImage.find(
        publisher: publisher, offer: offer, sku: sku, version: version, location: location, in: transaction)
      (source, minimum, backing) = (
        .platformImage(publisher: found.publisher, offer: found.offer, sku: found.sku, version: found.version), found.sizeBytes,
        "\(found.folder)/disk.qcow2"
      )
      shown["exactVersion"] = .string(found.version)
    case .managed(let id):
      guard id.subscription == change.context.subscription,
        let found = try transaction.fetch(Resource.self, Resource.key(tenant: change.context.tenant, id)),
        id.type?.lowercased() == ImageType.name.lowercased(), found.provisioningState == .succeeded,
        let record = try DiskRecord.find(id, tenant: change.context.tenant, in: transaction)
      else { throw CloudError(404, "ImageNotFound", "The image '\(id)' was not found.", target: "imageReference") }
      (source, minimum, backing) = (.copy(record.id), record.sizeBytes, nil)
    }
    let bytes = try Self.bytes(sizeGiB, minimum: minimum, "osDisk.diskSizeGB")
    return (try make(name, bytes, source, backing, managed, osType: "Linux", in: transaction), .object(shown))
  }

  func emptyDisk(named name: String, sizeGiB: Int64, _ managed: JSON?, in transaction: RecordTransaction) throws -> DiskRecord {
    try make(name, try Self.bytes(sizeGiB, minimum: 1 << 30, "dataDisk.diskSizeGB"), .empty, nil, managed, osType: nil, in: transaction)
  }

  func copiedDisk(
    named name: String, of origin: DiskRecord, sizeGiB: Int64?, _ managed: JSON?, in transaction: RecordTransaction
  ) throws -> DiskRecord {
    try make(
      name, try Self.bytes(sizeGiB, minimum: origin.sizeBytes, "dataDisk.diskSizeGB"), .copy(origin.id), nil, managed, osType: nil, in: transaction)
  }

  static func bytes(_ gibibytes: Int64?, minimum: Int64, _ target: String) throws -> Int64 {
    guard let gibibytes else { return ((minimum + (1 << 30) - 1) >> 30) << 30 }
    guard (1...ComputeLimits.maximumDiskGiB).contains(gibibytes) else {
      throw CloudError.invalidParameter(
        target,
        "The value '\(gibibytes)' of parameter '\(target)' is out of range. The value must be between '1' and '\(ComputeLimits.maximumDiskGiB)', inclusive."
      )
    }
    guard gibibytes << 30 >= minimum else {
      throw CloudError.operationNotAllowed(
        "The specified disk size \(gibibytes) GB is smaller than the size of the corresponding disk in the VM image: \((minimum + (1 << 30) - 1) >> 30) GB. "
          + "This is not allowed. Please choose equal or greater size or do not specify an explicit size.")
    }
    return gibibytes << 30
  }

  private func make(
    _ name: String, _ bytes: Int64, _ source: DiskRecord.Source, _ backing: String?, _ managed: JSON?, osType: String?,
    in transaction: RecordTransaction
  ) throws -> DiskRecord {
    let context = change.context
    let id = ResourceID(
      subscription: context.subscription, resourceGroup: change.id.resourceGroup ?? "", "Microsoft.Compute", (type: "disks", name: name))
    guard try transaction.fetch(Resource.self, Resource.key(tenant: context.tenant, id)) == nil else {
      throw CloudError(
        409, "ConflictingUserInput",
        "Disk \(name) already exists in resource group \(change.id.resourceGroup ?? ""). Only CreateOption.Attach is supported.")
    }
    let encryption = try DiskEncryption(
      reference: managed?.member("diskEncryptionSet"), "managedDisk.diskEncryptionSet.id", context, in: transaction)
    let record = try service.newDisk(
      id, bytes: bytes, source: source, backing: backing, encryption: encryption, tenant: context.tenant, in: transaction)
    let sku = managed?.member("storageAccountType")?.string ?? "Premium_LRS"
    var properties = DiskType.properties(record, sourceJSON: ["createOption": osType == nil ? "Empty" : "FromImage"], now: context.now)
    if let osType { properties["osType"] = .string(osType) }
    if osType != nil { properties["hyperVGeneration"] = "V2" }
    try transaction.save(
      Resource(
        tenant: context.tenant, id: id, location: location, sku: ["name": .string(sku), "tier": "Premium"], zones: zones,
        properties: .object(properties), provisioningState: .creating, etag: service.random.guid(), createdTime: context.now,
        changedTime: context.now))
    return record
  }

  /// A disk that is there, belongs to the caller's subscription, and no other machine has.
  func attached(_ named: JSON?, _ target: String, in reader: any RecordReader) throws -> DiskRecord {
    guard let text = named?.string, let id = ResourceID(text), id.type?.lowercased() == DiskType.name.lowercased() else {
      throw CloudError.invalidParameter(target, "The value '\(named?.string ?? "")' of parameter '\(target)' is not a disk's id.")
    }
    let tenant = change.context.tenant
    guard id.subscription == change.context.subscription, let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, id)),
      resource.provisioningState != .deleting, let record = try DiskRecord.find(id, tenant: tenant, in: reader)
    else { throw CloudError(404, "ResourceNotFound", "Disk '\(id.name)' was not found: \(id).", target: target) }
    let owners = try ResourceLink.sources(of: id, VirtualMachineType.diskRole, tenant: tenant, in: reader)
    if let owner = owners.first(where: { $0 != change.id }) {
      throw CloudError(
        409, "ConflictingUserInput", "Disk '\(id.name)' cannot be attached as the disk is already owned by VM '\(owner)'.", target: target)
    }
    if owners.isEmpty { try DiskType(service: service, isSnapshot: false).requireNoAccess(record, in: reader) }
    if let zone = resource.zones?.first, let own = zones?.first, zone != own {
      throw CloudError(
        400, "BadRequest", "Disk '\(id.name)' is in zone \(zone); it cannot be attached to virtual machine '\(change.id.name)' in zone \(own).")
    }
    return record
  }

  func reference(_ record: DiskRecord, in reader: any RecordReader) throws -> JSON {
    let resource = try reader.fetch(Resource.self, Resource.key(tenant: record.tenant, record.id))
    return ["id": .string(record.id.description), "storageAccountType": resource?.sku?["name"] ?? "Premium_LRS"]
  }
}
