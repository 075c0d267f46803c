internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import Wire

/// The engine of conformity itself: no observed control is late, and every open gap has an action that is not overdue.
package struct ControlCONF01: ControlObservation {
  package let control = "CTL-CONF-01"
  package let test = "CTL-CONF-01Tests: a control that was not observed in time is a gap until it is"
  private let observed: [String]?

  /// `observed`: the controls that are expected to be observed; nil for all that are.
  package init(observed: [String]? = nil) { self.observed = observed }

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let looks = try await platform.records.read {
      try $0.list(LatestLook.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed)
    }
    let register = try await platform.documents.register(ActionPlanRegister.self)
    let gaps = OpenGap.all(looks, at: platform.now).filter { $0.control != control }
    let says = looks.flatMap(\.observations).count { $0.control != control && $0.verdict(at: platform.now) != .notAssessed }
    let punctuality = punctuality(platform, looks)
    return [
      punctuality.finding,
      plan(["18.3.a", "18.4.a"], register, gaps, says, isWhole: punctuality.isWhole, CalendarDate(platform.now)),
    ]
  }

  // MARK: Punctuality

  /// `isWhole`: every control was observed, in time.
  private func punctuality(_ platform: ObservedPlatform, _ looks: [LatestLook]) -> (finding: Finding, isWhole: Bool) {
    let subject = Text("la dernière observation de chaque contrôle", "the latest observation of each control")
    let names = observed ?? ControlObservations.all().map(\.control)
    let times = Dictionary(looks.map { ($0.control, $0.time) }) { first, _ in first }
    var (late, awaited): ([Text], Int) = ([], 0)
    var oldest = 0.0
    for control in platform.requirements.controls where names.contains(control.id) && control.id != self.control {
      let validity = Frequency(control).validity
      let since = times[control.id] ?? platform.site.started
      let age = Double(since.duration(to: platform.now).components.seconds)
      if times[control.id] == nil { awaited += 1 } else { oldest = max(oldest, age) }
      guard since.advanced(by: validity) <= platform.now else { continue }
      late.append(
        Text(
          "\(control.id) n'a pas été observé depuis \(since.iso8601).", "\(control.id) was not observed since \(since.iso8601)."))
    }
    let figures: [Finding.Figure] = [
      .init(
        "contrôles observés",
        "observed controls", names.count), .init("contrôles du catalogue", "controls of the catalogue", platform.requirements.controls.count),
      .init("en retard", "late", late.count), .init("pas encore observés", "not observed yet", awaited),
      .init(Text("observation la plus ancienne", "oldest observation"), oldest, unit: "s"),
    ]
    guard !late.isEmpty || awaited == 0 else {
      let finding = Finding(
        ["18.2.1.b"], .notAssessed, subject: subject,
        reason: Text(
          "\(awaited) contrôles ne sont pas encore observés depuis le démarrage.", "\(awaited) controls are not observed yet since the start."),
        figures: figures)
      return (finding, false)
    }
    let finding = Finding(
      ["18.2.1.b"], subject: subject, looked: max(times.count, late.count), gaps: late,
      nothing: Text("rien n'a été observé.", "nothing was observed."),
      figures: figures,
      evidence: ["looks": .array(looks.map { ["control": .string($0.control), "time": .string($0.time.iso8601), "seconds": .number($0.duration)] })])
    return (finding, late.isEmpty && awaited == 0)
  }

  // MARK: Plan of action

  /// `says`: how many observations of other controls say something.
  private func plan(
    _ items: [ItemID], _ register: FiledRegister<ActionPlanRegister>?, _ gaps: [OpenGap], _ says: Int, isWhole: Bool, _ today: CalendarDate
  ) -> Finding {
    let subject = Text(
      "les écarts ouverts des observations et le registre « \(ActionPlanRegister.name) »",
      "the open gaps of observations and the register “\(ActionPlanRegister.name)”")
    guard let register else { return .unfiled(ActionPlanRegister.self, items, subject: subject) }
    var problems: [Text] = []
    var shown: [JSON] = []
    for gap in gaps {
      let action = register.value.open(for: gap.item).first
      if let action {
        if action.due < today {
          problems.append(
            Text(
              "l'action \(action.id) pour \(gap.item) était due le \(action.due).",
              "the action \(action.id) for \(gap.item) was due on \(action.due)."))
        }
      } else {
        problems.append(
          Text(
            "\(gap.item) est non conforme depuis \(gap.since.iso8601) et n'a pas d'action.",
            "\(gap.item) is not compliant since \(gap.since.iso8601) and has no action."))
      }
      shown.append(
        .object([
          "item": .string(gap.item.description), "control": .string(gap.control), "since": .string(gap.since.iso8601),
          "action": .string(action?.id), "due": .string(action?.due.description),
        ]))
    }
    let figures: [Finding.Figure] = [
      .init("écarts ouverts", "open gaps", gaps.count), .init("actions", "actions", register.value.actions.count),
      .init("écarts sans action à jour", "gaps without an action in time", problems.count),
    ]
    let evidence: JSON = ["register": register.evidence, "gaps": .array(shown)]
    // Who has not looked has found no gap.
    if problems.isEmpty, !isWhole {
      return Finding(
        items, .notAssessed, subject: subject,
        reason: Text(
          "des contrôles ne sont pas encore observés, ou le sont en retard : leurs écarts ne sont pas connus.",
          "some controls are not observed yet, or are late: their gaps are not known."), figures: figures, evidence: evidence)
    }
    return Finding(
      items, subject: subject, looked: says, gaps: problems,
      nothing: Text("aucune observation en cours de validité ne dit rien.", "no observation that is still valid says anything."), figures: figures,
      evidence: evidence)
  }
}
