/// What offers are marked on. The choice is the project's; the last one is there for the Commission's framework only.
public enum Axis: String, CaseIterable, Sendable {
  case qualification
  case law = "droit"
  case keys = "cles"
  case autonomy = "autonomie"
  case coverage = "couverture"
  case resilience
  case reversibility = "reversibilite"
  case cost = "cout"
  case environment = "environnement"

  /// Its name, for readers.
  public var name: Phrase {
    switch self {
    case .qualification: Phrase("Qualification et échéance", "Qualification and expiry")
    case .law: Phrase("Droit et capital", "Law and capital")
    case .keys: Phrase("Maîtrise des clés et des accès", "Control of keys and access")
    case .autonomy: Phrase("Autonomie et chaîne d'approvisionnement", "Autonomy and supply chain")
    case .coverage: Phrase("Couverture fonctionnelle", "Functional coverage")
    case .resilience: Phrase("Résilience", "Resilience")
    case .reversibility: Phrase("Réversibilité et standards", "Reversibility and standards")
    case .cost: Phrase("Coût", "Cost")
    case .environment: Phrase("Environnement", "Environment")
    }
  }

  /// A name for narrow columns.
  public var shortName: Phrase {
    switch self {
    case .qualification: Phrase("Qualif.", "Qualif.")
    case .law: Phrase("Droit", "Law")
    case .keys: Phrase("Clés", "Keys")
    case .autonomy: Phrase("Auton.", "Auton.")
    case .coverage: Phrase("Couv.", "Cover.")
    case .resilience: Phrase("Résil.", "Resil.")
    case .reversibility: Phrase("Révers.", "Revers.")
    case .cost: Phrase("Coût", "Cost")
    case .environment: Phrase("Env.", "Env.")
    }
  }
}
