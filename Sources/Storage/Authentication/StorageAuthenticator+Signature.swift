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
    try checkPolicy(signature, terms, context.account.account)
    try Self.checkProtocol(signature["spr"], isSecure: context.request.connection.isSecure)
    if let range = signature["sip"] {
      guard let range = AddressRange(range) else { throw StorageError.authenticationFailed("Signature fields not well formed.") }
      guard range.contains(context.request.remoteAddress) else {
        throw StorageError.authorizationSourceIPMismatch(context.request.remoteAddress)
      }
    }
    let needed = context.operation.action(context.request).signed
    try checkReach(signature, needed, context.target.service.letter)
    guard let needed, needed.isMet(by: terms.permissions, inService: signature.kind != .account) else {
      throw needed == nil ? StorageError.authorizationFailure : StorageError.authorizationPermissionMismatch
    }
    let scope = try grantedScope(signature, context)
    let resourceTypes = signature.kind == .account ? signature.resourceTypes : nil
    let grant = SignedGrant(scope: scope.granted, permissions: terms.permissions, resourceTypes: resourceTypes, delegator: delegation)
    // An account's signature does not cover headers of the answer: anybody could add them to it.
    var credential = StorageCredential(
      principal: Principal(kind: .sharedAccessSignature(grant), tenant: context.account.account.tenant), scope: scope.asked,
      overrides: signature.kind == .account ? [] : signature.responseHeaders,
      version: StorageVersion.isKnown(signature.version) ? signature.version : nil)
    credential.encryptionScope = signature["ses"]
    if signature.service == .table, signature.kind != .account {
      credential.signedTable = signature["tn"]
      credential.keyRange = SignedKeyRange(
        startPartition: signature["spk"], startRow: signature["srk"], endPartition: signature["epk"], endRow: signature["erk"])
    }
    return credential
  }

  /// Fields that ask for what the platform does not have are refused rather than passed over.
  private func checkFields(_ signature: SharedAccessSignature) throws {
    guard signature.version <= StorageVersion.newest else {
      throw StorageError.invalidQueryParameterValue("sv", signature.version)
    }
    if let agent = signature["suoid"] {
      throw StorageError.invalidQueryParameterValue("suoid", agent, reason: "The account has no hierarchical namespace.")
    }
  }

  // MARK: The signature itself

  /// Gives the delegator of a user delegation SAS.
  private func verify(_ signature: SharedAccessSignature, _ context: UnauthenticatedRequest) async throws -> SignedGrant.Delegator? {
    let request = context.request
    let (container, blob) = (Self.container(signature, context.target), context.target.blob)
    if signature.kind != .userDelegation, !context.account.account.allowsSharedKey { throw StorageError.keyBasedAuthenticationNotPermitted }
    if context.account.knownSignatures.contains(signature, request.query, container: container, blob: blob) { return nil }
    let snapshot: String? =
      switch signature["sr"] {
      case "bs": request.query["snapshot"]
      case "bv": request.query["versionid"]
      default: ""
      }
    guard let snapshot else { throw StorageError.authenticationFailed("Signature did not match.") }
    if ["bs", "bv"].contains(signature["sr"]), !Self.isOfState(request) { throw StorageError.authorizationFailure }
    let text = signature.stringToSign(
      SharedAccessSignature.Context(
        account: context.account.account.name, container: container, blob: blob, snapshot: snapshot,
        header: { request.headers.first(name: $0) }, parameter: { request.query[$0] }))
    let keys: [SymmetricKey]
    if signature.kind == .userDelegation {
      keys = [try UserDelegationKey(signature, account: context.account, now: context.now).key(context.account.delegationSecret)]
    } else {
      keys = context.account.keys
    }
    guard keys.contains(where: { SharedKey.isValid(signature: signature.signature, of: text, key: $0) }) else {
      throw StorageError.authenticationFailed("Signature did not match. String to sign used was \(Self.masked(text))")
    }
    guard signature.kind != .userDelegation else { return try await delegator(signature, context) }
    context.account.knownSignatures.insert(signature, request.query, container: container, blob: blob)
    return nil
  }

  /// What can be done to a state of a blob that is past: a write would go to the blob as it is now, which such a signature does not reach.
  private static let stateChanges: Set<String> = ["tags", "tier", "immutabilitypolicies", "legalhold"]

  private static func isOfState(_ request: EdgeRequest) -> Bool {
    switch request.method {
    case .GET, .HEAD, .DELETE, .POST: true
    default: request.query["comp"].map { stateChanges.contains($0.lowercased()) } ?? false
    }
  }

  /// A signature for tables names its table itself: the address of a batch does not.
  private static func container(_ signature: SharedAccessSignature, _ target: StorageTarget) -> String {
    signature.service == .table ? signature["tn"] ?? "" : target.container
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
      let access = try await containerAccess(
        context.target.service, context.account.account, Self.container(signature, context.target))
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
    let own = policy?.permissions == nil
    return Terms(start: signature.start ?? policy?.start, expiry: expiry, permissions: own ? signature.permissions : Set(permissions))
  }

  private func checkTime(_ terms: Terms, now: Timestamp) throws {
    guard terms.start.map({ $0 <= now }) ?? true, now < terms.expiry else {
      let start = terms.start.map { "Start [\($0.httpDate)] - " } ?? ""
      throw StorageError.authenticationFailed(
        "Signature not valid in the specified time frame: \(start)Expiry [\(terms.expiry.httpDate)] - Current [\(now.httpDate)]")
    }
  }

  /// Checks a key's own signature against what the account says of their life; a stored access policy has its own.
  private func checkPolicy(_ signature: SharedAccessSignature, _ terms: Terms, _ account: StorageAccount) throws {
    guard let policy = account.signaturePolicy, policy.blocks, signature.kind != .userDelegation,
      signature.kind != .service || signature["si"] == nil, !policy.admits(start: terms.start, expiry: terms.expiry)
    else { return }
    throw StorageError.authenticationFailed("The signature is valid for longer than the SAS expiration policy of the account permits.")
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
  private func checkReach(_ signature: SharedAccessSignature, _ needed: SignedRequirement?, _ letter: Character?) throws {
    guard let needed else { throw StorageError.authorizationFailure }
    if signature.kind == .account {
      guard let letter, signature["ss"]?.contains(letter) ?? false else { throw StorageError.authorizationServiceMismatch }
      guard signature["srt"]?.contains(needed.resourceType) ?? false else { throw StorageError.authorizationResourceTypeMismatch }
    } else {
      let serves = signature.kind != .userDelegation || letter.map { signature["sks"]?.contains($0) ?? false } ?? false
      guard serves else { throw StorageError.authorizationServiceMismatch }
      // Of a container a service SAS can give the list of blobs, and never the container itself.
      guard !needed.inService.isEmpty else { throw StorageError.authorizationFailure }
    }
  }

  private func grantedScope(_ signature: SharedAccessSignature, _ context: UnauthenticatedRequest) throws -> (granted: String, asked: String) {
    let target = context.target
    let container = context.account.path(to: target)
    guard signature.kind != .account else { return (context.account.path, container) }
    if signature.service == .table {
      var named = target
      named.container = Self.container(signature, target)
      let isItsOwn = target.level == .tableBatch || target.container.lowercased() == named.container.lowercased()
      guard isItsOwn else { throw StorageError.authorizationFailure }
      let table = context.account.path(to: named)
      return (table, table)
    }
    switch signature.service == .blob ? signature["sr"] : "c" {
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
