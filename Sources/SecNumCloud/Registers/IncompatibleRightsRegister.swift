public import Access
internal import Base
public import Declarations

/// Rights that the operator declares incompatible, beside those that the platform does.
public struct IncompatibleRightsRegister: Register {
  public static let name = "droits-incompatibles"
  public static let title = Text("Droits incompatibles : rôles que nul ne peut cumuler", "Incompatible rights: roles that nobody may hold together")

  public let pairs: [IncompatibleRoles.Pair]

  public static let example = """
    # Rôles que nul ne peut cumuler là où leurs portées se recouvrent, en plus de ceux de la plateforme
    # (« Security Admin » avec « Owner », « User Access Administrator » ou « Role Based Access Control Administrator »).
    # Une attribution qui les cumulerait est refusée (409) ; ce qui est déjà cumulé apparaît « non conforme ».
    paires:
      # Un rôle par son nom anglais d'Azure, ou par son identifiant pour un rôle personnalisé.
      - roles: ["Security Admin", "Contributor"]
        motif: "Qui fixe la politique de sécurité n'administre pas ce qu'elle borne."
      - roles: ["Security Reader", "User Access Administrator"]
        motif: "Qui contrôle les droits ne les attribue pas."
      - roles: ["Global Administrator", "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"]
        motif: "L'annuaire et l'exploitation sont tenus par des personnes différentes."
    """

  public init(reading document: Declaration) throws {
    var pairs: [IncompatibleRoles.Pair] = []
    for declaration in try RegisterEntry(document, ["paires"]).list("paires") {
      let entry = try RegisterEntry(declaration, ["roles", "motif"])
      let roles = try entry.list("roles").map(Self.role)
      guard roles.count == 2, roles[0] != roles[1] else {
        throw entry["roles"].error("il faut deux rôles différents.", "two different roles are wanted.")
      }
      let pair = IncompatibleRoles.Pair(roles[0], roles[1], reason: try entry.text("motif"))
      guard !pairs.contains(pair) else { throw declaration.error("cette paire est là deux fois.", "this pair is there twice.") }
      pairs.append(pair)
    }
    self.pairs = pairs
  }

  private static func role(_ declaration: Declaration) throws -> GUID {
    let text = try declaration.text()
    if let id = GUID(text) { return id }
    guard let role = (BuiltInRole.all + DirectoryRole.all).first(where: { $0.roleName.lowercased() == text.lowercased() }) else {
      throw declaration.error("« \(text) » n'est pas un rôle de la plateforme.", "“\(text)” is no role of the platform.")
    }
    return role.id
  }
}

extension DocumentStore {
  /// What may not be held together: the platform's own pairs and those of the register, as it stands.
  public func incompatibleRoles() async throws -> IncompatibleRoles {
    IncompatibleRoles.builtIn.adding(try await register(IncompatibleRightsRegister.self)?.value.pairs ?? [])
  }

  /// Lets `access` refuse what the register says: at the start, and each time that the register is filed.
  public func applyIncompatibleRights(to access: AccessControl) async throws { access.incompatibleRoles = try await incompatibleRoles() }
}
