internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Nobody holds a privileged role without the three attestations, nor after the end of the contract.
package struct ControlRH01: ControlObservation {
  package let control = "CTL-RH-01"
  package let test = "CTL-RH-01Tests: an administrator whose training has expired is found, and one whose contract has ended"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let administrators = try await ProviderAdministrators.read(platform)
    let filed = try await platform.documents.register(AttestationsRegister.self)
    let people = filed?.value.people ?? []
    let today = CalendarDate(platform.now)
    let accounts = administrators.people
    let figures = [
      Finding.Figure("comptes privilégiés de personnes", "privileged accounts of people", accounts.count),
      Finding.Figure("personnes au registre", "people in the register", people.count),
    ]
    func holders(_ account: ProviderAdministrators.Account) -> [AttestationsRegister.Person] {
      people.filter { $0.accounts.contains(account.name.lowercased()) }
    }
    let unattached = accounts.filter { holders($0).isEmpty }.map { account in
      Text(
        "le compte privilégié \(account.name) n'a personne au registre.", "the privileged account \(account.name) has nobody in the register.")
    }
    func finding(_ item: ItemID, _ what: Text, _ attestation: KeyPath<AttestationsRegister.Person, AttestationsRegister.Attestation>) -> Finding {
      let lapsed = accounts.flatMap { account in
        holders(account).filter { !$0[keyPath: attestation].holds(on: today) }.map { person in
          Text(
            "l'attestation de \(person.reference) (\(account.name)) ne vaut pas au \(today) : \(what.french).",
            "the attestation of \(person.reference) (\(account.name)) does not hold on \(today): \(what.english).")
        }
      }
      return made(
        [item],
        Text(
          "les comptes privilégiés, et l'attestation de leurs titulaires au registre « \(AttestationsRegister.name) » : \(what.french)",
          "the privileged accounts, and their holders' attestation in the register “\(AttestationsRegister.name)”: \(what.english)"),
        unattached + lapsed)
    }
    func made(_ items: [ItemID], _ subject: Text, _ gaps: [Text]) -> Finding {
      Finding(
        items, subject: subject, looked: filed == nil ? 0 : accounts.count, gaps: gaps,
        nothing: filed == nil
          ? Text(
            "le registre « \(AttestationsRegister.name) » n'est pas déposé.", "the register “\(AttestationsRegister.name)” is not filed.")
          : Text("aucun compte privilégié n'a été trouvé.", "no privileged account was found."),
        figures: figures, evidence: ["privileged": administrators.evidence])
    }
    let ended = accounts.flatMap { account in
      holders(account).filter { person in person.end.map { $0 < today } ?? false }.map { person in
        Text(
          "le contrat de \(person.reference) est fini, et \(account.name) tient encore un rôle privilégié.",
          "the contract of \(person.reference) has ended, and \(account.name) still holds a privileged role.")
      }
    }
    return [
      finding("7.1.b", Text("habilitation", "vetting"), \.vetting), finding("7.2.b", Text("charte signée", "signed charter"), \.charter),
      finding("7.3.b", Text("formation", "training"), \.training),
      made(
        ["7.5.a"],
        Text(
          "les comptes privilégiés, et la fin de contrat de leurs titulaires au registre « \(AttestationsRegister.name) »",
          "the privileged accounts, and the end of their holders' contracts in the register “\(AttestationsRegister.name)”"), unattached + ended),
    ]
  }
}
