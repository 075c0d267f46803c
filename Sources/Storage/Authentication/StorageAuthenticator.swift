internal import Access
internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// What a request's credentials amount to.
struct StorageCredential: Sendable {
  var principal: Principal
  /// The scope on which to decide.
  var scope: String
  /// Headers of the answer that the signature sets.
  var overrides: [(name: String, value: String)] = []
  /// The version of the signature, in effect where the request names none.
  var version: String?
  /// The table that a signature is for, and the part of it that the signature reaches.
  var signedTable: String?
  var keyRange: SignedKeyRange?
  /// The encryption scope that a signature binds its writes to.
  var encryptionScope: String?
  /// Whether nothing but public access let the request in.
  var isAnonymous = false
}

/// A request whose account and operation are known, and whose caller is not yet.
struct UnauthenticatedRequest: Sendable {
  var request: EdgeRequest
  var target: StorageTarget
  var account: OpenAccount
  var operation: StorageOperation
  /// The `x-ms-version` that the request names, if any.
  var version: String?
  var now: Timestamp
}

/// Finds out who sent a request: by Shared Key, shared access signature, bearer token, or as nobody where a container is public.
///
/// Source: Microsoft, "Authorize requests to Azure Storage".
struct StorageAuthenticator: Sendable {
  let verifier: any TokenVerifier
  let principals: any PrincipalResolver
  let address: CloudAddress
  let containerAccess: ContainerAccessLookup

  func authenticate(_ context: UnauthenticatedRequest) async throws -> StorageCredential {
    if context.target.service == .web { return anybody(context) }
    let signature: SharedAccessSignature?
    do {
      signature = try context.target.service.signatures.flatMap { service throws(SharedAccessSignature.Malformed) in
        try context.account.knownSignatures.signature(of: context.request.query, service: service)
      }
    } catch {
      throw StorageError.authenticationFailed(error.description)
    }
    if let signature, signature["sduoid"] != nil { return try await authenticate(context, signature: signature) }
    if let header = context.request.headers.first(name: "authorization") { return try await authenticate(context, authorization: header) }
    if let signature { return try await authenticate(context, signature: signature) }
    return try await anonymous(context)
  }

  private func authenticate(_ context: UnauthenticatedRequest, authorization header: String) async throws -> StorageCredential {
    guard let space = header.utf8.firstIndex(of: UInt8(ascii: " ")) else { throw StorageError.invalidAuthenticationInfo }
    let value = String(header[space...].drop { $0 == " " })
    switch header[..<space].lowercased() {
    case "sharedkey": return try sharedKey(context, value, isLite: false)
    case "sharedkeylite": return try sharedKey(context, value, isLite: true)
    case "bearer":
      let principal = try await bearer(context, token: value)
      return StorageCredential(principal: principal, scope: scope(of: context))
    default: throw StorageError.invalidAuthenticationInfo
    }
  }

  /// Where a key's or a token's permission is looked for: roles are assigned on containers, queues and tables at the lowest.
  func scope(of context: UnauthenticatedRequest) -> String {
    context.account.path(to: context.target)
  }

  // MARK: Bearer tokens

  /// The oldest version that takes bearer tokens.
  private static let oldestBearerVersion = "2017-11-09"
  static let tokenResource = "https://storage.azure.com"

  func bearer(_ context: UnauthenticatedRequest, token: String) async throws -> Principal {
    if let version = context.version, version < Self.oldestBearerVersion {
      throw StorageError.authenticationFailed("Authentication scheme Bearer is not supported in this version.")
    }
    let account = context.account.account
    let host = "https://\(account.name).\(context.target.service.rawValue)"
    let audiences = [Self.tokenResource, "\(host).\(address.storageSuffix)", "\(host).core.\(address.domain)", "\(host).core.windows.net"]
    let principal: Principal
    do {
      principal = try await verifier.principal(bearer: token, audiences: audiences)
    } catch let error as TokenError {
      throw challenged(StorageError.invalidToken(detail: Self.detail(error)), tenant: account.tenant)
    }
    guard principal.tenant == account.tenant else {
      throw challenged(StorageError.invalidToken(detail: Self.detail(.wrongIssuer)), tenant: account.tenant)
    }
    return principal
  }

  private static func detail(_ error: TokenError) -> String {
    switch error {
    case .expired: "Lifetime validation failed. The token is expired."
    case .notYetValid: "Lifetime validation failed. The token is not yet valid."
    case .wrongAudience: "Audience validation failed. Audience did not match."
    case .wrongIssuer: "Issuer validation failed. Issuer did not match."
    default: "Signature validation failed. Signature verification failed."
    }
  }

  /// The error with the header from which clients learn where to get a token.
  private func challenged(_ error: CloudError, tenant: GUID) -> CloudError {
    var error = error
    let challenge = "Bearer authorization_uri=\(address.url("login"))/\(tenant)/oauth2/authorize resource_id=\(Self.tokenResource)"
    error.headers.append(("WWW-Authenticate", challenge))
    return error
  }

  // MARK: Nobody

  /// From this version on a request without credentials gets a challenge rather than a 404.
  private static let oldestChallengeVersion = "2019-12-12"

  private func anonymous(_ context: UnauthenticatedRequest) async throws -> StorageCredential {
    let account = context.account.account
    let needed = context.operation.publicAccess
    if needed != .none, account.allowsPublicAccess, let access = try await containerAccess(.blob, account, context.target.container),
      access.publicAccess >= needed
    {
      return anybody(context)
    }
    let wantsChallenge = context.version.map { $0 >= Self.oldestChallengeVersion } ?? false
    guard needed != .none, !wantsChallenge else { throw challenged(StorageError.noAuthenticationInformation, tenant: account.tenant) }
    throw account.allowsPublicAccess ? StorageError.resourceNotFound : StorageError.publicAccessNotPermitted
  }

  /// What is public is granted to whoever asks.
  private func anybody(_ context: UnauthenticatedRequest) -> StorageCredential {
    let scope = scope(of: context)
    let needed = context.operation.action(context.request).signed
    let grant = SignedGrant(scope: scope, permissions: needed?.anyOf ?? [], resourceTypes: needed.map { [$0.resourceType] })
    let principal = Principal(kind: .sharedAccessSignature(grant), tenant: context.account.account.tenant)
    return StorageCredential(principal: principal, scope: scope, isAnonymous: true)
  }
}
