internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import Wire

/// Changes: each version that ran was brought by a change that somebody else approved before, and tenants were told of what touches them.
package struct ControlCHG01: ControlObservation {
  package let control = "CTL-CHG-01"
  package let test = "CTL-CHG-01Tests: a version that ran without an approved change is a gap until there is one"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let subject = Text(
      "le registre « \(ChangeRegister.name) » et chaque démarrage de la plateforme",
      "the register “\(ChangeRegister.name)” and each start of the platform")
    guard let register = try await platform.documents.register(ChangeRegister.self) else {
      return [.unfiled(ChangeRegister.self, ["12.2.a", "12.2.b", "12.2.c", "12.2.d", "14.2.a"], subject: subject)]
    }
    let starts = try await platform.records.read { try PlatformStart.all(in: $0) }
    let look = Look(register: register, starts: starts, now: platform.now, subject: subject)
    let findings = [
      look.formality, look.notices("12.2.b", [.interruption, .incompatible, .lossOfFunction]), look.notices("12.2.c", [.incompatible]),
      look.notices("12.2.d", [.lossOfFunction]), look.versions,
    ]
    guard try !PlatformStart.isNoted(platform, among: starts) else { return findings }
    return findings + [PlatformStart.unnoted(["14.2.a"], subject: subject)]
  }

  private struct Look {
    let register: FiledRegister<ChangeRegister>
    let starts: [PlatformStart]
    let now: Timestamp
    let subject: Text

    private var changes: [ChangeRegister.Change] { register.value.changes }
    private var figures: [Finding.Figure] {
      [
        .init("changements", "changes", changes.count), .init("versions qui ont tourné", "versions that ran", starts.count),
        .init("préavis", "notice", register.value.noticeDays, unit: "jours"),
      ]
    }
    private var evidence: JSON {
      [
        "register": register.evidence,
        "changes": .array(
          changes.prefix(500).map {
            .object([
              "id": .string($0.id), "impact": .string($0.impact.rawValue), "approved": .string($0.approved.description),
              "from": .string($0.from.iso8601), "notice": .string($0.notice?.description),
              "versions": .array($0.versions.map { .string($0) }),
            ])
          }),
      ]
    }

    /// Each was approved by somebody else before it began.
    var formality: Finding {
      var gaps: [Text] = []
      for change in changes {
        if change.approver == change.requester {
          gaps.append(
            Text("\(change.id) est approuvé par son demandeur.", "\(change.id) is approved by who asked for it."))
        }
        if change.approved > CalendarDate(change.from) {
          gaps.append(
            Text("\(change.id) est approuvé après son début.", "\(change.id) is approved after it began."))
        }
      }
      return Finding(
        ["12.2.a"], subject: subject, looked: changes.count, gaps: gaps,
        nothing: Text("aucun changement n'est au registre.", "there is no change in the register."), figures: figures, evidence: evidence)
    }

    /// Tenants were told in time of what has one of these impacts.
    func notices(_ item: ItemID, _ impacts: Set<ChangeRegister.Impact>) -> Finding {
      let concerned = changes.filter { impacts.contains($0.impact) }
      guard !concerned.isEmpty else {
        let names = impacts.map(\.rawValue).sorted().joined(separator: ", ")
        guard !changes.isEmpty else {
          return Finding(
            [item], .notAssessed, subject: subject,
            reason: Text("aucun changement n'est au registre.", "there is no change in the register."), figures: figures)
        }
        return Finding(
          [item], .notApplicable, subject: subject,
          reason: Text("aucun changement déclaré n'a cet impact : \(names).", "no declared change has this impact: \(names)."), figures: figures,
          evidence: evidence)
      }
      let gaps = concerned.compactMap { change -> Text? in
        let deadline = CalendarDate(change.from).adding(days: -register.value.noticeDays)
        // While the day has not come, nothing is late.
        guard change.notice.map({ $0 > deadline }) ?? (CalendarDate(now) > deadline) else { return nil }
        return Text(
          "\(change.id) devait être annoncé le \(deadline) ; avis : \(change.notice?.description ?? "aucun").",
          "\(change.id) was to be announced by \(deadline); notice: \(change.notice?.description ?? "none").")
      }
      return Finding(
        [item], subject: subject, looked: concerned.count, gaps: gaps, nothing: Text("rien à annoncer.", "nothing to announce."), figures: figures,
        evidence: evidence)
    }

    /// Each version that ran was brought by a change that was approved before.
    var versions: Finding {
      let gaps = starts.compactMap { start -> Text? in
        guard let change = register.value.change(bringing: start.version) else {
          return Text(
            "la version \(start.version) (\(start.digest.prefix(12))…) a tourné sans changement approuvé.",
            "the version \(start.version) (\(start.digest.prefix(12))…) ran without an approved change.")
        }
        guard change.approved > CalendarDate(start.first) else { return nil }
        return Text(
          "la version \(start.version) a tourné avant l'approbation de \(change.id), le \(change.approved).",
          "the version \(start.version) ran before the approval of \(change.id) on \(change.approved).")
      }
      return Finding(
        ["14.2.a"], subject: subject, looked: starts.count, gaps: gaps,
        nothing: Text("aucun démarrage n'a été noté.", "no start was noted."), figures: figures,
        evidence: ["register": register.evidence, "starts": .array(starts.suffix(200).map(\.json))])
    }
  }
}

extension PlatformStart {
  /// Whether what runs now is among the builds that ran: it is noted besides serving, and that may have failed.
  static func isNoted(_ platform: ObservedPlatform, among starts: [PlatformStart]) throws -> Bool {
    guard let digest = try platform.host.sha256(of: image(of: platform.site)) else { return false }
    return starts.contains { $0.digest == digest }
  }

  static func unnoted(_ items: [ItemID], subject: Text) -> Finding {
    Finding(
      items, .notAssessed, subject: subject,
      reason: Text("le démarrage de l'exécutable qui tourne n'est pas noté.", "the start of the executable that runs is not noted."))
  }

  var json: JSON {
    [
      "version": .string(version), "sha256": .string(digest), "kernel": .string(kernel), "first": .string(first.iso8601),
      "latest": .string(latest.iso8601), "count": .integer(Int64(count)),
    ]
  }
}
