internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Compute/diskEncryptionSets`: a customer's key, and the disks, snapshots and images whose data keys it wraps.
///
/// Source: Microsoft, "Disk Encryption Sets", REST reference.
struct DiskEncryptionSetType: ReconciledResourceType, PreparedResourceType {
  static let name = "Microsoft.Compute/diskEncryptionSets"
  let service: ComputeService
  let descriptor = ResourceTypeDescriptor(
    type: name, apiVersions: ComputeProvider.diskApiVersions, createdStatus: 202, updatedStatus: 200, linkPermission: "\(name)/read")

  /// Sets of one subscription.
  ///
  /// Source: Microsoft, "Azure subscription and service limits, quotas, and constraints".
  static let maximumSets = 5000
  /// Resources on one page of those that a set protects.
  private static let pageItems = 1000

  // MARK: Changing

  /// A key that could not wrap what the old one has wrapped is refused before anything is changed.
  func prepare(_ change: ResourceChange) async throws -> (any Sendable)? {
    guard let existing = change.existing, let url = change.body.member("properties", "activeKey", "keyUrl")?.string,
      let key = DiskEncryptionSet.key(url, service.address), let identity = ResourceIdentity.principal(existing.identity),
      url != existing.properties.member("activeKey", "keyUrl")?.string,
      try await service.records.read({ try DiskRecord.isAny(under: existing.id, tenant: existing.tenant, in: $0) })
    else { return nil }
    let use = CustomerKeyUse(reason: .diskData, tenant: existing.tenant, subject: existing.id.description, identity: identity)
    do {
      _ = try await service.customerKeys.newestVersion(of: key, use)
    } catch {
      throw DiskKeyFailure(reason: error, key: key.url, set: existing.id.name).cloudError
    }
    return nil
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let (context, existing) = (change.context, change.existing)
    let given = change.body.member("properties") ?? [:]
    if existing == nil { try checkNew(change, in: transaction) }
    if let client = given.member("federatedClientId"), !client.isNull, client.string?.lowercased() != "none" {
      throw CloudError.invalidParameter("encryptionSet.federatedClientId", "Keys of another tenant are not served by this cloud.")
    }
    var properties = existing?.properties.object ?? JSON.Object()
    properties["encryptionType"] = .string(try encryptionType(given, existing))
    if let follows = given.member("rotationToLatestKeyVersionEnabled")?.boolean {
      properties["rotationToLatestKeyVersionEnabled"] = .boolean(follows)
    } else if existing == nil {
      properties["rotationToLatestKeyVersionEnabled"] = false
    }
    let isUsed = try existing.map { try DiskRecord.isAny(under: $0.id, tenant: $0.tenant, in: transaction) } ?? false
    if let key = given.member("activeKey"), !key.isNull {
      try settle(key, isUsed: isUsed, now: context.now, &properties)
    } else if change.method == .put {
      throw CloudError.missingParameter("encryptionSet.activeKey")
    }
    try requireVersion(properties)
    guard let identity = try ResourceIdentity.settle(change, service.identities, in: transaction) ?? (existing == nil ? nil : .null) else {
      throw CloudError.missingParameter("identity")
    }
    // What the set's disks are wrapped with is looked at after each change, whatever it was.
    return Resource(
      tenant: context.tenant, id: change.id, location: nil, identity: identity.isNull ? nil : identity, properties: .object(properties),
      provisioningState: existing == nil ? .creating : isUsed ? .updating : .succeeded, etag: .zero, createdTime: context.now,
      changedTime: context.now)
  }

  private func checkNew(_ change: ResourceChange, in reader: any RecordReader) throws {
    let name = change.id.name
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isPlain, (1...80).contains(name.utf8.count) else {
      throw CloudError.invalidParameter(
        "encryptionSet.name", "The name '\(name)' of a disk encryption set is not valid: up to 80 letters, digits, '_' and '-'.")
    }
    guard try ResourceCount.of(Self.name, change.context, limit: Self.maximumSets, in: reader) < Self.maximumSets else {
      throw CloudError.operationNotAllowed(
        "Operation could not be completed as it results in exceeding the quota of \(Self.maximumSets) disk encryption sets.")
    }
  }

  private func encryptionType(_ given: JSON, _ existing: Resource?) throws -> String {
    let wanted = given.member("encryptionType").flatMap { $0.isNull ? nil : $0.string ?? $0.text }
    let kept = existing?.properties["encryptionType"]?.string
    guard let type = wanted ?? kept, type.lowercased() != DiskEncryption.customer.lowercased() else { return DiskEncryption.customer }
    throw CloudError.invalidParameter(
      "encryptionSet.encryptionType",
      "The value '\(type)' of parameter 'encryptionSet.encryptionType' is not served by this cloud: \(DiskEncryption.customer) is.")
  }

  private func settle(_ given: JSON, isUsed: Bool, now: Timestamp, _ properties: inout JSON.Object) throws {
    guard let url = given.member("keyUrl")?.string, !url.isEmpty else { throw CloudError.missingParameter("encryptionSet.activeKey.keyUrl") }
    guard let key = DiskEncryptionSet.key(url, service.address) else {
      throw CloudError.invalidParameter(
        "encryptionSet.activeKey.keyUrl",
        "The value '\(url)' of parameter 'encryptionSet.activeKey.keyUrl' is not the URL of a key in a vault of this cloud.")
    }
    var active = JSON.Object()
    if let vault = given.member("sourceVault", "id"), !vault.isNull {
      guard let id = vault.string.flatMap({ ResourceID($0) }), id.type?.lowercased() == "microsoft.keyvault/vaults",
        key.vault.hasPrefix("https://\(id.name.lowercased()).")
      else {
        throw CloudError.invalidParameter(
          "encryptionSet.activeKey.sourceVault.id",
          "The key '\(url)' does not belong to the source vault '\(vault.string ?? vault.text)' of the disk encryption set.")
      }
      active["sourceVault"] = ["id": .string(id.description)]
    }
    active["keyUrl"] = .string(url)
    let kept = properties["activeKey"]
    properties["activeKey"] = .object(active)
    guard let kept, kept["keyUrl"]?.string != url else { return }
    properties["lastKeyRotationTimestamp"] = .string(now.iso8601Fractional)
    if isUsed { properties["previousKeys"] = .array((properties["previousKeys"]?.array ?? []) + [kept]) }
  }

  /// A key without a version is one that is followed to the newest.
  private func requireVersion(_ properties: JSON.Object) throws {
    guard let url = properties["activeKey"]?["keyUrl"]?.string, DiskEncryptionSet.key(url, service.address)?.version == nil,
      properties["rotationToLatestKeyVersionEnabled"]?.boolean != true
    else { return }
    throw CloudError.invalidParameter(
      "encryptionSet.activeKey.keyUrl",
      "The value '\(url)' of parameter 'encryptionSet.activeKey.keyUrl' needs the key's version, unless rotationToLatestKeyVersionEnabled is true.")
  }

  // MARK: Carrying out

  /// Wraps the data keys of its disks with the active key; what they encrypt is not touched.
  func carryOut(_ task: ResourceTask) async throws -> JSON {
    guard task.work == .put else { return .null }
    let (service, id, tenant) = (service, task.resource.id, task.resource.tenant)
    try await DiskKeys.$asker.withValue(DiskKeys.Asker(task.context)) {
      try await service.protectDisks(under: id, tenant: tenant)
    }
    try await service.records.write { transaction in
      guard var resource = try transaction.fetch(Resource.self, Resource.key(tenant: tenant, id)), var properties = resource.properties.object else {
        return
      }
      properties["previousKeys"] = nil
      properties["autoKeyRotationError"] = nil
      resource.properties = .object(properties)
      try transaction.save(resource)
    }
    return .null
  }

  func willDelete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard try DiskRecord.isAny(under: resource.id, tenant: resource.tenant, in: transaction) else { return }
    throw CloudError.operationNotAllowed(
      "Disk encryption set '\(resource.id.name)' cannot be deleted because it is being used to encrypt disks, snapshots or images.")
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    try ResourceIdentity.remove(resource.identity, service.identities, tenant: resource.tenant, in: transaction)
  }

  // MARK: Showing

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    if shown["previousKeys"] == nil { shown["previousKeys"] = [] }
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(shown)
  }

  /// Source: Microsoft, "Disk Encryption Sets - List Associated Resources", REST reference.
  var views: [ResourceView] {
    [
      ResourceView(name: "associatedResources", permission: "\(Self.name)/read") { resource, context, reader in
        let after = try context.skipPosition().flatMap { ResourceID($0) }
        var disks = try DiskRecord.all(under: resource.id, tenant: resource.tenant, after: after, limit: Self.pageItems + 1, in: reader)
        let goesOn = disks.count > Self.pageItems
        if goesOn { disks.removeLast() }
        var ids: [ResourceID] = []
        for disk in disks where ids.last != disk.owner { ids.append(disk.owner) }
        var page = JSON.Object([("value", .array(ids.map { .string($0.description) }))])
        if goesOn, let last = disks.last { page["nextLink"] = .string(context.nextLink(position: last.id.canonical)) }
        return .object(page)
      }
    ]
  }
}
