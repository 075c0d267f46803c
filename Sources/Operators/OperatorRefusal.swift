/// What is refused to whoever administers operators, in French and English.
public struct OperatorRefusal: Error, Equatable, Sendable {
  public var french: String
  public var english: String

  init(_ french: String, _ english: String) {
    self.french = french
    self.english = english
  }

  static func unknown(_ name: String) -> OperatorRefusal {
    OperatorRefusal("Aucun opérateur « \(name) » n'est inscrit.", "No operator “\(name)” is registered.")
  }

  static func badRequest(_ french: String, _ english: String) -> OperatorRefusal {
    OperatorRefusal("Demande de certificat refusée : \(french).", "Request for a certificate refused: \(english).")
  }
}
