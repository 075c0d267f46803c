public import Base

/// How a data key is protected by a customer's key. Rests in the key's record.
public struct CustomerProtection: Hashable, Sendable {
  /// With a version only where the customer pinned it.
  public var key: CustomerKey
  /// The version that the data key is wrapped with.
  public var version: String
  public var reason: CustomerKeyUse.Reason
  /// The id of the resource whose data it is.
  public var subject: String
  /// The principal that must have the right to use the key.
  public var identity: GUID
  /// Since when the data key is wrapped so: the time of the last rotation.
  public var since: Timestamp

  /// The use of the key on behalf of somebody.
  func use(tenant: GUID, caller: GUID?, request: GUID?) -> CustomerKeyUse {
    CustomerKeyUse(reason: reason, tenant: tenant, subject: subject, identity: identity, caller: caller, request: request)
  }

  func encode(to writer: inout ByteWriter) {
    writer.string(key.vault)
    writer.string(key.name)
    writer.optional(key.version) { $0.string($1) }
    writer.string(version)
    writer.string(reason.rawValue)
    writer.string(subject)
    writer.guid(identity)
    writer.timestamp(since)
  }

  init(from reader: inout ByteReader) throws {
    key = CustomerKey(vault: try reader.string(), name: try reader.string(), version: try reader.optional { try $0.string() })
    version = try reader.string()
    guard let reason = CustomerKeyUse.Reason(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    self.reason = reason
    subject = try reader.string()
    identity = try reader.guid()
    since = try reader.timestamp()
  }

  init(key: CustomerKey, version: String, use: CustomerKeyUse, since: Timestamp) {
    self.since = since
    self.key = key
    self.version = version
    reason = use.reason
    subject = use.subject
    identity = use.identity
  }
}
