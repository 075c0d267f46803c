public import Declarations

/// The reviews of rights that were held, campaign by campaign.
public struct RightsReviewsRegister: Register {
  public static let name = "revues-droits"
  public static let title = Text("Revues des droits et des comptes techniques", "Reviews of rights and of technical accounts")

  /// In the order of the file.
  public let campaigns: [Campaign]

  public enum Kind: String, Sendable, CaseIterable {
    /// Of the rights in the provider's scope: every year.
    case rights = "droits"
    /// Of who may borrow a technical account: every three months.
    case technicalAccounts = "comptes-techniques"
  }

  public struct Campaign: Hashable, Sendable {
    public var date: CalendarDate
    public var kind: Kind
    public var scope: String
    /// Who reviewed, by the operator's own reference.
    public var reviewer: String
    public var reviewed: Int
    public var removed: Int
    /// The SHA-256 of the signed minutes, in hexadecimal.
    public var minutes: String
  }

  public static let example = """
    # Campagnes de revue : les droits du périmètre du prestataire chaque année (9.4.a), les personnes pouvant
    # emprunter un compte technique chaque trimestre (9.4.c). Une ligne par campagne, la plus ancienne d'abord.
    campagnes:
      - date: 2026-09-14
        # droits | comptes-techniques
        type: droits
        perimetre: "Tous les administrateurs et exploitants"
        # Une référence interne, pas un nom.
        reviseur: "RSSI"
        # Droits regardés, et droits retirés (sans réponse du responsable : retirés).
        revus: 42
        retires: 3
        # Empreinte SHA-256 du procès-verbal signé (sha256sum pv-2026-09.pdf).
        proces_verbal: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      - date: 2026-10-05
        type: comptes-techniques
        perimetre: "Comptes techniques de l'exploitation"
        reviseur: "RSSI"
        revus: 7
        retires: 0
        proces_verbal: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
    """

  public init(reading document: Declaration) throws {
    campaigns = try RegisterEntry(document, ["campagnes"]).list("campagnes").map(Self.campaign)
  }

  private static func campaign(_ declaration: Declaration) throws -> Campaign {
    let members = try RegisterEntry(declaration, ["date", "type", "perimetre", "reviseur", "revus", "retires", "proces_verbal"])
    let reviewed = try members["revus"].integer(in: 1...1_000_000)
    guard let kind = Kind(rawValue: try members["type"].text(of: Kind.allCases.map(\.rawValue))) else {
      throw members["type"].error("type inconnu.", "unknown kind.")
    }
    return Campaign(
      date: try members["date"].date(), kind: kind, scope: try members["perimetre"].text(), reviewer: try members["reviseur"].text(),
      reviewed: reviewed, removed: try members["retires"].integer(in: 0...reviewed), minutes: try members["proces_verbal"].digest())
  }

  /// The latest campaign of a kind that was held by a day.
  public func latest(_ kind: Kind, by day: CalendarDate) -> Campaign? {
    campaigns.filter { $0.kind == kind && $0.date <= day }.max { $0.date < $1.date }
  }
}
