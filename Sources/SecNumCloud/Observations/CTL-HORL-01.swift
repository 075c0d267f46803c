internal import Base
internal import Catalogue
internal import Records
internal import ResourceManager
internal import Wire

/// The host's clock agrees with several internal sources that agree with each other, and every event bears its time.
package struct ControlHORL01: ControlObservation {
  package let control = "CTL-HORL-01"
  package let test = "CTL-HORL-01Tests: a source that is five seconds ahead is a gap until it is right again"

  package init() {}

  /// How far a clock may be off, in seconds.
  private static let maximumOffset = 1.0
  private static let minimumSources = 2
  private static let maximumSources = 8

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    [try await Self.clocks(platform), try await Self.events(platform)]
  }

  // MARK: Clocks

  /// One source and what came of asking it.
  private struct Reading: Sendable {
    var source: PlatformRegister.TimeSource
    var answer: SimpleTime?
    var failure: Text?

    var evidence: JSON {
      var members = JSON.Object([("source", .string(source.description))])
      if let answer {
        members["offset"] = .number(ControlHORL01.rounded(answer.offset))
        members["delay"] = .number(ControlHORL01.rounded(answer.delay))
        members["stratum"] = .integer(Int64(answer.stratum))
      }
      if let failure { members["failure"] = .string(failure.french) }
      return .object(members)
    }
  }

  private static func clocks(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "les sources de temps du registre « plateforme », interrogées en SNTP", "the time sources of the register “plateforme”, asked by SNTP")
    guard let register = try await platform.documents.register(PlatformRegister.self) else {
      return .unfiled(PlatformRegister.self, ["12.8.a"], subject: subject)
    }
    var readings: [Reading] = []
    for source in register.value.timeSources.prefix(maximumSources) { readings.append(try await read(source, platform)) }
    let answered = readings.compactMap(\.answer)
    var gaps = readings.compactMap(\.failure)
    if readings.count < minimumSources {
      gaps.append(
        Text(
          "il faut au moins deux sources de temps, il y en a \(readings.count).", "two time sources are wanted at least, there are \(readings.count)."
        ))
    }
    for reading in readings {
      guard let offset = reading.answer?.offset, abs(offset) >= maximumOffset else { continue }
      gaps.append(
        Text(
          "l'horloge de l'hôte s'écarte de \(seconds(offset)) de \(reading.source.description).",
          "the host's clock is \(seconds(offset)) off \(reading.source.description)."))
    }
    let offsets = answered.map(\.offset)
    let spread = (offsets.max() ?? 0) - (offsets.min() ?? 0)
    if spread >= maximumOffset {
      gaps.append(Text("les sources s'écartent de \(seconds(spread)) entre elles.", "the sources are \(seconds(spread)) off each other."))
    }
    let largest = offsets.map { abs($0) }.max() ?? 0
    let figures: [Finding.Figure] = [
      .init("hôtes regardés", "hosts looked at", 1), .init("sources interrogées", "sources asked", readings.count),
      .init("sources qui ont répondu", "sources that answered", answered.count),
      .init(Text("plus grand écart", "largest offset"), rounded(largest), unit: "s"),
      .init(Text("écart entre les sources", "spread between the sources"), rounded(spread), unit: "s"),
    ]
    return Finding(
      ["12.8.a"], subject: subject, looked: register.value.timeSources.count, gaps: gaps,
      nothing: Text("le registre « plateforme » ne nomme aucune source de temps.", "the register “plateforme” names no time source."),
      figures: figures, evidence: .object(["register": register.evidence, "sources": .array(readings.map(\.evidence))]))
  }

  private static func read(_ source: PlatformRegister.TimeSource, _ platform: ObservedPlatform) async throws -> Reading {
    let mark = platform.random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let sent = platform.now
    let name = source.description
    do {
      guard let answer = try await platform.outside.exchange(SimpleTime.question(mark: mark), host: source.host, port: source.port) else {
        return Reading(source: source, failure: Text("\(name) ne répond pas.", "\(name) does not answer."))
      }
      return Reading(source: source, answer: try SimpleTime(answer: answer, mark: mark, sent: sent, received: platform.now))
    } catch SimpleTime.Refusal.unsynchronized {
      return Reading(source: source, failure: Text("\(name) n'est pas elle-même à l'heure.", "\(name) is not set itself."))
    } catch SimpleTime.Refusal.malformed {
      return Reading(source: source, failure: Text("\(name) répond autre chose que du SNTP.", "\(name) answers something that is no SNTP."))
    } catch let error as CancellationError {
      throw error
    } catch {
      return Reading(source: source, failure: Text("\(name) n'est pas joignable : \(error).", "\(name) cannot be reached: \(error)."))
    }
  }

  private static func rounded(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e6 }

  private static func seconds(_ value: Double) -> String { "\((value * 1000).rounded() / 1000) s" }

  // MARK: Events

  private static let logBytes = 64 << 10
  private static let maximumSubscriptions = 16
  private static let entriesOfSubscription = 16
  /// Nothing of this platform is older.
  private static let earliest = Timestamp(seconds: 1_577_836_800)

  private static func events(_ platform: ObservedPlatform) async throws -> Finding {
    let latest = platform.now.advanced(by: .seconds(1))
    let lines = try logLines(platform)
    let timeless = lines.count { line in
      guard let time = line.flatMap({ Timestamp(iso8601: $0) }) else { return true }
      return time < earliest || time > latest
    }
    let (entries, subscriptions) = try await activity(platform)
    let misdated = entries.count { $0 < earliest || $0 > latest }
    var gaps: [Text] = []
    if timeless > 0 {
      gaps.append(
        Text(
          "\(timeless) lignes du journal sur \(lines.count) n'ont pas d'heure, ou une heure à venir.",
          "\(timeless) of \(lines.count) log lines have no time, or one to come."))
    }
    if misdated > 0 {
      gaps.append(
        Text(
          "\(misdated) entrées sur \(entries.count) du journal d'activité ont une heure impossible.",
          "\(misdated) of \(entries.count) entries of the activity log have an impossible time."))
    }
    return Finding(
      ["12.8.b"],
      subject: Text(
        "les dernières lignes de \(platform.site.log) et les dernières entrées du journal d'activité",
        "the last lines of \(platform.site.log) and the last entries of the activity log"),
      looked: lines.count + entries.count, gaps: gaps, nothing: Text("aucun événement n'a été trouvé.", "no event was found."),
      figures: [
        .init("lignes du journal regardées", "log lines looked at", lines.count),
        .init("entrées d'activité regardées", "activity entries looked at", entries.count),
        .init("souscriptions échantillonnées", "subscriptions sampled", subscriptions),
      ])
  }

  /// The times of the log's last whole lines; nil for a line that has none.
  private static func logLines(_ platform: ObservedPlatform) throws -> [String?] {
    guard let size = try platform.host.attributes(of: platform.site.log)?.bytes else { return [] }
    let start = max(0, size - logBytes)
    guard let bytes = try platform.host.bytes(of: platform.site.log, from: start, limit: logBytes) else { return [] }
    var lines = bytes.split(separator: UInt8(ascii: "\n"))
    // The first was cut, and the last is perhaps being written.
    if start > 0, !lines.isEmpty { lines.removeFirst() }
    if bytes.last != UInt8(ascii: "\n"), !lines.isEmpty { lines.removeLast() }
    return lines.map { line in (try? JSON(parsing: line))?["time"]?.string }
  }

  private static func activity(_ platform: ObservedPlatform) async throws -> (times: [Timestamp], subscriptions: Int) {
    // Entries that are dated ahead sort before the present.
    let end = platform.now.advanced(by: .seconds(366 * 86400))
    return try await platform.records.read { reader in
      let subscriptions = try Subscription.all(limit: maximumSubscriptions, in: reader)
      let times = try subscriptions.flatMap { subscription in
        try ActivityLog.entries(
          tenant: subscription.tenant, subscription: subscription.id, until: end, limit: entriesOfSubscription, in: reader
        ).map(\.time)
      }
      return (times, subscriptions.count)
    }
  }
}
