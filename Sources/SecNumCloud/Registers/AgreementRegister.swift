internal import Base
internal import Catalogue
public import Declarations

/// The versions of the service agreement, what each says, and who has accepted which.
public struct AgreementRegister: Register {
  public static let name = "conventions"
  public static let title = Text("Convention de service : versions, clauses, acceptations", "Service agreement: versions, clauses, acceptances")

  /// In the order of their days.
  let versions: [Version]
  let acceptances: [Acceptance]
  /// Tenants that are the provider's own, with whom it makes no agreement, and why.
  let own: [GUID: String]
  let exports: [ExportTest]

  struct Version: Hashable, Sendable {
    let id: String
    let from: CalendarDate
    /// Of the document, as it is filed among the pieces.
    let digest: String
    /// The country whose law applies.
    let law: String
    /// The clauses that it has.
    let clauses: Set<Clause>
  }

  /// What a clause says, each of one item.
  enum Clause: String, CaseIterable, Hashable, Sendable {
    case changeByAgreement = "modification-avec-accord"
    case roles
    case exclusions
    case location = "localisation"
    case foreignSupport = "support-hors-ue"
    case reversibility = "reversibilite-toutes-donnees"
    case reversibilityMeans = "reversibilite-moyens"
    case remoteAccess = "acces-distant"
    case qualification
    case complaint = "reclamation-anssi"
    case audit = "audit-anssi-organisme"

    /// The item that asks for it.
    var item: ItemID {
      switch self {
      case .changeByAgreement: "19.1.a"
      case .roles, .exclusions, .location, .foreignSupport: "19.1.b"
      case .reversibility: "19.1.h"
      case .reversibilityMeans: "19.1.i"
      case .remoteAccess: "19.1.n"
      case .qualification, .complaint, .audit: "19.1.o"
      }
    }

    var meaning: Text {
      switch self {
      case .changeByAgreement: Text("modification avec l'accord du client seulement", "changed with the client's agreement alone")
      case .roles: Text("rôles et responsabilités", "roles and responsibilities")
      case .exclusions: Text("exclusions", "exclusions")
      case .location: Text("localisation du service", "location of the service")
      case .foreignSupport: Text("support depuis un pays tiers, ou son absence", "support from a third country, or that there is none")
      case .reversibility: Text("réversibilité de toutes les données", "reversibility of all data")
      case .reversibilityMeans: Text("moyens de la réversibilité : formats ou API documentés", "means of reversibility: documented formats or API")
      case .remoteAccess:
        Text("accès distant d'administration ou de support autorisé ou non", "whether remote administration or support is permitted")
      case .qualification: Text("qualification et attestation annexée", "qualification, with its attestation annexed")
      case .complaint: Text("droit de réclamation à l'ANSSI", "right to complain to ANSSI")
      case .audit: Text("autorisation d'audit par l'ANSSI et l'organisme", "permission of audits by ANSSI and the body")
      }
    }
  }

  struct Acceptance: Hashable, Sendable {
    let client: GUID
    let version: String
    let date: CalendarDate
  }

  /// A client's data exported and read again from what was documented.
  struct ExportTest: Hashable, Sendable {
    let date: CalendarDate
    let format: String
    let isRead: Bool
    let digest: String
  }

  public static let example = """
    # Versions de la convention de service, leurs clauses, et qui a accepté laquelle (19.1).

    # Chaque version est déposée parmi les pièces (convention-service) ; son empreinte est répétée ici. Chaque clause est dite oui ou non.
    versions:
      - version: "2026-1"
        en_vigueur: 2026-01-01
        empreinte: 0000000000000000000000000000000000000000000000000000000000000000
        # Le droit applicable : celui d'un État membre.
        droit: FR
        clauses:
          modification-avec-accord: true
          roles: true
          exclusions: true
          localisation: true
          support-hors-ue: true
          reversibilite-toutes-donnees: true
          reversibilite-moyens: true
          acces-distant: true
          qualification: true
          reclamation-anssi: true
          audit-anssi-organisme: true

    # Clients : l'identifiant du tenant sur la plateforme.
    acceptations:
      - client: 11111111-2222-4333-8444-555555555555
        version: "2026-1"
        le: 2026-01-04

    # Tenants du prestataire lui-même, sans convention, et pourquoi.
    propres:
      - tenant: 99999999-2222-4333-8444-555555555555
        raison: "Tenant d'exploitation du prestataire"

    # Essais de réversibilité : données exportées dans un format documenté, puis relues.
    essais_reversibilite:
      - date: 2026-04-10
        format: "API Blob, fichiers tels que déposés"
        relu: true
        empreinte: 1111111111111111111111111111111111111111111111111111111111111111
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["versions", "acceptations", "propres", "essais_reversibilite"])
    let versions = try root["versions"].entries(\Version.id, Self.version)
    for (declaration, pair) in zip(try root.list("versions").dropFirst(), zip(versions, versions.dropFirst())) where pair.1.from <= pair.0.from {
      throw declaration.error("les versions vont dans l'ordre de leurs dates.", "versions go in the order of their days.")
    }
    let names = Set(versions.map(\.id))
    var seen: Set<[String]> = []
    self.versions = versions
    acceptances = try root.list("acceptations").map { declaration in
      let entry = try RegisterEntry(declaration, ["client", "version", "le"])
      let acceptance = Acceptance(
        client: try entry["client"].guid(), version: try entry["version"].reference(to: names, Text("une version", "version")),
        date: try entry["le"].date())
      guard seen.insert([acceptance.client.description, acceptance.version]).inserted else {
        throw declaration.error("cette acceptation est là deux fois.", "this acceptance is there twice.")
      }
      return acceptance
    }
    var own: [GUID: String] = [:]
    for declaration in try root.list("propres") {
      let entry = try RegisterEntry(declaration, ["tenant", "raison"])
      guard own.updateValue(try entry.text("raison"), forKey: try entry["tenant"].guid()) == nil else {
        throw declaration.error("ce tenant est là deux fois.", "this tenant is there twice.")
      }
    }
    self.own = own
    exports = try root.list("essais_reversibilite").map { declaration in
      let entry = try RegisterEntry(declaration, ["date", "format", "relu", "empreinte"])
      return ExportTest(
        date: try entry["date"].date(), format: try entry.text("format"), isRead: try entry["relu"].boolean(), digest: try entry["empreinte"].digest()
      )
    }
  }

  private static func version(_ declaration: Declaration) throws -> Version {
    let entry = try RegisterEntry(declaration, ["version", "en_vigueur", "empreinte", "droit", "clauses"])
    let clauses = try RegisterEntry(entry["clauses"], Set(Clause.allCases.map(\.rawValue)))
    return Version(
      id: try entry.text("version"), from: try entry["en_vigueur"].date(), digest: try entry["empreinte"].digest(), law: try entry["droit"].country(),
      clauses: Set(try Clause.allCases.filter { try clauses[$0.rawValue].boolean() }))
  }
}
