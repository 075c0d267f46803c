internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Rights are reviewed in time, and who administers is known at every moment.
package struct ControlIAM05: ControlObservation {
  package let control = "CTL-IAM-05"
  package let test = "CTL-IAM-05Tests: a review that is older than its period is a gap until the next one is filed"

  package init() {}

  /// Days within which a review must have been held.
  private static let rightsDays = 365
  private static let technicalDays = 92

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let administrators = try await ProviderAdministrators.read(platform)
    let filed = try await platform.documents.register(RightsReviewsRegister.self)
    let minutes = Set(try await platform.documents.pieces().map(\.content.sha256))
    let today = CalendarDate(platform.now)
    return [
      Self.inventory(administrators),
      Self.review("9.4.a", .rights, Text("droits", "rights"), Self.rightsDays, filed?.value, minutes, today),
      Self.review("9.4.c", .technicalAccounts, Text("comptes techniques", "technical accounts"), Self.technicalDays, filed?.value, minutes, today),
      Finding(
        ["9.4.b"], .notAssessed,
        subject: Text("l'outil de revue des droits offert aux clients", "the tool for the review of rights that customers are offered"),
        reason: Text(
          "un client peut lister et retirer les droits de ses utilisateurs (az role assignment list --all, delete), mais la plateforme ne lui offre pas "
            + "encore de campagne de revue.",
          "a customer can list and take the rights of its users (az role assignment list --all, delete), but the platform does not yet offer it "
            + "campaigns of review.")),
    ]
  }

  private static func inventory(_ administrators: ProviderAdministrators) -> Finding {
    let unknown = administrators.accounts.filter { $0.kind == .unknown }.map { account in
      Text(
        "un rôle d'administrateur (\(account.rights.joined(separator: ", "))) est attribué à \(account.name), qui n'existe pas.",
        "an administrator's role (\(account.rights.joined(separator: ", "))) is assigned to \(account.name), who does not exist.")
    }
    let disabled = administrators.accounts.filter { $0.kind != .unknown && !$0.isEnabled }.map { account in
      Text("\(account.name) est suspendu et garde un rôle d'administrateur.", "\(account.name) is disabled and keeps an administrator's role.")
    }
    return Finding(
      ["9.3.c"],
      subject: Text(
        "les comptes du système qui atteignent la prise de contrôle, et les rôles étendus de l'annuaire du prestataire, lus à l'instant",
        "the accounts of the system that reach the control socket, and the far-reaching roles of the provider's directory, read at this moment"),
      looked: administrators.accounts.count, gaps: unknown + disabled,
      nothing: Text("aucun administrateur n'a été trouvé.", "no administrator was found."), figures: administrators.figures,
      evidence: ["administrators": administrators.evidence])
  }

  private static func review(
    _ item: ItemID, _ kind: RightsReviewsRegister.Kind, _ what: Text, _ days: Int, _ register: RightsReviewsRegister?, _ minutes: Set<String>,
    _ today: CalendarDate
  ) -> Finding {
    let subject = Text(
      "le registre « \(RightsReviewsRegister.name) » : dernière revue des \(what.french)",
      "the register “\(RightsReviewsRegister.name)”: latest review of \(what.english)")
    guard let register else {
      return Finding(
        [item], .notAssessed, subject: subject,
        reason: Text(
          "le registre « \(RightsReviewsRegister.name) » n'est pas déposé.", "the register “\(RightsReviewsRegister.name)” is not filed."))
    }
    guard let latest = register.latest(kind, by: today) else {
      return Finding(
        [item], .nonCompliant, subject: subject,
        reason: Text("aucune revue des \(what.french) n'a eu lieu.", "no review of \(what.english) was held."))
    }
    let age = latest.date.days(to: today)
    let late = Text(
      "la dernière revue des \(what.french) date du \(latest.date) : plus de \(days) jours.",
      "the latest review of \(what.english) is of \(latest.date): more than \(days) days ago.")
    let unfiled = Text(
      "le procès-verbal de la revue des \(what.french) du \(latest.date) n'est pas parmi les pièces.",
      "the minutes of the review of \(what.english) of \(latest.date) are not among the pieces.")
    return Finding(
      [item], subject: subject, looked: latest.reviewed, gaps: (age > days ? [late] : []) + (minutes.contains(latest.minutes) ? [] : [unfiled]),
      nothing: late,
      figures: [
        Finding.Figure("âge de la dernière revue", "age of the latest review", age, unit: "jours"),
        Finding.Figure("droits revus", "rights reviewed", latest.reviewed), Finding.Figure("droits retirés", "rights removed", latest.removed),
        Finding.Figure("procès-verbal parmi les pièces", "minutes among the pieces", minutes.contains(latest.minutes) ? 1 : 0),
      ],
      evidence: ["date": .string(latest.date.description), "scope": .string(latest.scope), "minutesSha256": .string(latest.minutes)])
  }
}
