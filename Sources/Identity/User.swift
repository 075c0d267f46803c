public import Base
public import Records

/// A person who signs in with a name and a password.
public struct User: Record, Codable, Sendable, Equatable {
  public static let kind = "identity.user"

  public var id: GUID
  public var tenant: GUID
  /// Unique in the whole cloud without regard to case; kept as written.
  public var userPrincipalName: String
  public var displayName: String
  public var mailNickname: String
  public var mail: String?
  public var givenName: String?
  public var surname: String?
  public var jobTitle: String?
  public var department: String?
  public var companyName: String?
  public var officeLocation: String?
  public var mobilePhone: String?
  public var businessPhones: [String] = []
  public var otherMails: [String] = []
  public var preferredLanguage: String?
  /// ISO 3166-1 alpha-2.
  public var usageLocation: String?
  public var accountEnabled: Bool
  /// See `SecretHash`. Nil for a guest, who signs in with the password of the home account, and for one who has no password yet.
  public var passwordHash: String?
  public var forceChangePasswordNextSignIn: Bool
  /// Sign-ins before this instant no longer hold: their refresh tokens are refused.
  public var sessionsValidFrom: Timestamp
  /// The account that this one is a guest of; nil for a member.
  public var home: HomeAccount?
  public var created: Timestamp

  /// A user of another tenant, to whom a guest's account belongs.
  public struct HomeAccount: Codable, Sendable, Equatable {
    public var tenant: GUID
    public var user: GUID

    public init(tenant: GUID, user: GUID) {
      self.tenant = tenant
      self.user = user
    }
  }

  public init(
    id: GUID, tenant: GUID, userPrincipalName: String, displayName: String, mailNickname: String, accountEnabled: Bool = true,
    forceChangePasswordNextSignIn: Bool = false, home: HomeAccount? = nil, created: Timestamp
  ) {
    self.id = id
    self.tenant = tenant
    self.userPrincipalName = userPrincipalName
    self.displayName = displayName
    self.mailNickname = mailNickname
    self.accountEnabled = accountEnabled
    self.forceChangePasswordNextSignIn = forceChangePasswordNextSignIn
    self.home = home
    self.created = created
    sessionsValidFrom = created
  }

  public static func key(tenant: GUID, _ id: GUID) -> RecordKey { RecordKey(tenant: tenant, id.description) }

  public var key: RecordKey { Self.key(tenant: tenant, id) }

  public var indexes: [RecordIndex] {
    var indexes = [RecordIndex(Self.nameIndex, userPrincipalName.lowercased(), tenant: .zero)]
    if let home { indexes.append(RecordIndex(Self.homeIndex, home.tenant.description, home.user.description, tenant: .zero)) }
    return indexes
  }

  /// Spans tenants, for names are unique in the cloud.
  static let nameIndex = "identity.user.name"
  /// The guests of an account, over all tenants.
  static let homeIndex = "identity.user.home"
}
