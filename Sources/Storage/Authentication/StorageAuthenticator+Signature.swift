internal import Access
internal import Base
internal import Crypto
internal import Edge
internal import NIOHTTP1
internal import Wire

extension StorageAuthenticator {
  /// Checks a shared access signature: that one of the account's keys made it, that it holds now, from here and for this, and what it grants.
  func authenticate(_ context: UnauthenticatedRequest, signature: SharedAccessSignature) async throws -> StorageCredential {
    try checkFields(signature)
    let delegation = try await verify(signature, context)
    let terms = try await terms(of: signature, context)
    try checkTime(terms, now: context.now)
    try Self.checkProtocol(signature["spr"], isSecure: true)
    if let range = signature["sip"] {
      guard let range = AddressRange(range) else { throw StorageError.authenticationFailed("Signature fields not well formed.") }
      guard range.contains(context.request.remoteAddress) else {
        throw StorageError.authorizationSourceIPMismatch(context.request.remoteAddress)
      }
    }
    let needed = context.operation.action(context.request).signed
    try checkReach(signature, needed)
    guard let needed, !needed.anyOf.isDisjoint(with: terms.permissions) else {
      throw needed == nil ? StorageError.authorizationFailure : StorageError.authorizationPermissionMismatch
    }
    let scope = grantedScope(signature, context)
    let resourceTypes = signature.kind == .account ? Set(signature["srt"] ?? "") : nil
    let grant = SignedGrant(scope: scope.granted, permissions: terms.permissions, resourceTypes: resourceTypes, delegator: delegation)
    return StorageCredential(
      principal: Principal(kind: .sharedAccessSignature(grant), tenant: context.account.account.tenant), scope: scope.asked,
      overrides: signature.responseHeaders, version: StorageVersion.isKnown(signature.version) ? signature.version : nil)
  }

  /// Fields that ask for what the platform does not have are refused rather than passed over.
  private func checkFields(_ signature: SharedAccessSignature) throws {
    guard signature.version <= StorageVersion.newest else {
      throw StorageError.invalidQueryParameterValue("sv", signature.version)
    }
    if let scope = signature["ses"] {
      throw StorageError.invalidQueryParameterValue("ses", scope, reason: "The account has no such encryption scope.")
    }
    if let agent = signature["suoid"] {
      throw StorageError.invalidQueryParameterValue("suoid", agent, reason: "The account has no hierarchical namespace.")
    }
  }

  // MARK: The signature itself

  /// Gives the delegator of a user delegation SAS.
  private func verify(_ signature: SharedAccessSignature, _ context: UnauthenticatedRequest) async throws -> SignedGrant.Delegator? {
    let request = context.request
    let snapshot: String? =
      switch signature["sr"] {
      case "bs": request.query["snapshot"]
      case "bv": request.query["versionid"]
      default: ""
      }
    guard let snapshot else { throw StorageError.authenticationFailed("Signature did not match.") }
    let text = signature.stringToSign(
      SharedAccessSignature.Context(
        account: context.account.account.name, container: context.target.container, blob: context.target.blob, snapshot: snapshot,
        header: { request.headers.first(name: $0) }, parameter: { request.query[$0] }))
    let keys: [SymmetricKey]
    if signature.kind == .userDelegation {
      keys = [try UserDelegationKey(signature, account: context.account, now: context.now).key(context.account.delegationSecret)]
    } else {
      guard context.account.account.allowsSharedKey else { throw StorageError.keyBasedAuthenticationNotPermitted }
      keys = context.account.keys
    }
    guard keys.contains(where: { SharedKey.isValid(signature: signature.signature, of: text, key: $0) }) else {
      throw StorageError.authenticationFailed("Signature did not match. String to sign used was \(text)")
    }
    return signature.kind == .userDelegation ? try await delegator(signature, context) : nil
  }

  private func delegator(_ signature: SharedAccessSignature, _ context: UnauthenticatedRequest) async throws -> SignedGrant.Delegator {
    let tenant = context.account.account.tenant
    guard let objectID = signature["skoid"].flatMap({ GUID($0) }),
      let principal = try await principals.principal(tenant: tenant, objectID: objectID)
    else { throw StorageError.authenticationFailed("The user delegation key's principal does not exist.") }
    if let bound = signature["sduoid"] { try await checkBearer(of: bound, signature["skdutid"], context) }
    return SignedGrant.Delegator(tenant: tenant, objectID: principal.objectID, groups: principal.groups)
  }

  /// A signature that is bound to a user goes together with that user's own token.
  private func checkBearer(of objectID: String, _ tenant: String?, _ context: UnauthenticatedRequest) async throws {
    guard let header = context.request.headers.first(name: "authorization"), header.lowercased().hasPrefix("bearer ") else {
      throw StorageError.authenticationFailed("The signature must be used together with the token of the user that it names.")
    }
    let principal = try await bearer(context, token: String(header.dropFirst("bearer ".count)))
    let tenant = tenant.flatMap { GUID($0) } ?? context.account.account.tenant
    guard GUID(objectID) == principal.objectID, tenant == principal.tenant else {
      throw StorageError.authenticationFailed("The token is not that of the user whom the signature names.")
    }
  }

  // MARK: What it permits

  /// A signature's start, expiry and permissions, whichever of itself and its stored access policy they stand in.
  private struct Terms {
    var start: Timestamp?
    var expiry: Timestamp
    var permissions: Set<Character>
  }

  private func terms(of signature: SharedAccessSignature, _ context: UnauthenticatedRequest) async throws -> Terms {
    var policy: StoredAccessPolicy?
    if signature.kind == .service, let identifier = signature["si"] {
      let access = try await containerAccess(context.account.account, context.target.container)
      guard let found = access?.policies.first(where: { $0.id == identifier }) else { throw StorageError.authenticationFailed() }
      let isTwice =
        found.start != nil && signature["st"] != nil || found.expiry != nil && signature["se"] != nil
        || found.permissions != nil && signature["sp"] != nil
      guard !isTwice else {
        throw StorageError.authenticationFailed("Access policy fields can be associated with signature or SAS identifier but not both")
      }
      policy = found
    }
    guard let expiry = signature.expiry ?? policy?.expiry else { throw StorageError.authenticationFailed("se is mandatory. Cannot be empty") }
    guard let permissions = signature["sp"] ?? policy?.permissions else {
      throw StorageError.authenticationFailed("sp is mandatory. Cannot be empty")
    }
    return Terms(start: signature.start ?? policy?.start, expiry: expiry, permissions: Set(permissions))
  }

  private func checkTime(_ terms: Terms, now: Timestamp) throws {
    guard terms.start.map({ $0 <= now }) ?? true, now < terms.expiry else {
      let start = terms.start.map { "Start [\($0.httpDate)] - " } ?? ""
      throw StorageError.authenticationFailed(
        "Signature not valid in the specified time frame: \(start)Expiry [\(terms.expiry.httpDate)] - Current [\(now.httpDate)]")
    }
  }

  /// Checks `spr` against how the request came.
  static func checkProtocol(_ signed: String?, isSecure: Bool) throws {
    switch signed {
    case nil, "https,http", "http,https": return
    case "https":
      guard isSecure else { throw StorageError.authorizationProtocolMismatch }
    case "http":
      guard !isSecure else { throw StorageError.authorizationProtocolMismatch }
    default: throw StorageError.authenticationFailed("Signature fields not well formed.")
    }
  }

  /// Whether the kind of signature can reach this kind of operation at all.
  private func checkReach(_ signature: SharedAccessSignature, _ needed: SignedRequirement?) throws {
    guard let needed else { throw StorageError.authorizationFailure }
    if signature.kind == .account {
      guard signature["ss"]?.contains("b") ?? false else { throw StorageError.authorizationServiceMismatch }
      guard signature["srt"]?.contains(needed.resourceType) ?? false else { throw StorageError.authorizationResourceTypeMismatch }
    } else {
      if signature.kind == .userDelegation, !(signature["sks"]?.contains("b") ?? false) { throw StorageError.authorizationServiceMismatch }
      // A service SAS is about blobs: of a container it can give the list of blobs, and never the container itself.
      let isAboutBlobs = needed.resourceType == "o" || needed.resourceType == "c" && needed.anyOf.isSubset(of: ["l", "f"])
      guard isAboutBlobs else { throw StorageError.authorizationFailure }
    }
  }

  private func grantedScope(_ signature: SharedAccessSignature, _ context: UnauthenticatedRequest) -> (granted: String, asked: String) {
    let target = context.target
    let container = target.container.isEmpty ? context.account.path : context.account.path(container: target.container)
    guard signature.kind != .account else { return (context.account.path, container) }
    switch signature["sr"] {
    case "c": return (container, container)
    case "d":
      // The signature has covered these segments of the request's own path.
      let depth = signature["sdd"].flatMap { Int($0) } ?? 0
      let directory = target.blob.split(separator: "/", omittingEmptySubsequences: false).prefix(depth).joined(separator: "/")
      let scope = "\(container)/blobs/\(directory)"
      return (scope, scope)
    default:
      let scope = "\(container)/blobs/\(target.blob)"
      return (scope, scope)
    }
  }
}
