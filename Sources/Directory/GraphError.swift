internal import Base
internal import Wire

/// Graph's errors, as Graph words them.
///
/// Source: Microsoft, "Microsoft Graph error responses and resource types".
enum GraphError {
  static func notFound(_ id: String) -> CloudError {
    CloudError(
      404, "Request_ResourceNotFound", "Resource '\(id)' does not exist or one of its queried reference-property objects are not present.")
  }

  static let denied = CloudError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

  static func badRequest(_ message: String) -> CloudError {
    CloudError(400, "Request_BadRequest", message)
  }

  /// What the OData layer refuses, before the directory sees it.
  static func protocolError(_ message: String) -> CloudError {
    CloudError(400, "BadRequest", message)
  }

  static func unsupportedQuery(_ message: String) -> CloudError {
    CloudError(400, "Request_UnsupportedQuery", message)
  }

  static let unreadableBody = protocolError(
    "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")

  static func required(_ property: String, of type: String) -> CloudError {
    badRequest("A value is required for property '\(property)' of resource '\(type)'.")
  }

  static func invalidValue(_ property: String, of type: String) -> CloudError {
    badRequest("Invalid value specified for property '\(property)' of resource '\(type)'.")
  }

  static func unknownProperty(_ property: String) -> CloudError {
    badRequest("Invalid property '\(property)'.")
  }

  static func readOnly(_ property: String) -> CloudError {
    badRequest("Property '\(property)' is read-only and cannot be set.")
  }

  static func wrongType(_ property: String, expected: String) -> CloudError {
    badRequest("Cannot convert the value of property '\(property)' to the expected type '\(expected)'.")
  }

  static let quotaExceeded = CloudError(
    403, "Directory_QuotaExceeded", "The size of the object has exceeded its limit. Please reduce the number of values and retry your request.")

  static func referenceExists(_ property: String) -> CloudError {
    badRequest("One or more added object references already exist for the following modified properties: '\(property)'.")
  }

  static func noSuchProperty(_ name: String, of type: String) -> String {
    "Could not find a property named '\(name)' on type 'microsoft.graph.\(type)'."
  }

  /// `{"error":{"code","message","details","innerError":{"date","request-id","client-request-id"}}}`.
  static func json(_ error: CloudError, requestID: GUID, clientRequestID: String?, now: Timestamp) -> JSON {
    let details: [JSON] = error.details.map { detail in
      .object(["code": .string(detail.code), "message": .string(detail.message), "target": .string(detail.target)])
    }
    let inner: JSON = [
      "date": .string(String(now.iso8601.dropLast())),
      "request-id": .string(requestID.description),
      "client-request-id": .string(clientRequestID ?? requestID.description),
    ]
    var body = JSON.Object()
    body["code"] = .string(error.code)
    body["message"] = .string(error.message)
    if !details.isEmpty { body["details"] = .array(details) }
    body["innerError"] = inner
    return ["error": .object(body)]
  }
}
