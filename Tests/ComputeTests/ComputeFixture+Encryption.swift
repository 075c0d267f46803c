import Base
import Compute
import Crypto
import Keyring
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

/// Disk encryption sets and the keys of disks under them.
extension ComputeFixture {
  func putEncryptionSet(
    _ name: String, url: String = DiskEncryptionTests.keyURL(), follows: Bool = false, _ properties: JSON = [:],
    identity: JSON? = ["type": "SystemAssigned"]
  ) async -> Answer {
    let standard: JSON = ["activeKey": ["keyUrl": .string(url)], "rotationToLatestKeyVersionEnabled": .boolean(follows)]
    return await send(
      .PUT, path("diskEncryptionSets", name),
      .object(["location": "paris", "identity": identity, "properties": standard.merging(patch: properties)]))
  }

  /// A set that is done.
  func makeSet(_ name: String, follows: Bool = false) async throws {
    let answer = await putEncryptionSet(name, follows: follows)
    #expect(answer.status == 202, "\(answer)")
    try await settle(name)
  }

  func putDisk(_ name: String, set: String) async -> Answer {
    await putDisk(name, ["encryption": ["diskEncryptionSetId": .string(path("diskEncryptionSets", set))]])
  }

  func putDisk(_ name: String, _ properties: JSON) async -> Answer {
    let standard: JSON = ["creationData": ["createOption": "Empty"], "diskSizeGB": 1]
    return await send(.PUT, path("disks", name), ["location": "paris", "properties": standard.merging(patch: properties)])
  }

  /// Ends what is under way for a resource, as if it had been carried out.
  private func end(_ path: String) async throws {
    let (id, tenant) = (try #require(ResourceID(path)), tenant)
    try await records.write { transaction in
      for operation in try LongRunningOperation.pending(id, tenant: tenant, in: transaction) {
        try transaction.remove(LongRunningOperation.self, operation.key)
      }
      guard var resource = try transaction.fetch(Resource.self, Resource.key(tenant: tenant, id)) else { return }
      resource.provisioningState = .succeeded
      try transaction.save(resource)
    }
  }

  func settle(_ set: String) async throws { try await end(path("diskEncryptionSets", set)) }

  func finishDisk(_ name: String) async throws { try await end(path("disks", name)) }

  /// Carries out what is wanted of a set's disks.
  func protect(_ set: String) async throws {
    try await service.protectDisks(under: #require(ResourceID(path("diskEncryptionSets", set))), tenant: tenant)
    try await settle(set)
  }

  /// A machine that runs from a disk under the set `des` with the key `k`.
  func runMachineUnderSet() async throws {
    try await makeSet("des")
    let set: JSON = ["storageProfile": ["osDisk": ["managedDisk": ["diskEncryptionSet": ["id": .string(path("diskEncryptionSets", "des"))]]]]]
    let answer = await putMachine("vm", set)
    #expect(answer.status == 201, "\(answer)")
    try await protect("des")
    try await finish("vm")
  }

  private func keys() async throws -> [Keyring.DataKeyDescription] {
    let tenant = tenant
    return try await records.read { try Keyring.dataKeys(ofTenant: tenant, limit: 100, in: $0) }
  }

  /// How the tenant's data keys are protected.
  func protections() async throws -> [CustomerProtection?] { try await keys().map(\.protection) }

  /// The tenant's data keys themselves, opened.
  func dataKeys() async throws -> [[UInt8]] {
    let (keyring, tenant) = (customerKeyring.keyring, tenant)
    var found: [[UInt8]] = []
    for key in try await keys() {
      try await customerKeyring.open(key.id, tenant: tenant, caller: nil, request: nil)
      found.append(try await records.read { try keyring.dataKey(key.id, tenant: tenant, in: $0).withUnsafeBytes { Array($0) } })
    }
    return found
  }

  /// What the activity log tells of an operation, oldest first.
  func activity(_ operation: String) async throws -> [ActivityLogEntry] {
    let (now, subscription, tenant) = (clock.now(), subscription, tenant)
    return try await records.read { reader in
      try ActivityLog.entries(tenant: tenant, subscription: subscription, until: now, limit: 1000, in: reader)
    }.filter { $0.operationName == operation }.reversed()
  }
}
