internal import Wire

/// The figures of one operation, or of all, in one minute or hour, as the `$Metrics` tables hold them.
///
/// Source: Microsoft, "Storage Analytics metrics table schema".
struct RequestFigures: Sendable {
  private var requests = 0
  private var ingressBytes = 0
  private var egressBytes = 0
  private var milliseconds = 0
  private var counts: [String: Int] = [:]

  init() {}

  mutating func add(_ request: AnsweredRequest) {
    requests += 1
    ingressBytes += request.requestBytes
    egressBytes += request.answerBytes
    milliseconds += request.milliseconds
    counts[request.statusText, default: 0] += 1
  }

  mutating func add(_ other: RequestFigures) {
    requests += other.requests
    ingressBytes += other.ingressBytes
    egressBytes += other.egressBytes
    milliseconds += other.milliseconds
    counts.merge(other.counts) { $0 + $1 }
  }

  /// Every way in which a request can end, by who asked.
  private static let endings = ["", "Anonymous", "SAS"].flatMap { who in AnsweredRequest.Outcome.allCases.map { (who, $0) } }

  private func count(_ outcome: AnsweredRequest.Outcome) -> Int {
    ["", "Anonymous", "SAS"].reduce(0) { $0 + (counts[$1 + outcome.rawValue] ?? 0) }
  }

  var properties: EntityProperties {
    func number(_ name: String, _ value: Int) -> EntityProperty { EntityProperty(name: name, value: .int64(Int64(value))) }
    func ratio(_ name: String, _ value: Int) -> EntityProperty {
      EntityProperty(name: name, value: .double(requests == 0 ? 0 : Double(value) * 100 / Double(requests)))
    }
    let average = requests == 0 ? 0 : Double(milliseconds) / Double(requests)
    var all = [
      number("TotalIngress", ingressBytes), number("TotalEgress", egressBytes), number("TotalRequests", requests),
      number("TotalBillableRequests", requests), ratio("Availability", requests - count(.serverError)),
      EntityProperty(name: "AverageE2ELatency", value: .double(average)), EntityProperty(name: "AverageServerLatency", value: .double(average)),
      ratio("PercentSuccess", count(.success)), ratio("PercentThrottlingError", count(.throttlingError)), ratio("PercentTimeoutError", 0),
      ratio("PercentServerOtherError", count(.serverError)), ratio("PercentClientOtherError", count(.clientError)),
      ratio("PercentAuthorizationError", count(.authorizationError)), ratio("PercentNetworkError", 0),
    ]
    for (who, outcome) in Self.endings { all.append(number(who + outcome.rawValue, counts[who + outcome.rawValue] ?? 0)) }
    return EntityProperties(all)
  }

  /// What an entity says that was written before.
  init(_ properties: EntityProperties) {
    func number(_ name: String) -> Int {
      if case .int64(let value) = properties[name] { return Int(clamping: value) }
      return 0
    }
    requests = number("TotalRequests")
    ingressBytes = number("TotalIngress")
    egressBytes = number("TotalEgress")
    if case .double(let average) = properties["AverageServerLatency"] { milliseconds = Int((average * Double(requests)).rounded()) }
    for (who, outcome) in Self.endings {
      let name = who + outcome.rawValue
      if number(name) > 0 { counts[name] = number(name) }
    }
  }
}
