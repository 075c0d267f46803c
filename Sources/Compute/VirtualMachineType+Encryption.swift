internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// What machines have to do with the encryption sets of their disks.
extension VirtualMachineType {
  /// Keys that a change needs are asked for before anything is recorded of it.
  func prepare(_ change: ResourceChange) async throws -> (any Sendable)? {
    let properties = change.body.member("properties") ?? [:]
    let profile = properties.member("storageProfile")
    var disks = (profile?.member("dataDisks")?.array ?? []).filter { $0.member("managedDisk", "id") == nil }
    if change.existing == nil, let disk = profile?.member("osDisk") { disks.append(disk) }
    let sets = Set(disks.compactMap { $0.member("managedDisk", "diskEncryptionSet", "id")?.string.flatMap { ResourceID($0) } })
    for set in sets { try await service.diskKeys.requireUsable(set, change.context) }
    if let existing = change.existing, Self.hasSecrets(properties) {
      let disk = try await service.records.read { reader in
        try VirtualMachine(existing).osDisk.flatMap { try DiskRecord.find($0, tenant: existing.tenant, in: reader) }
      }
      if let disk { try await DiskKeys.$asker.withValue(DiskKeys.Asker(change.context)) { try await service.diskKeys.open(disk) } }
    }
    return nil
  }

  /// Whether a body holds what is kept under the key of the operating system's disk.
  private static func hasSecrets(_ properties: JSON) -> Bool {
    properties.member("userData") != nil || ["customData", "adminPassword"].contains { properties.member("osProfile", $0) != nil }
  }

  /// Another set is chosen at the disk itself.
  static func requireSet(_ asked: JSON?, of record: DiskRecord, _ disk: String) throws {
    guard let id = asked?.member("managedDisk", "diskEncryptionSet", "id")?.string, ResourceID(id) != record.encryptionSet else { return }
    throw CloudError.changeNotAllowed("\(disk).managedDisk.diskEncryptionSet")
  }

  /// A storage profile with the encryption sets that its disks are under now.
  func withEncryptionSets(_ profile: JSON, tenant: GUID, in reader: any RecordReader) throws -> JSON {
    func shown(_ disk: JSON) throws -> JSON {
      guard var object = disk.object, var managed = object["managedDisk"]?.object,
        let id = managed["id"]?.string.flatMap({ ResourceID($0) }),
        let set = try DiskRecord.find(id, tenant: tenant, in: reader)?.encryptionSet
      else { return disk }
      managed["diskEncryptionSet"] = ["id": .string(set.description)]
      object["managedDisk"] = .object(managed)
      return .object(object)
    }
    guard var object = profile.object else { return profile }
    object["osDisk"] = try object["osDisk"].map(shown)
    object["dataDisks"] = .array(try (object["dataDisks"]?.array ?? []).map(shown))
    return .object(object)
  }
}
