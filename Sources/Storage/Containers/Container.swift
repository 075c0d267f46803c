internal import Base
internal import Records
internal import Wire

/// A container of blobs.
struct Container: Record, Sendable {
  static let kind = "storage.container"
  static let format: UInt8 = 2

  var tenant: GUID
  /// The account's (`StorageAccount.partition`).
  var partition: String
  var name: String
  /// What its blobs are filed under. A container that is made again under an old name has another one, and so begins empty even
  /// while the blobs of the old one are still being purged.
  var id: GUID
  var etag: ETag
  var lastModified: Timestamp
  var createdTime: Timestamp
  var metadata: Metadata
  var publicAccess: PublicAccess
  var policies: [StoredAccessPolicy]
  var lease: Lease?
  /// The encryption scope of blobs whose writers name none; nil for the account's key.
  var defaultScope: String?
  /// Whether writers may name no other scope.
  var deniesOtherScopes = false
  var immutability = ContainerImmutability()

  var key: RecordKey { RecordKey(tenant: tenant, partition, name) }

  var indexes: [RecordIndex] {
    immutability.isEmpty ? [] : [RecordIndex(Self.protectedIndex, partition)]
  }

  static func key(_ account: StorageAccount, name: String) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition, name)
  }
}

extension Container {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.string(partition)
    writer.string(name)
    writer.guid(id)
    writer.unsigned(etag.ticks)
    writer.timestamp(lastModified)
    writer.timestamp(createdTime)
    metadata.encode(to: &writer)
    writer.string(publicAccess.rawValue)
    writer.list(policies) { writer, policy in policy.encode(to: &writer) }
    writer.optional(lease) { writer, lease in lease.encode(to: &writer) }
    writer.optional(defaultScope) { $0.string($1) }
    writer.flag(deniesOtherScopes)
    immutability.encode(to: &writer)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    partition = try reader.string()
    name = try reader.string()
    id = try reader.guid()
    etag = ETag(ticks: try reader.unsigned())
    lastModified = try reader.timestamp()
    createdTime = try reader.timestamp()
    metadata = try Metadata(from: &reader)
    guard let access = PublicAccess(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    publicAccess = access
    policies = try reader.list { reader in try StoredAccessPolicy(from: &reader) }
    guard format >= 2 else { return }
    lease = try reader.optional { try Lease(from: &$0) }
    defaultScope = try reader.optional { try $0.string() }
    deniesOtherScopes = try reader.flag()
    immutability = try ContainerImmutability(from: &reader)
  }
}
