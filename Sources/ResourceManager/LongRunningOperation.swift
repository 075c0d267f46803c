public import Base
public import Records
public import Wire

/// Work that outlives its request: durable, taken up again after a restart, ends `Succeeded` or `Failed`.
public struct LongRunningOperation: Record, Codable, Sendable {
  public static let kind = "arm.operation"

  public enum Status: String, Codable, Sendable {
    case inProgress = "InProgress"
    case succeeded = "Succeeded"
    case failed = "Failed"

    public var isTerminal: Bool { self != .inProgress }
  }

  /// What is to be done.
  public enum Work: String, Codable, Sendable {
    case deleteResourceGroup
  }

  public struct Failure: Codable, Sendable, Equatable {
    public var status: Int
    public var code: String
    public var message: String
  }

  /// Who asked for it: in whose name its steps are written to the activity log.
  public struct Origin: Codable, Sendable {
    public var principal: GUID
    public var isServicePrincipal: Bool
    public var applicationID: GUID?
    public var name: String
    public var claims: [String: String]
    public var permission: String
    public var apiVersion: String
    public var correlationID: GUID
    public var clientRequestID: String?
    public var clientAddress: String
    public var method: String
  }

  public var id: GUID
  public var tenant: GUID
  public var subscription: GUID
  public var work: Work
  /// The resource id that it works on.
  public var target: ResourceID
  public var status: Status
  public var startTime: Timestamp
  public var endTime: Timestamp?
  public var failure: Failure?
  public var origin: Origin

  public var key: RecordKey { Self.key(tenant: tenant, subscription, id) }

  public static func key(tenant: GUID, _ subscription: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, subscription.description, id.description)
  }

  /// What is not finished is found across tenants, the oldest first; what is finished is found by when it ended.
  public var indexes: [RecordIndex] {
    let time = String(endTime?.microseconds ?? startTime.microseconds)
    return [RecordIndex(status.isTerminal ? Self.finishedIndex : Self.pendingIndex, time, id.description, tenant: .zero)]
  }

  static let pendingIndex = "pending"
  static let finishedIndex = "finished"

  /// Source: Microsoft, "Asynchronous operations: Azure-AsyncOperation".
  func json(id path: String) -> JSON {
    .object([
      "id": .string(path),
      "name": .string(id.description),
      "status": .string(status.rawValue),
      "startTime": .string(startTime.iso8601Fractional),
      "endTime": JSON.string(endTime?.iso8601Fractional),
      "error": failure.map { ["code": .string($0.code), "message": .string($0.message)] },
    ])
  }

  /// The request in whose name the next step is taken.
  func context(now: Timestamp, requestID: GUID) -> ArmContext {
    let principal = Principal(
      kind: origin.isServicePrincipal ? .servicePrincipal : .user, tenant: tenant, objectID: origin.principal,
      applicationID: origin.applicationID, name: origin.name, claims: origin.claims)
    return ArmContext(
      principal: principal, subscription: subscription, permission: origin.permission, resourceID: target.description,
      apiVersion: origin.apiVersion, requestID: requestID, correlationID: origin.correlationID, clientRequestID: origin.clientRequestID,
      clientAddress: origin.clientAddress, method: origin.method, now: now, url: "", query: Query())
  }
}
