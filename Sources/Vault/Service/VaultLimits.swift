/// The bounds of vaults.
public enum VaultLimits {
  /// Vaults kept in memory.
  static let maximumCachedVaults = 4096
  /// Vaults of one subscription, deleted ones among them.
  static let maximumVaults = 1000
  /// Bytes of a request's body.
  static let maximumBodyBytes = 1 << 20
  /// Bytes of a secret's value.
  static let maximumSecretBytes = 25 * 1024
  /// Things on one page of a list, and how many there are unless the caller says otherwise.
  static let maximumPage = 25
  /// Tags of one thing, and characters of a tag's name and value.
  static let maximumTags = 15
  static let maximumTagCharacters = 512
  /// Versions of one thing that fit into a backup.
  static let maximumBackedUpVersions = 500
  /// Bytes of a backup before it is sealed, and of a request's body that brings one.
  static let maximumBackupBytes = 16 << 20
  static let maximumBackupBodyBytes = 24 << 20
  /// Bytes of the things that are kept in memory as they rest, and what a version, and each of its tags, takes besides its own.
  static let maximumCachedBytes = 32 << 20
  static let cachedVersionOverheadBytes = 512
  static let cachedTagOverheadBytes = 64
  /// Characters of a secret's content type.
  static let maximumContentTypeCharacters = 255
  /// Deleted things that one transaction purges.
  static let maximumThingPurges = 64
  /// What is left of things and vaults, and worked off in one round.
  static let maximumPurgesPerRound = 64
  /// Versions that one transaction removes.
  static let maximumRemovals = 256
  /// Deleted vaults on one page of Resource Manager's list, and those that one transaction purges.
  static let maximumDeletedPage = 100
  static let maximumVaultPurges = 16
  /// Access policies of one vault.
  static let maximumAccessPolicies = 1024
}
