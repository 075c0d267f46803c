public import Base
public import Records

/// A program that its tenant registered. It signs in as the `ServicePrincipal` of a tenant that has the same `appID`.
public struct Application: Record, Codable, Sendable, Equatable {
  public static let kind = "identity.application"

  /// The object id.
  public var id: GUID
  public var tenant: GUID
  /// The client id. Unique in the cloud.
  public var appID: GUID
  public var displayName: String
  public var description: String?
  /// `AzureADMyOrg` or `AzureADMultipleOrgs`.
  public var signInAudience: String
  /// Names under which other programs ask for tokens for this one, for example `api://…`. Unique in the tenant without regard to case.
  public var identifierURIs: [String] = []
  public var webRedirectURIs: [String] = []
  public var publicClientRedirectURIs: [String] = []
  public var singlePageRedirectURIs: [String] = []
  /// Whether it may sign users in without a credential of its own.
  public var isFallbackPublicClient: Bool = false
  public var tags: [String] = []
  public var passwordCredentials: [PasswordCredential] = []
  public var keyCredentials: [KeyCredential] = []
  public var created: Timestamp

  public init(id: GUID, tenant: GUID, appID: GUID, displayName: String, signInAudience: String = "AzureADMyOrg", created: Timestamp) {
    self.id = id
    self.tenant = tenant
    self.appID = appID
    self.displayName = displayName
    self.signInAudience = signInAudience
    self.created = created
  }

  public static func key(tenant: GUID, _ id: GUID) -> RecordKey { RecordKey(tenant: tenant, id.description) }

  public var key: RecordKey { Self.key(tenant: tenant, id) }

  public var indexes: [RecordIndex] {
    [RecordIndex(Self.appIDIndex, appID.description, tenant: .zero)]
      + Set(identifierURIs.map { TokenResource.comparable($0) }).map { RecordIndex(Self.identifierIndex, $0) }
  }

  /// Spans tenants: a client that names no tenant is found by its id alone.
  static let appIDIndex = "identity.application.appID"
  static let identifierIndex = "identity.application.identifier"
}
