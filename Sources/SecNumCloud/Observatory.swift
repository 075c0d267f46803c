public import Base
public import Catalogue
// Where Foundation is loaded, the compiler takes the system's `rusage` for CoreFoundation's.
internal import CoreFoundation
internal import Ledger
internal import Logging
internal import Records
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Observes the controls, each at its own pace, and keeps what they said.
public actor Observatory {
  public nonisolated let platform: ObservedPlatform
  private let observations: [String: any ControlObservation]
  /// Looks under way. One that did not end in time stays here until it does, and is not begun again.
  private var underWay: Set<String> = []
  private let maximumDuration: Duration

  public init(
    platform: ObservedPlatform, observations: [any ControlObservation] = ControlObservations.all(),
    maximumDuration: Duration = ObservationLimits.maximumDuration
  ) {
    self.platform = platform
    self.maximumDuration = maximumDuration
    var byControl: [String: any ControlObservation] = [:]
    for observation in observations {
      precondition(platform.requirements.control(observation.control) != nil, "\(observation.control) is none of the catalogue's controls")
      precondition(byControl.updateValue(observation, forKey: observation.control) == nil, "\(observation.control) is observed twice")
    }
    self.observations = byControl
  }

  /// The controls that are observed.
  public nonisolated var observed: [Requirements.Control] { platform.requirements.controls.filter { observations[$0.id] != nil } }

  // MARK: On demand

  /// Looks at one control now. Throws `ObservationFailure` where there is no such control or nothing observes it.
  public func observe(_ id: String) async throws -> [Observation] {
    guard let control = platform.requirements.control(id) else {
      throw ObservationFailure("« \(id) » n'est pas un contrôle du catalogue.", "“\(id)” is none of the catalogue's controls.")
    }
    guard let observation = observations[id] else {
      throw ObservationFailure("Le contrôle \(id) n'est pas encore observé.", "The control \(id) is not observed yet.")
    }
    return try await look(control, observation)
  }

  /// Looks at every control now, one after the other.
  public func observeAll() async throws {
    for control in observed { _ = try await observe(control.id) }
  }

  // MARK: By itself

  /// Observes each control when it is due, until it is cancelled. Between two looks it rests so long that observing takes no more than
  /// `ObservationLimits.maximumLoad` of one core. What cannot be read or stored for now is tried again after a rest.
  public func run() async throws {
    while !observed.isEmpty {
      do {
        try await step()
      } catch let error where !(error is CancellationError) {
        platform.logger.error("observing failed for now", metadata: ["error": "\(error)"])
        try await Task.sleep(for: Self.longestWait)
      }
    }
  }

  /// Looks at what is due, and rests; where nothing is due, waits a little.
  private func step() async throws {
    let now = platform.now
    let latest = try await latestTimes()
    let due = observed.map { control in (control, latest[control.id]?.advanced(by: Frequency(control).period) ?? .distantPast) }
    guard let (control, time) = due.min(by: { $0.1 < $1.1 }) else { return }
    if time > now { return try await Task.sleep(for: min(now.duration(to: time), Self.longestWait)) }
    let before = Self.processorTime()
    _ = try await observe(control.id)
    let rest = (Self.processorTime() - before) * (1 / ObservationLimits.maximumLoad - 1)
    try await Task.sleep(for: max(Self.shortestRest, min(rest, Self.longestRest)))
  }

  private static let shortestRest: Duration = .milliseconds(200)
  private static let longestRest: Duration = .seconds(600)
  /// The clock may be set while it waits.
  private static let longestWait: Duration = .seconds(60)

  /// What this process and the programs that it ran have taken of processors. Requests count too: a busy cloud observes less often, never more.
  private static func processorTime() -> Duration {
    func taken(_ who: __rusage_who) -> Duration {
      var usage = rusage()
      getrusage(__rusage_who_t(who.rawValue), &usage)
      return [usage.ru_utime, usage.ru_stime].reduce(.zero) { $0 + .seconds($1.tv_sec) + .microseconds($1.tv_usec) }
    }
    return taken(RUSAGE_SELF) + taken(RUSAGE_CHILDREN)
  }

  private func latestTimes() async throws -> [String: Timestamp] {
    let looks = try await platform.records.read {
      try $0.list(LatestLook.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed)
    }
    return Dictionary(looks.map { ($0.control, $0.time) }) { first, _ in first }
  }

  // MARK: One look

  private func look(_ control: Requirements.Control, _ observation: any ControlObservation) async throws -> [Observation] {
    let started = ContinuousClock.now
    var findings: [Finding]
    if underWay.contains(control.id) {
      findings = [Self.failed(control, "l'observation précédente n'a pas fini.", "the previous observation has not ended.")]
    } else {
      findings = await bounded(control, observation)
    }
    findings = Self.complete(findings, control)
    return try await record(findings, control, duration: ContinuousClock.now - started)
  }

  /// Runs an observation, and gives up on it, without waiting for it, when its time is over.
  private func bounded(_ control: Requirements.Control, _ observation: any ControlObservation) async -> [Finding] {
    underWay.insert(control.id)
    let (answers, continuation) = AsyncStream.makeStream(of: [Finding].self, bufferingPolicy: .bufferingOldest(1))
    let platform = platform
    let work = Task {
      do {
        continuation.yield(try await observation.observe(platform))
      } catch let failure as ObservationFailure {
        continuation.yield([Self.failed(control, failure.text.french, failure.text.english)])
      } catch {
        continuation.yield([Self.failed(control, "l'observation a échoué : \(error)", "the observation failed: \(error)")])
      }
      ended(control.id)
    }
    let alarm = Task { [maximumDuration] in
      try await Task.sleep(for: maximumDuration)
      continuation.yield([
        Self.failed(control, "l'observation n'a pas répondu en \(maximumDuration).", "the observation did not answer within \(maximumDuration).")
      ])
    }
    defer {
      alarm.cancel()
      work.cancel()
    }
    for await findings in answers { return findings }
    return [Self.failed(control, "l'observation a été interrompue.", "the observation was interrupted.")]
  }

  private func ended(_ control: String) { underWay.remove(control) }

  private static func failed(_ control: Requirements.Control, _ french: String, _ english: String) -> Finding {
    Finding(
      control.items, .notAssessed, subject: Text("l'observation elle-même", "the observation itself"), reason: Text(french, english))
  }

  /// What a control does not speak of is not assessed; what is not the control's is a defect of the observation.
  private static func complete(_ findings: [Finding], _ control: Requirements.Control) -> [Finding] {
    let spoken = Set(findings.flatMap(\.items))
    precondition(spoken.isSubset(of: control.items), "\(control.id) speaks for an item that is not its own")
    let findings = findings.map { finding in
      guard finding.evidence.bytes.count > ObservationLimits.maximumEvidenceBytes else { return finding }
      return Finding(
        finding.items, .notAssessed, subject: finding.subject,
        reason: Text(
          "les preuves dépassent \(ObservationLimits.maximumEvidenceBytes) octets.",
          "the evidence is longer than \(ObservationLimits.maximumEvidenceBytes) bytes."))
    }
    let silent = control.items.filter { !spoken.contains($0) }
    guard !silent.isEmpty else { return findings }
    return findings + [
      Finding(
        silent, .notAssessed, subject: Text(control.verification, control.verification),
        reason: Text("le contrôle ne dit encore rien de cet alinéa.", "the control does not yet say anything of this item."))
    ]
  }

  /// Stores what was seen, and its entry in the ledger, in one transaction. Of looks that say what the one before said, one a day is entered: a minute's pace
  /// would fill the log with nothing.
  private func record(_ findings: [Finding], _ control: Requirements.Control, duration: Duration) async throws -> [Observation] {
    let platform = platform
    let time = platform.now
    let validUntil = time.advanced(by: Frequency(control).validity)
    let entryID = platform.random.guid()
    let elapsed = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    return try await platform.records.write { transaction in
      let latest = try transaction.fetch(LatestLook.self, LatestLook.key(control.id))
      let earlier = latest?.observations ?? []
      var hasChanged = earlier.isEmpty
      let observations = try findings.map { finding in
        var since: [String: Timestamp] = [:]
        for item in finding.items {
          let before = Verdict.combined(earlier.filter { $0.items.contains(item) }.map { $0.verdict(at: time) })
          let isUnchanged = before == Verdict.combined(findings.filter { $0.items.contains(item) }.map(\.verdict))
          if !isUnchanged { hasChanged = true }
          since[item.description] = isUnchanged ? earlier.compactMap { $0.since[item.description] }.max() ?? time : time
        }
        return try Observation(
          finding, control: control.id, time: time, validUntil: validUntil, since: since, version: platform.site.version,
          key: platform.evidenceKey)
      }
      var look = LatestLook(control: control.id, time: time, duration: elapsed, observations: observations, entered: latest?.entered)
      if hasChanged || look.isEntryDue {
        look.entered = time
        try look.entry(id: entryID).append(in: transaction)
      }
      try transaction.save(look)
      if hasChanged {
        try transaction.save(PastLook(control: control.id, time: time, observations: observations))
        let past = try transaction.list(PastLook.self, under: RecordKey(tenant: .zero, control.id), limit: ObservationLimits.maximumHistory + 1)
        if past.count > ObservationLimits.maximumHistory, let oldest = past.first { try transaction.remove(PastLook.self, oldest.key) }
      }
      return observations
    }
  }
}

extension Observation {
  /// What it says at a moment: once it has expired, nothing.
  public func verdict(at time: Timestamp) -> Verdict { time < validUntil ? verdict : .notAssessed }
}

extension Timestamp {
  fileprivate static let distantPast = Timestamp(seconds: 0)
}
