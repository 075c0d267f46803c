internal import Wire

/// What is written down of the requests to a service of an account: in `$logs`, and as figures in the `$Metrics` tables.
///
/// Source: Microsoft, "Storage Analytics".
struct ServiceAnalytics: Codable, Equatable, Sendable {
  var logging = LoggingSettings()
  var hourMetrics = MetricsSettings()
  var minuteMetrics = MetricsSettings()

  /// Whether anything of a request is to be kept.
  var isEnabled: Bool { logging.isEnabled || hourMetrics.isEnabled || minuteMetrics.isEnabled }

  func write(to writer: inout XMLWriter) {
    logging.write(to: &writer)
    hourMetrics.write("HourMetrics", to: &writer)
    minuteMetrics.write("MinuteMetrics", to: &writer)
  }

  /// Takes over the node of a document if it is one of these. False when it is not.
  mutating func apply(_ node: XMLElement) throws -> Bool {
    switch node.name {
    case "Logging": logging = try LoggingSettings(node)
    // Its name before there were figures by the minute.
    case "HourMetrics", "Metrics": hourMetrics = try MetricsSettings(node)
    case "MinuteMetrics": minuteMetrics = try MetricsSettings(node)
    default: return false
    }
    return true
  }
}

/// Which requests are logged.
struct LoggingSettings: Codable, Equatable, Sendable {
  var version = "1.0"
  var reads = false
  var writes = false
  var deletes = false
  var retention = RetentionPolicy()

  var isEnabled: Bool { reads || writes || deletes }

  init() {}

  init(_ node: XMLElement) throws {
    version = try ServiceDocument.analyticsVersion(node, known: ["1.0", "2.0"])
    reads = try ServiceDocument.flag("Read", in: node)
    writes = try ServiceDocument.flag("Write", in: node)
    deletes = try ServiceDocument.flag("Delete", in: node)
    retention = try ServiceDocument.retention("RetentionPolicy", in: node)
  }

  func write(to writer: inout XMLWriter) {
    writer.element("Logging") { writer in
      writer.element("Version", version)
      writer.element("Read", reads)
      writer.element("Write", writes)
      writer.element("Delete", deletes)
      ServiceDocument.write(retention, "RetentionPolicy", to: &writer)
    }
  }
}

/// Whether figures are kept, and of each operation apart.
struct MetricsSettings: Codable, Equatable, Sendable {
  var version = "1.0"
  var isEnabled = false
  /// Nil where they are off.
  var includesOperations: Bool?
  var retention = RetentionPolicy()

  init() {}

  init(_ node: XMLElement) throws {
    version = try ServiceDocument.analyticsVersion(node, known: ["1.0"])
    isEnabled = try ServiceDocument.flag("Enabled", in: node)
    if isEnabled { includesOperations = try ServiceDocument.flag("IncludeAPIs", in: node) }
    retention = try ServiceDocument.retention("RetentionPolicy", in: node)
  }

  func write(_ name: String, to writer: inout XMLWriter) {
    writer.element(name) { writer in
      writer.element("Version", version)
      writer.element("Enabled", isEnabled)
      if let includesOperations { writer.element("IncludeAPIs", includesOperations) }
      ServiceDocument.write(retention, "RetentionPolicy", to: &writer)
    }
  }
}
