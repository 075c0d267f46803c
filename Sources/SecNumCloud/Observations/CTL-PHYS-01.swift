internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Physical access as its own systems log it: zones, visitors who are never alone, logs without holes that somebody reads.
package struct ControlPHYS01: ControlObservation {
  package let control = "CTL-PHYS-01"
  package let test = "CTL-PHYS-01Tests: a visitor without a companion is a gap, and so is a log that stopped"

  package init() {}

  static let importHours: Int64 = 24
  /// 11.2.2.i: a review each month.
  static let reviewDays = 31
  static let detectionMonths = 12
  /// Somebody who came in longer ago than this has left or was forgotten.
  static let visitHours: Int64 = 24

  private static let subject = Text("le registre « acces-physiques »", "the register “acces-physiques”")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    guard let filed = try await platform.documents.register(PhysicalAccessRegister.self) else {
      return [.unfiled(PhysicalAccessRegister.self, platform.requirements.control(control)?.items ?? [], subject: Self.subject)]
    }
    let view = View(register: filed.value, evidence: filed.evidence, now: platform.now, pieces: try await FiledPieces(platform))
    return [
      visits("11.2.1.f", .isPrivate, view), interventions("11.2.1.g", .isPrivate, view), detection("11.2.1.h", .isPrivate, view),
      factors(view), visits("11.2.2.f", .sensitive, view), interventions("11.2.2.g", .sensitive, view), detection("11.2.2.h", .sensitive, view),
      logs(view),
    ]
  }

  private struct View {
    let register: PhysicalAccessRegister
    let evidence: JSON
    let now: Timestamp
    let pieces: FiledPieces

    func zones(_ kind: PhysicalAccessRegister.Zone.Kind) -> [PhysicalAccessRegister.Zone] { register.zones.filter { $0.kind == kind } }
    func names(_ kind: PhysicalAccessRegister.Zone.Kind) -> Set<String> { Set(zones(kind).map(\.id)) }
  }

  private static let noZone = Text("le registre n'a aucune zone de cette nature.", "the register has no zone of this kind.")

  // MARK: Visitors and third parties

  private func visits(_ item: ItemID, _ kind: PhysicalAccessRegister.Zone.Kind, _ view: View) -> Finding {
    let visits = view.register.visits.filter { view.names(kind).contains($0.zone) }
    let gaps = visits.compactMap { visit -> Text? in
      if visit.companion == nil {
        return Text("« \(visit.id) » : visiteur sans accompagnant.", "“\(visit.id)”: a visitor without a companion.")
      }
      if visit.left == nil, visit.entered.advanced(by: .seconds(Self.visitHours * 3600)) < view.now {
        return Text("« \(visit.id) » : la sortie n'est pas tracée.", "“\(visit.id)”: the leaving is not recorded.")
      }
      return nil
    }
    return Finding(
      [item], subject: Self.subject, looked: visits.count, gaps: gaps,
      nothing: Text("aucune visite n'est au registre.", "the register holds no visit."), figures: [.init("visites", "visits", visits.count)],
      evidence: view.evidence)
  }

  private func interventions(_ item: ItemID, _ kind: PhysicalAccessRegister.Zone.Kind, _ view: View) -> Finding {
    let interventions = view.register.interventions.filter { view.names(kind).contains($0.zone) }
    let gaps = interventions.filter { $0.supervisor == nil || $0.clearance == nil }.map { intervention in
      Text(
        "« \(intervention.id) » : sans superviseur habilité au sens de 7.1.b.",
        "“\(intervention.id)”: without a supervisor who is cleared as 7.1.b asks.")
    }
    return Finding(
      [item], subject: Self.subject, looked: interventions.count, gaps: gaps,
      nothing: Text("aucune intervention de tiers n'est au registre.", "the register holds no intervention of a third party."),
      figures: [.init("interventions de tiers", "interventions of third parties", interventions.count)], evidence: view.evidence)
  }

  // MARK: Zones

  private func detection(_ item: ItemID, _ kind: PhysicalAccessRegister.Zone.Kind, _ view: View) -> Finding {
    let zones = view.zones(kind)
    let gaps = zones.compactMap { zone -> Text? in
      guard let tested = zone.detectionTested else {
        return Text("« \(zone.id) » n'a pas de détection d'intrusion.", "“\(zone.id)” has no detection of intrusion.")
      }
      guard tested > view.pieces.day || tested.adding(months: Self.detectionMonths) < view.pieces.day else { return nil }
      return Text("« \(zone.id) » : détection essayée le \(tested).", "“\(zone.id)”: detection tested on \(tested).")
    }
    return Finding(
      [item], subject: Self.subject, looked: zones.count, gaps: gaps, nothing: Self.noZone, figures: [.init("zones", "zones", zones.count)],
      evidence: view.evidence)
  }

  private func factors(_ view: View) -> Finding {
    let zones = view.zones(.sensitive)
    let gaps = zones.filter { $0.factors < 2 }.map { zone in
      Text("« \(zone.id) » s'ouvre avec \(zone.factors) facteur.", "“\(zone.id)” opens with \(zone.factors) factor.")
    }
    return Finding(
      ["11.2.2.a"], subject: Self.subject, looked: zones.count, gaps: gaps, nothing: Self.noZone,
      figures: [.init("zones sensibles", "sensitive zones", zones.count)], evidence: view.evidence)
  }

  // MARK: 11.2.2.i

  private func logs(_ view: View) -> Finding {
    let zones = view.zones(.sensitive)
    var gaps: [Text] = []
    for zone in zones {
      gaps += holes(in: view.register.imports.filter { $0.zones.contains(zone.id) }, of: zone.id, view)
      let reviews = view.register.reviews.filter { $0.zones.contains(zone.id) && $0.date <= view.pieces.day }
      guard let last = reviews.max(by: { $0.date < $1.date }), last.date.days(to: view.pieces.day) <= Self.reviewDays else {
        gaps.append(Text("« \(zone.id) » : pas de revue depuis un mois.", "“\(zone.id)”: no review for a month."))
        continue
      }
      if !view.pieces.holds(last.digest, in: ["revue-acces-physiques"]) {
        gaps.append(
          Text(
            "le procès-verbal de la revue du \(last.date) n'est pas déposé (revue-acces-physiques).",
            "the minutes of the review of \(last.date) are not filed (revue-acces-physiques)."))
      }
    }
    let recent = view.register.imports.filter { isRecent($0, view) }
    return Finding(
      ["11.2.2.i"], subject: Self.subject, looked: zones.isEmpty ? 0 : view.register.imports.count + view.register.reviews.count, gaps: gaps,
      nothing: zones.isEmpty ? Self.noZone : Text("aucun journal n'a été repris.", "no log was taken in."),
      figures: [
        .init("journaux repris depuis un mois", "logs taken in within a month", recent.count),
        .init("événements", "events", recent.map(\.events).reduce(0, +)), .init("revues", "reviews", view.register.reviews.count),
      ], evidence: view.evidence)
  }

  private func isRecent(_ log: PhysicalAccessRegister.Import, _ view: View) -> Bool {
    log.until.advanced(by: .seconds(Int64(Self.reviewDays) * 86400)) >= view.now
  }

  /// Logs of the last month follow each other without a hole, and the last is of today.
  private func holes(in logs: [PhysicalAccessRegister.Import], of zone: String, _ view: View) -> [Text] {
    guard let last = logs.map(\.time).max(), last.advanced(by: .seconds(Self.importHours * 3600)) >= view.now, last <= view.now else {
      return [Text("« \(zone) » : aucun journal repris depuis 24 heures.", "“\(zone)”: no log was taken in for 24 hours.")]
    }
    let recent = logs.filter { isRecent($0, view) }.sorted { $0.from < $1.from }
    var reached = recent.first?.until
    for log in recent.dropFirst() {
      if let end = reached, log.from > end {
        return [
          Text(
            "« \(zone) » : le journal manque du \(end.iso8601) au \(log.from.iso8601).",
            "“\(zone)”: the log lacks from \(end.iso8601) to \(log.from.iso8601).")
        ]
      }
      reached = max(reached ?? log.until, log.until)
    }
    return []
  }
}
