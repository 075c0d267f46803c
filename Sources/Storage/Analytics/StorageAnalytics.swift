internal import Base
internal import Logging
internal import Records
internal import Synchronization
internal import Wire

/// Gathers what is to be known of requests to accounts that want it, and writes it down every minute: lines into blobs of `$logs`, figures into the
/// `$Metrics` tables. What has been gathered and not yet written when the power fails is lost, as it may be with Azure.
///
/// Source: Microsoft, "Storage Analytics".
final class StorageAnalytics: Sendable {
  private let writer: AnalyticsWriter
  private let clock: any WallClock
  private let logger: Logger
  private let gathered = Mutex(Gathered())
  private let wakeUps: AsyncStream<Void>
  private let wakeUp: AsyncStream<Void>.Continuation

  /// Seconds for which what comes is gathered.
  static let gatheringSeconds: Int64 = 60
  /// Bytes of lines that wait, of all accounts together. More are dropped, and counted.
  static let maximumLineBytes = 8 << 20
  /// The same of one account whose key its customer keeps closed.
  static let maximumClosedLineBytes = 1 << 20
  /// Rows of figures that wait.
  static let maximumRows = 10_000

  init(_ services: StorageServices, limits: StorageLimits) {
    writer = AnalyticsWriter(services, limits: limits)
    clock = services.clock
    logger = services.logger
    (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// What waits to be written.
  struct Gathered: Sendable {
    var logs: [LogKey: LogLines] = [:]
    var figures: [FiguresKey: RequestFigures] = [:]
    var lineBytes = 0
    var dropped = 0

    var isEmpty: Bool { logs.isEmpty && figures.isEmpty }
  }

  struct LogKey: Hashable, Sendable {
    var account: String
    var service: StorageService
    /// The hour in which the requests began.
    var hour: Timestamp
    var version: String
  }

  struct LogLines: Sendable {
    var lines: [UInt8] = []
    var kinds: Set<String> = []
    var first: Timestamp
    var last: Timestamp
  }

  struct FiguresKey: Hashable, Sendable {
    var account: String
    var service: StorageService
    var isHourly: Bool
    /// The beginning of the minute or hour.
    var time: Timestamp
    /// `All`, or an operation.
    var operation: String
  }

  func record(_ request: AnsweredRequest, _ settings: ServiceAnalytics) {
    let isFirst = gathered.withLock { gathered in
      let wasEmpty = gathered.isEmpty
      if settings.logging.wants(request.kind) { Self.log(request, settings.logging, &gathered) }
      for (metrics, isHourly) in [(settings.hourMetrics, true), (settings.minuteMetrics, false)] where metrics.isEnabled {
        let time = request.begin.beginning(ofSeconds: isHourly ? 3600 : 60)
        let operations = ["All"] + (metrics.includesOperations ?? false ? [request.operation] : [])
        for operation in operations {
          let key = FiguresKey(account: request.account, service: request.service, isHourly: isHourly, time: time, operation: operation)
          guard gathered.figures[key] != nil || gathered.figures.count < Self.maximumRows else { continue }
          gathered.figures[key, default: RequestFigures()].add(request)
        }
      }
      return wasEmpty && !gathered.isEmpty
    }
    if isFirst { wakeUp.yield() }
  }

  private static func log(_ request: AnsweredRequest, _ settings: LoggingSettings, _ gathered: inout Gathered) {
    let line = Array(request.line(version: settings.version).utf8)
    guard gathered.lineBytes + line.count <= maximumLineBytes else { return gathered.dropped += 1 }
    gathered.lineBytes += line.count
    let hour = request.begin.beginning(ofSeconds: 3600)
    let key = LogKey(account: request.account, service: request.service, hour: hour, version: settings.version)
    var lines = gathered.logs[key] ?? LogLines(first: request.begin, last: request.begin)
    lines.lines += line
    lines.kinds.insert(request.kind.rawValue)
    lines.last = max(lines.last, request.begin)
    gathered.logs[key] = lines
  }

  // MARK: Writing

  /// Writes what has been gathered, until its task is cancelled, and then once more.
  func run() async throws {
    for await _ in wakeUps {
      try? await Task.sleep(for: .seconds(Self.gatheringSeconds))
      // Not part of what is cancelled: what is known is written before the end.
      await Task { await self.flush() }.value
    }
  }

  /// Writes what has been gathered so far.
  func flush() async {
    let waiting = gathered.withLock { gathered in
      defer { gathered = Gathered() }
      return gathered
    }
    if waiting.dropped > 0 { logger.warning("lines of storage logs were dropped", metadata: ["lines": "\(waiting.dropped)"]) }
    let accounts = Set(waiting.logs.keys.map(\.account)).union(waiting.figures.keys.map(\.account))
    for account in accounts {
      do {
        let logs = waiting.logs.filter { $0.key.account == account }
        let figures = waiting.figures.filter { $0.key.account == account }
        if try await !writer.write(logs, figures, account: account, now: clock.now()) { keep(logs, figures) }
      } catch {
        logger.error("what is known of an account's requests was not written", metadata: ["account": "\(account)", "error": "\(error)"])
      }
    }
  }
}

extension StorageAnalytics {
  /// Keeps for later what could not be written, as much as there is room for.
  private func keep(_ logs: [LogKey: LogLines], _ figures: [FiguresKey: RequestFigures]) {
    gathered.withLock { gathered in
      var kept = 0
      for (key, earlier) in logs.sorted(by: { $0.key.hour < $1.key.hour }) {
        kept += earlier.lines.count
        guard kept <= Self.maximumClosedLineBytes, gathered.lineBytes + earlier.lines.count <= Self.maximumLineBytes else {
          gathered.dropped += earlier.lines.count { $0 == UInt8(ascii: "\n") }
          continue
        }
        gathered.lineBytes += earlier.lines.count
        var lines = earlier
        if let later = gathered.logs[key] {
          lines.lines += later.lines
          lines.kinds.formUnion(later.kinds)
          lines.last = max(lines.last, later.last)
        }
        gathered.logs[key] = lines
      }
      for (key, earlier) in figures {
        guard gathered.figures[key] != nil || gathered.figures.count < Self.maximumRows else { continue }
        gathered.figures[key, default: RequestFigures()].add(earlier)
      }
    }
    wakeUp.yield()
  }
}

extension LoggingSettings {
  fileprivate func wants(_ kind: AnsweredRequest.Kind) -> Bool {
    switch kind {
    case .read: reads
    case .write: writes
    case .delete: deletes
    }
  }
}

extension Timestamp {
  /// The beginning of the span of so many seconds in which this time lies.
  func beginning(ofSeconds span: Int64) -> Timestamp {
    Timestamp(seconds: seconds / span * span)
  }
}
