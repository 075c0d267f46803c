internal import Base
public import Declarations

/// What each person who operates the platform has attested, and until when she works for it.
public struct AttestationsRegister: Register {
  public static let name = "attestations"
  public static let title = Text(
    "Attestations des intervenants : habilitation, charte, formation", "Attestations of the staff: vetting, charter, training")

  /// In the order of the file.
  public let people: [Person]

  public struct Person: Hashable, Sendable {
    /// The operator's own reference: no name.
    public var reference: String
    /// Object ids in the provider's tenant, and accounts of the system such as `systeme:root`; in lower case.
    public var accounts: [String]
    public var vetting: Attestation
    public var charter: Attestation
    public var training: Attestation
    /// The last day of the contract; nil where none is foreseen.
    public var end: CalendarDate?
  }

  public struct Attestation: Hashable, Sendable {
    public var date: CalendarDate
    /// The last day on which it holds; nil where it holds until it is replaced.
    public var until: CalendarDate?

    public func holds(on day: CalendarDate) -> Bool { date <= day && until.map { day <= $0 } ?? true }
  }

  public static let example = """
    # Les personnes qui tiennent un rôle privilégié, et leurs trois attestations. Pas de nom : une référence interne.
    personnes:
      - reference: "P-014"
        # Identifiants d'objet dans l'annuaire du prestataire, et comptes du système par leur nom.
        comptes:
          - "systeme:root"
          - "3d6f0a5e-8f0b-4a39-9a44-0d3f6f1c2b10"
        # Contrôle renforcé avant un rôle à forts privilèges (7.1.b).
        habilitation:
          date: 2026-02-03
          echeance: 2027-02-03
        # Charte d'éthique et d'usage signée (7.2.b). L'échéance est facultative.
        charte:
          date: 2026-02-03
        # Formation à la sécurité adaptée à la mission (7.3.b).
        formation:
          date: 2026-03-12
          echeance: 2027-03-12
      - reference: "P-021"
        comptes: ["9b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"]
        habilitation: { date: 2026-05-20, echeance: 2027-05-20 }
        charte: { date: 2026-05-20 }
        formation: { date: 2026-06-01, echeance: 2027-06-01 }
        # Dernier jour du contrat (7.5.a) : passé ce jour, ses comptes ne doivent plus tenir de rôle.
        fin: 2027-01-31
    """

  public init(reading document: Declaration) throws {
    var people: [Person] = []
    var accounts: Set<String> = []
    for entry in try RegisterEntry(document, ["personnes"]).list("personnes") {
      let person = try Self.person(entry)
      guard !people.contains(where: { $0.reference == person.reference }) else {
        throw entry.error("la personne \(person.reference) est là deux fois.", "the person \(person.reference) is there twice.")
      }
      // An account of the system may be several people's; one of the directory is one person's.
      for account in person.accounts where !account.hasPrefix("systeme:") {
        guard accounts.insert(account).inserted else {
          throw entry.error("le compte \(account) a deux personnes.", "the account \(account) has two people.")
        }
      }
      people.append(person)
    }
    self.people = people
  }

  private static func person(_ declaration: Declaration) throws -> Person {
    let members = try RegisterEntry(
      declaration, ["reference", "comptes", "habilitation", "charte", "formation"], optional: ["fin"])
    return Person(
      reference: try members["reference"].text(), accounts: try members["comptes"].list().map(account),
      vetting: try attestation(members["habilitation"]), charter: try attestation(members["charte"]),
      training: try attestation(members["formation"]), end: try members.optional("fin")?.date())
  }

  private static func account(_ declaration: Declaration) throws -> String {
    let text = try declaration.text().lowercased()
    guard GUID(text) != nil || text.hasPrefix("systeme:") && text.utf8.count > "systeme:".utf8.count else {
      throw declaration.error(
        "« \(text) » n'est ni un identifiant d'objet, ni un compte comme systeme:root.",
        "“\(text)” is neither an object id nor an account like systeme:root.")
    }
    return text
  }

  private static func attestation(_ declaration: Declaration) throws -> Attestation {
    let members = try RegisterEntry(declaration, ["date"], optional: ["echeance"])
    let attestation = Attestation(date: try members["date"].date(), until: try members.optional("echeance")?.date())
    if let until = attestation.until, until < attestation.date {
      throw declaration.error("l'échéance précède la date.", "it ends before it begins.")
    }
    return attestation
  }
}
