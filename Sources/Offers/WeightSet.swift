public import Declarations

/// How much each axis counts, of 100 points, and who says so.
public struct WeightSet: Sendable, Hashable {
  /// What a weight of another framework became here.
  public struct Mapping: Sendable, Hashable {
    public let objective: Phrase
    public let points: Double
    public let axis: Axis
    public let reason: Phrase
  }

  public static let total = 100.0
  private static let tolerance = 1e-6

  /// By which it is asked for; a custom file's own name.
  public let name: String
  public let source: Phrase
  /// How another framework's objectives were laid on the axes; empty where there is none.
  public let mapping: [Mapping]
  private let points: [Axis: Double]

  public subscript(axis: Axis) -> Double { points[axis] ?? 0 }

  /// Those which ship, in the order in which they are listed.
  public static let named = [start, dsi, rssi, csf]

  /// The shipped set of a name; nil where there is none.
  public static func named(_ name: String) -> WeightSet? { named.first { $0.name == name } }

  /// Reads a custom file: `schema`, `nom`, `source`, `poids`. Throws `DeclarationError`.
  public init(reading declaration: Declaration) throws {
    let members = try declaration.members(required: ["schema", "nom", "source", "poids"])
    guard let schema = members["schema"], let name = members["nom"], let source = members["source"], let weights = members["poids"] else {
      preconditionFailure("they were required")
    }
    _ = try schema.integer(in: 1...1)
    let said = try source.text()
    try self.init(name: name.text(), source: Phrase(said, said), reading: weights)
  }

  /// Reads a mapping of axes to points. What it does not name counts nothing.
  init(name: String, source: Phrase, reading declaration: Declaration) throws {
    var points: [Axis: Double] = [:]
    for (word, value) in try declaration.entries() {
      guard let axis = Axis(rawValue: word) else {
        let known = Axis.allCases.map(\.rawValue).joined(separator: ", ")
        throw value.error("cet axe n'est pas connu ; il y a \(known).", "this axis is not known; there are \(known).")
      }
      points[axis] = try value.number(in: 0...Self.total)
    }
    let sum = points.values.reduce(0, +)
    guard abs(sum - Self.total) < Self.tolerance else {
      throw declaration.error("les poids font \(sum.shown), et non 100.", "the weights make \(sum.shown), not 100.")
    }
    self.init(name: name, source: source, points: points)
  }

  private init(name: String, source: Phrase, points: [Axis: Double], mapping: [Mapping] = []) {
    precondition(abs(points.values.reduce(0, +) - Self.total) < Self.tolerance, "the weights of \(name) make 100")
    self.name = name
    self.source = source
    self.points = points
    self.mapping = mapping
  }

  /// What is taken where nobody chooses.
  public static let start = WeightSet(
    name: "depart",
    source: Phrase("poids de départ proposés par le projet", "starting weights proposed by the project"),
    points: [.qualification: 15, .law: 15, .keys: 15, .autonomy: 15, .coverage: 15, .resilience: 10, .reversibility: 10, .cost: 5])

  private static let dsi = WeightSet(
    name: "dsi",
    source: Phrase(
      "proposition du projet pour une direction des systèmes d'information : les services, l'autonomie et le coût d'abord",
      "the project's proposal for a CIO: services, autonomy and cost first"),
    points: [.qualification: 10, .law: 10, .keys: 10, .autonomy: 15, .coverage: 25, .resilience: 10, .reversibility: 10, .cost: 10])

  private static let rssi = WeightSet(
    name: "rssi",
    source: Phrase(
      "proposition du projet pour un responsable de la sécurité : les clés, la qualification, le droit et l'autonomie d'abord",
      "the project's proposal for a CISO: keys, qualification, law and autonomy first"),
    points: [.qualification: 20, .law: 15, .keys: 25, .autonomy: 15, .coverage: 5, .resilience: 10, .reversibility: 8, .cost: 2])

  private static let csf = WeightSet(
    name: "csf",
    source: Phrase(
      "Commission européenne, Cloud Sovereignty Framework v1.2.1 (octobre 2025), section 5 ; la correspondance avec les axes est du projet",
      "European Commission, Cloud Sovereignty Framework v1.2.1 (October 2025), section 5; how it is laid on the axes is the project's"),
    points: objectives.reduce(into: [:]) { $0[$1.axis, default: 0] += $1.points }, mapping: objectives)

  private static let objectives = [
    Mapping(
      objective: Phrase("SOV-1 Souveraineté stratégique", "SOV-1 Strategic"), points: 15, axis: .law,
      reason: Phrase("propriété, gouvernance, ancrage dans l'Union", "ownership, governance, anchoring in the Union")),
    Mapping(
      objective: Phrase("SOV-2 Souveraineté juridique", "SOV-2 Legal and jurisdictional"), points: 10, axis: .law,
      reason: Phrase("exposition à un droit extra-européen", "exposure to the law of third countries")),
    Mapping(
      objective: Phrase("SOV-3 Données et IA", "SOV-3 Data and AI"), points: 10, axis: .keys,
      reason: Phrase("maîtrise des données par leur propriétaire", "control of data by their owner")),
    Mapping(
      objective: Phrase("SOV-4 Souveraineté opérationnelle", "SOV-4 Operational"), points: 15, axis: .autonomy,
      reason: Phrase("exploiter et faire évoluer sans contrôle étranger", "run and evolve without foreign control")),
    Mapping(
      objective: Phrase("SOV-5 Chaîne d'approvisionnement", "SOV-5 Supply chain"), points: 20, axis: .autonomy,
      reason: Phrase("origine des composants, dépendances", "origin of components, dependencies")),
    Mapping(
      objective: Phrase("SOV-6 Souveraineté technologique", "SOV-6 Technology"), points: 15, axis: .reversibility,
      reason: Phrase("ouverture et interopérabilité, pas d'enfermement", "openness and interoperability, no lock-in")),
    Mapping(
      objective: Phrase("SOV-7 Sécurité et conformité", "SOV-7 Security and compliance"), points: 10, axis: .qualification,
      reason: Phrase("conformité et sécurité tenues dans l'Union", "compliance and security held in the Union")),
    Mapping(
      objective: Phrase("SOV-8 Environnement", "SOV-8 Environmental sustainability"), points: 5, axis: .environment,
      reason: Phrase("énergie et ressources", "energy and resources")),
  ]
}

extension Double {
  /// With one decimal at most and a point: `12.5`, `3`.
  var shown: String {
    let tenths = (self * 10).rounded()
    return tenths.truncatingRemainder(dividingBy: 10) == 0 ? "\(Int(tenths / 10))" : "\(tenths / 10)"
  }

  /// As French writes it: `12,5`.
  var frenchShown: String { shown.replacing(".", with: ",") }
}
