public import Base
public import Records

/// Who did what, where, when and with which result: written in the transaction of the change that it tells of.
///
/// Source: Microsoft, "Azure activity log event schema", category Administrative.
public struct ActivityLogEntry: Record, Sendable {
  public static let kind = "arm.event"

  public enum Status: String, Sendable, CaseIterable {
    case accepted = "Accepted"
    case started = "Started"
    case succeeded = "Succeeded"
    case failed = "Failed"
  }

  public var id: GUID
  public var tenant: GUID
  /// Nil for what happened above the subscriptions.
  public var subscription: GUID?
  public var time: Timestamp
  /// The permission that it took, for example `Microsoft.Storage/storageAccounts/write`.
  public var operationName: String
  public var resourceID: String
  public var status: Status
  /// The HTTP status of the answer.
  public var statusCode: Int
  public var errorCode: String?
  public var errorMessage: String?
  /// User principal name, else the application's id.
  public var caller: String
  public var principalID: GUID
  public var claims: [String: String]
  public var correlationID: GUID
  /// One for all entries of one operation.
  public var operationID: GUID
  public var clientRequestID: String?
  public var clientAddress: String
  public var method: String

  public init(
    id: GUID, tenant: GUID, subscription: GUID?, time: Timestamp, operationName: String, resourceID: String, status: Status, statusCode: Int,
    errorCode: String? = nil, errorMessage: String? = nil, caller: String, principalID: GUID, claims: [String: String], correlationID: GUID,
    operationID: GUID, clientRequestID: String? = nil, clientAddress: String, method: String
  ) {
    self.id = id
    self.tenant = tenant
    self.subscription = subscription
    self.time = time
    self.operationName = operationName
    self.resourceID = resourceID
    self.status = status
    self.statusCode = statusCode
    self.errorCode = errorCode
    self.errorMessage = errorMessage
    self.caller = caller
    self.principalID = principalID
    self.claims = claims
    self.correlationID = correlationID
    self.operationID = operationID
    self.clientRequestID = clientRequestID
    self.clientAddress = clientAddress
    self.method = method
  }

  /// Filed by subscription, the newest first: the time counts down.
  public var key: RecordKey { Self.key(tenant: tenant, subscription, time, id) }

  static func key(tenant: GUID, _ subscription: GUID?, _ time: Timestamp, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, subscription?.description ?? Self.noSubscription, countdown(time), id.description)
  }

  static let noSubscription = "-"

  static func countdown(_ time: Timestamp) -> String {
    let text = String(Int64.max - max(0, time.microseconds))
    return String(repeating: "0", count: 19 - text.utf8.count) + text
  }

  public func encode(to writer: inout ByteWriter) throws {
    writer.guid(id)
    writer.guid(tenant)
    writer.optional(subscription) { $0.guid($1) }
    writer.timestamp(time)
    writer.string(operationName)
    writer.string(resourceID)
    writer.string(status.rawValue)
    writer.integer(statusCode)
    writer.optional(errorCode) { $0.string($1) }
    writer.optional(errorMessage) { $0.string($1) }
    writer.string(caller)
    writer.guid(principalID)
    writer.list(claims.sorted { $0.key < $1.key }) {
      $0.string($1.key)
      $0.string($1.value)
    }
    writer.guid(correlationID)
    writer.guid(operationID)
    writer.optional(clientRequestID) { $0.string($1) }
    writer.string(clientAddress)
    writer.string(method)
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    id = try reader.guid()
    tenant = try reader.guid()
    subscription = try reader.optional { try $0.guid() }
    time = try reader.timestamp()
    operationName = try reader.string()
    resourceID = try reader.string()
    guard let status = Status(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    self.status = status
    statusCode = try reader.integer()
    errorCode = try reader.optional { try $0.string() }
    errorMessage = try reader.optional { try $0.string() }
    caller = try reader.string()
    principalID = try reader.guid()
    claims = Dictionary(try reader.list { (try $0.string(), try $0.string()) }) { $1 }
    correlationID = try reader.guid()
    operationID = try reader.guid()
    clientRequestID = try reader.optional { try $0.string() }
    clientAddress = try reader.string()
    method = try reader.string()
  }
}
