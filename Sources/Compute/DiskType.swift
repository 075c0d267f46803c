internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Compute/disks` and, with little else, `Microsoft.Compute/snapshots`.
///
/// Source: Microsoft, "Disks" and "Snapshots", REST reference.
struct DiskType: ReconciledResourceType, PreparedResourceType {
  static let name = "Microsoft.Compute/disks"
  static let snapshotName = "Microsoft.Compute/snapshots"

  let service: ComputeService
  let descriptor: ResourceTypeDescriptor
  private let isSnapshot: Bool

  init(service: ComputeService, isSnapshot: Bool) {
    self.service = service
    self.isSnapshot = isSnapshot
    descriptor = ResourceTypeDescriptor(
      type: isSnapshot ? Self.snapshotName : Self.name, apiVersions: ComputeProvider.diskApiVersions, supportsZones: !isSnapshot, createdStatus: 202,
      updatedStatus: 200, linkPermission: isSnapshot ? "\(Self.snapshotName)/beginGetAccess/action" : "\(Self.name)/write")
  }

  /// Who copies a disk reads it.
  var linkPermissions: [String: String] { [Self.name.lowercased(): "\(Self.name)/beginGetAccess/action"] }

  private static let skus = [
    "Standard_LRS", "Premium_LRS", "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS", "Standard_ZRS",
  ]

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let given = change.body.member("properties") ?? [:]
    var resource: Resource
    if let existing = change.existing {
      resource = try update(existing, given, change, in: transaction)
    } else {
      resource = try create(given, change, in: transaction)
    }
    resource.sku = try sku(change)
    return resource
  }

  private func sku(_ change: ResourceChange) throws -> JSON {
    let name = change.body.member("sku", "name")?.string ?? change.existing?.sku?["name"]?.string ?? (isSnapshot ? "Standard_LRS" : "Premium_LRS")
    guard let spelled = Self.skus.first(where: { $0.lowercased() == name.lowercased() }) else {
      throw CloudError.invalidParameter("sku.name", "SKU name '\(name)' is not valid. Valid values are \(Self.skus.joined(separator: ", ")).")
    }
    return ["name": .string(spelled), "tier": .string(spelled.hasPrefix("Premium") ? "Premium" : "Standard")]
  }

  private func create(_ given: JSON, _ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    let limit = ComputeLimits.maximumDisks
    guard try ResourceCount.of(descriptor.type, context, limit: limit, in: transaction) < limit else {
      throw CloudError.operationNotAllowed("Operation could not be completed as it results in exceeding the quota of \(limit) disks.")
    }
    let name = change.id.name
    guard (1...80).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw CloudError.invalidParameter(
        "\(isSnapshot ? "snapshot" : "disk").name", "The name '\(name)' is not valid: up to 80 letters, digits, '_', '-' and '.'.")
    }
    guard let data = given.member("creationData") else { throw CloudError.missingParameter("disk.creationData") }
    let option = data.member("createOption")?.string ?? "Empty"
    let gibibytes = given.member("diskSizeGB")?.integer
    let source: DiskRecord.Source
    let bytes: Int64
    var backing: String?
    var properties = JSON.Object()
    var shown = data
    switch option.lowercased() {
    case "empty":
      guard !isSnapshot, let gibibytes else { throw CloudError.missingParameter("disk.diskSizeGB") }
      (source, bytes) = (.empty, try DiskMaker.bytes(gibibytes, minimum: 1 << 30, "disk.diskSizeGB"))
    case "copy":
      guard let text = data.member("sourceResourceId")?.string, let id = ResourceID(text) else {
        throw CloudError.missingParameter("creationData.sourceResourceId")
      }
      let (origin, record) = try self.origin(id, change, in: transaction)
      source = .copy(record.id)
      bytes = try gibibytes.map { try DiskMaker.bytes($0, minimum: record.sizeBytes, "disk.diskSizeGB") } ?? record.sizeBytes
      for member in ["osType", "hyperVGeneration"] { properties[member] = origin.properties[member] }
    case "fromimage":
      guard let text = data.member("imageReference", "id")?.string, let image = try platformImage(text, in: transaction) else {
        throw CloudError(404, "PlatformImageNotFound", "The image of disk '\(name)' was not found.", target: "imageReference")
      }
      source = .platformImage(publisher: image.publisher, offer: image.offer, sku: image.sku, version: image.version)
      backing = "\(image.folder)/disk.qcow2"
      bytes = try DiskMaker.bytes(gibibytes, minimum: image.sizeBytes, "disk.diskSizeGB")
      properties["osType"] = "Linux"
    case "import":
      guard let url = data.member("sourceUri")?.string, !url.isEmpty else { throw CloudError.missingParameter("creationData.sourceUri") }
      source = .blob(sealed: try service.disks.seal(url, tenant: context.tenant, in: transaction))
      // Without a size of its own it has the VHD's, which is known once the blob is read.
      bytes = try gibibytes.map { try DiskMaker.bytes($0, minimum: 0, "disk.diskSizeGB") } ?? 0
      var plain = data.object?.respelled(["sourceUri"]) ?? JSON.Object()
      plain["sourceUri"] = .string(String(url.prefix { $0 != "?" }))
      shown = .object(plain)
    case "upload":
      guard !isSnapshot, let size = data.member("uploadSizeBytes")?.integer else { throw CloudError.missingParameter("creationData.uploadSizeBytes") }
      let allowed = ComputeLimits.uploadBytes
      guard allowed.contains(size), size % 512 == 0 else {
        throw CloudError.invalidParameter(
          "creationData.uploadSizeBytes",
          "The value '\(size)' of parameter 'creationData.uploadSizeBytes' is out of range. The value must be a multiple of 512 between "
            + "'\(allowed.lowerBound)' and '\(allowed.upperBound)', inclusive.")
      }
      (source, bytes) = (.upload, size - Int64(VirtualHardDisk.footerBytes))
    default:
      throw CloudError(501, "NotImplemented", "The disk create option '\(option)' is not served by this cloud.")
    }
    if let type = given.member("osType")?.string { properties["osType"] = .string(type) }
    let encryption = try DiskEncryption(disk: given.member("encryption"), context, in: transaction)
    if isSnapshot { try requireSameSet(encryption, source, context, in: transaction) }
    let record = try service.newDisk(
      change.id, bytes: bytes, source: source, backing: backing, encryption: encryption, tenant: context.tenant, in: transaction)
    for (name, value) in Self.properties(record, sourceJSON: shown, now: context.now).members { properties[name] = value }
    try settleReach(given, of: &properties)
    if isSnapshot { properties["incremental"] = .boolean(given.member("incremental")?.boolean ?? false) }
    return Resource(
      tenant: context.tenant, id: change.id, location: nil, zones: change.body.member("zones")?.array?.compactMap(\.string),
      properties: .object(properties), provisioningState: .creating, etag: .zero, createdTime: context.now, changedTime: context.now)
  }

  private func origin(_ id: ResourceID, _ change: ResourceChange, in reader: any RecordReader) throws -> (Resource, DiskRecord) {
    let type = id.type?.lowercased()
    guard type == Self.name.lowercased() || type == Self.snapshotName.lowercased(), id.subscription == change.context.subscription,
      let resource = try reader.fetch(Resource.self, Resource.key(tenant: change.context.tenant, id)), resource.provisioningState != .deleting,
      let record = try DiskRecord.find(id, tenant: change.context.tenant, in: reader), !record.awaitsUpload
    else {
      throw CloudError(404, "ResourceNotFound", "The source resource '\(id)' was not found.", target: "creationData.sourceResourceId")
    }
    return (resource, record)
  }

  private func platformImage(_ text: String, in reader: any RecordReader) throws -> PlatformImage? {
    let words = text.split(separator: "/").map(String.init)
    func value(_ name: String) -> String? { words.firstIndex { $0.lowercased() == name }.flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil } }
    guard let publisher = value("publishers"), let offer = value("offers"), let sku = value("skus") else { return nil }
    return try PlatformImage.find(
      publisher: publisher, offer: offer, sku: sku, version: value("versions") ?? "latest", location: service.location, in: reader)
  }

  /// Takes over who may reach the disk by URL.
  private func settleReach(_ given: JSON, of properties: inout JSON.Object) throws {
    for (name, values) in [("networkAccessPolicy", ["AllowAll", "AllowPrivate", "DenyAll"]), ("publicNetworkAccess", ["Enabled", "Disabled"])] {
      guard let value = given.member(name), !value.isNull else { continue }
      guard let spelled = values.first(where: { $0.lowercased() == value.string?.lowercased() }) else {
        throw CloudError.invalidParameter(
          name, "The value '\(value.string ?? value.text)' of parameter '\(name)' is not one of \(values.joined(separator: ", ")).")
      }
      properties[name] = .string(spelled)
    }
  }

  /// Disks grow; they never shrink.
  private func update(_ existing: Resource, _ given: JSON, _ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    guard var record = try DiskRecord.find(existing.id, tenant: existing.tenant, in: transaction) else {
      throw CloudError.computeNotFound(existing.id)
    }
    var properties = existing.properties.object ?? JSON.Object()
    var state = existing.provisioningState
    if let gibibytes = given.member("diskSizeGB")?.integer, gibibytes != record.sizeGiB {
      guard gibibytes << 30 > record.sizeBytes else {
        throw CloudError.operationNotAllowed(
          "Disk size reduction is not supported. Current size is \(record.sizeBytes) bytes, requested size is \(gibibytes << 30) bytes.")
      }
      guard !isSnapshot else { throw CloudError.changeNotAllowed("snapshot.diskSizeGB") }
      try requireNoAccess(record, in: transaction)
      record.sizeBytes = try DiskMaker.bytes(gibibytes, minimum: record.sizeBytes, "disk.diskSizeGB")
      try transaction.save(record)
      state = .updating
    }
    if try settleEncryption(given, of: &record, change, in: transaction) { state = .updating }
    // One that could not be made is tried again.
    if !record.isReady { state = .creating }
    try settleReach(given, of: &properties)
    if !Self.isReachable(.object(properties)) { try transaction.remove(DiskAccess.self, DiskAccess.key(existing.tenant, existing.id)) }
    return Resource(
      tenant: existing.tenant, id: existing.id, location: nil, zones: existing.zones, properties: .object(properties), provisioningState: state,
      etag: .zero, createdTime: change.context.now, changedTime: change.context.now)
  }

  static func properties(_ record: DiskRecord, sourceJSON: JSON, now: Timestamp) -> JSON.Object {
    JSON.Object([
      ("creationData", sourceJSON), ("timeCreated", .string(now.iso8601Fractional)), ("uniqueId", .string(record.guid.description)),
      ("networkAccessPolicy", "AllowAll"), ("publicNetworkAccess", "Enabled"),
    ])
  }

  // MARK: Deleting and showing

  func willDelete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    if let owner = try owner(of: resource, in: transaction) {
      throw CloudError.operationNotAllowed("Disk \(resource.id.name) is attached to VM \(owner).")
    }
  }

  func owner(of resource: Resource, in reader: any RecordReader) throws -> ResourceID? {
    try ResourceLink.sources(of: resource.id, VirtualMachineType.diskRole, tenant: resource.tenant, in: reader).first
  }

  /// The key is destroyed with the record: what is left of the file anywhere means nothing from then on.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard let record = try DiskRecord.find(resource.id, tenant: resource.tenant, in: transaction) else { return }
    try service.keyring.destroyDataKey(record.dataKey, tenant: record.tenant, in: transaction)
    try transaction.remove(DiskRecord.self, record.key)
    try transaction.remove(DiskAccess.self, DiskAccess.key(record.tenant, record.id))
  }

  func carryOut(_ task: ResourceTask) async throws -> JSON {
    let (id, tenant) = (task.resource.id, task.resource.tenant)
    guard let record = try await service.records.read({ try DiskRecord.find(id, tenant: tenant, in: $0) }) else { return .null }
    try await DiskKeys.$asker.withValue(DiskKeys.Asker(task.context)) {
      switch task.work {
      case .delete:
        await service.openDisks.close(record.guid)
        try service.disks.remove(record)
      case .put where record.isReady:
        await service.openDisks.close(record.guid)
        try await service.diskKeys.protect(record)
        try await service.lifecycle.grow(record)
      case .put: try await service.disks.prepare(record, as: task.context.principal)
      case .act: await service.openDisks.close(record.guid)
      }
    }
    return .null
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    guard let record = try DiskRecord.find(resource.id, tenant: resource.tenant, in: reader) else { return .object(shown) }
    shown["diskSizeGB"] = .integer(record.sizeGiB)
    shown["diskSizeBytes"] = .integer(record.sizeBytes)
    shown["encryption"] = DiskEncryption.shown(record.encryptionSet)
    shown["diskState"] = .string(
      try accessState(record, in: reader) ?? owner(of: resource, in: reader).map { try state(of: $0, resource, in: reader) } ?? "Unattached")
    return .object(shown)
  }

  private func state(of owner: ResourceID, _ resource: Resource, in reader: any RecordReader) throws -> String {
    try Machine.find(owner, tenant: resource.tenant, in: reader)?.wanted == .deallocated ? "Reserved" : "Attached"
  }
}
