internal import Base
internal import Records
internal import Templates
internal import Wire

/// A template deployment: what was asked for, and how far it is.
struct Deployment: Record, Codable, Sendable {
  static let kind = "arm.deployment"
  static let format: UInt8 = 2

  enum Mode: String, Codable, Sendable {
    case incremental = "Incremental"
    case complete = "Complete"
  }

  enum State: String, Codable, Sendable {
    case accepted = "Accepted"
    case running = "Running"
    case succeeded = "Succeeded"
    case failed = "Failed"
    case canceled = "Canceled"

    var isFinal: Bool { self == .succeeded || self == .failed || self == .canceled }
  }

  /// What became of one resource.
  struct Step: Codable, Sendable {
    var id: GUID
    var target: ResourceID
    var state: State
    var statusCode: Int?
    var failure: LongRunningOperation.Failure?
    var startTime: Timestamp
    var endTime: Timestamp?
  }

  var tenant: GUID
  var id: ResourceID
  var location: String?
  var mode: Mode
  var template: JSON
  /// Values by name in lower case, without the secure ones.
  var parameters: JSON
  /// The secure ones, sealed. They are forgotten once the deployment has ended.
  var secrets: [UInt8]?
  var state: State
  var timestamp: Timestamp
  var startTime: Timestamp
  var correlationID: GUID
  var steps: [Step]
  var outputs: JSON?
  var outputResources: [ResourceID]
  var failure: LongRunningOperation.Failure?
  var isCancelRequested: Bool
  /// What was written of it, as it rests: what stands above of that is empty meanwhile.
  var sealed: SealedContent?

  var key: RecordKey { Self.key(tenant, id) }
  static func key(_ tenant: GUID, _ id: ResourceID) -> RecordKey {
    RecordKey(tenant: tenant, id.parent?.canonical ?? "", id.name.lowercased())
  }

  static func id(_ name: String, subscription: GUID, group: String?) -> ResourceID {
    ResourceID(
      subscription: subscription, resourceGroup: group,
      provided: [ResourceID.Provided(namespace: "Microsoft.Resources", segments: [(type: "deployments", name: name)])])
  }

  /// Source: Microsoft, "Deployments - Get", REST reference, DeploymentExtended.
  func json(template parsed: DeploymentTemplate?) -> JSON {
    let seconds = max(0, timestamp.microseconds - startTime.microseconds) / 1_000_000
    var values: [String: JSON] = [:]
    for (name, value) in parameters.object?.members ?? [] { values[name] = value }
    var properties = JSON.Object([
      ("templateHash", .string(String(Self.hash(template.bytes)))), ("parameters", parsed?.shown(values) ?? [:]), ("mode", .string(mode.rawValue)),
      ("provisioningState", .string(state.rawValue)), ("timestamp", .string(timestamp.iso8601Fractional)), ("duration", .string("PT\(seconds)S")),
      ("correlationId", .string(correlationID.description)), ("providers", .array(providers)), ("dependencies", []),
      ("outputResources", .array(outputResources.map { ["id": .string($0.description)] })),
    ])
    if let outputs { properties["outputs"] = outputs }
    if let failure { properties["error"] = failure.error.armJSON["error"] ?? .null }
    return .object([
      "id": .string(id.description), "name": .string(id.name), "type": "Microsoft.Resources/deployments", "location": JSON.string(location),
      "properties": .object(properties),
    ])
  }

  /// Tells templates apart: FNV-1a over the bytes.
  private static func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  private var providers: [JSON] {
    var byNamespace: [String: [String]] = [:]
    for step in steps {
      guard let type = step.target.type, let slash = type.firstIndex(of: "/") else { continue }
      let name = String(type[type.index(after: slash)...])
      if byNamespace[String(type[..<slash])]?.contains(name) != true { byNamespace[String(type[..<slash]), default: []].append(name) }
    }
    return byNamespace.sorted { $0.key < $1.key }.map { namespace, types in
      ["namespace": .string(namespace), "resourceTypes": .array(types.map { ["resourceType": .string($0), "locations": [.null]] })]
    }
  }

  /// Source: Microsoft, "Deployment Operations - List", REST reference.
  func json(_ step: Step) -> JSON {
    let end = step.endTime ?? timestamp
    let seconds = max(0, end.microseconds - step.startTime.microseconds) / 1_000_000
    var properties = JSON.Object([
      ("provisioningOperation", "Create"), ("provisioningState", .string(step.state.rawValue)), ("timestamp", .string(end.iso8601Fractional)),
      ("duration", .string("PT\(seconds)S")), ("trackingId", .string(step.id.description)),
      (
        "targetResource",
        [
          "id": .string(step.target.description), "resourceType": .string(step.target.type ?? ""), "resourceName": .string(step.target.name),
        ]
      ),
    ])
    if let code = step.statusCode { properties["statusCode"] = .string(Self.words[code] ?? String(code)) }
    if let failure = step.failure { properties["statusMessage"] = failure.error.armJSON }
    return [
      "id": .string("\(id)/operations/\(step.id)"), "operationId": .string(step.id.description), "properties": .object(properties),
    ]
  }

  private static let words = [200: "OK", 201: "Created", 202: "Accepted", 400: "BadRequest", 403: "Forbidden", 404: "NotFound", 409: "Conflict"]
}
