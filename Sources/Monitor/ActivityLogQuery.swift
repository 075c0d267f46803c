internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// One request for events: which time, which further conditions, which members.
struct ActivityLogQuery {
  private let context: OperationContext
  private let filter: ODataFilter?
  private let start: Timestamp
  private let end: Timestamp
  /// Lower-cased names of the members to show; nil for all.
  private let selected: Set<String>?

  init(_ context: OperationContext) throws {
    self.context = context
    filter = try Self.parse(context.query["$filter"])
    var start = context.now.advanced(by: .seconds(-86400 * MonitorLimits.defaultDays))
    var end = context.now
    for case .comparison(.path(let path), let comparison, .literal(let literal)) in filter?.conjuncts ?? []
    where path.joined().lowercased() == "eventtimestamp" {
      guard let time = Self.time(literal) else { throw Self.badRequest("The value of 'eventTimestamp' is not a date and time.") }
      switch comparison {
      case .greater, .greaterOrEqual: start = time
      case .less, .lessOrEqual: end = time
      case .equal: (start, end) = (time, time)
      case .notEqual: throw Self.badRequest("'eventTimestamp' cannot be compared by 'ne'.")
      }
    }
    guard start <= end else { throw Self.badRequest("The start time '\(start.iso8601)' is later than the end time '\(end.iso8601)'.") }
    self.start = start
    self.end = end
    selected = context.query["$select"].map { Set($0.lowercased().split { $0 == "," || $0 == " " }.map(String.init)) }
  }

  /// The newest events first.
  func page(in reader: any RecordReader) throws -> JSON {
    var position = try context.skipPosition().map { try Self.position($0) }
    var shown: [JSON] = []
    var scanned = 0
    while scanned < MonitorLimits.maximumScannedEvents {
      let batch = try ActivityLog.entries(
        tenant: context.tenant, subscription: context.subscription, until: end, after: position, limit: MonitorLimits.maximumPageItems, in: reader)
      for entry in batch {
        guard entry.time >= start else { return answer(shown, next: nil) }
        position = ActivityLog.Position(time: entry.time, id: entry.id)
        guard try matches(entry) else { continue }
        shown.append(shaped(entry.json))
        if shown.count == MonitorLimits.maximumPageItems { return answer(shown, next: position) }
      }
      guard batch.count == MonitorLimits.maximumPageItems else { return answer(shown, next: nil) }
      scanned += batch.count
    }
    return answer(shown, next: position)
  }

  private func answer(_ events: [JSON], next: ActivityLog.Position?) -> JSON {
    .object([
      "value": .array(events),
      "nextLink": next.map { .string(context.nextLink(position: "\($0.time.microseconds) \($0.id)")) },
    ])
  }

  private static func position(_ text: String) throws -> ActivityLog.Position {
    let words = text.split(separator: " ")
    guard words.count == 2, let time = Int64(words[0]), let id = GUID(String(words[1])) else { throw badRequest("The '$skiptoken' is invalid.") }
    return ActivityLog.Position(time: Timestamp(microseconds: time), id: id)
  }

  private func shaped(_ event: JSON) -> JSON {
    guard let selected, let object = event.object else { return event }
    return .object(JSON.Object(object.members.filter { selected.contains($0.name.lowercased()) }))
  }

  // MARK: Filter

  private func matches(_ entry: ActivityLogEntry) throws -> Bool {
    guard let filter else { return true }
    let id = ResourceID(entry.resourceID)
    do {
      return try filter.matches { path in
        switch path.joined(separator: "/").lowercased() {
        case "eventtimestamp": .string(entry.time.iso8601Fractional)
        case "resourcegroupname", "resourcegroup": .string(id?.resourceGroup ?? "")
        case "resourceuri", "resourceid": .string(entry.resourceID)
        case "resourceprovider", "resourceprovidername": .string(entry.namespace)
        case "resourcetype": .string(id?.type ?? "")
        case "correlationid": .string(entry.correlationID.description)
        case "operationid": .string(entry.operationID.description)
        case "operationname", "operations": .string(entry.operationName)
        case "caller": .string(entry.caller)
        case "status": .string(entry.status.rawValue)
        case "level", "levels": .string(entry.level)
        case "category": "Administrative"
        case "eventchannels", "channels": .string("Admin, Operation")
        default: throw Self.badRequest("The property '\(path.joined(separator: "/"))' is not supported in '$filter'.")
        }
      }
    } catch let error as ODataError {
      throw Self.badRequest(error.message)
    }
  }

  private static func parse(_ text: String?) throws -> ODataFilter? {
    guard let text, !text.allSatisfy({ $0 == " " }) else { return nil }
    do {
      return try ODataFilter(parsing: text)
    } catch {
      throw badRequest(error.message)
    }
  }

  private static func time(_ literal: ODataFilter.Literal) -> Timestamp? {
    switch literal {
    case .timestamp(let time): time
    case .string(let text): Timestamp(iso8601: text)
    default: nil
    }
  }

  private static func badRequest(_ message: String) -> CloudError {
    CloudError(400, "BadRequest", message)
  }
}
