internal import Base
internal import Identity
internal import Records
internal import ResourceManager

/// What observations remember of logs, to see later that nothing of it went away before its time.
struct LogMark: Record, Codable {
  static let kind = "secnumcloud.logMark"
  /// SecNumCloud 12.6.c: six months at least.
  static let retentionDays = 183
  private static let marksPerDay = 8
  private static let checkedMarks = 128
  private static let sampledPlaces = 16

  /// Where an entry of the activity log stands.
  struct Place: Codable, Hashable {
    var tenant: GUID
    var components: [String]
  }

  var day: Int
  var places: [Place]

  var key: RecordKey { Self.key(day: day) }

  private static func key(day: Int) -> RecordKey {
    let digits = String(day)
    return RecordKey(tenant: .zero, String(repeating: "0", count: max(0, 8 - digits.count)) + digits)
  }

  /// What came of looking whether all that was marked is still there.
  struct Check {
    var days = 0
    var looked = 0
    var missing = 0
    var oldestDay: Int?
  }

  static func check(_ platform: ObservedPlatform) async throws -> Check {
    let today = Int(platform.now.seconds / 86400)
    let random = platform.random
    return try await platform.records.read { reader in
      let marks = try reader.list(LogMark.self, under: RecordKey(tenant: .zero), limit: retentionDays + 2).filter { $0.day > today - retentionDays }
      var result = Check(days: marks.count, oldestDay: marks.first?.day)
      for place in random.sample(marks.flatMap(\.places), checkedMarks) {
        result.looked += 1
        let key = RecordKey(tenant: place.tenant, components: place.components)
        if try !reader.exists(ActivityLogEntry.self, key) { result.missing += 1 }
      }
      return result
    }
  }

  /// Marks some of the day's entries of some logs, and forgets marks that have served.
  static func set(_ platform: ObservedPlatform) async throws {
    let today = Int(platform.now.seconds / 86400)
    let (now, random) = (platform.now, platform.random)
    let known = try await platform.records.read { try $0.fetch(LogMark.self, key(day: today)) }
    if let known, known.places.count >= marksPerDay { return }
    let places = try await platform.records.read { reader in
      let logs = random.sample(try TenantLog.all(in: reader), sampledPlaces)
      return try logs.flatMap { log in
        // Those of today alone: a mark says that an entry must be there for so long from its day on.
        try ActivityLog.entries(tenant: log.tenant, subscription: log.subscription, until: now, limit: marksPerDay, in: reader)
          .filter { Int($0.time.seconds / 86400) == today }.map { Place(tenant: $0.key.tenant, components: $0.key.components) }
      }
    }
    let all = Array(Set((known?.places ?? []) + random.sample(places, marksPerDay)))
    guard !all.isEmpty, all.count > known?.places.count ?? 0 else { return }
    let mark = LogMark(day: today, places: Array(all.prefix(marksPerDay * 2)))
    try await platform.records.write { transaction in
      try transaction.save(mark)
      let old = try transaction.list(LogMark.self, under: RecordKey(tenant: .zero), limit: retentionDays)
      for mark in old where mark.day <= today - retentionDays { try transaction.remove(LogMark.self, mark.key) }
    }
  }
}

/// One log of activity: a tenant's, of one of its subscriptions or above them.
struct TenantLog: Hashable {
  var tenant: GUID
  /// Nil for what happened above the subscriptions.
  var subscription: GUID?

  static func all(in reader: any RecordReader) throws -> [TenantLog] {
    try reader.list(Tenant.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed).map { TenantLog(tenant: $0.id) }
      + Subscription.all(limit: ObservationLimits.maximumListed, in: reader).map { TenantLog(tenant: $0.tenant, subscription: $0.id) }
  }
}

/// With what the log's file began when it was first looked at.
struct LogHead: Record, Codable {
  static let kind = "secnumcloud.logHead"
  static let key = RecordKey(tenant: .zero, "head")
  private static let bytes = 512

  var sha256: String
  var count: Int
  var time: Timestamp
  var key: RecordKey { Self.key }

  /// What came of comparing: nil where the head is remembered only now.
  static func check(_ log: PlatformLog, _ platform: ObservedPlatform) async throws -> (since: Timestamp, isKept: Bool)? {
    guard !log.head.isEmpty else { return nil }
    let count = min(bytes, log.head.count)
    let now = platform.now
    let made = LogHead(sha256: sha256Hexadecimal(log.head.prefix(count)), count: count, time: now)
    let known = try await platform.records.read { try $0.fetch(LogHead.self, key) }
    guard let known else {
      try await platform.records.write { try $0.save(made) }
      return nil
    }
    let isKept = log.head.count >= known.count && sha256Hexadecimal(log.head.prefix(known.count)) == known.sha256
    // A log that has been kept for its time may begin anew.
    if !isKept, known.time.advanced(by: .seconds(LogMark.retentionDays * 86400)) <= now {
      try await platform.records.write { try $0.save(made) }
      return nil
    }
    return (known.time, isKept)
  }
}
