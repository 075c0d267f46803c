internal import Base
internal import Records

/// That a subscription has changed a namespace's registration. Every namespace is registered in every subscription until it is unregistered.
struct ProviderRegistration: Record, Codable, Sendable {
  static let kind = "arm.registration"

  enum State: String, Codable, Sendable {
    case registered = "Registered"
    case unregistered = "Unregistered"
  }

  var tenant: GUID
  var subscription: GUID
  var namespace: String
  var state: State

  var key: RecordKey { Self.key(tenant: tenant, subscription, namespace) }

  static func key(tenant: GUID, _ subscription: GUID, _ namespace: String) -> RecordKey {
    RecordKey(tenant: tenant, subscription.description, namespace.lowercased())
  }

  static func state(of namespace: String, tenant: GUID, subscription: GUID, in reader: any RecordReader) throws -> State {
    try reader.fetch(ProviderRegistration.self, key(tenant: tenant, subscription, namespace))?.state ?? .registered
  }
}
