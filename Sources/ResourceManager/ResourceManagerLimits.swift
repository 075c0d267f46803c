/// The bounds of Resource Manager.
///
/// Source: Microsoft, "Azure subscription and service limits, quotas, and constraints" and "Use tags to organize your Azure resources".
public enum ResourceManagerLimits {
  /// Bytes of a request's body.
  public static let maximumBodyBytes = 4 << 20
  /// Nesting of a request's JSON.
  public static let maximumBodyDepth = 64
  /// Characters of a request's path, still escaped.
  public static let maximumPathCharacters = 8192
  /// Segments of a request's path.
  public static let maximumPathSegments = 64
  /// Characters of one resource's name.
  public static let maximumNameCharacters = 260
  /// Characters of a resource group's name.
  public static let maximumGroupNameCharacters = 90
  /// Resource groups of one subscription.
  public static let maximumGroupsPerSubscription = 980
  /// Tags of one resource, group or subscription.
  public static let maximumTags = 50
  /// Characters of a tag's name.
  public static let maximumTagNameCharacters = 512
  /// Characters of a tag's value.
  public static let maximumTagValueCharacters = 256
  /// Items of one page, and what a page has when `$top` is absent.
  public static let maximumPageItems = 1000
  /// Records that one request reads while it looks for the items of its page; it then answers with what it has and a link to go on.
  public static let maximumScannedRecords = 10_000
  /// Resources that one step of a group's deletion looks at to find one that can go.
  public static let maximumDeletionCandidates = 256
  /// Operations that one round of the background work picks up; the rest come in the next round.
  public static let maximumOperationsPerRound = 128
  /// Days that the activity log keeps an entry. SecNumCloud asks for six months at least; Azure keeps 90 days.
  public static let activityLogRetentionDays = 366
  /// Expired activity-log entries that one transaction removes.
  public static let maximumExpiredEntriesPerTransaction = 500
  /// Seconds between two rounds that remove expired activity-log entries and operations.
  public static let housekeepingIntervalSeconds = 3600
  /// Days that a finished operation can still be asked about.
  public static let operationRetentionDays = 7
  /// Seconds that a client waits between two polls: `Retry-After`.
  public static let pollIntervalSeconds = 1
  /// Milliseconds between two looks at whether what a group's deletion waits for is gone, or a deployment's resource there.
  public static let deletionPollMilliseconds = 100
  /// Times that a step which fails inside is tried before its operation is given up. Deletions are never given up.
  public static let maximumOperationAttempts = 8
  /// Starts of the process that an operation may see before it is given up. Deletions are never given up.
  public static let maximumOperationStarts = 16
  /// The longest pause, in seconds, before such a step is tried again.
  public static let maximumOperationPauseSeconds = 30
  /// Deployments that the history of a group or subscription shows.
  public static let maximumDeployments = 800
  /// Resources of one deployment that are deployed at a time.
  public static let maximumParallelDeployments = 32
  /// Looks at whether what is in the way of a deployment's step has gone, before its error counts.
  public static let maximumConflictWaits = 600
  /// Seconds between two looks at whether a tenant's key is open again, while an operation waits for it.
  public static let closedRecordsPauseSeconds = 15
}
