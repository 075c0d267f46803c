internal import Base

/// The bounds of certificates.
enum CertificateLimits {
  /// Bytes of what is imported, decoded.
  static let maximumImportBytes = 64 * 1024
  /// Files that wait to be opened.
  static let maximumWaitingImports = 32
  /// Certificates of one chain.
  static let maximumChain = 10
  /// Rounds of a key derivation that somebody's file may ask for.
  static let maximumRounds = 1_000_000
  /// Rounds of all derivations of one file together, and parts of a file that may each be encrypted.
  static let maximumFileRounds = 2_000_000
  static let maximumFileParts = 8
  /// UTF-8 bytes of a file's password.
  static let maximumPasswordBytes = 512
  /// Characters of a subject, and of one of its values.
  static let maximumSubjectCharacters = 1024
  static let maximumValueCharacters = 256
  /// Attributes of a subject.
  static let maximumSubjectAttributes = 32
  /// Alternative names of each sort, and purposes.
  static let maximumNames = 100
  static let maximumPurposes = 32
  static let maximumLifetimeActions = 8
  static let validityMonths = 1...1200
  /// What the platform's own authority certifies for.
  ///
  /// Source: ANSSI, "Recommandations de sécurité relatives à TLS": at most 825 days.
  static let maximumIssuedDays = 825
  /// How long before its making a certificate becomes valid: clocks may be a little behind.
  static let backdating: Duration = .seconds(600)
  /// People to tell, issuers of a vault, and administrators of an issuer.
  static let maximumContacts = 32
  static let maximumIssuers = 64
  static let maximumAdministrators = 32
  static let maximumTextCharacters = 256
  /// Renewals of one background round, and how long after a failed one it is tried again.
  static let maximumRound = 16
  static let retrySeconds = 3600
  /// How long the background rests where nothing falls due before.
  static let longestRestSeconds = 60
}
