internal import Base
internal import Fabric
internal import Identity
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Compute/virtualMachines`.
///
/// Source: Microsoft, "Virtual Machines", REST reference.
struct VirtualMachineType: ReconciledResourceType, PreparedResourceType {
  static let name = "Microsoft.Compute/virtualMachines"
  static let diskRole = "disk"
  static let interfaceRole = "networkInterface"
  static let availabilitySetRole = "availabilitySet"

  let service: ComputeService
  let descriptor = ResourceTypeDescriptor(type: name, apiVersions: ComputeProvider.apiVersions, supportsZones: true)

  static let members = [
    "hardwareProfile", "storageProfile", "osProfile", "networkProfile", "diagnosticsProfile", "securityProfile", "availabilitySet", "licenseType",
    "additionalCapabilities", "priority", "evictionPolicy", "userData", "extensionsTimeBudget", "scheduledEventsProfile", "applicationProfile",
  ]

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let existing = change.existing
    guard var wanted = change.body.member("properties")?.object?.respelled(Self.members) ?? (change.method == .patch ? JSON.Object() : nil) else {
      throw CloudError.missingParameter("properties")
    }
    if change.method == .patch, let existing, case .object(let merged) = existing.properties.merging(patch: .object(wanted)) {
      wanted = merged.respelled(Self.members)
    }
    var machine: Machine
    if let existing {
      guard let found = try Machine.find(existing.id, tenant: change.context.tenant, in: transaction) else {
        throw CloudError.internalError(MachineMissing(id: existing.id))
      }
      machine = found
    } else {
      try checkNew(change, in: transaction)
      machine = Machine(tenant: change.context.tenant, id: change.id, vmID: service.random.guid())
    }
    let location = change.body.member("location")?.string ?? existing?.location ?? service.location
    let zones = change.body.member("zones")?.array?.compactMap(\.string) ?? existing?.zones
    if let existing, let given = change.body.member("zones")?.array?.compactMap(\.string), given != existing.zones ?? [] {
      throw CloudError.changeNotAllowed("zones")
    }
    let size = try size(wanted["hardwareProfile"]?.member("vmSize")?.string, location: location, zone: zones?.first)
    let set = try availabilitySet(wanted["availabilitySet"], change, location: location, zones: zones, in: transaction)
    var properties = JSON.Object()
    properties["vmId"] = .string(machine.vmID.description)
    properties["hardwareProfile"] = ["vmSize": .string(size.name)]
    var secrets = MachineSecrets()
    properties["osProfile"] = try osProfile(wanted["osProfile"], existing, change.id, &secrets)
    if let text = wanted["userData"]?.string { secrets.userData = try Self.base64(text, "userData", "User data") }
    let storage = try storageProfile(wanted["storageProfile"], existing, change, size: size, location: location, zones: zones, in: transaction)
    properties["storageProfile"] = storage.json
    properties["networkProfile"] = try networkProfile(wanted["networkProfile"], existing, machine, change, location: location, in: transaction)
    properties["securityProfile"] = try securityProfile(
      wanted["securityProfile"], existing, image: storage.json.member("imageReference"), in: transaction)
    for name in ["diagnosticsProfile", "licenseType", "additionalCapabilities", "priority"] { properties[name] = wanted[name] }
    if let set { properties["availabilitySet"] = ["id": .string(set.description)] }
    properties["timeCreated"] = existing?.properties["timeCreated"] ?? .string(change.context.now.iso8601Fractional)
    let identity = try ResourceIdentity.settle(change, service.identities, in: transaction)

    let isResized = machine.size != size.name
    machine.size = size.name
    machine.memoryBytes = size.memoryBytes
    machine.zone = zones?.first
    if existing == nil, let set { machine.availability = try place(in: set, change, transaction) }
    if isResized, machine.wanted != .deallocated { try service.scheduler.place(&machine, size, in: transaction) }
    try seal(secrets, into: &machine, osDisk: storage.osDisk, in: transaction)
    try transaction.save(machine)
    let resource = Resource(
      tenant: change.context.tenant, id: change.id, location: nil, identity: identity, zones: zones, properties: .object(properties),
      provisioningState: existing == nil ? .creating : .updating, etag: .zero, createdTime: change.context.now, changedTime: change.context.now)
    let typed = VirtualMachine(resource)
    try ResourceLink.set(from: change.id, Self.diskRole, to: typed.disks, tenant: machine.tenant, in: transaction)
    try ResourceLink.set(from: change.id, Self.interfaceRole, to: typed.interfaces.map(\.id), tenant: machine.tenant, in: transaction)
    if set != nil { try refuseZonalDisks(typed, tenant: machine.tenant, in: transaction) }
    try refuseUnfinishedDisks(typed, tenant: machine.tenant, in: transaction)
    if existing == nil, let set {
      try ResourceLink.set(from: change.id, Self.availabilitySetRole, to: [set], tenant: machine.tenant, in: transaction)
    }
    return resource
  }

  /// The resource is there and its machine is not: they are written together, so this is a defect.
  struct MachineMissing: Error {
    var id: ResourceID
  }

  private func checkNew(_ change: ResourceChange, in reader: any RecordReader) throws {
    let name = change.id.name
    let forbidden = "\\/\"[]:|<>+=;,?*@&'_ "
    guard (1...64).contains(name.count), !name.contains(where: { forbidden.contains($0) }), !name.hasSuffix("."), !name.hasSuffix("-") else {
      throw CloudError.invalidParameter(
        "vm.name",
        "The Virtual Machine name is invalid: '\(name)'. Linux VM name may only contain 1-64 characters, cannot start or end with non-alphanumeric "
          + "characters and cannot contain special characters.")
    }
    guard try ResourceCount.of(Self.name, change.context, limit: ComputeLimits.maximumMachines, in: reader) < ComputeLimits.maximumMachines else {
      throw CloudError(
        409, "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Virtual Machines quota of \(ComputeLimits.maximumMachines).")
    }
  }

  func size(_ name: String?, location: String, zone: String?) throws -> MachineSize {
    guard let name else { throw CloudError.missingParameter("hardwareProfile.vmSize") }
    guard let size = service.sizes.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      throw CloudError.invalidParameter(
        "vmSize",
        "The value \(name) provided for the VM size is not valid. The valid sizes in the current region are: "
          + "\(service.sizes.map(\.name).joined(separator: ",")). Find out more on the valid VM sizes in each region at "
          + "https://aka.ms/azure-regionservices.")
    }
    // A machine without a zone is placed in one that has its size.
    if let offered = size.zones, Set(offered).isDisjoint(with: zone.map { [$0] } ?? service.configuration.zones) {
      throw CloudError.sizeNotAvailable(size.name, location: location, zone: zone)
    }
    return size
  }

  /// What is given now replaces what was kept; what is not given stays.
  private func seal(_ given: MachineSecrets, into machine: inout Machine, osDisk: DiskRecord, in transaction: RecordTransaction) throws {
    guard !given.isEmpty else { return }
    var kept = try service.secrets(of: machine, osDisk: osDisk, in: transaction)
    if machine.provisionedTime != nil, let data = given.customData, data != kept.customData {
      throw CloudError.changeNotAllowed("osProfile.customData")
    }
    kept.customData = given.customData ?? kept.customData
    kept.userData = given.userData ?? kept.userData
    kept.adminPassword = given.adminPassword ?? kept.adminPassword
    machine.secrets = try service.sealed(kept, of: machine, osDisk: osDisk, in: transaction)
  }

  // MARK: Deleting

  func willDelete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard var machine = try Machine.find(resource.id, tenant: resource.tenant, in: transaction) else { return }
    machine.wanted = .deallocated
    try transaction.save(machine)
  }

  func companions(of resource: Resource, in reader: any RecordReader) throws -> [ResourceID] {
    let machine = VirtualMachine(resource)
    return machine.interfaces.filter(\.deletesWithMachine).map(\.id) + (machine.deletesOSDisk ? machine.osDisk.map { [$0] } ?? [] : [])
      + machine.dataDisks.filter(\.deletesWithMachine).map(\.disk)
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    try ResourceIdentity.remove(resource.identity, service.identities, tenant: resource.tenant, in: transaction)
    try transaction.remove(Machine.self, Machine.key(resource.tenant, resource.id))
  }

  func carryOut(_ task: ResourceTask) async throws -> JSON {
    try await service.lifecycle.carryOut(task)
  }

  // MARK: Showing

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    if let profile = shown["storageProfile"] { shown["storageProfile"] = try withEncryptionSets(profile, tenant: resource.tenant, in: reader) }
    return .object(shown)
  }
}
