/// The bounds of the record store.
public enum RecordLimits {
  /// Commits that may wait for the writer; further ones get 503.
  public static let maximumQueuedCommits = 4096
  /// Bytes of keys and values that may wait for the writer; further ones get 503.
  public static let maximumQueuedBytes = 256 << 20
  /// Reads that may wait for a connection; further ones get 503.
  public static let maximumQueuedReads = 4096
  /// Commits that share one fsync.
  public static let maximumCommitsPerBatch = 256
  /// Bytes of keys and values after which a batch takes no further commit.
  public static let maximumBytesPerBatch = 16 << 20
  /// Runs of one transaction's closure. All but the last run beside other transactions; the last runs alone.
  public static let maximumAttempts = 4
  /// Bytes of one key.
  public static let maximumKeyBytes = 16 << 10
  /// Bytes of one value.
  public static let maximumValueBytes = 4 << 20
  /// Keys that one transaction may write.
  public static let maximumWritesPerTransaction = 20_000
  /// Bytes of keys and values that one transaction may write.
  public static let maximumBytesPerTransaction = 64 << 20
  /// Records that `RecordStore.removeAll` removes in one transaction.
  public static let maximumRemovalsPerTransaction = 512
}
