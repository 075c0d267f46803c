internal import Base
internal import Records

/// What this cloud is, once for all: written by the first `up`, found by each later one.
struct PlatformIdentity: Record, Codable {
  static let kind = "platform.identity"
  static let key = RecordKey(tenant: .zero, "identity")

  var domain: String
  var port: Int
  /// The first tenant and its subscription.
  var tenant: GUID
  var subscription: GUID
  var created: Timestamp
  /// Where operators' clients reach it; nil in records of earlier days.
  var operatorsPort: Int?

  var key: RecordKey { Self.key }
  /// What tells this cloud's machines and networks from another's on one host: six letters and digits.
  var shortName: String { "c" + String(tenant.description.prefix(5)) }
  var address: CloudAddress { CloudAddress(domain: domain, port: port) }
}
