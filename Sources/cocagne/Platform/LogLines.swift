internal import Base
internal import Logging
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Structured logs: one JSON object a line on standard error, one line an event.
struct LogLines: LogHandler {
  private let label: String
  private let clock: any WallClock
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level

  init(label: String, level: Logger.Level, clock: any WallClock) {
    self.label = label
    self.clock = clock
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var members: [(name: String, value: JSON)] = [
      ("time", .string(clock.now().iso8601Fractional)), ("level", .string(event.level.rawValue)), ("label", .string(label)),
      ("message", .string(event.message.description)),
    ]
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
      members.append((key, .string(value.description)))
    }
    var line: [UInt8] = []
    JSON.object(JSON.Object(members)).write(to: &line)
    line.append(UInt8(ascii: "\n"))
    // One call a line keeps lines of several threads whole. A log that cannot be written must not stop the cloud.
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  }
}
