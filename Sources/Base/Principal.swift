/// Who is asking: what the front door made of a token or a signature, once it was verified.
public struct Principal: Sendable {
  public enum Kind: Sendable, Equatable {
    case user
    case servicePrincipal
    /// A request signed with a storage account's key. It speaks for the account and for nothing else.
    case accountKey(scope: String)
    /// A request that carries a shared access signature.
    case sharedAccessSignature(SignedGrant)
    /// Nobody: a request without credentials.
    case anonymous
  }

  public var kind: Kind
  public var tenant: GUID
  /// The object id of the user or service principal; `GUID.zero` for keys, signatures and nobody.
  public var objectID: GUID
  /// The object ids of the groups that it belongs to, directly or through other groups, at the time of the request.
  public var groups: [GUID]
  /// The client application that obtained the token.
  public var applicationID: GUID?
  /// User principal name or application display name, for logs and the activity log.
  public var name: String
  /// The verified token's claims, for the activity log. Never the token itself.
  public var claims: [String: String]

  public init(
    kind: Kind, tenant: GUID, objectID: GUID = .zero, groups: [GUID] = [], applicationID: GUID? = nil, name: String = "",
    claims: [String: String] = [:]
  ) {
    self.kind = kind
    self.tenant = tenant
    self.objectID = objectID
    self.groups = groups
    self.applicationID = applicationID
    self.name = name
    self.claims = claims
  }
}

/// What a verified shared access signature permits.
public struct SignedGrant: Sendable, Equatable {
  /// The scope it is limited to: the account's id, or below it `…/blobServices/default/containers/c` or `…/containers/c/blobs/b`.
  public var scope: String
  /// Signed permission letters (`sp`), for example `racwdl`.
  public var permissions: Set<Character>
  /// For an account SAS the signed resource types (`srt`, of `s`, `c`, `o`); nil for a service SAS, whose scope says it.
  public var resourceTypes: Set<Character>?
  /// For a user-delegation SAS, the principal that the delegation key belongs to: it must hold the permission too. Nil otherwise.
  public var delegator: Delegator?

  public init(scope: String, permissions: Set<Character>, resourceTypes: Set<Character>?, delegator: Delegator? = nil) {
    self.scope = scope
    self.permissions = permissions
    self.resourceTypes = resourceTypes
    self.delegator = delegator
  }

  public struct Delegator: Sendable, Equatable {
    public var tenant: GUID
    public var objectID: GUID
    public var groups: [GUID]

    public init(tenant: GUID, objectID: GUID, groups: [GUID]) {
      self.tenant = tenant
      self.objectID = objectID
      self.groups = groups
    }
  }
}
