internal import Catalogue
internal import Declarations
internal import Mustache
internal import Wire

extension ComparisonReport {
  /// A page of its own, without anything from elsewhere: to read, to print, to file. Throws only where the page's template is no template.
  public func html() throws -> String {
    var library = MustacheLibrary()
    for (name, text) in ComparisonTemplate.partials { try library.register(text, named: name) }
    return try MustacheTemplate(string: ComparisonTemplate.page).render(page, library: library)
  }
}

// MARK: What the template sees

/// A text and the same in the other language, where the page has both.
private struct Two {
  var main: String
  var beside: [String]
}

private struct Page {
  var language: String
  var css: String
  var label: [String: Two]
  var need: Two
  var summary: String
  var terms: [Term]
  var limits: [String]
  var admitted: [Row]
  var hasAdmitted: Bool
  var excluded: [Row]
  var hasExcluded: Bool
  var certainty: Two
  var criteria: [Column]
  var matrix: [MatrixRow]
  var axes: [Column]
  var axisRows: [AxisRow]
  var sensitivity: [Two]
  var details: [Detail]
  var weights: [WeightRow]
  var weightSource: Two
  var mapping: [MappingRow]
  var hasMapping: Bool
  var rubric: [RubricRow]
  var sources: [SourceRow]
  var context: [ContextRow]
}

private struct Term { var name: Two, text: String }
private struct Bar { var left: String, width: String, middle: String, text: String }
private struct Row {
  var rank: String, id: String, name: String, state: String, stateClass: String, bar: Bar, questions: Int, stale: Int, reasons: [String],
    scenario: [String]
}
private struct Column { var number: Int, name: Two, short: String, weight: String }
private struct MatrixRow { var id: String, name: String, cells: [Cell] }
private struct Cell { var mark: String, kind: String, reason: String }
private struct AxisRow { var id: String, name: String, bars: [Bar] }
private struct Cited { var fact: String, text: String, citations: [Link], isStale: Bool, isDisputed: Bool }
private struct Link { var key: String, date: String }
private struct CriterionRow { var cell: Cell, name: String, evidence: [Cited] }
private struct MeasureRow { var name: String, bar: Bar, reason: String, evidence: [Cited] }
private struct AxisDetail { var name: Two, weight: String, bar: Bar, measures: [MeasureRow] }
private struct Detail {
  var id: String, name: String, state: String, stateClass: String, bar: Bar, alerts: [String], scenario: [String], criteria: [CriterionRow],
    axes: [AxisDetail]
  var hasAxes: Bool, questions: [String], hasQuestions: Bool
}
private struct WeightRow { var name: Two, points: String }
private struct MappingRow { var objective: Two, points: String, axis: String, reason: String }
private struct RubricRow { var axis: String, name: String, steps: [StepRow] }
private struct StepRow { var mark: String, text: String }
private struct SourceRow { var key: String, what: String, date: String, reliability: String, isStale: Bool }
private struct ContextRow { var text: String, sources: [Link] }

// MARK: Filling it

extension ComparisonReport {
  private var page: Page {
    let asked = comparison.assessments.first?.criteria.filter { $0.id != "socle" } ?? []
    let weighted = Axis.allCases.filter { comparison.weights[$0] > 0 }
    let (admitted, excluded) = (comparison.admitted, comparison.excluded)
    return Page(
      language: words.isEnglish ? "en" : "fr", css: ComparisonTemplate.css, label: ComparisonTemplate.labels.mapValues(two),
      need: two(comparison.need.name),
      summary: words.one(comparison.need.summary), terms: terms, limits: limits.map(words.one),
      admitted: admitted.enumerated().map { row($1, rank: $0 + 1) }, hasAdmitted: !admitted.isEmpty,
      excluded: excluded.map { row($0, rank: nil) }, hasExcluded: !excluded.isEmpty, certainty: two(certainty),
      criteria: asked.enumerated().map { Column(number: $0 + 1, name: two($1.name), short: "", weight: "") },
      matrix: comparison.assessments.map { assessment in
        MatrixRow(
          id: assessment.offer.id, name: assessment.offer.name,
          cells: asked.map { column in assessment.criteria.first { $0.id == column.id }.map(cell) ?? Cell(mark: "—", kind: "none", reason: "") })
      },
      axes: weighted.enumerated().map {
        Column(number: $0, name: two($1.name), short: words.one($1.shortName), weight: words.number(comparison.weights[$1]))
      },
      axisRows: comparison.assessments.filter(isMarked).map { assessment in
        AxisRow(id: assessment.offer.id, name: assessment.offer.name, bars: weighted.map { bar(assessment[$0]) })
      },
      sensitivity: sensitivityLines.map(two), details: comparison.assessments.map { detail($0, weighted) },
      weights: weighted.map { WeightRow(name: two($0.name), points: words.number(comparison.weights[$0])) },
      weightSource: two(comparison.weights.source),
      mapping: comparison.weights.mapping.map {
        MappingRow(objective: two($0.objective), points: words.number($0.points), axis: words.one($0.axis.name), reason: words.one($0.reason))
      }, hasMapping: !comparison.weights.mapping.isEmpty,
      rubric: comparison.measures.filter { weighted.contains($0.axis) }.map { measure in
        RubricRow(
          axis: words.one(measure.axis.name), name: words.one(measure.name),
          steps: measure.scale.map { StepRow(mark: words.number($0.mark), text: words.one($0.text)) })
      },
      sources: comparison.catalogue.sources.map {
        SourceRow(
          key: $0.key, what: $0.what, date: $0.date?.description ?? words.one(Phrase("sans date", "no date")), reliability: $0.reliability.rawValue,
          isStale: $0.isStale(on: comparison.date))
      },
      context: comparison.catalogue.context.map { ContextRow(text: $0.text, sources: $0.sources.map(link)) })
  }

  private func two(_ phrase: Phrase) -> Two {
    words.isEnglish
      ? Two(main: phrase.english, beside: []) : Two(main: phrase.french, beside: phrase.french == phrase.english ? [] : [phrase.english])
  }

  /// An offer that something rules out for good gets no mark: criteria come before marks.
  private func isMarked(_ assessment: Assessment) -> Bool { assessment.eligibility != .excluded || assessment.scenario != nil }

  private func bar(_ interval: Interval) -> Bar {
    Bar(left: interval.low.shown, width: max(interval.width, 1).shown, middle: interval.middle.shown, text: words.range(interval))
  }

  private func row(_ assessment: Assessment, rank: Int?) -> Row {
    Row(
      rank: rank.map(String.init) ?? "", id: assessment.offer.id, name: assessment.offer.name, state: words.one(assessment.eligibility.name),
      stateClass: assessment.eligibility.rawValue, bar: bar(assessment.total), questions: assessment.questions.count,
      stale: assessment.evidence.filter(\.isStale).count,
      reasons: assessment.criteria.filter { $0.state == .failed }.map { "\(words.one($0.name)) : \(words.one($0.reason))" },
      scenario: assessment.scenario.map { [words.one($0)] } ?? [])
  }

  private func cell(_ result: CriterionResult) -> Cell {
    switch result.state {
    case .passed: Cell(mark: "✓", kind: "passed", reason: words.one(result.reason))
    case .failed: Cell(mark: "✗", kind: "failed", reason: words.one(result.reason))
    case .unknown: Cell(mark: "?", kind: "unknown", reason: words.one(result.reason))
    }
  }

  private func link(_ key: String) -> Link {
    Link(key: key, date: comparison.catalogue.source(key)?.date?.description ?? words.one(Phrase("sans date", "no date")))
  }

  private func cited(_ evidence: Evidence) -> Cited {
    Cited(
      fact: evidence.fact, text: evidence.text, citations: evidence.citations.map { link($0.key) }, isStale: evidence.isStale,
      isDisputed: evidence.isDisputed)
  }

  private func detail(_ assessment: Assessment, _ weighted: [Axis]) -> Detail {
    let axes = isMarked(assessment) ? assessment.axes.filter { weighted.contains($0.axis) } : []
    return Detail(
      id: assessment.offer.id, name: assessment.offer.name, state: words.one(assessment.eligibility.name),
      stateClass: assessment.eligibility.rawValue,
      bar: bar(assessment.total), alerts: assessment.offer["alerte"].map { $0.isUnknown ? [] : [$0.text] } ?? [],
      scenario: assessment.scenario.map { [words.one($0)] } ?? [],
      criteria: assessment.criteria.map { CriterionRow(cell: cell($0), name: words.one($0.name), evidence: $0.evidence.map(cited)) },
      axes: axes.map { axis in
        AxisDetail(
          name: two(axis.axis.name), weight: words.number(comparison.weights[axis.axis]), bar: bar(axis.interval),
          measures: axis.measures.map {
            MeasureRow(name: words.one($0.name), bar: bar($0.interval), reason: words.one($0.reason), evidence: $0.evidence.map(cited))
          })
      }, hasAxes: !axes.isEmpty, questions: assessment.questions.map(words.one), hasQuestions: isMarked(assessment) && !assessment.questions.isEmpty)
  }

  private var terms: [Term] {
    let need = comparison.need
    let asked = need.requirements.phrases.map(words.one)
    var terms = [
      Term(name: two(Phrase("Jour de la comparaison", "Day of the comparison")), text: comparison.date.description),
      Term(name: two(Phrase("Jour du besoin", "Day of need")), text: need.day.description),
      Term(
        name: two(Phrase("Contrat", "Contract")),
        text: words.one(
          Phrase(
            "dès le \(need.contractStart), qualification à tenir jusqu'au \(need.coveredUntil) (marge de \(need.marginMonths) mois)",
            "from \(need.contractStart), qualification to hold until \(need.coveredUntil) (margin of \(need.marginMonths) months)"))),
      Term(name: two(Phrase("Modèles", "Models")), text: need.models.map(\.rawValue).joined(separator: ", ")),
      Term(name: two(Phrase("Services", "Services")), text: need.services.map(\.rawValue).joined(separator: ", ")),
      Term(name: two(Phrase("Exigences", "Requirements")), text: asked.isEmpty ? "—" : asked.joined(separator: " ; ")),
      Term(
        name: two(Phrase("Faits rassemblés le", "Facts gathered on")), text: comparison.catalogue.searchDate.description),
      Term(name: two(Phrase("Poids", "Weights")), text: "\(comparison.weights.name) — \(words.one(comparison.weights.source))"),
    ]
    if let profile { terms.append(Term(name: two(Phrase("Profil", "Profile")), text: profile.uppercased())) }
    return terms
  }

  private var limits: [Phrase] {
    let catalogue = comparison.catalogue.sources.filter { $0.reliability == .officialUnread }.map(\.what)
    return [
      Self.notAdvice,
      Phrase(
        "Les statuts viennent de relevés de ce catalogue par des tiers, pas du catalogue lui-même. " + catalogue.joined(separator: " ; "),
        "Statuses come from others' readings of that catalogue, not from the catalogue itself. " + catalogue.joined(separator: "; ")),
      Phrase(
        "Une qualification vise un service, dans un modèle et une région ; jamais une entreprise, ni un logiciel.",
        "A qualification is of a service, in a model and a region; never of a company, nor of a piece of software."),
      Phrase(
        "« Inconnu » ne veut pas dire « non » : la note est une fourchette, et la question est à poser au prestataire.",
        "“Unknown” does not mean “no”: the mark is a range, and the question is for the provider."),
      Phrase(
        "Un fait dont la source a plus de \(OfferSource.freshDays) jours, ou n'a pas de date, porte « à revérifier ».",
        "A fact whose source is older than \(OfferSource.freshDays) days, or bears no date, is marked “to look up again”."),
      Phrase(
        "La qualification n'efface pas les dépendances logicielles extra-européennes : les deux sont notées à part.",
        "A qualification does not do away with dependencies on software of third countries: both are marked apart."),
    ]
  }
}

extension Need.Requirements {
  /// What is asked for, for readers.
  fileprivate var phrases: [Phrase] {
    var phrases: [Phrase] = []
    if qualification { phrases.append(Phrase("service qualifié SecNumCloud", "service qualified under SecNumCloud")) }
    if article31 { phrases.append(Phrase("données de l'article 31 de la loi SREN", "data of article 31 of the SREN law")) }
    if let region { phrases.append(Phrase("région \(region)", "region \(region)")) }
    if let locationName { phrases.append(Phrase("localisation \(locationName) (19.2)", "location \(locationName) (19.2)")) }
    if immunity { phrases.append(Phrase("19.6 attesté", "19.6 attested")) }
    phrases += labels.map { Phrase($0, $0) }
    if let keyCustody {
      phrases.append(Phrase("garde des clés : \(keyCustody.rawValue) au moins", "custody of keys: \(keyCustody.rawValue) at least"))
    }
    if let sealFloor { phrases.append(Phrase("SEAL-\(sealFloor) au moins", "SEAL-\(sealFloor) at least")) }
    if reversibility { phrases.append(Phrase("réversibilité documentée (19.1.i)", "reversibility documented (19.1.i)")) }
    return phrases
  }
}
