internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// What the body of a disk, snapshot, image or machine says of a disk's encryption.
///
/// Source: Microsoft, "Disks - Create Or Update", REST reference, `Encryption`.
enum DiskEncryption: Sendable, Equatable {
  /// As it is; a copy as its original.
  case unsaid
  case platformKey
  case set(ResourceID)

  private static let platform = "EncryptionAtRestWithPlatformKey"
  static let customer = "EncryptionAtRestWithCustomerKey"

  /// The `encryption` of a disk or snapshot.
  init(disk given: JSON?, _ context: OperationContext, in reader: any RecordReader) throws {
    self = .unsaid
    guard let given, !given.isNull else { return }
    let type = given.member("type")?.string
    let set = given.member("diskEncryptionSetId").flatMap { $0.isNull ? nil : $0 }
    switch type?.lowercased() {
    case nil:
      if let set { self = .set(try Self.found(set, "encryption.diskEncryptionSetId", context, in: reader)) }
    case Self.platform.lowercased():
      guard set == nil else {
        throw CloudError.invalidParameter(
          "encryption.diskEncryptionSetId", "The parameter 'encryption.diskEncryptionSetId' is not allowed for encryption type '\(Self.platform)'.")
      }
      self = .platformKey
    case Self.customer.lowercased():
      guard let set else { throw CloudError.missingParameter("encryption.diskEncryptionSetId") }
      self = .set(try Self.found(set, "encryption.diskEncryptionSetId", context, in: reader))
    default:
      throw CloudError.invalidParameter(
        "encryption.type",
        "The value '\(type ?? "")' of parameter 'encryption.type' is not served by this cloud: \(Self.platform) and \(Self.customer) are.")
    }
  }

  /// The `diskEncryptionSet` of a machine's or image's disk.
  init(reference given: JSON?, _ target: String, _ context: OperationContext, in reader: any RecordReader) throws {
    self = .unsaid
    guard let id = given?.member("id"), !id.isNull else { return }
    self = .set(try Self.found(id, target, context, in: reader))
  }

  private static func found(_ given: JSON, _ target: String, _ context: OperationContext, in reader: any RecordReader) throws -> ResourceID {
    guard let id = given.string.flatMap({ ResourceID($0) }), id.type?.lowercased() == DiskEncryptionSetType.name.lowercased() else {
      throw CloudError.invalidParameter(
        target, "The value '\(given.string ?? given.text)' of parameter '\(target)' is not a disk encryption set's id.")
    }
    guard id.subscription == context.subscription,
      let resource = try reader.fetch(Resource.self, Resource.key(tenant: context.tenant, id)), resource.provisioningState != .deleting
    else { throw CloudError(404, "NotFound", "Disk encryption set '\(id)' was not found.", target: target) }
    return resource.id
  }

  /// The set that a new disk is under. `origin` is what it is a copy of.
  func settled(copying origin: DiskRecord?) -> ResourceID? {
    switch self {
    case .unsaid: origin?.encryptionSet
    case .platformKey: nil
    case .set(let id): id
    }
  }

  static func shown(_ set: ResourceID?) -> JSON {
    guard let set else { return ["type": .string(platform)] }
    return ["type": .string(customer), "diskEncryptionSetId": .string(set.description)]
  }
}
