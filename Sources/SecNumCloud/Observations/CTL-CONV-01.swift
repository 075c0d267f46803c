internal import Base
internal import Catalogue
internal import Declarations
internal import Identity
internal import Records
internal import Wire

/// Each tenant of the platform has accepted the agreement in force, which says what 19.1 asks for.
package struct ControlCONV01: ControlObservation {
  package let control = "CTL-CONV-01"
  package let test = "CTL-CONV-01Tests: a tenant who has not accepted the version in force is a gap"

  package init() {}

  static let exportMonths = 12

  private static let subject = Text("la version en vigueur au registre « conventions »", "the version in force in the register “conventions”")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let items = platform.requirements.control(control)?.items ?? []
    guard let filed = try await platform.documents.register(AgreementRegister.self) else {
      return [.unfiled(AgreementRegister.self, items, subject: Self.subject)]
    }
    let pieces = try await FiledPieces(platform)
    guard let version = filed.value.versions.last(where: { $0.from <= pieces.day }) else {
      return [
        Finding(
          items, .notAssessed, subject: Self.subject, reason: Text("aucune version n'est en vigueur.", "no version is in force."),
          evidence: filed.evidence)
      ]
    }
    return [
      try await acceptances(filed.value, version, filed.evidence, pieces, platform), clauses("19.1.b", version, filed.evidence),
      law(version, filed.evidence), clauses("19.1.h", version, filed.evidence), exports(filed.value, version, filed.evidence, pieces),
      clauses("19.1.n", version, filed.evidence), clauses("19.1.o", version, filed.evidence),
    ]
  }

  private func gaps(_ item: ItemID, _ version: AgreementRegister.Version) -> (asked: Int, gaps: [Text]) {
    let asked = AgreementRegister.Clause.allCases.filter { $0.item == item }
    let gaps = asked.filter { !version.clauses.contains($0) }.map { clause in
      Text(
        "la version « \(version.id) » n'a pas : \(clause.meaning.french).", "the version “\(version.id)” lacks: \(clause.meaning.english).")
    }
    return (asked.count, gaps)
  }

  private func clauses(_ item: ItemID, _ version: AgreementRegister.Version, _ evidence: JSON) -> Finding {
    let (asked, gaps) = gaps(item, version)
    return Finding(
      [item], subject: Self.subject, looked: asked, gaps: gaps, nothing: Self.subject,
      figures: [.init("clauses attendues", "clauses asked for", asked)],
      evidence: ["source": evidence, "version": .string(version.id), "clauses": .array(version.clauses.map(\.rawValue).sorted().map(JSON.string))])
  }

  // MARK: 19.1.a

  private func acceptances(
    _ register: AgreementRegister, _ version: AgreementRegister.Version, _ evidence: JSON, _ pieces: FiledPieces, _ platform: ObservedPlatform
  ) async throws -> Finding {
    let tenants = try await platform.records.read { reader in
      try platform.identity.tenants(limit: ObservationLimits.maximumListed, in: reader).map(\.id)
    }
    let clients = tenants.filter { register.own[$0] == nil }
    let accepted = Set(register.acceptances.filter { $0.version == version.id && $0.date <= pieces.day }.map(\.client))
    let missing = clients.filter { !accepted.contains($0) }
    var gaps = gaps("19.1.a", version).gaps
    if !pieces.holds(version.digest, in: ["convention-service", "attestation-annexee"]) {
      gaps.append(
        Text(
          "la version « \(version.id) » n'est pas parmi les pièces (convention-service).",
          "the version “\(version.id)” is not among the pieces (convention-service)."))
    }
    gaps += missing.map { client in
      Text("le client \(client) n'a pas accepté la version « \(version.id) ».", "the client \(client) has not accepted the version “\(version.id)”.")
    }
    return Finding(
      ["19.1.a"], subject: Text("les tenants de la plateforme et leurs acceptations", "the platform's tenants and their acceptances"),
      looked: clients.count,
      gaps: gaps, nothing: Text("la plateforme n'a encore aucun client.", "the platform has no client yet."),
      figures: [
        .init("clients", "clients", clients.count), .init("ayant accepté", "who have accepted", clients.count - missing.count),
        .init("tenants du prestataire", "tenants of the provider's own", tenants.count - clients.count),
      ],
      evidence: [
        "source": evidence, "version": .string(version.id), "empreinte": .string(version.digest),
        "sansAcceptation": .array(missing.prefix(1000).map { .string($0.description) }),
      ])
  }

  // MARK: 19.1.c

  private func law(_ version: AgreementRegister.Version, _ evidence: JSON) -> Finding {
    let gaps =
      OfferVocabulary.europeanUnion.contains(version.law)
      ? [] : [Text("le droit applicable est celui d'un pays tiers : \(version.law).", "the law that applies is a third country's: \(version.law).")]
    return Finding(
      ["19.1.c"], subject: Self.subject, looked: 1, gaps: gaps, nothing: Self.subject, evidence: ["source": evidence, "droit": .string(version.law)])
  }

  // MARK: 19.1.i

  private func exports(_ register: AgreementRegister, _ version: AgreementRegister.Version, _ evidence: JSON, _ pieces: FiledPieces) -> Finding {
    var gaps = gaps("19.1.i", version).gaps
    let tests = register.exports.filter { $0.date <= pieces.day }
    if let last = tests.max(by: { $0.date < $1.date }) {
      if !last.isRead {
        gaps.append(Text("l'export du \(last.date) n'a pas pu être relu.", "the export of \(last.date) could not be read again."))
      }
      if last.date.adding(months: Self.exportMonths) < pieces.day {
        gaps.append(Text("le dernier essai d'export est du \(last.date).", "the last test of an export is of \(last.date)."))
      }
      if !pieces.holds(last.digest, in: ["reversibilite"]) {
        gaps.append(
          Text(
            "le compte rendu de l'essai du \(last.date) n'est pas déposé (reversibilite).",
            "the report of the test of \(last.date) is not filed (reversibilite)."))
      }
    }
    return Finding(
      ["19.1.i"], subject: Text("la clause de réversibilité et les essais d'export", "the clause on reversibility, and tests of exports"),
      looked: gaps.isEmpty ? tests.count : 1, gaps: gaps, nothing: Text("aucun export n'a encore été essayé.", "no export was tested yet."),
      figures: [.init("essais d'export", "tests of exports", tests.count)], evidence: evidence)
  }
}
