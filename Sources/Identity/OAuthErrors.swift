package import Base

/// What the token service refuses, with Entra's numbers and words.
///
/// Source: Microsoft Entra, "Authentication and authorization error codes".
package enum OAuthErrors {
  // MARK: The request

  package static func missingParameter(_ name: String) -> CloudError {
    .aadsts(900144, .invalidRequest, "The request body must contain the following parameter: '\(name)'.")
  }

  package static let malformedRequest = CloudError.aadsts(9_002_313, .invalidRequest, "Invalid request. Request is malformed or invalid.")

  static let bodyTooLarge = CloudError.aadsts(
    9_002_313, .invalidRequest, status: 413, "Invalid request. The request body exceeds \(IdentityLimits.maximumFormBytes) bytes.")

  package static func unsupportedGrant(_ grant: String) -> CloudError {
    .aadsts(70003, .unsupportedGrantType, "The app requested an unsupported grant type '\(grant.bounded)'.")
  }

  static let grantMissing = CloudError.aadsts(900144, .invalidRequest, "The request body must contain the following parameter: 'grant_type'.")

  package static func wrongMethod(_ method: String, allowed: String) -> CloudError {
    .aadsts(
      900_561, .invalidRequest, status: 405, "The endpoint only accepts \(allowed) requests. Received a \(method) request.",
      headers: [(name: "Allow", value: allowed)])
  }

  package static let notFound = CloudError.aadsts(
    90_023, .invalidRequest, status: 404, "The authentication service request is not valid: no such endpoint.")

  // MARK: Tenant, client, resource

  static func noTenant(_ name: String) -> CloudError {
    .aadsts(
      90002, .invalidRequest,
      "Tenant '\(name.bounded)' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. "
        + "Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.")
  }

  package static func noApplication(_ client: String, _ tenant: String) -> CloudError {
    .aadsts(
      700_016, .unauthorizedClient,
      "Application with identifier '\(client.bounded)' was not found in the directory '\(tenant.bounded)'. This can happen if the application has not "
        + "been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication "
        + "request to the wrong tenant.")
  }

  static func noServicePrincipal(_ client: GUID, _ tenant: GUID) -> CloudError {
    .aadsts(7_000_229, .unauthorizedClient, "The client application '\(client)' is missing service principal in the tenant '\(tenant)'.")
  }

  package static func disabledApplication(_ client: GUID) -> CloudError {
    .aadsts(7_000_112, .unauthorizedClient, "Application '\(client)' is disabled.")
  }

  package static func noResource(_ resource: String, _ tenant: String) -> CloudError {
    .aadsts(
      500_011, .invalidResource,
      "The resource principal named \(resource.bounded) was not found in the tenant named \(tenant). This can happen if the application has not been "
        + "installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication "
        + "request to the wrong tenant.")
  }

  package static func scopeNotDefault(_ scope: String) -> CloudError {
    .aadsts(
      1_002_012, .invalidScope,
      "The provided value for scope \(scope.bounded) is not valid. Client credential flows must have a scope value with /.default suffixed to the "
        + "resource identifier (application ID URI).")
  }

  // MARK: Credentials of a client

  static func badSecret(_ client: GUID) -> CloudError {
    .aadsts(
      7_000_215, .invalidClient,
      "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret "
        + "added to app '\(client)'.")
  }

  static func expiredSecret(_ client: GUID) -> CloudError {
    .aadsts(7_000_222, .invalidClient, "The provided client secret keys for app '\(client)' are expired.")
  }

  package static let credentialMissing = CloudError.aadsts(
    7_000_218, .invalidClient, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")

  package static let credentialRequired = CloudError.aadsts(
    7_000_216, .invalidClient, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.")

  static let clientIsPublic = CloudError.aadsts(
    700_025, .invalidClient, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")

  static let twoCredentials = CloudError.aadsts(
    90_023, .invalidRequest, "The request must present one client credential: 'client_assertion' or 'client_secret'.")

  static func badAssertion(_ reason: String) -> CloudError {
    .aadsts(
      700_027, .invalidClient,
      "The certificate with identifier used to sign the client assertion is not registered on application, or the "
        + "assertion failed signature validation. \(reason)")
  }

  package static let malformedAssertion = CloudError.aadsts(50027, .invalidRequest, "JWT token is invalid or malformed.")

  static func assertionAudience(_ audience: String) -> CloudError {
    .aadsts(
      700_023, .invalidClient,
      "Client assertion audience claim does not match Realm issuer. The audience '\(audience.bounded)' is not this token endpoint.")
  }

  static let assertionIssuer = CloudError.aadsts(
    700_021, .invalidClient, "Client assertion application identifier doesn't match 'client_id' parameter.")

  static let assertionTime = CloudError.aadsts(
    700_024, .invalidClient, "Client assertion is not within its valid time range.")

  static let assertionReplayed = CloudError.aadsts(
    700_027, .invalidClient, "The client assertion was used before: its 'jti' must be unique.")

  static func clientThrottled(_ seconds: Int64) -> CloudError {
    .aadsts(
      50196, .invalidRequest, status: 429, "The server terminated an operation because it encountered a client request loop. Retry later.",
      headers: [(name: "Retry-After", value: String(seconds))])
  }

  // MARK: Users

  static let badPassword = CloudError.aadsts(50126, .invalidGrant, "Error validating credentials due to invalid username or password.")

  static func noUser(_ tenant: String) -> CloudError {
    .aadsts(
      50034, .invalidGrant,
      "The user account does not exist in the \(tenant) directory. To sign into this application, the account must be added to the directory.")
  }

  static let disabledUser = CloudError.aadsts(50057, .invalidGrant, "The user account is disabled.")

  static let lockedUser = CloudError.aadsts(
    50053, .invalidGrant, "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.")

  static let passwordExpired = CloudError.aadsts(50055, .invalidGrant, "The password is expired: it must be changed at the next sign-in.")

  // MARK: Grants

  static let badRefreshToken = CloudError.aadsts(
    9_002_313, .invalidGrant, "Invalid refresh token. The refresh token is malformed, unknown, or was issued to another client.")

  static let expiredRefreshToken = CloudError.aadsts(
    700_082, .invalidGrant, "The refresh token has expired due to inactivity.")

  static let revokedRefreshToken = CloudError.aadsts(
    50173, .invalidGrant, "The provided grant has expired due to it being revoked, a fresh auth token is needed.")

  static let authorizationPending = CloudError.aadsts(
    70016, .authorizationPending, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")

  static let slowDown = CloudError.aadsts(
    70016, .slowDown, "OAuth 2.0 device flow error. Authorization is pending, and the client polls faster than the interval that it was given.")

  static let authorizationDeclined = CloudError.aadsts(
    70017, .authorizationDeclined, "OAuth 2.0 device flow error. The user declined the authorization.")

  static let deviceCodeExpired = CloudError.aadsts(
    70020, .expiredToken, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")

  static let badDeviceCode = CloudError.aadsts(
    70000, .badVerificationCode, "The provided value for the input parameter 'device_code' is not valid.")

  static let codeExpired = CloudError.aadsts(
    70008, .invalidGrant,
    "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization "
      + "request for this user and resource.")

  static let codeRedeemed = CloudError.aadsts(
    54005, .invalidGrant, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.")

  static let badCode = CloudError.aadsts(70000, .invalidGrant, "The provided value for the input parameter 'code' is not valid.")

  static let badVerifier = CloudError.aadsts(
    501_481, .invalidGrant, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")

  static let challengeMissing = CloudError.aadsts(
    9_002_325, .invalidRequest, "Proof Key for Code Exchange is required for cross-origin authorization code redemption.")

  static func redirectMismatch(_ client: GUID) -> CloudError {
    .aadsts(
      50011, .invalidRequest,
      "The redirect URI specified in the request does not match the redirect URIs configured for the application '\(client)'.")
  }
}

extension OAuthErrors {
  static func notInTenant(_ user: String, _ tenant: String) -> CloudError {
    .aadsts(
      50020, .invalidGrant,
      "User account '\(user)' does not exist in tenant '\(tenant)' and cannot access the application in that tenant. The account needs to be added as "
        + "an external user in the tenant first.")
  }
}

extension OAuthErrors {
  static let unsupportedResponseType = CloudError.aadsts(
    70005, .unsupportedResponseType, "The app requested an unsupported response type: only 'code' is served.")

  static let badChallenge = CloudError.aadsts(
    501_491, .invalidRequest, "Invalid size of Code_Challenge parameter, or its method is not 'S256'.")

  static let interactionRequired = CloudError.aadsts(
    50058, .interactionRequired, "Session information is not sufficient for single-sign-on: a user must sign in.")

  static let crossSite = CloudError.aadsts(
    165_000, .invalidRequest, "Invalid request: the page's token is missing or does not match. Reload the page and try again.")

  static let badUserCode = CloudError.aadsts(70_000, .invalidRequest, "That code is unknown, was used, or has expired.")
}

extension OAuthErrors {
  package static let unknownInstance = CloudError.aadsts(50049, .invalidInstance, "Unknown or invalid instance.")
}

extension OAuthErrors {
  static let userCancelled = CloudError.aadsts(65004, .accessDenied, "The user declined to sign in to the application.")
}
