/// The bounds of operators.
public enum OperatorLimits {
  /// Bytes of a request's body at the operators' API.
  public static let maximumBodyBytes = 64 << 10
  static let maximumBodyDepth = 16

  // MARK: Operators

  public static let maximumOperators = 1000
  /// What a certificate has room for (X.520).
  public static let maximumNameCharacters = 64
  public static let maximumEmailBytes = 254
  /// Bytes of a request for a certificate.
  public static let maximumRequestBytes = 16 << 10
  /// The life of an operator's certificate, in days.
  public static let certificateDays = 1...365
  /// The life of the operators' authority, in days, and what is left of it when a successor is made.
  static let authorityDays = 10 * 365
  static let authorityMarginDays = 2 * 365

  // MARK: Tokens

  /// Seconds for which an operator's token is good.
  public static let tokenSeconds: Int64 = 1800
  /// Seconds for which an operator's assertion may claim to be good. MSAL's are good for ten minutes.
  public static let maximumAssertionSeconds: Int64 = 900
  /// The modulus of the keys that sign operators' tokens.
  static let signingKeyBits = 3072
  /// Seconds between two looks at the age of the signing key.
  static let maintenanceSeconds: Int64 = 3600
}
