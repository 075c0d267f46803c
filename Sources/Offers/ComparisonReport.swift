internal import Catalogue
internal import Declarations
public import Wire

/// A comparison as people read it: on a terminal, as JSON, and as a page to print.
public struct ComparisonReport: Sendable {
  let comparison: Comparison
  /// Who reads it, by the name of a set of weights; nil where nobody is named.
  let profile: String?
  let words: Words

  /// French with English beside it, or English alone. What facts say stays in the words of the file.
  public init(_ comparison: Comparison, profile: String? = nil, isEnglish: Bool = false) {
    self.comparison = comparison
    self.profile = profile
    words = Words(isEnglish: isEnglish)
  }

  // MARK: Terminal

  private static let nameWidth = 40
  private static let stateWidth = 27

  /// A table of the offers, what rules the others out, and what moves the order; lines without an end.
  public var text: String {
    var lines = [
      words.one(
        Phrase(
          "\(comparison.need.name.french) — comparaison du \(comparison.date), besoin du \(comparison.need.day), poids « \(comparison.weights.name) »",
          "\(comparison.need.name.english) — compared on \(comparison.date), needed on \(comparison.need.day), weights “\(comparison.weights.name)”")),
      "",
    ]
    for (index, assessment) in comparison.admitted.enumerated() {
      let stale = assessment.evidence.filter(\.isStale).count
      lines.append(
        [
          Self.padded("\(index + 1)", 3), Self.padded(assessment.offer.name, Self.nameWidth),
          Self.padded(words.one(assessment.eligibility.name), Self.stateWidth),
          Self.padded(words.range(assessment.total), 14), words.one(Self.openPoints(assessment.questions.count, stale)),
        ].joined(separator: " "))
    }
    if comparison.admitted.isEmpty { lines.append(words.one(Phrase("Aucune offre n'est éligible.", "No offer is eligible."))) }
    if !comparison.excluded.isEmpty { lines += ["", words.one(Phrase("Non éligibles :", "Not eligible:"))] }
    for assessment in comparison.excluded {
      let reasons = assessment.criteria.filter { $0.state == .failed }.map { "\(words.one($0.name)) : \(words.one($0.reason))" }
      lines.append("  ✘ \(assessment.offer.name) — \(reasons.joined(separator: " ; "))")
      if let scenario = assessment.scenario { lines.append("      → \(words.one(scenario))") }
    }
    lines += [
      "", words.one(certainty), words.one(Phrase("Sensibilité de l'ordre à un seul poids :", "Sensitivity of the order to a single weight:")),
    ]
    lines += sensitivityLines.map { "  " + words.one($0) }
    lines += ["", words.one(Self.notAdvice)]
    if !words.isEnglish { lines.append("    \(englishSummary)") }
    return lines.joined(separator: "\n")
  }

  private static func openPoints(_ questions: Int, _ stale: Int) -> Phrase {
    Phrase("\(questions) questions, \(stale) faits à revérifier", "\(questions) questions, \(stale) facts to look up again")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    if text.count > width { return text.prefix(width - 1) + "…" }
    return text + String(repeating: " ", count: width - text.count)
  }

  private var englishSummary: String {
    let admitted = comparison.admitted
    let first = admitted.first.map { ", first \($0.offer.name) (\($0.total.low.shown) to \($0.total.high.shown))" } ?? ""
    return "\(admitted.count) of \(comparison.assessments.count) offers may do\(first). \(Self.notAdvice.english)"
  }

  // MARK: What is said of the whole

  static let notAdvice = Phrase(
    "Ni avis ni conseil : des faits publics sous un barème écrit. Le seul état vrai d'une qualification est celui du catalogue de l'ANSSI.",
    "No opinion and no advice: public facts under a written rubric. The only truth of a qualification's status is ANSSI's catalogue.")

  var certainty: Phrase {
    if comparison.admitted.count < 2 { return Phrase("Moins de deux offres à départager.", "Fewer than two offers to tell apart.") }
    return comparison.isLeadCertain
      ? Phrase("La première offre l'emporte, quoi que répondent les prestataires.", "The first offer leads, whatever the providers answer.")
      : Phrase(
        "Les fourchettes se recouvrent : l'ordre (par le milieu des fourchettes) n'est pas acquis tant que les questions restent ouvertes.",
        "The ranges overlap: the order (by their middles) is not settled as long as the questions are open.")
  }

  /// Less than what is shown of a number is no distance.
  private static let tiePoints = 0.05

  var sensitivityLines: [Phrase] {
    let sensitivity = comparison.sensitivity
    guard sensitivity.isMeaningful else { return [Phrase("Sans objet : aucun ordre à changer.", "There is no order to change.")] }
    guard !sensitivity.shifts.isEmpty else {
      return [Phrase("Aucun déplacement d'un seul poids ne change l'ordre.", "No move of a single weight changes the order.")]
    }
    return sensitivity.shifts.map { shift in
      let (from, to) = (shift.weight, shift.threshold)
      if shift.points < Self.tiePoints {
        return Phrase(
          "« \(shift.axis.name.french) » : le moindre déplacement ; \(shift.pair.first) et \(shift.pair.second) sont à égalité.",
          "“\(shift.axis.name.english)”: the least move; \(shift.pair.first) and \(shift.pair.second) are level.")
      }
      return Phrase(
        "« \(shift.axis.name.french) » : de \(from.frenchShown) à \(to.frenchShown) (\(shift.points.frenchShown) points), "
          + "\(shift.pair.first) et \(shift.pair.second) changent de place.",
        "“\(shift.axis.name.english)”: from \(from.shown) to \(to.shown) (\(shift.points.shown) points), "
          + "\(shift.pair.first) and \(shift.pair.second) change places."
      )
    }
  }

  // MARK: JSON

  /// Everything that was computed. Marks are rounded to a tenth.
  public var json: JSON {
    let need = comparison.need
    return .object([
      "date": .string(comparison.date.description),
      "need": .object([
        "name": words.json(need.name), "day": .string(need.day.description), "contractStart": .string(need.contractStart.description),
        "coveredUntil": .string(need.coveredUntil.description), "models": .array(need.models.map { .string($0.rawValue) }),
        "services": .array(need.services.map { .string($0.rawValue) }),
      ]),
      "profile": .string(profile),
      "weights": .object([
        "name": .string(comparison.weights.name), "source": words.json(comparison.weights.source),
        "points": .object(JSON.Object(Axis.allCases.map { ($0.rawValue, .number(comparison.weights[$0])) })),
        "mapping": .array(
          comparison.weights.mapping.map {
            .object([
              "objective": words.json($0.objective), "points": .number($0.points), "axis": .string($0.axis.rawValue), "reason": words.json($0.reason),
            ])
          }),
      ]),
      "offers": .array(comparison.assessments.map(json)),
      "leadIsCertain": .boolean(comparison.isLeadCertain),
      "sensitivity": .object([
        "isMeaningful": .boolean(comparison.sensitivity.isMeaningful),
        "shifts": .array(
          comparison.sensitivity.shifts.map {
            .object([
              "axis": .string($0.axis.rawValue), "weight": Self.tenths($0.weight), "threshold": Self.tenths($0.threshold),
              "points": Self.tenths($0.points),
              "pair": [.string($0.pair.first), .string($0.pair.second)],
            ])
          }),
      ]),
      "sources": .array(
        comparison.catalogue.sources.map { source in
          .object([
            "key": .string(source.key), "what": .string(source.what), "date": .string(source.date?.description),
            "reliability": .string(source.reliability.rawValue), "isStale": .boolean(source.isStale(on: comparison.date)),
          ])
        }),
    ])
  }

  private func json(_ assessment: Assessment) -> JSON {
    .object([
      "id": .string(assessment.offer.id), "name": .string(assessment.offer.name), "eligibility": .string(assessment.eligibility.rawValue),
      "scenario": assessment.scenario.map(words.json), "total": Self.json(assessment.total),
      "criteria": .array(
        assessment.criteria.map {
          .object([
            "id": .string($0.id), "name": words.json($0.name), "state": .string($0.state.rawValue), "reason": words.json($0.reason),
            "evidence": .array($0.evidence.map(Self.json)),
          ])
        }),
      "axes": .array(
        assessment.axes.map { axis in
          .object([
            "id": .string(axis.axis.rawValue), "mark": Self.json(axis.interval),
            "measures": .array(
              axis.measures.map {
                .object([
                  "id": .string($0.id), "name": words.json($0.name), "mark": Self.json($0.interval), "reason": words.json($0.reason),
                  "evidence": .array($0.evidence.map(Self.json)),
                ])
              }),
          ])
        }),
      "questions": .array(assessment.questions.map(words.json)),
    ])
  }

  private static func json(_ interval: Interval) -> JSON { .object(["low": tenths(interval.low), "high": tenths(interval.high)]) }

  private static func tenths(_ number: Double) -> JSON { .number((number * 10).rounded() / 10) }

  private static func json(_ evidence: Evidence) -> JSON {
    .object([
      "fact": .string(evidence.fact), "text": .string(evidence.text),
      "sources": .array(evidence.citations.map { .object(["key": .string($0.key), "date": .string($0.date)]) }),
      "isStale": .boolean(evidence.isStale),
      "isDisputed": .boolean(evidence.isDisputed),
    ])
  }
}

/// How a report speaks.
struct Words: Sendable {
  let isEnglish: Bool

  func one(_ phrase: Phrase) -> String { isEnglish ? phrase.english : phrase.french }

  func number(_ number: Double) -> String { isEnglish ? number.shown : number.frenchShown }

  func range(_ interval: Interval) -> String {
    let (low, high) = (number(interval.low), number(interval.high))
    return low == high ? low : "\(low) – \(high)"
  }

  func json(_ phrase: Phrase) -> JSON {
    isEnglish ? .string(phrase.english) : .object(["fr": .string(phrase.french), "en": .string(phrase.english)])
  }
}
