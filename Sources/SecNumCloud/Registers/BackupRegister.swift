public import Base
public import Declarations

/// What the operator declares of backups: where they lie, those that the platform did not make itself, tries to restore, reviews of who reached them.
public struct BackupRegister: Register {
  public static let name = "sauvegardes"
  public static let title = Text("Sauvegardes, essais de restauration, copies hors ligne", "Backups, restore tests, offline copies")

  public let destinations: [Destination]
  public let backups: [Backup]
  /// The ids of backups, of the platform's own too, that are destroyed.
  public let destroyed: Set<String>
  public let restoreTests: [RestoreTest]
  public let accessReviews: [AccessReview]
  public let offlineCopies: [OfflineCopy]

  /// A folder below which backups lie, and where its bytes really are.
  public struct Destination: Hashable, Sendable {
    public var folder: String
    public var site: String
    public var country: String
    /// Whether what leads there is encrypted: nil where nothing leads out of the site.
    public var isLinkEncrypted: Bool?
  }

  /// A backup that was not made by `cocagne backup create`.
  public struct Backup: Hashable, Sendable {
    public var id: String
    public var time: Timestamp
    public var folder: String
    /// The SHA-256 of the folder's file `SHA256SUMS`.
    public var sums: String
    public var isEncrypted: Bool
  }

  public enum Outcome: String, Sendable, CaseIterable {
    case succeeded = "réussi"
    case failed = "échec"
  }

  public struct RestoreTest: Hashable, Sendable {
    public var day: CalendarDate
    public var backup: String
    public var outcome: Outcome
    /// What tells of it, in the operator's files.
    public var report: String
  }

  /// A look at the traces of who reached the backups.
  public struct AccessReview: Hashable, Sendable {
    public var day: CalendarDate
    public var author: String
    public var result: String
  }

  public struct OfflineCopy: Hashable, Sendable {
    public var day: CalendarDate
    public var content: String
    public var medium: String
    public var site: String
    public var country: String
  }

  public static let example = """
    # Où reposent vraiment les sauvegardes : un dossier, et le lieu de ses octets.
    destinations:
      - dossier: /srv/sauvegarde
        site: "Salle 2, Lille"
        pays: FR
        # La liaison entre les sites est-elle chiffrée ? À omettre si rien ne quitte le site.
        liaison_chiffree: true
    # Celles que « cocagne backup create » n'a pas faites : leur dossier contient un fichier SHA256SUMS, dont voici l'empreinte.
    sauvegardes:
      - id: "outil-2026-11-24"
        date: 2026-11-24T03:00:00Z
        dossier: /srv/sauvegarde/outil-2026-11-24
        empreinte: "0000000000000000000000000000000000000000000000000000000000000000"
        chiffree: true
    # Celles qui sont détruites, celles de « cocagne backup create » aussi : leur id.
    detruites: ["outil-2026-06-01"]
    # Essais de restauration : réussi ou échec.
    essais:
      - date: 2026-11-02
        sauvegarde: "outil-2026-11-01"
        resultat: réussi
        proces_verbal: "PV-2026-11-02"
    # Revue mensuelle des traces d'accès aux sauvegardes.
    revues_des_acces:
      - date: 2026-11-03
        auteur: "Responsable sécurité"
        constat: "Rien à signaler"
    # Copies hors ligne des réglages de l'infrastructure.
    copies_hors_ligne:
      - date: 2026-11-15
        contenu: "Réglages des hôtes, du réseau et de la plateforme"
        support: "Bande 12, coffre B"
        site: "Salle 2, Lille"
        pays: FR
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(
      document, ["destinations", "essais", "revues_des_acces", "copies_hors_ligne"], optional: ["sauvegardes", "detruites"])
    destinations = try root.list("destinations").map(Self.destination)
    backups = try root.optional("sauvegardes")?.entries(\Backup.id, Self.backup) ?? []
    destroyed = Set(try root.optional("detruites")?.texts() ?? [])
    restoreTests = try root.list("essais").map { declaration in
      let entry = try RegisterEntry(declaration, ["date", "sauvegarde", "resultat", "proces_verbal"])
      return RestoreTest(
        day: try entry["date"].date(), backup: try entry.text("sauvegarde"), outcome: try entry["resultat"].choice(),
        report: try entry.text("proces_verbal"))
    }
    accessReviews = try root.list("revues_des_acces").map { declaration in
      let entry = try RegisterEntry(declaration, ["date", "auteur", "constat"])
      return AccessReview(day: try entry["date"].date(), author: try entry.text("auteur"), result: try entry.text("constat"))
    }
    offlineCopies = try root.list("copies_hors_ligne").map { declaration in
      let entry = try RegisterEntry(declaration, ["date", "contenu", "support", "site", "pays"])
      return OfflineCopy(
        day: try entry["date"].date(), content: try entry.text("contenu"), medium: try entry.text("support"), site: try entry.text("site"),
        country: try entry["pays"].country())
    }
  }

  private static func destination(_ declaration: Declaration) throws -> Destination {
    let entry = try RegisterEntry(declaration, ["dossier", "site", "pays"], optional: ["liaison_chiffree"])
    return Destination(
      folder: try folder(entry["dossier"]), site: try entry.text("site"), country: try entry["pays"].country(),
      isLinkEncrypted: try entry.optional("liaison_chiffree")?.boolean())
  }

  private static func backup(_ declaration: Declaration) throws -> Backup {
    let entry = try RegisterEntry(declaration, ["id", "date", "dossier", "empreinte", "chiffree"])
    return Backup(
      id: try entry.text("id"), time: try entry["date"].moment(), folder: try folder(entry["dossier"]), sums: try entry["empreinte"].digest(),
      isEncrypted: try entry["chiffree"].boolean())
  }

  private static func folder(_ declaration: Declaration) throws -> String {
    let text = try declaration.text()
    guard text.hasPrefix("/"), !text.hasSuffix("/"), !text.split(separator: "/").contains("..") else {
      throw declaration.error("il faut un chemin absolu sans barre à la fin.", "an absolute path without a slash at its end is wanted.")
    }
    return text
  }
}
