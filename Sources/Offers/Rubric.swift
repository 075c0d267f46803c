internal import Catalogue
internal import Declarations

/// The tables by which facts become marks: the same for every offer.
public enum Rubric {
  /// Every measure for a need, axis by axis. The measures of an axis count alike.
  public static func measures(for need: Need) -> [Measure] {
    qualification + law + keys + autonomy + need.services.map(coverage) + resilience + reversibility + cost + environment
  }

  // MARK: Qualification

  private static let notFound = Phrase("non trouvé", "not found")
  private static let notQualified = Measure.Step("aucune", 0, "sans qualification au jour du besoin", "no qualification on the day of need")

  private static let qualification: [Measure] = [
    Measure(
      "statut", .qualification, Phrase("Statut au jour du besoin", "Status on the day of need"),
      question: Phrase("Où en est la qualification du service ?", "Where does the service's qualification stand?"),
      scale: [
        Measure.Step("qualifie", 100, "qualifié", "qualified"), Measure.Step("J2", 50, "en cours, J2 rapporté", "under way, J2 reported"),
        Measure.Step("J1", 25, "en cours, J1 rapporté", "under way, J1 reported"),
        Measure.Step("J0", 10, "en cours, J0 rapporté", "under way, J0 reported"),
        notQualified,
      ]
    ) { subject in
      switch subject.status {
      case nil: return Measure.Reading(codes: [], facts: ["statut"])
      case .withdrawn?: return Measure.Reading(codes: ["aucune"], facts: ["statut"])
      case .underWay?:
        let codes = subject.lastMilestone.map { $0.code == .j3 ? [] : [$0.code.rawValue] } ?? ["J2", "J1", "J0", "aucune"]
        return Measure.Reading(codes: codes, facts: ["statut", "jalons"])
      case .qualified?:
        let codes = subject.isQualified(on: subject.need.day).map { [$0 ? "qualifie" : "aucune"] } ?? ["qualifie", "aucune"]
        return Measure.Reading(codes: codes, facts: ["statut"])
      }
    },
    Measure(
      "version", .qualification, Phrase("Version du référentiel", "Version of the requirements"),
      question: Phrase(
        "Selon quelle version du référentiel le service est-il qualifié ?", "Under which version of the requirements is the service qualified?"),
      scale: [
        Measure.Step("3.2", 100, "3.2", "3.2"), Measure.Step("3.1", 40, "3.1", "3.1"), Measure.Step("3.0", 20, "3.0", "3.0"), notQualified,
      ]
    ) { subject in
      let versions = subject.words("version", "lecture")
      switch subject.isQualified(on: subject.need.day) {
      case true?:
        return Measure.Reading(
          codes: versions.isEmpty ? OfferVocabulary.versions : versions, facts: ["version"], note: versions.isEmpty ? notFound : nil)
      case false?: return Measure.Reading(codes: ["aucune"], facts: ["statut"])
      case nil: return Measure.Reading(codes: versions.isEmpty ? [] : versions + ["aucune"], facts: ["version", "statut"])
      }
    },
    Measure(
      "mois_restants", .qualification, Phrase("Mois restants au début du contrat", "Months left at the contract's start"),
      question: Phrase("Quelle est l'échéance de la qualification ?", "When does the qualification expire?"),
      scale: [
        Measure.Step("24", 100, "24 mois ou plus", "24 months or more"), Measure.Step("12", 75, "12 à 23 mois", "12 to 23 months"),
        Measure.Step("6", 50, "6 à 11 mois", "6 to 11 months"), Measure.Step("1", 25, "moins de 6 mois", "less than 6 months"), notQualified,
      ]
    ) { subject in
      let start = subject.need.contractStart
      guard let holds = subject.isQualified(on: start) else { return Measure.Reading(codes: [], facts: ["statut"]) }
      guard holds, let expiry = subject.expiry else { return Measure.Reading(codes: ["aucune"], facts: ["statut"]) }
      let code = [24, 12, 6].first { start.adding(months: $0) <= expiry } ?? 1
      return Measure.Reading(codes: ["\(code)"], facts: ["statut"])
    },
    Measure(
      "conditions", .qualification, Phrase("Conditions ou réserves de la décision", "Conditions or reservations of the decision"),
      question: Phrase(
        "La décision porte-t-elle des conditions ou des réserves, et lesquelles ?", "Does the decision bear conditions or reservations, and which?"),
      scale: [Measure.Step("non", 100, "sans réserve", "none"), Measure.Step("oui", 50, "avec conditions ou réserves", "with some"), notQualified]
    ) { subject in
      switch subject.isQualified(on: subject.need.day) {
      case false?: return Measure.Reading(codes: ["aucune"], facts: ["statut"])
      case true?:
        let said = subject.words("conditions")
        return Measure.Reading(codes: said.isEmpty ? ["oui", "non"] : said, facts: ["conditions"], note: said.isEmpty ? notFound : nil)
      case nil: return Measure.Reading(codes: [], facts: ["conditions", "statut"])
      }
    },
  ]

  // MARK: Law and capital

  private static let law: [Measure] = [
    Measure(
      "pays", .law, Phrase("Pays des actionnaires", "Owners' countries"),
      question: Phrase("Qui détient le prestataire, directement et indirectement ?", "Who owns the provider, directly and indirectly?"),
      scale: [
        Measure.Step("ue", 100, "Union européenne", "European Union"),
        Measure.Step("mixte", 50, "en partie hors de l'Union", "partly outside the Union"),
        Measure.Step("hors_ue", 0, "hors de l'Union", "outside the Union"),
      ]
    ) { subject in Measure.Reading(codes: Ownership(subject).countryCodes, facts: ["actionnaires"]) },
    Measure(
      "part_hors_ue", .law, Phrase("Part du capital hors de l'Union", "Share of the capital outside the Union"),
      question: Phrase(
        "Quelle part du capital et des droits de vote est détenue hors de l'Union, indirectement aussi ?",
        "What share of the capital and of the votes is held outside the Union, indirectly too?"),
      scale: Ownership.scale
    ) { subject in
      let ownership = Ownership(subject)
      let share = "\(ownership.outside.lowerBound.frenchShown) à \(ownership.outside.upperBound.frenchShown) %"
      let english = "\(ownership.outside.lowerBound.shown) to \(ownership.outside.upperBound.shown) %"
      return Measure.Reading(
        codes: ownership.outside == 0...100 ? [] : ownership.shareCodes, facts: ["actionnaires"] + (ownership.isCapped ? ["statut", "version"] : []),
        note: ownership.isCapped
          ? Phrase(
            "\(share), 39 % au plus selon 19.6.b, attesté par la qualification 3.2",
            "\(english), at most 39 % by 19.6.b, attested by the qualification under 3.2")
          : ownership.outside == 0...100 ? nil : Phrase(share, english))
    },
    Measure(
      "origine", .law, Phrase("Origine de la technologie", "Origin of the technology"),
      question: Phrase("De quel pays vient la technologie du service ?", "From which country is the service's technology?"),
      scale: origins
    ) { origin($0) },
    .yesNo(
      "demandes_autorites", .law, Phrase("Demandes d'autorités publiées", "Authorities' requests published"),
      question: Phrase("Le nombre de demandes d'autorités est-il publié ?", "Is the number of authorities' requests published?")),
  ]

  static let origins = [
    Measure.Step("ue", 100, "Union européenne", "European Union"), Measure.Step("hors_ue", 20, "hors de l'Union", "outside the Union"),
  ]

  static func origin(_ subject: Subject) -> Measure.Reading {
    let countries = subject.words("technologie", "origine_technologie")
    return Measure.Reading(codes: countries.map { OfferVocabulary.europeanUnion.contains($0) ? "ue" : "hors_ue" }, facts: ["technologie"])
  }

  // MARK: Keys and access

  private static let keys: [Measure] = [
    Measure(
      "cles_client", .keys, Phrase("Garde des clés", "Custody of keys"),
      question: Phrase(
        "Le client peut-il piloter (CMEK), apporter (BYOK) ou garder chez lui (HYOK) ses clés, et pour quels services ?",
        "May the client steer (CMEK), bring (BYOK) or keep (HYOK) its keys, and for which services?"),
      scale: [
        Measure.Step("externe", 100, "clés gardées par le client", "keys kept by the client"),
        Measure.Step("byok", 75, "clés apportées par le client", "keys brought by the client"),
        Measure.Step("cmek", 60, "clés pilotées par le client", "keys steered by the client"),
        Measure.Step(
          "cmek_partiel", 40, "clés pilotées par le client, pour une partie des services", "keys steered by the client, for some services"),
        Measure.Step("prestataire", 0, "clés du seul prestataire", "keys of the provider alone"),
      ]
    ) { subject in
      let said = subject.words("cles_client", "niveau")
      let isUnspecified = said == [OfferKeyCustody.unspecified.rawValue]
      return Measure.Reading(codes: isUnspecified ? ["cmek", "byok", "externe"] : said, facts: ["cles_client"])
    },
    .yesNo(
      "motif_acces", .keys, Phrase("Motif exigé de tout accès du prestataire", "A reason asked of each of the provider's accesses"),
      question: Phrase(
        "Chaque accès du prestataire aux données porte-t-il un motif montré au client ?",
        "Does each of the provider's accesses bear a reason that the client sees?")),
    .yesNo(
      "accord_client", .keys, Phrase("Accord du client avant accès", "The client's consent before access"),
      question: Phrase("Le client doit-il donner son accord avant un accès de support ?", "Must the client consent before support has access?")),
    .yesNo(
      "journal_verifiable", .keys, Phrase("Journal des accès vérifiable", "Verifiable log of accesses"),
      question: Phrase(
        "Le client peut-il vérifier lui-même l'intégrité du journal des accès ?", "Can the client itself verify the integrity of the log of accesses?"
      )),
  ]
}
