internal import Base
internal import Records

/// How far the rules of an account have been carried out, so that a restart goes on where it was.
struct LifecycleRun: Record, Codable, Equatable, Sendable {
  static let kind = "storage.lifecycleRun"

  var tenant: GUID
  /// The account's.
  var partition: String
  /// The account's name.
  var account: String
  /// `ManagementPolicy.lastModified` of the rules: when they change, what is under way begins anew.
  var policyTime: Timestamp
  /// When the next step may be taken.
  var due: Timestamp
  /// When the run that is under way began; nil between two runs.
  var started: Timestamp?
  /// Behind what has been looked at; nil at the beginning.
  var position: Position?

  struct Position: Codable, Equatable, Sendable {
    /// The container's name.
    var container: String
    var part: Part
    /// The key's components of the last record that was looked at; nil at the beginning of the part.
    var after: [String]?
  }

  enum Part: String, Codable, Sendable {
    /// What names alone name.
    case blobs
    /// Snapshots and versions.
    case generations
    /// The whole container is done.
    case end
  }

  var key: RecordKey { Self.key(tenant: tenant, partition) }

  static func key(tenant: GUID, _ partition: String) -> RecordKey {
    RecordKey(tenant: tenant, partition)
  }

  /// Finds the run whose turn it is, of all accounts.
  static let dueIndex = "due"

  var indexes: [RecordIndex] { [RecordIndex(Self.dueIndex, BlobGeneration.timeKey(due), tenant: .zero)] }

  /// The first run of a policy that was just made or changed.
  init(of policy: ManagementPolicy) {
    (tenant, partition, account) = (policy.tenant, policy.partition, policy.account)
    (policyTime, due) = (policy.lastModified, policy.lastModified)
  }

  /// What remains once a page has been carried out; the next run's beginning when it was the last.
  func advanced(to position: Position?, at now: Timestamp, limits: StorageLimits) -> LifecycleRun {
    var run = self
    run.position = position
    let began = started ?? now
    if position == nil {
      run.started = nil
      run.due = began.advanced(by: .seconds(limits.lifecycleIntervalSeconds))
    } else {
      // Other accounts whose turn it is come first.
      (run.started, run.due) = (began, now)
    }
    return run
  }
}
