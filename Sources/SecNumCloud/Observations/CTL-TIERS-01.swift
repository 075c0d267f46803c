internal import Base
internal import Catalogue
internal import Declarations
internal import Identity
internal import Records
internal import Wire

/// Every account of somebody else's in the provider's directory is a registered third party's; clients know who reaches their data.
package struct ControlTIERS01: ControlObservation {
  package let control = "CTL-TIERS-01"
  package let test = "CTL-TIERS-01Tests: a guest's account that no third party claims is a gap"

  package init() {}

  /// How long ago the list may have been confirmed.
  static let maximumAgeMonths = 3
  /// What is still “without delay” for a notice, and how long a level may stay low. The referential gives no number.
  static let noticeDays = 3
  static let restorationDays = 30

  private static let subject = Text(
    "le registre « tiers » et les comptes étrangers de l'annuaire du prestataire",
    "the register “tiers” and foreign accounts in the provider's directory")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    guard let filed = try await platform.documents.register(ThirdPartyRegister.self) else {
      return [.unfiled(ThirdPartyRegister.self, ["15.1.a", "15.1.b", "15.4.b"], subject: Self.subject)]
    }
    let day = CalendarDate(platform.now)
    return [
      try await list(filed.value, filed.evidence, platform, day), notices(filed.value, filed.evidence),
      degradations(filed.value, filed.evidence, day),
    ]
  }

  // MARK: 15.1.a

  private func list(_ register: ThirdPartyRegister, _ evidence: JSON, _ platform: ObservedPlatform, _ day: CalendarDate) async throws -> Finding {
    let tenant = register.directory ?? platform.site.tenant
    let (all, foreign) = try await platform.records.read { reader in
      let users = try reader.list(User.self, under: RecordKey(tenant: tenant), limit: ObservationLimits.maximumListed)
      let applications = try reader.list(ServicePrincipal.self, under: RecordKey(tenant: tenant), limit: ObservationLimits.maximumListed)
      let guests = users.filter { $0.home != nil && $0.home?.tenant != tenant }.map(\.id)
      let strangers = applications.filter { ![tenant, FirstPartyApplication.ownerTenant].contains($0.appOwnerOrganizationID) }.map(\.id)
      return (Set(users.map(\.id) + applications.map(\.id)), guests + strangers)
    }
    let claimed = register.parties.reduce(into: Set<GUID>()) { $0.formUnion($1.accounts) }
    var gaps: [Text] = []
    if register.situation > day || register.situation.adding(months: Self.maximumAgeMonths) < day {
      gaps.append(
        Text("la liste vaut au \(register.situation) : elle est à confirmer.", "the list holds for \(register.situation): it is to be confirmed."))
    }
    gaps += foreign.filter { !claimed.contains($0) }.map { account in
      Text("le compte étranger \(account) n'est celui d'aucun tiers enregistré.", "the foreign account \(account) is no registered third party's.")
    }
    gaps += claimed.subtracting(all).sorted().map { account in
      Text("le compte \(account) est au registre, et n'existe pas.", "the account \(account) is in the register, and does not exist.")
    }
    return Finding(
      ["15.1.a"], subject: Self.subject, looked: register.parties.count + foreign.count, gaps: gaps,
      nothing: Text("le registre ne cite aucun tiers.", "the register names no third party."),
      figures: [
        .init("tiers", "third parties", register.parties.count),
        .init("sous-traitants de rang 2 et plus", "subcontractors of rank 2 and more", register.parties.count { $0.rank > 1 }),
        .init("comptes étrangers", "foreign accounts", foreign.count), .init("comptes attribués", "accounts claimed", claimed.count),
      ],
      evidence: [
        "source": evidence, "annuaire": .string(tenant.description), "comptesEtrangers": .array(foreign.prefix(1000).map { .string($0.description) }),
      ])
  }

  // MARK: 15.1.b

  private func notices(_ register: ThirdPartyRegister, _ evidence: JSON) -> Finding {
    let reaching = register.parties.filter { !$0.access.isEmpty }
    let gaps = reaching.compactMap { party -> Text? in
      guard party.notice != nil, let until = party.objectionUntil else {
        return Text(
          "\(party.name) atteint des données, et les clients n'en ont pas été avisés avec un délai d'objection.",
          "\(party.name) reaches data, and clients were not told with a time to object.")
      }
      guard party.since <= until else { return nil }
      return Text(
        "\(party.name) est intervenu le \(party.since), avant la fin du délai d'objection (\(until)).",
        "\(party.name) came in on \(party.since), before the time to object was over (\(until)).")
    }
    return Finding(
      ["15.1.b"],
      subject: Text("les tiers qui atteignent des données, et les avis aux clients", "third parties that reach data, and notices to clients"),
      looked: register.parties.count, gaps: gaps, nothing: Text("le registre ne cite aucun tiers.", "the register names no third party."),
      figures: [.init("tiers qui atteignent des données", "third parties that reach data", reaching.count)], evidence: evidence)
  }

  // MARK: 15.4.b

  private func degradations(_ register: ThirdPartyRegister, _ evidence: JSON, _ day: CalendarDate) -> Finding {
    var gaps: [Text] = []
    for degradation in register.degradations where degradation.date.adding(months: 12) >= day || degradation.restored == nil {
      let due = degradation.date.adding(days: Self.noticeDays)
      if degradation.notice.map({ $0 > due }) ?? (due < day) {
        gaps.append(
          Text(
            "« \(degradation.what) » (\(degradation.date)) n'a pas été annoncé sans délai.",
            "“\(degradation.what)” (\(degradation.date)) was not announced without delay."))
      }
      if degradation.restored == nil, degradation.date.adding(days: Self.restorationDays) < day {
        gaps.append(
          Text(
            "« \(degradation.what) » (\(degradation.date)) : le niveau n'est pas rétabli.",
            "“\(degradation.what)” (\(degradation.date)): the level is not restored."))
      }
    }
    return Finding(
      ["15.4.b"], subject: Text("les dégradations déclarées au registre « tiers »", "the degradations that the register “tiers” declares"),
      looked: register.degradations.count, gaps: gaps,
      nothing: Text(
        "aucune dégradation n'a été déclarée : il n'y a pas encore d'avis à juger.", "no degradation was declared: there is no notice to judge yet."),
      figures: [.init("dégradations", "degradations", register.degradations.count)], evidence: evidence)
  }
}
