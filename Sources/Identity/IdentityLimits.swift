/// The bounds of the directory and of the token service.
public enum IdentityLimits {
  /// Bytes of a form that a client posts.
  public static let maximumFormBytes = 64 << 10
  /// Fields of such a form.
  public static let maximumFormFields = 64

  // MARK: Directory

  /// Groups that one principal may belong to, directly or through others. Azure counts 1000 to 2049 into a token.
  public static let maximumTransitiveGroups = 2048
  /// How many groups deep membership reaches.
  public static let maximumGroupDepth = 32
  /// Direct members of one group that one transaction removes together with it.
  public static let maximumGroupMembers = 10_000
  /// Secrets and certificates of one application or service principal, each.
  public static let maximumCredentials = 64
  public static let maximumDomainsPerTenant = 900
  public static let maximumUserPrincipalNameCharacters = 113
  public static let maximumDisplayNameCharacters = 256
  public static let maximumCertificateBytes = 16 << 10
  public static let minimumRSAKeyBits = 2048
  /// Source: ANSSI, « Guide des mécanismes cryptographiques »: what is recommended.
  public static let minimumOperatorRSAKeyBits = 3072
  /// Records that a deletion looks at in one sweep.
  static let maximumSwept = 1024

  // MARK: Passwords

  /// Source: Microsoft Entra, "Password policies and account restrictions".
  public static let passwordCharacters = 8...256
  /// PBKDF2-HMAC-SHA256 rounds for users' passwords. Source: OWASP, Password Storage Cheat Sheet.
  public static let passwordRounds = 600_000
  /// PBKDF2-HMAC-SHA256 rounds for applications' secrets; `SecretHash` says why fewer do.
  public static let secretRounds = 10_000
  /// Bytes of salt.
  public static let saltBytes = 16
  /// Characters of an application's secret.
  public static let secretCharacters = 40
  /// Days for which a new secret is good when nobody says otherwise.
  public static let secretLifetimeDays: Int64 = 730
  /// Hashes that may be computed or wait at once; further attempts get 503.
  public static let maximumQueuedHashes = 64

  // MARK: Attempts

  /// Failed sign-ins of a user before the account is locked for a while. Source: Microsoft Entra, smart lockout.
  public static let maximumUserFailures = 10
  /// Failed attempts of an application from one address before it is refused for a while.
  public static let maximumApplicationFailures = 50
  /// Wrong user codes from one address before it is refused for a while.
  public static let maximumUserCodeFailures = 20
  /// How long the first lockout lasts; each further failure after it doubles that, up to the second number.
  public static let lockoutSeconds: Int64 = 60
  public static let maximumLockoutSeconds: Int64 = 3600
  /// Principals whose failures are remembered; beyond it the ones that failed longest ago are forgotten.
  public static let maximumTrackedPrincipals = 65_536

  // MARK: Tokens

  /// Clocks of other machines may differ by this.
  public static let clockSkewSeconds: Int64 = 300
  public static let accessTokenSeconds: Int64 = 3599
  /// A refresh token is good for this long, and is replaced when it is used after the second number.
  public static let refreshTokenSeconds: Int64 = 90 * 86400
  public static let refreshTokenRenewalSeconds: Int64 = 86400
  public static let maximumTokenBytes = 16 << 10
  /// Verified tokens whose claims are kept in memory.
  public static let maximumCachedTokens = 16_384
  /// The lifetime that a client assertion may claim. Source: MSAL uses ten minutes; Entra accepts a day.
  public static let maximumAssertionSeconds: Int64 = 86400
  /// Resources for which one client assertion may be redeemed.
  public static let maximumResourcesPerAssertion = 16

  // MARK: Signing keys

  public static let signingKeyBits = 2048
  /// How long a new key is published before it signs, so that relying parties that cache the key set know it in time.
  public static let signingKeyLeadSeconds: Int64 = 86400
  /// How long a key signs before `run` makes its successor.
  public static let signingKeySeconds: Int64 = 90 * 86400
  /// The tenants' and the operators'.
  static let issuers = 2
  /// Keys in the key set of an issuer.
  public static let maximumSigningKeys = 16

  // MARK: Codes

  public static let deviceCodeSeconds: Int64 = 900
  public static let devicePollSeconds: Int64 = 5
  /// Networks jitter: a poll is too early only by more than this.
  public static let devicePollToleranceMicroseconds: Int64 = 1_000_000
  public static let authorizationCodeSeconds: Int64 = 600
  /// Device codes that wait for an approval in the whole cloud; further requests get 503.
  public static let maximumPendingDeviceCodes = 4096
  /// Seconds between two sweeps that remove what has expired.
  public static let sweepSeconds: Int64 = 600
}
