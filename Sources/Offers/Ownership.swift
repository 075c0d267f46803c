internal import Catalogue

/// What the facts tell of where a provider's owners are.
struct Ownership {
  /// What requirement 19.6.b permits of capital outside the Union in all, in percent.
  static let attestedLimit = 39.0

  /// Percent of the capital held outside the Union, between two bounds.
  let outside: ClosedRange<Double>
  /// Whether the upper bound is that of an attested 19.6.
  let isCapped: Bool
  let countryCodes: [String]

  static let scale = [
    Measure.Step("0", 100, "0 %", "0 %"), Measure.Step("10", 80, "10 % au plus", "at most 10 %"),
    Measure.Step("24", 60, "24 % au plus", "at most 24 %"),
    Measure.Step("39", 40, "39 % au plus", "at most 39 %"), Measure.Step("plus", 0, "plus de 39 %", "more than 39 %"),
  ]

  init(_ subject: Subject) {
    let fact = subject.fact("actionnaires")
    var inside = 0.0
    var low = 0.0
    var codes: Set<String> = []
    var isComplete = true
    if case .shareholders(let holders) = fact?.value {
      for holder in holders {
        let percent = holder.percent
        guard let country = holder.country else {
          isComplete = false
          continue
        }
        if OfferVocabulary.europeanUnion.contains(country) {
          inside += percent.lowerBound
          codes.insert("ue")
        } else {
          low += percent.lowerBound
          // An owner of nothing owns nothing.
          if percent.upperBound > 0 { codes.insert("hors_ue") }
        }
      }
    } else if let country = fact?.words("pays").first {
      codes.insert(OfferVocabulary.europeanUnion.contains(country) ? "ue" : "hors_ue")
    }
    countryCodes = !isComplete ? [] : codes.count > 1 ? ["mixte"] : Array(codes)
    // Owners whom no source names may be anywhere.
    let high = max(low, 100 - inside)
    isCapped = subject.isAttested && high > Self.attestedLimit && low <= Self.attestedLimit
    outside = min(low, 100)...min(100, isCapped ? Self.attestedLimit : high)
  }

  /// The lines of the scale that the range touches.
  var shareCodes: [String] {
    var codes = outside.lowerBound <= 0 ? ["0"] : []
    for (code, above, upTo) in [("10", 0.0, 10.0), ("24", 10, 24), ("39", 24, Self.attestedLimit), ("plus", Self.attestedLimit, 100)]
    where outside.upperBound > above && outside.lowerBound <= upTo {
      codes.append(code)
    }
    return codes
  }
}
