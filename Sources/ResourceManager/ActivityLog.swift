public import Base
public import Records

/// Reads the activity log.
public enum ActivityLog {
  /// Where a page ended.
  public struct Position: Sendable, Equatable {
    public var time: Timestamp
    public var id: GUID

    public init(time: Timestamp, id: GUID) {
      self.time = time
      self.id = id
    }
  }

  /// Entries of a subscription (nil: of the tenant above its subscriptions) not newer than `end`, the newest first, beginning behind `after`.
  public static func entries(
    tenant: GUID, subscription: GUID?, until end: Timestamp, after: Position? = nil, limit: Int, in reader: any RecordReader
  ) throws -> [ActivityLogEntry] {
    let place = subscription?.description ?? ActivityLogEntry.noSubscription
    // A key that stops at the time sorts before all entries of that time.
    let start =
      after.map { ActivityLogEntry.key(tenant: tenant, subscription, $0.time, $0.id) }
      ?? RecordKey(tenant: tenant, place, ActivityLogEntry.countdown(end))
    return try reader.list(ActivityLogEntry.self, under: RecordKey(tenant: tenant, place), after: start, limit: limit)
  }

  /// Removes up to `limit` entries older than `time`; gives how many.
  static func expire(tenant: GUID, subscription: GUID?, before time: Timestamp, limit: Int, in transaction: RecordTransaction) throws -> Int {
    let expired = try entries(tenant: tenant, subscription: subscription, until: time, limit: limit, in: transaction)
    for entry in expired { try transaction.remove(ActivityLogEntry.self, entry.key) }
    return expired.count
  }
}
