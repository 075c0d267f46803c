internal import Catalogue

/// The tables of what an offer does and costs.
extension Rubric {
  // MARK: Autonomy

  static let autonomy: [Measure] = [
    Measure(
      "editeur", .autonomy, Phrase("Dépendance à un éditeur hors de l'Union", "Dependence on a vendor outside the Union"),
      question: Phrase("De quels éditeurs hors de l'Union le service dépend-il ?", "On which vendors outside the Union does the service depend?"),
      scale: Rubric.origins
    ) { Rubric.origin($0) },
    .yesNo(
      "quarantaine", member: "lecture", .autonomy, Phrase("Quarantaine des mises à jour d'éditeurs", "Quarantine of vendors' updates"),
      question: Phrase(
        "Les mises à jour des éditeurs sont-elles isolées et analysées avant la production ?",
        "Are vendors' updates isolated and analysed before production?")),
    .yesNo(
      "double_source", .autonomy, Phrase("Deux sources pour les composants critiques", "Two sources of critical components"),
      question: Phrase(
        "Chaque composant critique a-t-il deux sources, ou des compétences propres ?", "Has each critical component two sources, or own skills?")),
    .yesNo(
      "test_coupure", .autonomy, Phrase("Test de coupure d'avec l'éditeur", "Test of being cut off from the vendor"),
      question: Phrase("Un test de coupure d'avec les éditeurs a-t-il été mené, et quand ?", "Was being cut off from vendors tested, and when?")),
    Measure(
      "socle", .autonomy, Phrase("Socle", "Base"),
      question: Phrase(
        "Le service repose-t-il sur l'infrastructure d'un autre prestataire ?", "Does the service stand on another provider's infrastructure?"),
      scale: [
        Measure.Step("propre", 100, "socle propre", "own base"), Measure.Step("autre", 50, "socle d'un autre prestataire", "another provider's base"),
      ]
    ) { subject in
      Measure.Reading(codes: subject.words("dependance").map { $0 == OfferVocabulary.noOffer ? "propre" : "autre" }, facts: ["dependance"])
    },
  ]

  // MARK: Coverage

  /// A service that the need asks for.
  static func coverage(_ service: OfferService) -> Measure {
    Measure(
      "service." + service.rawValue, .coverage, Phrase("Service « \(service.rawValue) »", "Service “\(service.rawValue)”"),
      question: Phrase(
        "Le service « \(service.rawValue) » est-il offert, et au périmètre qualifié ?",
        "Is the service “\(service.rawValue)” offered, and in the qualified scope?"),
      scale: [
        Measure.Step("perimetre", 100, "présent au périmètre demandé", "there in the scope asked for"),
        Measure.Step("hors_perimetre", 30, "présent hors du périmètre qualifié", "there outside the qualified scope"),
        Measure.Step("absent", 0, "absent", "not there"),
      ]
    ) { subject in
      let word = service.rawValue
      let facts = ["services", "technologie"].filter { subject.words($0, "lecture").contains(word) }
      if subject.words("services", "absents").contains(word) { return Measure.Reading(codes: ["absent"], facts: ["services"]) }
      if subject.words("services", "au_perimetre").contains(word) { return Measure.Reading(codes: ["perimetre"], facts: ["services"]) }
      if facts.isEmpty { return Measure.Reading(codes: [], facts: ["services"]) }
      return Measure.Reading(codes: subject.need.requirements.qualification ? ["perimetre", "hors_perimetre"] : ["perimetre"], facts: facts)
    }
  }

  // MARK: Resilience

  static let resilience: [Measure] = [
    Measure(
      "centres", .resilience, Phrase("Zones ou centres distincts", "Separate zones or data centres"),
      question: Phrase("Combien de zones ou de centres distincts servent la région ?", "How many separate zones or data centres serve the region?"),
      scale: [Measure.Step("3", 100, "trois ou plus", "three or more"), Measure.Step("2", 70, "deux", "two"), Measure.Step("1", 20, "un", "one")]
    ) { subject in
      Measure.Reading(
        codes: Measure.code(of: subject.fact("sites")?.number("centres"), in: [("3", { $0 >= 3 }), ("2", { $0 >= 2 }), ("1", { _ in true })]),
        facts: ["sites"])
    },
    Measure(
      "sla", .resilience, Phrase("Disponibilité promise", "Promised availability"),
      question: Phrase(
        "Quelle disponibilité la convention promet-elle, et avec quelles pénalités ?",
        "Which availability does the agreement promise, with which penalties?"),
      scale: [
        Measure.Step("99.99", 100, "99,99 % ou plus", "99.99 % or more"), Measure.Step("99.95", 80, "99,95 % ou plus", "99.95 % or more"),
        Measure.Step("99.9", 60, "99,9 % ou plus", "99.9 % or more"), Measure.Step("99.5", 40, "99,5 % ou plus", "99.5 % or more"),
        Measure.Step("moins", 20, "moins de 99,5 %", "less than 99.5 %"),
      ]
    ) { subject in
      Measure.Reading(
        codes: Measure.code(
          of: subject.fact("sla")?.number("disponibilite"),
          in: [("99.99", { $0 >= 99.99 }), ("99.95", { $0 >= 99.95 }), ("99.9", { $0 >= 99.9 }), ("99.5", { $0 >= 99.5 }), ("moins", { _ in true })]),
        facts: ["sla"])
    },
    Measure(
      "reprise", .resilience, Phrase("Délai de reprise promis (RTO)", "Promised recovery time (RTO)"),
      question: Phrase("Quels RTO et RPO sont promis, et quand furent-ils éprouvés ?", "Which RTO and RPO are promised, and when were they tested?"),
      scale: [
        Measure.Step("1", 100, "une heure au plus", "at most an hour"), Measure.Step("4", 80, "quatre heures au plus", "at most four hours"),
        Measure.Step("24", 50, "un jour au plus", "at most a day"), Measure.Step("plus", 20, "plus d'un jour", "more than a day"),
      ]
    ) { subject in
      Measure.Reading(
        codes: Measure.code(
          of: subject.fact("reprise")?.number("rto_heures"),
          in: [("1", { $0 <= 1 }), ("4", { $0 <= 4 }), ("24", { $0 <= 24 }), ("plus", { _ in true })]),
        facts: ["reprise"])
    },
  ]

  // MARK: Reversibility

  static let reversibility: [Measure] = [
    Measure(
      "standards", .reversibility, Phrase("Interfaces", "Interfaces"),
      question: Phrase(
        "Par quelles interfaces le service se pilote-t-il, et qui d'autre les parle ?",
        "By which interfaces is the service driven, and who else speaks them?"),
      scale: [
        Measure.Step("ouvert", 100, "standard ouvert (OpenStack, Kubernetes, S3)", "open standard (OpenStack, Kubernetes, S3)"),
        Measure.Step(
          "repandu", 60, "interface répandue d'un éditeur (AWS, Azure, GCP, vSphere)", "one vendor's common interface (AWS, Azure, GCP, vSphere)"),
        Measure.Step("propre", 20, "interface propre au prestataire", "the provider's own interface"),
      ]
    ) { subject in
      // The most open one is the way out.
      let spoken = subject.words("technologie", "standards").compactMap(OfferStandard.init)
      let codes = spoken.isEmpty ? [] : [spoken.contains(where: \.isOpen) ? "ouvert" : spoken == [.own] ? "propre" : "repandu"]
      return Measure.Reading(codes: codes, facts: ["technologie"])
    },
    Measure(
      "reversibilite", .reversibility, Phrase("Réversibilité documentée (19.1.i)", "Reversibility documented (19.1.i)"),
      question: Phrase(
        "Quel document décrit la réversibilité, ses formats et ses délais ?", "Which document describes reversibility, its formats and its times?"),
      scale: [Measure.Step("oui", 100, "documentée", "documented"), Measure.Step("non", 0, "non documentée", "not documented")]
    ) { subject in
      let said = subject.words("reversibilite")
      if said.isEmpty && subject.isAttested {
        return Measure.Reading(
          codes: ["oui"], facts: ["statut", "version"], note: Phrase("attesté par la qualification 3.2", "attested by the qualification under 3.2"))
      }
      return Measure.Reading(codes: said, facts: ["reversibilite"])
    },
    .yesNo(
      "fin_contrat", member: "lecture", .reversibility,
      Phrase("Effacement en fin de contrat, avec preuve", "Erasure at the contract's end, with proof"),
      question: Phrase(
        "Comment les données sont-elles effacées en fin de contrat, et avec quelle preuve ?",
        "How are data erased at the contract's end, and with what proof?")),
    Measure(
      "sortie", .reversibility, Phrase("Prix du trafic de sortie", "Price of outgoing traffic"),
      question: Phrase("Le transfert des données vers un autre prestataire est-il payant ?", "Is moving the data to another provider charged for?"),
      scale: [Measure.Step("gratuite", 100, "gratuit", "free"), Measure.Step("payante", 40, "payant", "charged for")]
    ) { subject in Measure.Reading(codes: subject.words("prix_publics", "sortie"), facts: ["prix_publics"]) },
  ]

  // MARK: Cost and environment

  static let cost: [Measure] = [
    Measure(
      "prix_publics", .cost, Phrase("Prix publics", "Public prices"),
      question: Phrase("Quel est le prix du besoin décrit, sur trois ans ?", "What does the described need cost, over three years?"),
      scale: [Measure.Step("public", 100, "publics", "public"), Measure.Step("devis", 40, "sur devis", "on request")]
    ) { subject in Measure.Reading(codes: subject.words("prix_publics", "lecture"), facts: ["prix_publics"]) },
    Measure(
      "engagement", .cost, Phrase("Engagement", "Commitment"),
      question: Phrase("Quelle durée d'engagement est demandée ?", "For how long must one commit?"),
      scale: [
        Measure.Step("1", 100, "un mois au plus", "at most a month"), Measure.Step("12", 60, "un an au plus", "at most a year"),
        Measure.Step("plus", 20, "plus d'un an", "more than a year"),
      ]
    ) { subject in
      Measure.Reading(
        codes: Measure.code(
          of: subject.fact("prix_publics")?.number("engagement_mois"), in: [("1", { $0 <= 1 }), ("12", { $0 <= 12 }), ("plus", { _ in true })]),
        facts: ["prix_publics"])
    },
  ]

  static let environment: [Measure] = [
    Measure(
      "pue", .environment, Phrase("Efficacité des centres (PUE)", "Efficiency of the data centres (PUE)"),
      question: Phrase("Quels PUE et quelle origine d'énergie les centres ont-ils ?", "Which PUE and which source of energy have the data centres?"),
      scale: [
        Measure.Step("1.2", 100, "1,2 au plus", "at most 1.2"), Measure.Step("1.4", 70, "1,4 au plus", "at most 1.4"),
        Measure.Step("1.6", 40, "1,6 au plus", "at most 1.6"), Measure.Step("plus", 10, "plus de 1,6", "more than 1.6"),
      ]
    ) { subject in
      Measure.Reading(
        codes: Measure.code(
          of: subject.fact("environnement")?.number("pue"),
          in: [("1.2", { $0 <= 1.2 }), ("1.4", { $0 <= 1.4 }), ("1.6", { $0 <= 1.6 }), ("plus", { _ in true })]),
        facts: ["environnement"])
    }
  ]
}
