public import Base
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Renders errors as Azure's storage services do: an XML document, its code repeated in `x-ms-error-code`.
///
/// Source: Microsoft, "Status and error codes", REST reference of the storage services.
public enum StorageErrorResponse {
  public static func render(_ error: CloudError, to request: EdgeRequest, now: Timestamp) -> EdgeResponse {
    var headers = HTTPHeaders()
    headers.add(name: "x-ms-error-code", value: error.code)
    for header in error.headers { headers.add(name: header.name, value: header.value) }
    let status = HTTPResponseStatus(statusCode: error.status)
    guard error.status != 304 else { return EdgeResponse(status, headers: headers) }
    headers.add(name: "Content-Type", value: "application/xml")
    let document = document(error, requestID: request.identifiers.request, now: now)
    guard request.method != .HEAD else { return EdgeResponse(status, headers: headers, body: .head(length: document.count)) }
    return EdgeResponse(status, headers: headers, body: .bytes(ByteBuffer(bytes: document)))
  }

  /// The same as the table service renders it: OData's JSON.
  public static func renderOData(_ error: CloudError, to request: EdgeRequest, now: Timestamp) -> EdgeResponse {
    var headers: HTTPHeaders = ["x-ms-error-code": error.code]
    for header in error.headers { headers.add(name: header.name, value: header.value) }
    let status = HTTPResponseStatus(statusCode: error.status)
    headers.add(name: "Content-Type", value: "application/json")
    let message = "\(error.message)\nRequestId:\(request.identifiers.request)\nTime:\(now.iso8601Fractional)"
    let document: JSON = ["odata.error": ["code": .string(error.code), "message": ["lang": "en-US", "value": .string(message)]]]
    return EdgeResponse(status, headers: headers, body: .bytes(ByteBuffer(bytes: document.bytes)))
  }

  private static func document(_ error: CloudError, requestID: GUID, now: Timestamp) -> [UInt8] {
    var writer = XMLWriter(reserving: 512)
    writer.element("Error") { writer in
      writer.element("Code", error.code)
      writer.element("Message", "\(error.message)\nRequestId:\(requestID)\nTime:\(now.iso8601Fractional)")
      for member in error.members { writer.element(member.name, member.value) }
    }
    return writer.bytes
  }

  /// What a caller may see of an error.
  public static func cloudError(_ error: any Error) -> CloudError {
    switch error {
    case let error as CloudError: error
    case is XMLError: invalidXmlDocument
    default:
      CloudError.temporary(error)
        ?? CloudError(500, "InternalError", "Server encountered an internal error. Please try again after some time.", cause: error)
    }
  }

  public static var invalidXmlDocument: CloudError { CloudError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.") }
}
