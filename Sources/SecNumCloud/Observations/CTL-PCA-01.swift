internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import Wire

/// The availability that strangers meet, measured at the front door, keeps the promise; continuity is exercised, and the exercises keep theirs.
package struct ControlPCA01: ControlObservation {
  package let control = "CTL-PCA-01"
  package let test = "CTL-PCA-01Tests: hours in which the front door does not answer are a gap until thirty days have passed"

  package init() {}

  /// The promise is kept or broken over so many days.
  private static let windowDays = 30
  /// Before so much was measured, nothing is said.
  private static let leastMeasured: Duration = .seconds(86400)
  private static let maximumExerciseAge = 365

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let failures = await Self.look(platform)
    let look = AvailabilityLook(time: platform.now, isOpen: failures.isEmpty, started: platform.site.started)
    let longest = platform.requirements.control(control).map { Frequency($0).validity } ?? .seconds(1200)
    try await platform.records.write { try look.enter(longest: longest, in: $0) }
    let register = try await platform.documents.register(PlatformRegister.self)
    return [try await Self.kept(platform, register, failures), Self.stated(register)] + (try await Self.exercised(platform))
  }

  // MARK: The front door

  private struct Probe: Sendable {
    var host: String
    var path: String
    /// Whether the answer shows that the service behind the door works.
    var isGood: @Sendable (OutsideAnswer) -> Bool
  }

  /// What did not answer as it should, by host. The three are asked at once: one that hangs takes no longer than its own time.
  private static func look(_ platform: ObservedPlatform) async -> [String: String] {
    let address = platform.site.address
    let probes = [
      Probe(host: address.host("login"), path: "/organizations/v2.0/.well-known/openid-configuration") { $0.status == 200 },
      Probe(host: address.host("management"), path: "/metadata/endpoints?api-version=2022-09-01") { $0.status == 200 },
      // No such account: storage says so with a number of the request.
      Probe(host: "sonde.blob.core.\(address.domain)", path: "/?comp=list") { $0.status < 500 && $0.header("x-ms-request-id") != nil },
    ]
    return await withTaskGroup(of: (String, String?).self) { group in
      for probe in probes {
        group.addTask {
          do {
            let answer = try await platform.outside.request(OutsideRequest(host: probe.host, path: probe.path))
            return (probe.host, probe.isGood(answer) ? nil : "\(answer.status)")
          } catch {
            return (probe.host, "\(error)")
          }
        }
      }
      var failures: [String: String] = [:]
      for await (host, failure) in group { failures[host] = failure }
      return failures
    }
  }

  private static func kept(_ platform: ObservedPlatform, _ register: FiledRegister<PlatformRegister>?, _ failures: [String: String]) async throws
    -> Finding
  {
    let first = CalendarDate(platform.now).adding(days: 1 - windowDays)
    let days = try await platform.records.read {
      try $0.list(AvailabilityDay.self, under: RecordKey(tenant: .zero), limit: AvailabilityDay.maximumKept + 1)
    }.filter { $0.day >= first }
    let available: Int64 = days.map(\.available).reduce(0, +)
    let measured: Int64 = available + days.map(\.unavailable).reduce(0, +)
    let figure = measured > 0 ? Double(available) / Double(measured) * 100 : 0
    let subject = Text(
      "l'entrée du nuage, essayée de l'extérieur : connexion, gestion, stockage ; \(windowDays) derniers jours",
      "the front door, tried from outside: sign-in, management, storage; the last \(windowDays) days")
    let figures: [Finding.Figure] = [
      .init(Text("disponibilité", "availability"), rounded(figure), unit: "%"),
      .init("durée mesurée", "time measured", Int(measured / 3_600_000_000), unit: "h"),
      .init("indisponibilité", "unavailability", Int((measured - available) / 1_000_000), unit: "s"),
      .init("essais", "looks", days.map(\.looks).reduce(0, +)),
      .init("essais sans réponse", "looks without an answer", days.map(\.failures).reduce(0, +)),
      .init("redémarrages", "restarts", days.map(\.restarts).reduce(0, +)),
    ]
    let now: [(name: String, value: JSON)] = failures.sorted { $0.key < $1.key }.map { (name: $0.key, value: .string(String($0.value.prefix(200)))) }
    let evidence: JSON = .object([
      "register": register?.evidence, "now": .object(JSON.Object(now)), "days": .array(days.map(\.evidence)),
    ])
    func notAssessed(_ french: String, _ english: String) -> Finding {
      Finding(["17.4.a"], .notAssessed, subject: subject, reason: Text(french, english), figures: figures, evidence: evidence)
    }
    guard let promised = register?.value.promisedAvailability else {
      return notAssessed(
        "le registre « plateforme » ne promet aucune disponibilité (disponibilite_promise).",
        "the register “plateforme” promises no availability (disponibilite_promise).")
    }
    guard measured >= leastMeasured.components.seconds * 1_000_000 else {
      return notAssessed(
        "la mesure a commencé il y a moins d'un jour.", "the measurement began less than a day ago.")
    }
    let gaps =
      figure >= promised
      ? []
      : [
        Text(
          "la disponibilité mesurée est de \(rounded(figure)) %, la convention promet \(promised) %.",
          "the measured availability is \(rounded(figure)) %, the agreement promises \(promised) %.")
      ]
    return Finding(["17.4.a"], subject: subject, looked: days.count, gaps: gaps, nothing: subject, figures: figures, evidence: evidence)
  }

  /// Downwards: what is shown never promises more than was there.
  private static func rounded(_ percentage: Double) -> Double { (percentage * 10_000).rounded(.down) / 10_000 }

  private static func stated(_ register: FiledRegister<PlatformRegister>?) -> Finding {
    let subject = Text("la disponibilité que promet le registre « plateforme »", "the availability that the register “plateforme” promises")
    guard let register else { return .unfiled(PlatformRegister.self, ["19.1.j"], subject: subject) }
    guard let promised = register.value.promisedAvailability else {
      return Finding(
        ["19.1.j"], .nonCompliant, subject: subject,
        reason: Text("aucun niveau de disponibilité n'est indiqué.", "no level of availability is stated."), evidence: register.evidence)
    }
    return Finding(
      ["19.1.j"], .compliant, subject: subject,
      figures: [.init(Text("disponibilité promise", "promised availability"), promised, unit: "%")], evidence: register.evidence)
  }

  // MARK: Exercises

  private static func exercised(_ platform: ObservedPlatform) async throws -> [Finding] {
    let subject = Text("le registre des exercices de continuité", "the register of exercises of continuity")
    guard let register = try await platform.documents.register(ExerciseRegister.self) else {
      return [.unfiled(ExerciseRegister.self, ["17.2.a", "17.3.a"], subject: subject)]
    }
    let today = CalendarDate(platform.now)
    let nothing = Text("aucun exercice n'a eu lieu.", "no exercise was held.")
    guard let latest = register.value.latest(by: today) else {
      return [
        Finding(["17.2.a"], .notAssessed, subject: subject, reason: nothing, evidence: register.evidence),
        Finding(["17.3.a"], .nonCompliant, subject: subject, reason: nothing, evidence: register.evidence),
      ]
    }
    let age = latest.day.days(to: today)
    let late =
      latest.isWithinPromise
      ? []
      : [
        Text(
          "l'exercice \(latest.id) a pris \(latest.measuredRecovery) min (promis : \(latest.promisedRecovery)) et perdu \(latest.measuredLoss) min "
            + "(promis : \(latest.promisedLoss)).",
          "the exercise \(latest.id) took \(latest.measuredRecovery) min (promised: \(latest.promisedRecovery)) and lost \(latest.measuredLoss) min "
            + "(promised: \(latest.promisedLoss)).")
      ]
    let old =
      age < maximumExerciseAge
      ? [] : [Text("le dernier exercice date du \(latest.day).", "the last exercise is of \(latest.day).")]
    let figures: [Finding.Figure] = [
      .init("exercices", "exercises", register.value.exercises.count),
      .init("âge du dernier exercice", "age of the last exercise", age, unit: "jours"),
      .init(Text("RTO mesuré", "measured RTO"), latest.measuredRecovery, unit: "min"),
      .init(Text("RPO mesuré", "measured RPO"), latest.measuredLoss, unit: "min"),
    ]
    let evidence: JSON = .object(["register": register.evidence, "exercise": .string(latest.id), "minutes": .string(latest.minutes)])
    return [
      Finding(["17.2.a"], subject: subject, looked: 1, gaps: late, nothing: nothing, figures: figures, evidence: evidence),
      Finding(["17.3.a"], subject: subject, looked: 1, gaps: old, nothing: nothing, figures: figures, evidence: evidence),
    ]
  }
}
