public import Base
public import Records

/// An application as one tenant knows it: what holds roles there and what its tokens speak for.
public struct ServicePrincipal: Record, Codable, Sendable, Equatable {
  public static let kind = "identity.servicePrincipal"

  /// The object id.
  public var id: GUID
  public var tenant: GUID
  /// The client id. Unique in the tenant.
  public var appID: GUID
  public var displayName: String
  public var description: String?
  /// The client id and the application's identifier URIs.
  public var servicePrincipalNames: [String]
  /// `Application`, `ManagedIdentity`, …, as Graph spells them.
  public var servicePrincipalType: String
  public var accountEnabled: Bool
  /// The tenant that registered the application; `FirstPartyApplication.ownerTenant` for those of the platform.
  public var appOwnerOrganizationID: GUID
  public var tags: [String] = []
  public var passwordCredentials: [PasswordCredential] = []
  public var keyCredentials: [KeyCredential] = []
  public var created: Timestamp

  public init(
    id: GUID, tenant: GUID, appID: GUID, displayName: String, servicePrincipalNames: [String], servicePrincipalType: String = "Application",
    accountEnabled: Bool = true, appOwnerOrganizationID: GUID, created: Timestamp
  ) {
    self.id = id
    self.tenant = tenant
    self.appID = appID
    self.displayName = displayName
    self.servicePrincipalNames = servicePrincipalNames
    self.servicePrincipalType = servicePrincipalType
    self.accountEnabled = accountEnabled
    self.appOwnerOrganizationID = appOwnerOrganizationID
    self.created = created
  }

  public static func key(tenant: GUID, _ id: GUID) -> RecordKey { RecordKey(tenant: tenant, id.description) }

  public var key: RecordKey { Self.key(tenant: tenant, id) }

  public var indexes: [RecordIndex] {
    [RecordIndex(Self.appIDIndex, appID.description)]
      + Set(servicePrincipalNames.map { TokenResource.comparable($0) }).map { RecordIndex(Self.nameIndex, $0) }
  }

  static let appIDIndex = "identity.servicePrincipal.appID"
  /// Finds the resource that a token is asked for.
  static let nameIndex = "identity.servicePrincipal.name"
}
