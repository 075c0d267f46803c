internal import Base
internal import Keyring
internal import Records
internal import Wire

/// The key that a tenant has put its records in the control plane under, and the identity that uses it. Azure has no such thing.
struct TenantRecordsKey: Record, Codable, Sendable {
  static let kind = "arm.tenantRecordsKey"
  static let type = "Cocagne.Sovereignty/tenantKeys"
  static let name = "default"
  static let path = "/providers/\(type)/\(name)"

  var tenant: GUID
  /// The object id and the client id of the identity that uses the key.
  var principal: GUID
  var application: GUID
  /// Nil: the platform's key for the tenant alone.
  var customerKey: CustomerKey?
  /// The data key that the records are sealed under.
  var dataKey: DataKeyID
  /// Changes with each change.
  var etag: GUID
  var createdTime: Timestamp
  var changedTime: Timestamp

  var key: RecordKey { Self.key(tenant) }
  static func key(_ tenant: GUID) -> RecordKey { RecordKey(tenant: tenant) }

  func json(in reader: any RecordReader) throws -> JSON {
    let protection = try Keyring.protection(of: dataKey, tenant: tenant, in: reader)
    let shownIdentity: JSON = [
      "type": "SystemAssigned", "principalId": .string(principal.description), "clientId": .string(application.description),
      "tenantId": .string(tenant.description),
    ]
    let properties: JSON = .object([
      "provisioningState": "Succeeded", "keyUri": JSON.string(customerKey?.url),
      "currentVersionedKeyUri": JSON.string(protection.map { $0.key.at($0.version).url }), "createdTime": .string(createdTime.iso8601Fractional),
      "changedTime": .string(changedTime.iso8601Fractional),
    ])
    return [
      "id": .string(Self.path), "name": .string(Self.name), "type": .string(Self.type), "etag": .string("\"\(etag)\""), "identity": shownIdentity,
      "properties": properties,
    ]
  }
}
