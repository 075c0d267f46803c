internal import Base
internal import Catalogue
internal import Declarations
internal import Lockbox
internal import Records
internal import Wire

/// Nothing is handed to an authority without a decision of a competent one, and nobody outside of the Union can take it.
package struct ControlEXTRA02: ControlObservation {
  package let control = "CTL-EXTRA-02"
  package let test = "CTL-EXTRA-02Tests: what was handed over without a decision of an authority of the Union is a gap"

  package init() {}

  /// How long a client may wait for the assessment that it asked for. The referential gives no time.
  static let assessmentDays = 30

  private static let subject = Text("le registre « demandes-autorites »", "the register “demandes-autorites”")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let day = CalendarDate(platform.now)
    let parties = try await thirdParties(platform)
    guard let filed = try await platform.documents.register(AuthorityRequestRegister.self) else {
      return [parties, .unfiled(AuthorityRequestRegister.self, ["5.3.e", "19.1.l"], subject: Self.subject)]
    }
    let requests = try await platform.records.read { try AuthorityRequest.all(in: $0) }
    return [
      parties, try await assessments(filed.value, filed.evidence, platform),
      disclosures(requests, filed.value, filed.evidence, day, since: CalendarDate(platform.site.created)),
    ]
  }

  // MARK: 5.3.e

  private func assessments(_ register: AuthorityRequestRegister, _ evidence: JSON, _ platform: ObservedPlatform) async throws -> Finding {
    let pieces = try await FiledPieces(platform)
    let piece = pieces.inForce("evaluation-extra-europeenne")
    var gaps: [Text] = []
    if let piece { gaps = try await pieces.gaps(of: piece, in: platform.documents) }
    for assessment in register.assessments {
      let due = assessment.asked.adding(days: Self.assessmentDays)
      guard assessment.given.map({ $0 > due && $0.adding(months: 12) >= pieces.day }) ?? (due < pieces.day) else { continue }
      gaps.append(
        Text(
          "l'évaluation demandée par « \(assessment.id) » le \(assessment.asked) n'a pas été fournie en \(Self.assessmentDays) jours.",
          "the assessment that “\(assessment.id)” asked for on \(assessment.asked) was not given within \(Self.assessmentDays) days."))
    }
    return Finding(
      ["5.3.e"], subject: Text("l'évaluation tenue prête et les demandes de clients", "the assessment that is kept ready, and clients' requests"),
      looked: piece == nil && gaps.isEmpty ? 0 : 1, gaps: gaps,
      nothing: Text("l'évaluation n'a pas été déposée (evaluation-extra-europeenne).", "the assessment was not filed (evaluation-extra-europeenne)."),
      figures: [.init("évaluations demandées", "assessments asked for", register.assessments.count)],
      evidence: ["source": evidence, "piece": piece?.evidence ?? .null])
  }

  // MARK: 19.1.l

  private func disclosures(
    _ requests: [AuthorityRequest], _ register: AuthorityRequestRegister, _ evidence: JSON, _ day: CalendarDate, since created: CalendarDate
  ) -> Finding {
    let handed = requests.filter { $0.answer?.handsOver == true }
    var gaps: [Text] = []
    for request in handed {
      let isDecided = request.decision.map { OfferVocabulary.europeanUnion.contains($0.country) } ?? false
      let isAgreed = request.agreement.map { agreed in request.answered.map { agreed <= $0 } ?? false } ?? false
      if !isDecided, !isAgreed {
        gaps.append(
          Text(
            "« \(request.id) » : remise sans décision d'une autorité de l'Union ni accord écrit du client.",
            "“\(request.id)”: handed over without a decision of an authority of the Union and without the client's written agreement."))
      }
      if request.tenant != nil, request.notice == nil, request.withheld == nil {
        gaps.append(
          Text("« \(request.id) » : le client n'en a pas été avisé.", "“\(request.id)”: the client was not told."))
      }
    }
    let due = (register.reports.map(\.until).max() ?? created).adding(months: register.reportMonths + 1)
    if due < day {
      gaps.append(Text("le rapport public était dû le \(due).", "the public report was due on \(due)."))
    }
    let canary = register.canary.date.adding(days: register.canary.everyDays)
    if canary < day || register.canary.date > day {
      gaps.append(
        Text(
          "la déclaration datée du \(register.canary.date) n'a pas été renouvelée.", "the dated statement of \(register.canary.date) was not renewed."
        ))
    }
    let figures: [Finding.Figure] = [
      .init("demandes", "requests", requests.count), .init("remises", "handed over", handed.count),
      .init("refus", "refused", requests.count { $0.answer == .refused }),
      .init("venues directement d'un pays tiers", "that came straight from a third country", requests.count { $0.way == .direct }),
      .init("rapports publiés", "reports published", register.reports.count),
    ]
    // The dated statement is what is looked at while there was no request: it is an attestation, and it ages.
    return Finding(
      ["19.1.l"], subject: Self.subject, looked: requests.count + 1, gaps: gaps, nothing: Self.subject, figures: figures, evidence: evidence)
  }

  // MARK: 19.6.c

  private func thirdParties(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "ce que les tiers hors de l'Union peuvent atteindre, au registre « tiers »",
      "what third parties from outside of the Union reach, in the register “tiers”")
    guard let filed = try await platform.documents.register(ThirdPartyRegister.self) else {
      return .unfiled(ThirdPartyRegister.self, ["19.6.c"], subject: subject)
    }
    let foreign = filed.value.parties.filter(\.isForeign)
    let gaps = foreign.filter { !$0.access.isEmpty || !$0.accounts.isEmpty }.map { party in
      Text(
        "\(party.name) (\(party.country), contrôlé depuis \(party.controlCountry)) atteint des données ou a des comptes.",
        "\(party.name) (\(party.country), controlled from \(party.controlCountry)) reaches data or has accounts.")
    }
    return Finding(
      ["19.6.c"], subject: subject, looked: filed.value.parties.count, gaps: gaps,
      nothing: Text("le registre ne cite aucun tiers.", "the register names no third party."),
      figures: [
        .init("tiers", "third parties", filed.value.parties.count),
        .init("hors de l'Union ou contrôlés hors d'elle", "from outside, or controlled from there", foreign.count),
      ], evidence: filed.evidence)
  }
}
