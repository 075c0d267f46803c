internal import Catalogue
internal import Declarations

/// What rules an offer out: asked before any mark is given.
struct Criterion: Sendable {
  struct Verdict {
    var state: CriterionResult.State
    var reason: Phrase
    /// Names of the facts that it rests on.
    var facts: [String]
  }

  let id: String
  let name: Phrase
  /// What the provider is asked where it is not known.
  let question: Phrase
  /// Whether time may mend it: a decision of ANSSI that is still to come.
  var isMendedByDecision = false
  /// Nil where the need does not ask for it.
  let judge: @Sendable (Subject) -> Verdict?

  func result(for subject: Subject) -> CriterionResult? {
    guard let verdict = judge(subject) else { return nil }
    return CriterionResult(
      id: id, name: name, state: verdict.state, reason: verdict.reason, evidence: subject.evidence(verdict.facts),
      question: verdict.state == .unknown ? question : nil, isMendedByDecision: isMendedByDecision)
  }

  /// Those which may be asked, in their order. The choice is the project's.
  static func all(for need: Need) -> [Criterion] {
    let labels = need.requirements.labels.map(label)
    return [qualification, model, expiry, region, base, location, immunity] + labels + [keys, seal, reversibility]
  }
}

extension Criterion.Verdict {
  static func passed(_ french: String, _ english: String, _ facts: String...) -> Self {
    Self(state: .passed, reason: Phrase(french, english), facts: facts)
  }
  static func failed(_ french: String, _ english: String, _ facts: String...) -> Self {
    Self(state: .failed, reason: Phrase(french, english), facts: facts)
  }
  static func unknown(_ french: String, _ english: String, _ facts: String...) -> Self {
    Self(state: .unknown, reason: Phrase(french, english), facts: facts)
  }
}

/// What came of one criterion for one offer.
public struct CriterionResult: Sendable {
  public enum State: String, Sendable {
    case passed = "oui"
    case failed = "non"
    /// No source says: a question to the provider, not a refusal.
    case unknown = "inconnu"
  }

  public let id: String
  public let name: Phrase
  public let state: State
  public let reason: Phrase
  public let evidence: [Evidence]
  /// What to ask the provider; nil where it is known.
  public let question: Phrase?
  /// Whether a decision of ANSSI that is still to come may change it.
  public let isMendedByDecision: Bool
}

// MARK: The qualification

extension Criterion {
  private static let qualification = Criterion(
    id: "qualification", name: Phrase("Service qualifié au jour du besoin", "Service qualified on the day of need"),
    question: Phrase(
      "Quelle décision de qualification vise ce service, et jusqu'à quand ?", "Which decision qualifies this service, and until when?"),
    isMendedByDecision: true
  ) { subject in
    guard subject.need.requirements.qualification else { return nil }
    let day = subject.need.day
    if subject.status == .underWay {
      let never = subject.need.requirements.article31
      return .failed(
        "en cours de qualification" + (never ? " : jamais éligible pour des données de l'article 31" : ""),
        "qualification under way" + (never ? ": never eligible for data of article 31" : ""), "statut", "jalons", "cible")
    }
    if subject.status == .withdrawn { return .failed("qualification retirée", "qualification withdrawn", "statut") }
    switch subject.isQualified(on: day) {
    case true?: return .passed("qualifié le \(day)", "qualified on \(day)", "statut")
    case false?: return .failed("pas qualifié le \(day)", "not qualified on \(day)", "statut", "alerte")
    case nil: return .unknown("échéance ou statut inconnu", "expiry or status not known", "statut")
    }
  }

  private static let expiry = Criterion(
    id: "echeance", name: Phrase("Échéance après le début du contrat et la marge", "Expiry after the contract's start and the margin"),
    question: Phrase(
      "Quelle est l'échéance de la qualification, et le renouvellement est-il engagé ?",
      "When does the qualification expire, and is its renewal under way?"),
    isMendedByDecision: true
  ) { subject in
    guard subject.need.requirements.qualification else { return nil }
    let until = subject.need.coveredUntil
    guard subject.status != .underWay, subject.status != .withdrawn else {
      return .failed("aucune qualification", "no qualification", "statut")
    }
    guard subject.status != nil, let expiry = subject.expiry, !subject.isDisputed("statut") else {
      return .unknown("échéance inconnue", "expiry not known", "statut")
    }
    return expiry >= until
      ? .passed("échéance le \(expiry), après le \(until)", "expires on \(expiry), after \(until)", "statut")
      : .failed("échéance le \(expiry), avant le \(until)", "expires on \(expiry), before \(until)", "statut", "alerte")
  }

  private static let model = Criterion(
    id: "modele", name: Phrase("Modèle de service demandé", "Model of service asked for"),
    question: Phrase(
      "Quels modèles (IaaS, CaaS, PaaS, SaaS) sont au périmètre qualifié ?", "Which models (IaaS, CaaS, PaaS, SaaS) are in the qualified scope?")
  ) { subject in
    let offered = subject.words("modeles")
    let asked = subject.need.models.map(\.rawValue)
    guard !offered.isEmpty, !subject.isDisputed("modeles") else { return .unknown("modèles inconnus", "models not known", "modeles") }
    let missing = asked.filter { !offered.contains($0) }
    return missing.isEmpty
      ? .passed(asked.joined(separator: ", "), asked.joined(separator: ", "), "modeles")
      : .failed("sans \(missing.joined(separator: ", "))", "without \(missing.joined(separator: ", "))", "modeles")
  }

  private static let region = Criterion(
    id: "region", name: Phrase("Région au périmètre qualifié", "Region in the qualified scope"),
    question: Phrase("Quelles régions sont au périmètre qualifié ?", "Which regions are in the qualified scope?")
  ) { subject in
    guard subject.need.requirements.qualification else { return nil }
    guard let region = subject.words("region_qualifiee").first else { return .unknown("région qualifiée inconnue", "qualified region not known") }
    if subject.isDisputed("region_qualifiee") {
      return .unknown("\(region) : sources en désaccord", "\(region): sources disagree", "region_qualifiee")
    }
    if let asked = subject.need.requirements.region, asked != region {
      return .failed("\(region), et non \(asked)", "\(region), not \(asked)", "region_qualifiee")
    }
    return .passed(region, region, "region_qualifiee")
  }

  private static let base = Criterion(
    id: "socle", name: Phrase("Socle d'un autre prestataire qualifié d'ici là", "Another provider's base qualified until then"),
    question: Phrase(
      "Que deviennent les exigences héritées du socle si sa qualification n'est pas renouvelée ?",
      "What becomes of the requirements inherited from the base when its qualification is not renewed?")
  ) { subject in
    guard subject.need.requirements.qualification, let id = subject.words("dependance").first, id != OfferVocabulary.noOffer,
      let offer = subject.catalogue.offer(id)
    else { return nil }
    let base = Subject(offer: offer, need: subject.need, catalogue: subject.catalogue, date: subject.date)
    let until = subject.need.coveredUntil
    // Its own qualification stands by itself; what becomes of it without the base is for the provider to say.
    guard base.isQualified(on: subject.need.day) == true, base.isQualified(on: until) == true else {
      let expiry = base.expiry?.description
      return .unknown(
        "bâtie sur \(offer.name), dont la qualification " + (expiry.map { "échoit le \($0)" } ?? "n'est pas datée"),
        "built on \(offer.name), whose qualification " + (expiry.map { "expires on \($0)" } ?? "is not dated"), "dependance")
    }
    return .passed("socle \(offer.name) qualifié jusqu'au \(until)", "base \(offer.name) qualified until \(until)", "dependance")
  }
}

// MARK: What a qualification under 3.2 attests

extension Criterion {
  private static let location = Criterion(
    id: "localisation",
    name: Phrase(
      "Données, données techniques et administration au lieu demandé (19.2)", "Data, technical data and administration where asked (19.2)"),
    question: Phrase(
      "D'où sont stockées, traitées et administrées les données, données techniques comprises ?",
      "Where are the data, technical data included, kept, processed and administered?")
  ) { subject in
    guard let allowed = subject.need.requirements.location, let name = subject.need.requirements.locationName else { return nil }
    let countries = subject.words("localisation")
    if !countries.isEmpty, !subject.isDisputed("localisation") {
      let outside = countries.filter { !allowed.contains($0) }
      return outside.isEmpty
        ? .passed(countries.joined(separator: ", "), countries.joined(separator: ", "), "localisation")
        : .failed("hors de \(name) : \(outside.joined(separator: ", "))", "outside \(name): \(outside.joined(separator: ", "))", "localisation")
    }
    if subject.isAttested, OfferVocabulary.europeanUnion.isSubset(of: allowed) {
      return .passed("attesté par la qualification 3.2", "attested by the qualification under 3.2", "statut", "version")
    }
    return .unknown("non attesté par une qualification 3.2", "not attested by a qualification under 3.2", "statut", "version", "sites")
  }

  private static let immunity = Criterion(
    id: "immunite_19_6", name: Phrase("Protection du droit extra-européen attestée (19.6)", "Protection from third countries' law attested (19.6)"),
    question: Phrase(
      "Le service est-il qualifié selon la version 3.2, qui comporte 19.6 ?", "Is the service qualified under version 3.2, which has 19.6?")
  ) { subject in
    guard subject.need.requirements.immunity else { return nil }
    return attested(by: "immunite_19_6", subject)
  }

  private static let reversibility = Criterion(
    id: "reversibilite", name: Phrase("Réversibilité documentée (19.1.i)", "Reversibility documented (19.1.i)"),
    question: Phrase(
      "Quel document décrit la réversibilité, ses formats et ses délais ?", "Which document describes reversibility, its formats and its times?")
  ) { subject in
    guard subject.need.requirements.reversibility else { return nil }
    return attested(by: "reversibilite", subject)
  }

  private static func attested(by fact: String, _ subject: Subject) -> Verdict {
    let said = subject.isDisputed(fact) ? nil : subject.words(fact).first
    if said == "oui" { return .passed("attesté", "attested", fact) }
    if said == "non" { return .failed("le fait dit non", "the fact says no", fact) }
    if subject.isAttested { return .passed("attesté par la qualification 3.2", "attested by the qualification under 3.2", "statut", "version") }
    return .unknown("non attesté par une qualification 3.2", "not attested by a qualification under 3.2", "statut", "version")
  }
}

// MARK: The need's own

extension Criterion {
  private static func label(_ label: String) -> Criterion {
    Criterion(
      id: "label." + label, name: Phrase("Attestation \(label)", "Attestation \(label)"),
      question: Phrase("Le service est-il attesté \(label), et jusqu'à quand ?", "Is the service attested \(label), and until when?")
    ) { subject in
      let fact = subject.fact("autres_labels")
      guard case .labels(let labels) = fact?.members["lecture"], let found = labels.first(where: { $0.name == label }),
        !subject.isDisputed("autres_labels")
      else { return .unknown("\(label) non trouvé", "\(label) not found", "autres_labels") }
      let day = subject.need.contractStart
      if let from = found.from, day < from { return .failed("\(label) à partir du \(from)", "\(label) from \(from)", "autres_labels") }
      guard let until = found.until else { return .unknown("\(label) sans échéance connue", "\(label) without a known end", "autres_labels") }
      return until >= day
        ? .passed("\(label) jusqu'au \(until)", "\(label) until \(until)", "autres_labels")
        : .failed("\(label) échu le \(until)", "\(label) ended on \(until)", "autres_labels")
    }
  }

  private static let keys = Criterion(
    id: "cles", name: Phrase("Garde des clés", "Custody of keys"),
    question: Phrase(
      "Le client peut-il piloter, apporter ou garder chez lui ses clés, et pour quels services ?",
      "May the client steer, bring or keep its keys, and for which services?")
  ) { subject in
    guard let floor = subject.need.requirements.keyCustody else { return nil }
    guard let custody = subject.words("cles_client", "niveau").first.flatMap(OfferKeyCustody.init), !subject.isDisputed("cles_client") else {
      return .unknown("garde des clés inconnue", "custody of keys not known", "cles_client")
    }
    let order: [OfferKeyCustody] = [.provider, .partlyManaged, .managed, .brought, .external]
    let asked = order.firstIndex(of: floor) ?? 0
    // Some of the services may be all that the need has; and a service of keys steers them at least.
    let (least, most) =
      switch custody {
      case .unspecified: (2, 4)
      case .partlyManaged: (1, 2)
      default: (order.firstIndex(of: custody) ?? 0, order.firstIndex(of: custody) ?? 0)
      }
    if least >= asked {
      return .passed("\(custody.rawValue), demandé \(floor.rawValue)", "\(custody.rawValue), asked \(floor.rawValue)", "cles_client")
    }
    if most >= asked {
      return .unknown(
        "\(custody.rawValue) : à préciser pour \(floor.rawValue)", "\(custody.rawValue): to be told for \(floor.rawValue)", "cles_client")
    }
    return .failed("\(custody.rawValue), demandé \(floor.rawValue)", "\(custody.rawValue), asked \(floor.rawValue)", "cles_client")
  }

  private static let seal = Criterion(
    id: "seal", name: Phrase("Plancher SEAL", "SEAL floor"),
    question: Phrase("Quel niveau SEAL, selon qui, et à quelle date ?", "Which SEAL level, according to whom, and when?")
  ) { subject in
    guard let floor = subject.need.requirements.sealFloor else { return nil }
    guard let said = subject.words("seal").first, let level = said.last?.wholeNumberValue, !subject.isDisputed("seal") else {
      return .unknown("niveau SEAL inconnu", "SEAL level not known", "seal")
    }
    return level >= floor
      ? .passed("\(said), demandé SEAL-\(floor)", "\(said), asked SEAL-\(floor)", "seal")
      : .failed("\(said), demandé SEAL-\(floor)", "\(said), asked SEAL-\(floor)", "seal")
  }
}
