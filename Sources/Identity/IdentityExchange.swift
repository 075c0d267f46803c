package import Base
package import Edge
internal import NIOCore
package import NIOHTTP1
package import Wire

/// One request's ids, and how its answers are written.
package struct IdentityExchange: Sendable {
  private let request: EdgeRequest
  private let clock: any WallClock
  /// The URL of the token service.
  private let url: String
  /// Where people read what an error means; nil where the service has no such page.
  private let errorPage: String?
  /// The caller's `client-request-id`.
  private let clientRequestID: String?

  init(_ request: EdgeRequest, service: IdentityService) {
    let url = service.address.url("login")
    self.init(request, url: url, errorPage: url + "/error", clock: service.clock)
  }

  package init(_ request: EdgeRequest, url: String, errorPage: String? = nil, clock: any WallClock) {
    self.request = request
    self.url = url
    self.errorPage = errorPage
    self.clock = clock
    let sent = request.headers.first(name: "client-request-id") ?? request.query["client-request-id"]
    clientRequestID = sent.flatMap { $0.utf8.count <= 128 && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? $0 : nil }
  }

  private var correlation: GUID { clientRequestID.flatMap { GUID($0) } ?? request.identifiers.correlation }

  /// A document that nobody may keep.
  package static func document(_ json: JSON, _ status: HTTPResponseStatus = .ok, isPublic: Bool = false) -> EdgeResponse {
    var headers: HTTPHeaders = ["Content-Type": "application/json; charset=utf-8"]
    if isPublic {
      headers.add(name: "Cache-Control", value: "max-age=3600")
      // Programs in browsers read these two documents too.
      headers.add(name: "Access-Control-Allow-Origin", value: "*")
    } else {
      headers.add(name: "Cache-Control", value: "no-store, no-cache")
      headers.add(name: "Pragma", value: "no-cache")
    }
    return EdgeResponse(status, headers: headers, body: .bytes(ByteBuffer(bytes: json.bytes)))
  }

  /// An error as OAuth's document.
  package func answer(_ error: CloudError) -> EdgeResponse {
    let shown = Self.shown(error)
    let json = shown.oauthDocument(
      identifiers: (trace: request.identifiers.request, correlation: correlation), now: clock.now(), errorPage: errorPage)
    var response = Self.document(json, HTTPResponseStatus(statusCode: shown.status))
    for header in shown.headers { response.headers.replaceOrAdd(name: header.name, value: header.value) }
    if shown.status == 401, request.headers.contains(name: "authorization") {
      response.headers.add(name: "WWW-Authenticate", value: "Basic realm=\"\(url)\"")
    }
    return response
  }

  /// An error of another part of the platform in the token service's terms: what went wrong inside is not the caller's business.
  static func shown(_ error: CloudError) -> CloudError {
    if OAuthErrorCode(rawValue: error.code) != nil { return error }
    if error.status == 503 {
      return .aadsts(
        90033, .temporarilyUnavailable, status: 503, "A transient error has occurred. Please try again.", headers: error.headers)
    }
    return .aadsts(
      90033, .serverError, status: error.status >= 500 ? 500 : error.status,
      "An unexpected, non-retryable error stemming from the directory service has occurred.")
  }

  /// Adds what every answer has.
  package func complete(_ response: EdgeResponse) -> EdgeResponse {
    var response = response
    response.headers.replaceOrAdd(name: "x-ms-request-id", value: request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "Strict-Transport-Security", value: "max-age=31536000; includeSubDomains")
    response.headers.replaceOrAdd(name: "X-Content-Type-Options", value: "nosniff")
    if let clientRequestID, request.headers.first(name: "return-client-request-id")?.lowercased() == "true" {
      response.headers.replaceOrAdd(name: "client-request-id", value: clientRequestID)
    }
    return response
  }
}
