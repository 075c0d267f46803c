internal import Base
internal import ResourceManager
internal import Wire

extension ActivityLogEntry {
  /// The namespace of the permission: `Microsoft.Storage`.
  var namespace: String {
    String(operationName.prefix { $0 != "/" })
  }

  var level: String { status == .failed ? "Error" : "Informational" }

  /// Source: Microsoft, "Azure activity log event schema", category Administrative; "Activity Logs - List", EventData.
  var json: JSON {
    let id = ResourceID(resourceID)
    let ticks = time.microseconds * 10 + Self.ticksBeforeEpoch
    return .object([
      "authorization": ["action": .string(operationName), "scope": .string(resourceID)],
      "caller": .string(caller),
      "channels": "Operation",
      "claims": .object(JSON.Object(claims.sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value)) })),
      "category": Self.localizable("Administrative"),
      "correlationId": .string(correlationID.description),
      "description": "",
      "eventDataId": .string(self.id.description),
      "eventName": status == .accepted || status == .started
        ? ["value": "BeginRequest", "localizedValue": "Begin request"] : ["value": "EndRequest", "localizedValue": "End request"],
      "eventTimestamp": .string(time.iso8601Fractional),
      "httpRequest": .object([
        "clientRequestId": JSON.string(clientRequestID),
        "clientIpAddress": .string(clientAddress),
        "method": .string(method),
      ]),
      "id": .string("\(resourceID)/events/\(self.id)/ticks/\(ticks)"),
      "level": .string(level),
      "operationId": .string(operationID.description),
      "operationName": Self.localizable(operationName),
      "properties": properties,
      "resourceGroupName": .string(id?.resourceGroup ?? ""),
      "resourceId": .string(resourceID),
      "resourceProviderName": Self.localizable(namespace),
      "resourceType": Self.localizable(id?.type ?? Self.type(ofOperation: operationName)),
      "status": Self.localizable(status.rawValue),
      "subStatus": [
        "value": .string(Self.statusName(statusCode)),
        "localizedValue": .string("\(Self.statusName(statusCode)) (HTTP Status Code: \(statusCode))"),
      ],
      "submissionTimestamp": .string(time.iso8601Fractional),
      "subscriptionId": JSON.string(subscription?.description),
      "tenantId": .string(tenant.description),
    ])
  }

  private var properties: JSON {
    .object([
      "statusCode": .string(Self.statusName(statusCode)),
      "serviceRequestId": .string(operationID.description),
      "statusMessage": JSON.string(errorDocument),
      "eventCategory": "Administrative",
      "entity": .string(resourceID),
      "message": .string(operationName),
      "hierarchy": .string(subscription.map { "\(tenant)/\($0)" } ?? tenant.description),
    ])
  }

  /// The error that the caller got, as text; nil for what succeeded.
  private var errorDocument: String? {
    guard let errorCode else { return nil }
    let error: JSON = ["code": .string(errorCode), "message": .string(errorMessage ?? "")]
    return JSON.object(["error": error]).text
  }

  /// Units of 100 ns from the year 1 to 1970.
  private static let ticksBeforeEpoch: Int64 = 621_355_968_000_000_000

  private static func localizable(_ text: String) -> JSON {
    ["value": .string(text), "localizedValue": .string(text)]
  }

  /// `Microsoft.Storage/storageAccounts` of `Microsoft.Storage/storageAccounts/write`.
  private static func type(ofOperation name: String) -> String {
    name.split(separator: "/").dropLast().joined(separator: "/")
  }

  /// .NET's name of an HTTP status, as Azure writes it here.
  private static func statusName(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "NoContent"
    case 400: "BadRequest"
    case 403: "Forbidden"
    case 404: "NotFound"
    case 409: "Conflict"
    case 412: "PreconditionFailed"
    case 413: "RequestEntityTooLarge"
    case 500: "InternalServerError"
    case 503: "ServiceUnavailable"
    default: String(status)
    }
  }
}
