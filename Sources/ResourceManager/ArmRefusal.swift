internal import Access
internal import Base
internal import NIOHTTP1
internal import Wire

/// Why a request did not get as far as an operation.
enum ArmRefusal {
  static let missingSubscription = CloudError(
    404, "MissingSubscription", "The request did not have a subscription or a valid tenant level resource provider.")

  /// 401 with the challenge that tells clients where tokens are had.
  static func unauthenticated(_ reason: TokenError?, address: CloudAddress, audiences: [String], now: Timestamp) -> CloudError {
    let (code, message): (String, String) =
      switch reason {
      case nil: ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
      case .expired:
        ("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time '\(now.iso8601)'.")
      case .notYetValid: ("InvalidAuthenticationToken", "The access token is not valid yet. The current UTC time is '\(now.iso8601)'.")
      case .wrongAudience:
        (
          "InvalidAuthenticationTokenAudience",
          "The access token has been obtained for the wrong audience or resource. "
            + "It should exactly match with one of the allowed audiences '\(audiences.joined(separator: "','"))'."
        )
      case .wrongIssuer:
        ("InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer. Please use the authority '\(address.url("login"))'.")
      case .malformed, .wrongAlgorithm, .unknownKey, .badSignature, .unknownPrincipal:
        ("InvalidAuthenticationToken", "The access token is invalid.")
      }
    let challenge = "Bearer authorization_uri=\"\(address.url("login"))/common\", error=\"invalid_token\", error_description=\"\(message)\""
    return CloudError(401, code, message, headers: [("WWW-Authenticate", challenge)])
  }

  /// No operation has this method and path: the error says how far Resource Manager could follow it.
  static func unmatched(
    _ match: ArmOperationTable.Match, _ path: ArmPath, _ method: HTTPMethod, apiVersion: String, catalog: ResourceCatalog
  ) -> CloudError {
    if case .methodNotAllowed(let methods) = match {
      return CloudError(
        405, "MethodNotAllowed", "The HTTP method '\(method.rawValue)' is not supported for the resource '\(path.text)'.",
        headers: [("Allow", methods.joined(separator: ", "))])
    }
    guard let first = path.folded.first, ["subscriptions", "providers", "tenants"].contains(first) else { return missingSubscription }
    if first == "subscriptions", path.segments.count > 1, GUID(path.segments[1]) == nil {
      return CloudError(400, "InvalidSubscriptionId", "The provided subscription identifier '\(path.segments[1])' is malformed or invalid.")
    }
    guard let providers = path.folded.lastIndex(of: "providers"), providers + 1 < path.segments.count else {
      return CloudError(404, "NotFound", "No HTTP resource was found that matches the request URI '\(path.text)'.")
    }
    let namespace = path.segments[providers + 1]
    guard let provider = catalog.provider(namespace) else { return CloudError.invalidNamespace(namespace) }
    let rest = Array(path.segments[(providers + 2)...])
    // Types and names alternate; what a POST ends in, the name of an action, stands where a type would.
    let types = stride(from: 0, to: rest.count, by: 2).map { rest[$0] }
    let supported = provider.types.first?.descriptor.apiVersions ?? []
    return CloudError.invalidType(types.joined(separator: "/"), in: provider.namespace, apiVersion: apiVersion, supported: supported)
  }
}
