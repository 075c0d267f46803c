public import Base
public import Records
public import Wire

/// Work that outlives its request: durable, taken up again after a restart, ends `Succeeded`, `Failed` or `Canceled`.
public struct LongRunningOperation: Record, Codable, Sendable {
  public static let kind = "arm.operation"
  public static let format: UInt8 = 2

  public enum Status: String, Codable, Sendable {
    case inProgress = "InProgress"
    case succeeded = "Succeeded"
    case failed = "Failed"
    case canceled = "Canceled"

    public var isTerminal: Bool { self != .inProgress }
  }

  /// What is to be done with the target.
  public enum Work: String, Codable, Sendable {
    case deleteResourceGroup
    case putResource
    case deleteResource
    case act
    case deploy
  }

  public struct Failure: Codable, Sendable, Equatable {
    public var status: Int
    public var code: String
    public var message: String
    public var details: [Failure]?

    public init(_ error: CloudError) {
      status = error.status
      code = error.code
      message = error.message
      details = error.details.isEmpty ? nil : error.details.map { Failure($0) }
    }

    public var error: CloudError {
      CloudError(status, code, message, details: (details ?? []).map(\.error))
    }
  }

  /// Who asked for it: in whose name its steps are written to the activity log.
  public struct Origin: Codable, Sendable {
    public var principal: GUID
    public var isServicePrincipal: Bool
    public var applicationID: GUID?
    public var groups: [GUID]?
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
  /// The action's name, and what its `run` gave.
  public var action: String?
  public var input: JSON?
  /// What its result carries.
  public var output: JSON?
  public var status: Status
  public var startTime: Timestamp
  public var endTime: Timestamp?
  public var failure: Failure?
  public var origin: Origin
  /// How often a process has begun and found it unfinished; nil for never.
  var starts: Int?
  /// Input, output and failure, as they rest.
  var sealed: SealedContent?

  package init(
    _ work: Work, _ target: ResourceID, action: String? = nil, input: JSON? = nil, _ context: ArmContext, id: GUID
  ) {
    self.id = id
    tenant = context.tenant
    subscription = context.subscription ?? .zero
    self.work = work
    self.target = target
    self.action = action
    self.input = input
    status = .inProgress
    startTime = context.now
    origin = Origin(
      principal: context.principal.objectID, isServicePrincipal: context.principal.kind == .servicePrincipal,
      applicationID: context.principal.applicationID, groups: context.principal.groups, name: context.principal.name,
      claims: context.principal.claims, permission: context.permission, apiVersion: context.apiVersion, correlationID: context.correlationID,
      clientRequestID: context.clientRequestID, clientAddress: context.clientAddress, method: context.method)
  }

  public var key: RecordKey { Self.key(tenant: tenant, subscription, id) }

  public static func key(tenant: GUID, _ subscription: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, subscription.description, id.description)
  }

  /// What is not finished is found across tenants, the oldest first, and by its target; what is finished is found by when it ended.
  public var indexes: [RecordIndex] {
    let time = String(endTime?.microseconds ?? startTime.microseconds)
    if status.isTerminal { return [RecordIndex(Self.finishedIndex, time, id.description, tenant: .zero)] }
    return [RecordIndex(Self.pendingIndex, time, id.description, tenant: .zero), RecordIndex(Self.targetIndex, target.canonical, time)]
  }

  static let pendingIndex = "pending"
  static let finishedIndex = "finished"
  private static let targetIndex = "target"

  /// Operations of one target that wait for each other.
  private static let maximumWaiting = 16

  /// What is not finished of a resource, the oldest first.
  public static func pending(_ target: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [LongRunningOperation] {
    try reader.list(LongRunningOperation.self, index: targetIndex, [target.canonical], tenant: tenant, limit: maximumWaiting)
  }

  /// Source: Microsoft, "Asynchronous operations: Azure-AsyncOperation".
  func json(id path: String) -> JSON {
    .object([
      "id": .string(path),
      "name": .string(id.description),
      "status": .string(status.rawValue),
      "startTime": .string(startTime.iso8601Fractional),
      "endTime": JSON.string(endTime?.iso8601Fractional),
      "properties": output.map { ["output": $0] },
      "error": failure.map { $0.error.armJSON["error"] ?? .null },
    ])
  }

  var principal: Principal {
    Principal(
      kind: origin.isServicePrincipal ? .servicePrincipal : .user, tenant: tenant, objectID: origin.principal,
      groups: origin.groups ?? [], applicationID: origin.applicationID, name: origin.name, claims: origin.claims)
  }

  /// The request in whose name the next step is taken.
  func context(now: Timestamp, requestID: GUID) -> ArmContext {
    ArmContext(
      principal: principal, subscription: subscription, permission: origin.permission, resourceID: target.description,
      apiVersion: origin.apiVersion, requestID: requestID, correlationID: origin.correlationID, clientRequestID: origin.clientRequestID,
      clientAddress: origin.clientAddress, method: origin.method, now: now, url: "", query: Query())
  }
}
