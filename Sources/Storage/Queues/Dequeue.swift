internal import Base
internal import Records

/// Takes the foremost messages off a queue.
///
/// They are looked for outside of the transaction that takes them: what is put meanwhile behind them, or into a queue that seems empty, is then no conflict.
struct Dequeue: Sendable {
  let records: any RecordStore
  let clock: QueueClock
  let lanes: QueueLanes
  let random: any RandomSource

  /// Times that one request looks for messages. In a queue where others are faster, or that begins with expired messages, it then gives what it has.
  private static let maximumPasses = 16
  /// Messages that a pass looks at after the first one.
  private static let laterPassMessages = 128

  /// Serves the wishes in their order.
  func serve(_ wishes: [DequeueTurns.Wish], _ call: StorageCall) async throws -> [DequeueTurns.Taken] {
    var open = wishes
    var taken: [DequeueTurns.Taken] = []
    for pass in 0..<Self.maximumPasses {
      let missing = open.reduce(0) { $0 + $1.count }
      let found = try await look(for: pass == 0 ? missing : max(missing, Self.laterPassMessages), call)
      if taken.isEmpty { taken = wishes.map { _ in DequeueTurns.Taken(moment: found.moment) } }
      if !found.messages.isEmpty {
        let shares = try await take(found, open, call)
        for index in open.indices {
          open[index].count -= shares[index].messages.count
          taken[index].messages += shares[index].messages
          taken[index].moment = shares[index].moment
        }
      }
      if found.isAll || open.allSatisfy({ $0.count == 0 }) { break }
    }
    return taken
  }

  /// The foremost messages of a queue as they stood at one time.
  private struct Found: Sendable {
    var queue: Queue
    var messages: [QueueMessage]
    var moment: QueueMoment
    /// Whether there were no more.
    var isAll: Bool
  }

  private func look(for limit: Int, _ call: StorageCall) async throws -> Found {
    try await records.read { [clock] reader in
      let queue = try Queue.require(call, in: reader)
      let moment = try clock.now(in: reader)
      let foremost = try reader.list(
        QueueMessage.self, index: QueueMessage.visibleIndex, [queue.messages.description], tenant: queue.tenant, limit: limit)
      let messages = foremost.prefix { $0.visible <= moment.time }
      return Found(queue: queue, messages: Array(messages), moment: moment, isAll: messages.count < limit)
    }
  }

  private func take(_ found: Found, _ wishes: [DequeueTurns.Wish], _ call: StorageCall) async throws -> [DequeueTurns.Taken] {
    try await lanes.with { lane in
      try await records.write { [clock, random] transaction in
        let queue = try Queue.require(call, in: transaction)
        let moment = try clock.now(in: transaction)
        var taken = wishes.map { _ in DequeueTurns.Taken(moment: moment) }
        // Cleared meanwhile.
        guard queue.messages == found.queue.messages else { return taken }
        var expired = 0
        var index = 0
        for candidate in found.messages {
          guard var message = try transaction.fetch(QueueMessage.self, candidate.key), message.visible <= moment.time else { continue }
          if message.isExpired(at: moment.time) {
            try transaction.remove(QueueMessage.self, message.key)
            expired += 1
            continue
          }
          while index < wishes.count, taken[index].messages.count == wishes[index].count { index += 1 }
          guard index < wishes.count else { break }
          message.visible = moment.time.advanced(by: .seconds(wishes[index].visibilitySeconds))
          message.receipt = random.guid()
          message.dequeueCount += 1
          try transaction.save(message)
          taken[index].messages.append(message)
        }
        try QueueCount.add(-expired, lane: lane, messages: queue.messages, tenant: queue.tenant, in: transaction)
        try clock.keep(moment, in: transaction)
        return taken
      }
    }
  }

  /// What stands foremost, without taking it.
  func peek(_ count: Int, _ call: StorageCall) async throws -> DequeueTurns.Taken {
    try await records.read { [clock] reader in
      let queue = try Queue.require(call, in: reader)
      var seen = DequeueTurns.Taken(moment: try clock.now(in: reader))
      let now = seen.moment.time
      var after: RecordIndexPosition?
      for pass in 0..<Self.maximumPasses {
        let limit = pass == 0 ? count : Self.laterPassMessages
        let page = try reader.list(
          QueueMessage.self, index: QueueMessage.visibleIndex, [queue.messages.description], tenant: queue.tenant, after: after, limit: limit)
        let visible = page.prefix { $0.visible <= now }
        seen.messages += visible.filter { !$0.isExpired(at: now) }.prefix(count - seen.messages.count)
        if seen.messages.count == count || visible.count < limit { break }
        after = page.last?.place
      }
      return seen
    }
  }
}
