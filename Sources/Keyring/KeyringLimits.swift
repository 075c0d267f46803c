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
  /// Seconds that a customer's key serves after the customer's side last allowed it. What the customer withdraws ends within them.
  public static let customerKeySeconds: Int64 = 30
  /// Seconds between two times that the customer's side is asked about a key in use.
  public static let customerKeyCheckSeconds: Int64 = 10
  /// Seconds after its last use that a key is still asked about; then it leaves memory.
  public static let customerKeyIdleSeconds: Int64 = 300
  /// Seconds for which the answer that a key cannot be used stands for those who come next.
  public static let customerKeyRefusalSeconds: Int64 = 2
  /// The same for work of the platform's own, which nobody waits for.
  public static let customerKeyBackgroundSeconds: Int64 = 60
  /// Seconds between two times that the newest versions of all customers' keys are looked for, those not in use too.
  public static let customerKeyFollowSeconds: Int64 = 600
  /// Data keys that are looked at together then.
  static let followPage = 100
  /// Keys of one tenant that are asked about at the same time.
  public static let maximumConcurrentChecks = 8
}
