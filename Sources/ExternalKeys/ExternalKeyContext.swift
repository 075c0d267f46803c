public import Base
public import Wire

/// Who asks an external key manager, what for, and under which request: the `request_context` of every call.
///
/// The first three members are Azure's; the others are this platform's, and a manager that does not know them ignores them.
///
/// Source: Microsoft, "EKM Proxy API reference for Managed HSM external key management", request context.
public struct ExternalKeyContext: Sendable, Equatable {
  /// The request that needs the key; nil for work of the platform's own.
  public var request: GUID?
  /// Of this call alone: it stands in the platform's ledger and in the customer's journal.
  public var correlation: GUID
  /// The vault's name.
  public var pool: String
  /// What the key is used for. Nil for what Azure's own Managed HSM asks, and for what uses no key.
  public var reason: String?
  /// The id of the resource whose data it is, or the key's own URL.
  public var subject: String?
  /// The principal whose request it is; nil for work of the platform's own.
  public var caller: GUID?
  /// The principal that has the right to use the key, where that is not the caller: the managed identity of a resource.
  public var identity: GUID?
  public var tenant: GUID?
  public var time: Timestamp?

  public init(
    request: GUID?, correlation: GUID, pool: String, reason: String? = nil, subject: String? = nil, caller: GUID? = nil, identity: GUID? = nil,
    tenant: GUID? = nil, time: Timestamp? = nil
  ) {
    self.request = request
    self.correlation = correlation
    self.pool = pool
    self.reason = reason
    self.subject = subject
    self.caller = caller
    self.identity = identity
    self.tenant = tenant
    self.time = time
  }

  public var json: JSON {
    .object([
      "request_id": .string(request?.description), "correlation_id": .string(correlation.description), "pool_name": .string(pool),
      "reason": .string(reason), "subject": .string(subject), "caller": .string(caller?.description), "identity": .string(identity?.description),
      "tenant": .string(tenant?.description), "time": .string(time?.iso8601Fractional),
    ])
  }
}
