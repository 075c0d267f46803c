/// The bounds of the keyring.
public enum KeyringLimits {
  /// Unwrapped data keys that stay in memory; when there are more, some other leaves.
  public static let maximumCachedDataKeys = 4096
  /// Unwrapped tenant keys that stay in memory.
  public static let maximumCachedTenantKeys = 1024
  /// Destroyed data keys that are remembered, so that a read which began before the destruction does not bring one back into memory.
  public static let maximumRememberedDestructions = 4096
  /// Keys that one transaction rewraps.
  public static let maximumRewrapsPerTransaction = 1000
  /// Bytes of one secret.
  public static let maximumSecretBytes = 64 << 10
  /// Versions of one tenant's key.
  public static let maximumTenantKeyVersions = 10_000
  /// Data keys of one tenant that are counted when its keys are destroyed.
  public static let maximumCountedDataKeys = 5000
  /// Data keys of one tenant that are named then.
  public static let maximumNamedDataKeys = 256
}
