internal import Base
internal import Catalogue
internal import Operators
internal import Wire

/// Who works for the provider has an account of her own, and nobody begins with a technical one.
package struct ControlIAM02: ControlObservation {
  package let control = "CTL-IAM-02"
  package let test = "CTL-IAM-02Tests: an operator whom the register of people does not know is a gap, and so is a technical account with a password"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    [try await accounts(platform), try await technical(platform)]
  }

  // MARK: 9.2.b

  /// An account of a person: of an operator, or of who administers the provider's own tenant.
  private struct Account {
    var id: String
    var kind: Text
  }

  private func accounts(_ platform: ObservedPlatform) async throws -> Finding {
    let register = OperatorRegister(records: platform.records, keyring: platform.keyring, clock: platform.clock, random: platform.random)
    let operators = try await register.list()
    let active = operators.filter { $0.disabled == nil }
    let administrators = try await ProviderAdministrators.read(platform).accounts.filter { $0.kind == .user && $0.isEnabled }
    let accounts =
      active.map { Account(id: $0.id.description.lowercased(), kind: Text("l'opérateur", "the operator")) }
      + administrators.map { Account(id: $0.name.lowercased(), kind: Text("l'administrateur", "the administrator")) }
    let subject = Text(
      "les opérateurs inscrits et les administrateurs du prestataire, et leur personne au registre « \(AttestationsRegister.name) »",
      "the registered operators and the provider's administrators, and their person in the register “\(AttestationsRegister.name)”")
    guard let filed = try await platform.documents.register(AttestationsRegister.self) else {
      return .unfiled(AttestationsRegister.self, ["9.2.b"], subject: subject)
    }
    var gaps: [Text] = []
    for account in accounts where !filed.value.people.contains(where: { $0.accounts.contains(account.id) }) {
      gaps.append(
        Text(
          "\(account.kind.french) \(account.id) n'a personne au registre.", "\(account.kind.english) \(account.id) has nobody in the register."))
    }
    for person in filed.value.people {
      let own = active.filter { person.accounts.contains($0.id.description.lowercased()) }
      guard own.count > 1 else { continue }
      gaps.append(
        Text("\(person.reference) a \(own.count) comptes d'opérateur.", "\(person.reference) has \(own.count) operators' accounts."))
    }
    return Finding(
      ["9.2.b"], subject: subject, looked: accounts.count, gaps: gaps,
      nothing: Text(
        "aucun opérateur n'est inscrit (« cocagne operator add ») et le prestataire n'a pas d'administrateur.",
        "no operator is registered (“cocagne operator add”) and the provider has no administrator."),
      figures: [
        .init("opérateurs actifs", "active operators", active.count),
        .init("opérateurs suspendus", "disabled operators", operators.count - active.count),
        .init("administrateurs du prestataire", "the provider's administrators", administrators.count),
      ], evidence: ["operators": .array(active.map { .string($0.id.description) }), "register": filed.evidence])
  }

  // MARK: 9.5.d

  /// Accounts of the host that are nobody's and can do everything: root, and the one that owns the control socket.
  private func technical(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "les comptes techniques de l'hôte (root, propriétaire de la prise de contrôle) : mot de passe, et connexion directe par SSH",
      "the host's technical accounts (root, owner of the control socket): password, and direct sign-in by SSH")
    let owner = try platform.host.attributes(of: platform.site.controlSocket)?.owner
    var names: [String] = []
    for fields in Self.lines(try platform.host.text(of: "/etc/passwd")) where fields.count >= 7 {
      guard let number = UInt32(fields[2]), number == 0 || number == owner else { continue }
      names.append(fields[0])
    }
    guard let shadow = try platform.host.text(of: "/etc/shadow"), !names.isEmpty else {
      return Finding(
        ["9.5.d"], .notAssessed, subject: subject,
        reason: Text("les comptes de l'hôte ne se lisent pas (/etc/shadow).", "the host's accounts cannot be read (/etc/shadow)."))
    }
    let passwords = Dictionary(Self.lines(shadow).filter { $0.count >= 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
    let (rootLogin, permitted) = try await Self.rootLogin(platform)
    var gaps: [Text] = []
    var evidence: [JSON] = []
    for name in names {
      let isLocked = passwords[name].map { $0.hasPrefix("!") || $0.hasPrefix("*") } ?? false
      evidence.append(["account": .string(name), "locked": .boolean(isLocked)])
      guard !isLocked else { continue }
      gaps.append(
        Text(
          "le compte technique \(name) a un mot de passe : on peut s'y connecter sans passer par un compte nominatif.",
          "the technical account \(name) has a password: one can sign in to it without an account of one's own."))
    }
    if permitted {
      gaps.append(
        Text(
          "SSH laisse root se connecter (PermitRootLogin \(rootLogin ?? "?")) : personne n'y est nommé.",
          "SSH lets root sign in (PermitRootLogin \(rootLogin ?? "?")): nobody is named."))
    }
    return Finding(
      ["9.5.d"], subject: subject, looked: names.count, gaps: gaps, nothing: subject,
      figures: [.init("comptes techniques", "technical accounts", names.count)],
      evidence: .object(["accounts": .array(evidence), "permitRootLogin": .string(rootLogin ?? "none")]))
  }

  /// What the SSH server says of root, and whether that lets root in; nil where there is no server.
  private static func rootLogin(_ platform: ObservedPlatform) async throws -> (String?, Bool) {
    guard let server = try ControlCRYPTO03.servers.first(where: { try platform.host.attributes(of: $0) != nil }) else { return (nil, false) }
    let lines = try await platform.host.run(server, ["-T"]).output.split(separator: "\n")
    let value = lines.first { $0.lowercased().hasPrefix("permitrootlogin ") }?.split(separator: " ").last.map { $0.lowercased() }
    return (value, value != "no")
  }

  private static func lines(_ text: String?) -> [[String]] {
    (text ?? "").split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
  }
}
