/// How old things of backups may be.
enum BackupAge {
  /// SecNumCloud 12.5.a: every day. A run takes its time, and the next begins when it did.
  static let maximumSeconds: Int64 = 25 * 3600
  /// A choice: every quarter.
  static let maximumRestoreTestDays = 92
  /// SecNumCloud 12.5.b: every month.
  static let maximumReviewDays = 31
  /// A choice: every quarter.
  static let maximumOfflineCopyDays = 92
}
