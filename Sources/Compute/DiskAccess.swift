internal import Base
internal import Crypto
internal import Hypervisor
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// Leave to read or to write the bytes of a disk or snapshot by a URL, until it is revoked or ends. A disk has one at most.
///
/// Source: Microsoft, "Disks - Grant Access", REST reference.
struct DiskAccess: Record, Codable, Sendable {
  static let kind = "compute.diskAccess"

  var tenant: GUID
  var disk: ResourceID
  /// Names the grant in its URL: `si`.
  var grant: GUID
  var canWrite: Bool
  var begun: Timestamp
  var end: Timestamp
  /// The last sector of an upload, as its client wrote it. The disk itself has no place for it.
  var footer: [UInt8]?

  var key: RecordKey { Self.key(tenant, disk) }
  var indexes: [RecordIndex] { [RecordIndex(Self.grantIndex, grant.description, tenant: .zero)] }
  static func key(_ tenant: GUID, _ disk: ResourceID) -> RecordKey { RecordKey(tenant: tenant, disk.canonical) }
  private static let grantIndex = "grant"

  /// The one of a disk that has not ended.
  static func current(of disk: ResourceID, tenant: GUID, now: Timestamp, in reader: any RecordReader) throws -> DiskAccess? {
    guard let access = try reader.fetch(DiskAccess.self, key(tenant, disk)), now < access.end else { return nil }
    return access
  }

  static func find(grant: GUID, in reader: any RecordReader) throws -> DiskAccess? {
    try reader.list(DiskAccess.self, index: grantIndex, [grant.description], tenant: .zero, limit: 1).first
  }

  /// What the URL of a grant is signed with: a code under the disk's own key, so that it ends with the disk.
  func signature(_ key: SymmetricKey) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: Array("disk access \(grant) \(canWrite)".utf8), using: key))
  }

  /// The path of the one blob that stands for the disk.
  var path: String { "/\(grant.description.prefix(8))/abcd" }

  /// The blob's URL, without what gives access to it.
  func blob(_ record: DiskRecord, address: CloudAddress) -> String {
    let host = "\(DiskAccessEndpoint.hostPrefix)\(record.guid.description.prefix(8)).blob.core"
    return "\(address.url(host))\(path)"
  }

  func url(_ record: DiskRecord, key: SymmetricKey, address: CloudAddress) -> String {
    "\(blob(record, address: address))?sv=2018-03-28&sr=b&si=\(grant)&sig=\(percentEncoded(Base64.encode(signature(key))))"
  }
}

extension DiskType {
  /// The longest that a grant may be asked for, in seconds.
  private static let maximumAccessSeconds: Int64 = 4_294_967_295

  var actions: [ResourceAction] {
    let permission = "\(descriptor.type)/"
    return [
      ResourceAction(
        name: "beginGetAccess", permission: permission + "beginGetAccess/action", isWrite: true, givesSecret: true,
        prepare: { id, context in try await openKey(id, context) }
      ) { resource, body, context, transaction in
        try beginAccess(resource, body, context, in: transaction)
      },
      ResourceAction(name: "endGetAccess", permission: permission + "endGetAccess/action", isWrite: true, isLongRunning: true) {
        resource, _, context, transaction in
        try endAccess(resource, context, in: transaction)
      },
    ]
  }

  /// The URL is signed with the disk's own key.
  private func openKey(_ id: ResourceID, _ context: OperationContext) async throws {
    guard let record = try await service.records.read({ try DiskRecord.find(id, tenant: context.tenant, in: $0) }) else { return }
    try await DiskKeys.$asker.withValue(DiskKeys.Asker(context)) { try await service.diskKeys.open(record) }
  }

  private func beginAccess(_ resource: Resource, _ body: JSON, _ context: OperationContext, in transaction: RecordTransaction) throws -> JSON {
    let name = resource.id.name
    guard let record = try DiskRecord.find(resource.id, tenant: resource.tenant, in: transaction), record.isReady else {
      throw CloudError.operationNotAllowed("Access to disk '\(name)' cannot be granted while it is being created.")
    }
    guard let level = body.member("access")?.string, ["read", "write"].contains(level.lowercased()) else {
      throw CloudError.invalidParameter(
        "accessData.access", "The value '\(body.member("access")?.string ?? "null")' of parameter 'accessData.access' is not valid: Read or Write.")
    }
    guard let seconds = body.member("durationInSeconds")?.integer, (1...Self.maximumAccessSeconds).contains(seconds) else {
      throw CloudError.invalidParameter(
        "accessData.durationInSeconds",
        "The value of parameter 'accessData.durationInSeconds' is out of range. The value must be between '1' and '\(Self.maximumAccessSeconds)', inclusive."
      )
    }
    guard ["vhd", nil].contains(body.member("fileFormat")?.string?.lowercased()) else {
      throw CloudError.invalidParameter("accessData.fileFormat", "Disks are handed out as VHD alone by this cloud.")
    }
    guard Self.isReachable(resource.properties) else {
      throw CloudError.operationNotAllowed(
        "Access to disk '\(name)' cannot be granted: its networkAccessPolicy or its publicNetworkAccess does not allow it.")
    }
    let canWrite = level.lowercased() == "write"
    guard canWrite == record.awaitsUpload else {
      throw CloudError.operationNotAllowed(
        canWrite
          ? "Write access is granted for disks that were created with createOption 'Upload' and not yet filled, which '\(name)' is not."
          : "Read access to disk '\(name)' cannot be granted while it waits for its upload.")
    }
    if let owner = try owner(of: resource, in: transaction), try Machine.find(owner, tenant: resource.tenant, in: transaction)?.wanted == .running {
      throw CloudError(409, "Conflict", "Access not permitted because disk \(name) is currently attached to running VM \(owner).")
    }
    let end = context.now.advanced(by: .seconds(seconds))
    // Asked again, the URL is the same, and good for as long as whoever asked for longest.
    var access =
      try DiskAccess.current(of: resource.id, tenant: resource.tenant, now: context.now, in: transaction)
      ?? DiskAccess(
        tenant: resource.tenant, disk: resource.id, grant: service.random.guid(), canWrite: canWrite, begun: context.now, end: end, footer: nil)
    access.end = max(access.end, end)
    try transaction.save(access)
    let key = try service.keyring.dataKey(record.dataKey, tenant: record.tenant, in: transaction)
    return ["accessSAS": .string(access.url(record, key: key, address: service.configuration.address))]
  }

  /// Whether a disk may be reached by URL at all.
  static func isReachable(_ properties: JSON) -> Bool {
    properties["networkAccessPolicy"]?.string == "AllowAll" && properties["publicNetworkAccess"]?.string == "Enabled"
  }

  private func endAccess(_ resource: Resource, _ context: OperationContext, in transaction: RecordTransaction) throws -> JSON {
    guard let access = try transaction.fetch(DiskAccess.self, DiskAccess.key(resource.tenant, resource.id)),
      var record = try DiskRecord.find(resource.id, tenant: resource.tenant, in: transaction)
    else { return [:] }
    if access.canWrite, record.awaitsUpload {
      let blob = access.blob(record, address: service.address)
      try VirtualHardDisk.check(access.footer ?? [], expecting: record.sizeBytes, disk: "abcd", blob: blob)
      record.awaitsUpload = false
      try transaction.save(record)
    }
    try transaction.remove(DiskAccess.self, access.key)
    return [:]
  }

  /// Throws where somebody may be reading or writing the disk by URL: a machine must not use it at the same time.
  func requireNoAccess(_ record: DiskRecord, in reader: any RecordReader) throws {
    guard let state = try accessState(record, in: reader) else { return }
    throw CloudError(
      409, "Conflict", "Disk '\(record.id.name)' cannot be used by a virtual machine while it is in the state '\(state)': revoke access to it first.")
  }

  /// What the access that is granted makes of a disk's state; nil where it makes nothing.
  func accessState(_ record: DiskRecord, in reader: any RecordReader) throws -> String? {
    let access = try DiskAccess.current(of: record.id, tenant: record.tenant, now: service.clock.now(), in: reader)
    if record.awaitsUpload { return access == nil ? "ReadyToUpload" : "ActiveUpload" }
    return access == nil ? nil : "ActiveSAS"
  }
}

extension VirtualHardDisk {
  /// Throws `InvalidVhd` where a footer is not one of a fixed disk of `expecting` bytes, or, where that is nil, of any.
  @discardableResult
  static func check(_ footer: [UInt8], expecting: Int64?, disk: String, blob: String) throws(CloudError) -> Int64 {
    func invalid(_ field: String, _ wanted: String) -> CloudError {
      CloudError(
        400, "InvalidVhd",
        "The specified \(field) value in VHD footer indicates that disk '\(disk)' with blob \(blob) is not a supported VHD. "
          + "Disk is expected to have \(field) value \(wanted).")
    }
    let bytes: Int64
    do {
      bytes = try diskBytes(footer: footer)
    } catch {
      switch error {
      case .cookie: throw invalid("cookie", "'conectix'")
      case .type: throw invalid("disk type", "'2' (fixed)")
      case .size: throw invalid("current size", "of whole sectors")
      case .checksum: throw invalid("checksum", "of its other fields")
      }
    }
    guard expecting == nil || bytes == expecting else { throw invalid("current size", "'\(expecting ?? 0)'") }
    return bytes
  }
}
