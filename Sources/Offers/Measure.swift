/// One thing that an axis looks at, and the table that turns what a fact says into a mark.
///
/// The rule of the table: a reading that a fact permits is a line; the mark is the interval over the lines that may hold. Where no fact says
/// anything, all of them may.
public struct Measure: Sendable {
  /// A line of the table.
  public struct Step: Sendable, Hashable {
    let code: String
    /// 0 to 100.
    public let mark: Double
    public let text: Phrase

    init(_ code: String, _ mark: Double, _ french: String, _ english: String) {
      precondition((0...100).contains(mark), "a mark is of 0 to 100")
      self.code = code
      self.mark = mark
      text = Phrase(french, english)
    }
  }

  /// Which lines may hold.
  struct Reading {
    /// Empty where no fact says anything.
    var codes: [String]
    /// Names of the facts that it rests on.
    var facts: [String]
    var note: Phrase?
  }

  public let id: String
  public let axis: Axis
  public let name: Phrase
  /// What the provider is asked where several lines may hold.
  public let question: Phrase
  public let scale: [Step]
  let read: @Sendable (Subject) -> Reading

  init(
    _ id: String, _ axis: Axis, _ name: Phrase, question: Phrase, scale: [Step], read: @escaping @Sendable (Subject) -> Reading
  ) {
    self.id = id
    self.axis = axis
    self.name = name
    self.question = question
    self.scale = scale
    self.read = read
  }

  func result(for subject: Subject) -> MeasureResult {
    let reading = read(subject)
    let codes = Set(reading.codes)
    precondition(codes.isSubset(of: scale.map(\.code)), "\(id) reads what its table does not have")
    // One reading of sources that contradict each other is not the truth.
    let isSettled = !codes.isEmpty && !(codes.count == 1 && reading.facts.contains(where: subject.isDisputed))
    let steps = isSettled ? scale.filter { codes.contains($0.code) } : scale
    let interval = Interval.hull(steps.map(\.mark)) ?? .whole
    let nothing = Phrase("non trouvé", "not found")
    let disputed = Phrase("sources en désaccord", "sources disagree")
    let said = Phrase(steps.map(\.text.french).joined(separator: " ou "), steps.map(\.text.english).joined(separator: " or "))
    let reason = isSettled ? said : codes.isEmpty ? nothing : disputed
    let note = reading.note.map { Phrase(" (\($0.french))", " (\($0.english))") } ?? Phrase("", "")
    return MeasureResult(
      id: id, axis: axis, name: name, interval: interval, reason: Phrase(reason.french + note.french, reason.english + note.english),
      evidence: subject.evidence(reading.facts), question: interval.width > 0 ? question : nil)
  }
}

/// What came of one measure for one offer.
public struct MeasureResult: Sendable {
  public let id: String
  public let axis: Axis
  public let name: Phrase
  public let interval: Interval
  public let reason: Phrase
  public let evidence: [Evidence]
  /// What to ask the provider; nil where the mark is one number.
  public let question: Phrase?
}

extension Measure {
  /// A measure whose fact says yes or no.
  static func yesNo(_ fact: String, member: String? = nil, _ axis: Axis, _ name: Phrase, question: Phrase) -> Measure {
    Measure(fact, axis, name, question: question, scale: [Step("oui", 100, "oui", "yes"), Step("non", 0, "non", "no")]) { subject in
      Reading(codes: subject.words(fact, member), facts: [fact])
    }
  }

  /// The codes of a scale of thresholds, from the best, which a number reaches first.
  static func code(of number: Double?, in thresholds: [(code: String, reached: (Double) -> Bool)]) -> [String] {
    guard let number, let code = thresholds.first(where: { $0.reached(number) })?.code else { return [] }
    return [code]
  }
}
