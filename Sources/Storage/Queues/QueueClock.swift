internal import Base
internal import Records
internal import Synchronization
internal import Wire

/// The time by which messages become visible and expire.
///
/// It runs as `WallClock.steady` does, which setting the machine's clock does not move, and what it has reached is kept in a record: where the clock was put
/// back before a restart it goes on from there. A message that could be taken before can be taken still, and one that was hidden for a minute is hidden
/// for a minute.
final class QueueClock: Sendable {
  private let clock: any WallClock
  private let state = Mutex(State())

  private struct State {
    /// Microseconds by which queues are ahead of the machine; nil until the record was read.
    var lead: Int64?
    /// The time in the record.
    var kept: Int64 = 0
    var lastOrder: Int64 = 0
  }

  /// Microseconds by which the record may lag behind.
  private static let resolution: Int64 = 5_000_000

  init(_ clock: any WallClock) {
    self.clock = clock
  }

  func now(in reader: any RecordReader) throws -> QueueMoment {
    let lead = try state.withLock { $0.lead } ?? lead(in: reader)
    let time = clock.steady().microseconds + lead
    let ahead = clock.now().microseconds - time
    // Rounded: two readings of the machine's clocks differ by a little, and what a client is shown must not waver.
    let shift = (ahead + (ahead < 0 ? -500_000 : 500_000)) / 1_000_000
    return QueueMoment(time: Timestamp(microseconds: time), shiftSeconds: shift)
  }

  private func lead(in reader: any RecordReader) throws -> Int64 {
    let kept = try reader.fetch(QueueTime.self, QueueTime.key)?.time.microseconds ?? 0
    let steady = clock.steady().microseconds
    return state.withLock { state in
      let lead = state.lead ?? max(0, kept - steady)
      state.lead = lead
      state.kept = max(state.kept, kept)
      return lead
    }
  }

  /// Notes, every few seconds, what time it is. Whatever changes a message does so in its transaction.
  func keep(_ moment: QueueMoment, in transaction: RecordTransaction) throws {
    let time = moment.time.microseconds
    let kept = state.withLock { $0.kept }
    guard time - kept >= Self.resolution else { return }
    try transaction.save(QueueTime(time: moment.time))
    transaction.afterCommit { [self] in state.withLock { $0.kept = max($0.kept, time) } }
  }

  /// The place of a new message among those that become visible when it does.
  func nextOrder(at moment: QueueMoment) -> Int64 {
    state.withLock { state in
      state.lastOrder = max(moment.time.microseconds, state.lastOrder + 1)
      return state.lastOrder
    }
  }
}

/// A reading of the queues' clock.
struct QueueMoment: Sendable {
  var time: Timestamp
  /// What to add for the time of day.
  var shiftSeconds: Int64

  /// The last second that a date can say: what never expires is said to expire then.
  private static let endOfTime = Timestamp(seconds: 253_402_300_799)

  /// A time, as clients are shown it.
  func shown(_ time: Timestamp?) -> String {
    guard let time, time < Self.endOfTime else { return Self.endOfTime.httpDate }
    return time.advanced(by: .seconds(shiftSeconds)).httpDate
  }
}

/// The time that queues have reached.
struct QueueTime: Record, Sendable {
  static let kind = "storage.queueTime"

  var time: Timestamp

  static let key = RecordKey(tenant: .zero)
  var key: RecordKey { Self.key }

  init(time: Timestamp) {
    self.time = time
  }

  func encode(to writer: inout ByteWriter) {
    writer.timestamp(time)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    time = try reader.timestamp()
  }
}
