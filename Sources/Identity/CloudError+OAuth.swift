package import Base
internal import Wire

/// The values of OAuth's `error` member.
enum OAuthErrorCode: String {
  case accessDenied = "access_denied"
  case authorizationDeclined = "authorization_declined"
  case authorizationPending = "authorization_pending"
  case badVerificationCode = "bad_verification_code"
  case expiredToken = "expired_token"
  case interactionRequired = "interaction_required"
  case invalidClient = "invalid_client"
  case invalidGrant = "invalid_grant"
  case invalidInstance = "invalid_instance"
  case invalidRequest = "invalid_request"
  case invalidResource = "invalid_resource"
  case invalidScope = "invalid_scope"
  case serverError = "server_error"
  case slowDown = "slow_down"
  case temporarilyUnavailable = "temporarily_unavailable"
  case unauthorizedClient = "unauthorized_client"
  case unsupportedGrantType = "unsupported_grant_type"
  case unsupportedResponseType = "unsupported_response_type"
}

extension CloudError {
  private static let numberMember = "aadsts"

  /// An error of the token service: OAuth's code, and Entra's number that clients and people look up.
  ///
  /// Source: Microsoft Entra, "Authentication and authorization error codes".
  static func aadsts(
    _ number: Int, _ code: OAuthErrorCode, status: Int? = nil, _ message: String, headers: [(name: String, value: String)] = []
  ) -> CloudError {
    CloudError(
      status ?? (code == .invalidClient ? 401 : 400), code.rawValue, message, headers: headers,
      members: [(name: numberMember, value: String(number))])
  }

  /// Entra's number of an error of the token service.
  package var aadstsNumber: Int {
    members.first { $0.name == Self.numberMember }.flatMap { Int($0.value) } ?? 90033
  }

  /// OAuth's error document, as Entra fills it.
  func oauthDocument(identifiers: (trace: GUID, correlation: GUID), now: Timestamp, errorPage: String?) -> JSON {
    let number = aadstsNumber
    let moment = now.iso8601.replacing("T", with: " ")
    return .object([
      "error": .string(code),
      "error_description":
        "AADSTS\(number): \(message) Trace ID: \(identifiers.trace) Correlation ID: \(identifiers.correlation) Timestamp: \(moment)",
      "error_codes": [.integer(Int64(number))],
      "timestamp": .string(moment),
      "trace_id": .string(identifiers.trace.description),
      "correlation_id": .string(identifiers.correlation.description),
      "error_uri": errorPage.map { .string("\($0)?code=\(number)") },
    ])
  }
}

extension String {
  /// What a client sent, as far as an error message repeats it.
  var bounded: String {
    String(String.UnicodeScalarView(unicodeScalars.prefix(200).filter { $0.properties.generalCategory != .control }))
  }
}
