internal import Base
internal import Declarations
internal import Records
internal import Wire

/// How much of each day the front door answered strangers. What was not seen counts as unavailable: between two looks the door was open only where both
/// found it so, no restart lies between them, and the second did not come too late.
struct AvailabilityDay: Record, Codable {
  static let kind = "secnumcloud.availability"
  /// Days that are kept.
  static let maximumKept = 400

  var day: CalendarDate
  /// In microseconds, of the part of the day that looks speak for.
  var available: Int64 = 0
  var unavailable: Int64 = 0
  var looks = 0
  var failures = 0
  var restarts = 0

  static func key(_ day: CalendarDate) -> RecordKey { RecordKey(tenant: .zero, day.description) }
  var key: RecordKey { Self.key(day) }

  var evidence: JSON {
    [
      "day": .string(day.description), "availableSeconds": .integer(available / 1_000_000), "unavailableSeconds": .integer(unavailable / 1_000_000),
      "looks": .integer(Int64(looks)), "failures": .integer(Int64(failures)), "restarts": .integer(Int64(restarts)),
    ]
  }
}

/// The latest look at the front door.
struct AvailabilityLook: Record, Codable {
  static let kind = "secnumcloud.availabilityLook"
  static let key = RecordKey(tenant: .zero, "latest")

  var time: Timestamp
  var isOpen: Bool
  /// When the process that looked had started.
  var started: Timestamp

  var key: RecordKey { Self.key }

  /// What the time from an earlier look to this one was: pieces in their order, each available or not.
  func pieces(since earlier: AvailabilityLook, longest: Duration) -> [(range: Range<Timestamp>, isAvailable: Bool)] {
    guard earlier.time < time else { return [] }
    let whole = earlier.time..<time
    guard isOpen, earlier.isOpen else { return [(whole, false)] }
    guard started == earlier.started else {
      // The earlier process may have ended right after its look.
      let again = min(max(started, earlier.time), time)
      return [(earlier.time..<again, false), (again..<time, true)].filter { !$0.0.isEmpty }
    }
    return [(whole, earlier.time.duration(to: time) <= longest)]
  }

  /// Enters this look into the days' accounts.
  func enter(longest: Duration, in transaction: RecordTransaction) throws {
    let earlier = try transaction.fetch(AvailabilityLook.self, AvailabilityLook.key)
    var days: [CalendarDate: AvailabilityDay] = [:]
    func account(_ day: CalendarDate, _ change: (inout AvailabilityDay) -> Void) throws {
      var record = try days[day] ?? transaction.fetch(AvailabilityDay.self, AvailabilityDay.key(day)) ?? AvailabilityDay(day: day)
      change(&record)
      days[day] = record
    }
    let today = CalendarDate(time)
    let oldest = today.adding(days: -AvailabilityDay.maximumKept).start
    let pieces = earlier.map { self.pieces(since: $0, longest: longest) } ?? []
    for (range, isAvailable) in pieces {
      var from = max(range.lowerBound, oldest)
      while from < range.upperBound {
        let day = CalendarDate(from)
        let end = min(range.upperBound, day.adding(days: 1).start)
        let length = end.microseconds - from.microseconds
        try account(day) { if isAvailable { $0.available += length } else { $0.unavailable += length } }
        from = end
      }
    }
    try account(today) { day in
      day.looks += 1
      if !isOpen { day.failures += 1 }
      if let earlier, earlier.started != started { day.restarts += 1 }
    }
    for day in days.values { try transaction.save(day) }
    try transaction.save(self)
    for day in try transaction.list(AvailabilityDay.self, under: RecordKey(tenant: .zero), limit: AvailabilityDay.maximumKept)
    where day.day.start < oldest {
      try transaction.remove(AvailabilityDay.self, day.key)
    }
  }
}
