/// The only way to durable state: an ordered map from byte keys to values with optimistic transactions.
///
/// Two engines stand behind it (SQLite on one machine; PostgreSQL on several, later) and pass one conformance suite.
public protocol RecordStore: Sendable {
  /// Runs `body` over one consistent snapshot, which holds every commit that returned before the call and nothing that is not durable.
  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result

  /// Runs `body`, then commits what it wrote if nothing that it read (keys and scanned ranges) has changed meanwhile; otherwise runs it again,
  /// the last time (`RecordLimits.maximumAttempts`) alone, where nothing can come between.
  ///
  /// `body` must be free of side effects other than through the transaction, and short: it never waits for the world.
  /// Returns once the commit is durable. An error thrown by `body` leaves no trace. Throws `CloudError.serverBusy` when the commit queue is full
  /// (`RecordLimits.maximumQueuedCommits`, `RecordLimits.maximumQueuedBytes`) or the disk refuses: then nothing of the transaction can be read, and
  /// the store serves on.
  @discardableResult
  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result

  /// Returns once every closure has ended that `read` and `write` were running at the time of the call. After that, nobody looks at a state from before
  /// the call: what only such a state refers to may be removed from the world.
  func settle() async
}
