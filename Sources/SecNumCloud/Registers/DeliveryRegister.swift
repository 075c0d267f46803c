public import Declarations

/// Versions of the platform that were delivered: what was tested of each before production, and where it is kept.
public struct DeliveryRegister: Register {
  public static let name = "livraisons"
  public static let title = Text("Livraisons : essais, préproduction, archives", "Deliveries: tests, preproduction, archives")

  /// In the order of the file.
  public let deliveries: [Delivery]
  public let platformTests: [PlatformTest]

  public enum Outcome: String, Sendable, CaseIterable {
    case passed = "réussi"
    case failed = "échoué"
  }

  /// A test during development.
  public struct Trial: Sendable {
    public enum Nature: String, Sendable, CaseIterable {
      case conformity = "conformité"
      case security = "sécurité"
    }

    public var nature: Nature
    public var tasks: String
    public var inputs: String
    public var expected: String
    public var outcome: Outcome
    public var report: String
  }

  public struct Delivery: Sendable {
    public var version: String
    /// The SHA-256 of the executable, in hexadecimal.
    public var digest: String
    /// Where a copy of it is kept, as an absolute path.
    public var archive: String
    public var environment: String
    public var from: CalendarDate
    public var until: CalendarDate
    public var outcome: Outcome
    /// The SHA-256 of the report.
    public var report: String
    public var trials: [Trial]
    /// From which day it may be in production.
    public var production: CalendarDate
  }

  /// That the platform was tested on a kernel before production had it.
  public struct PlatformTest: Sendable {
    public var kernel: String
    public var day: CalendarDate
    public var outcome: Outcome
    public var report: String
  }

  /// The delivery of an executable; nil where there is none.
  public func delivery(of digest: String) -> Delivery? { deliveries.first { $0.digest == digest } }

  public static let example = """
    # Versions livrées : ce qui a été essayé avant la production, et où chacune est conservée.
    livraisons:
      - version: "0.4.0"
        # Empreinte de l'exécutable : sha256sum /usr/bin/cocagne
        sha256: 0000000000000000000000000000000000000000000000000000000000000000
        # Copie conservée de cet exécutable même ; son empreinte est vérifiée.
        archive: /srv/archives/cocagne-0.4.0
        preproduction:
          environnement: "preprod-1"
          debut: 2026-11-02
          fin: 2026-11-05
          # réussi ou échoué
          resultat: réussi
          rapport_sha256: 1111111111111111111111111111111111111111111111111111111111111111
        # Essais pendant le développement : au moins un de conformité et un de sécurité.
        essais:
          - nature: conformité
            taches: "make test : tests unitaires et clients réels"
            entrees: "dépôt à l'étiquette v0.4.0"
            attendus: "aucun échec"
            resultat: réussi
            rapport_sha256: 2222222222222222222222222222222222222222222222222222222222222222
          - nature: sécurité
            taches: "requêtes croisées entre clients, entrées hostiles"
            entrees: "Conformance/test_bad_input.py, test_second_tenant.py"
            attendus: "chaque requête refusée"
            resultat: réussi
            rapport_sha256: 3333333333333333333333333333333333333333333333333333333333333333
        production: 2026-11-20
    # Essais après un changement de la plateforme d'accueil : un par noyau (uname -r) que la production a eu.
    plateformes:
      - noyau: "6.1.0-41-amd64"
        date: 2026-11-04
        resultat: réussi
        rapport_sha256: 4444444444444444444444444444444444444444444444444444444444444444
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["livraisons", "plateformes"])
    deliveries = try root["livraisons"].entries(\Delivery.digest, Self.delivery)
    platformTests = try root["plateformes"].list().map { declaration in
      let entry = try RegisterEntry(declaration, ["noyau", "date", "resultat", "rapport_sha256"])
      return PlatformTest(
        kernel: try entry.text("noyau"), day: try entry["date"].date(), outcome: try entry["resultat"].choice(),
        report: try entry["rapport_sha256"].digest())
    }
  }

  private static func delivery(_ declaration: Declaration) throws -> Delivery {
    let entry = try RegisterEntry(declaration, ["version", "sha256", "archive", "preproduction", "essais", "production"])
    let stage = try RegisterEntry(entry["preproduction"], ["environnement", "debut", "fin", "resultat", "rapport_sha256"])
    let (from, until) = try Declaration.order(stage["debut"], stage["fin"])
    let archive = try entry.text("archive")
    guard archive.hasPrefix("/") else { throw entry["archive"].error("il faut un chemin absolu.", "an absolute path is wanted.") }
    return Delivery(
      version: try entry.text("version"), digest: try entry["sha256"].digest(), archive: archive, environment: try stage.text("environnement"),
      from: from, until: until, outcome: try stage["resultat"].choice(), report: try stage["rapport_sha256"].digest(),
      trials: try entry.list("essais").map(Self.trial), production: try entry["production"].date())
  }

  private static func trial(_ declaration: Declaration) throws -> Trial {
    let entry = try RegisterEntry(declaration, ["nature", "taches", "entrees", "attendus", "resultat", "rapport_sha256"])
    return Trial(
      nature: try entry["nature"].choice(), tasks: try entry.text("taches"), inputs: try entry.text("entrees"), expected: try entry.text("attendus"),
      outcome: try entry["resultat"].choice(), report: try entry["rapport_sha256"].digest())
  }
}
