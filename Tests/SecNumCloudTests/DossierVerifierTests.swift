import Base
import Crypto
import Foundation
import SecNumCloud
import Simulation
import Testing

/// Nothing in a dossier can be altered unseen.
struct DossierVerifierTests {
  private func problems(_ dossier: BuiltDossier, key: String? = nil) throws -> [String] {
    try DossierVerifier(folder: dossier.path, key: key).verify().problems.map(\.french)
  }

  @Test func `a dossier as it was signed has no problem, by its own key and by the platform's`() async throws {
    let dossier = try await BuiltDossier.shared.value
    let report = try DossierVerifier(folder: dossier.path, key: dossier.twin.house.evidenceKey.publicKeyPEM).verify()
    #expect(report.problems == [])
    #expect(report.scope == "IaaS")
    #expect(report.fingerprint == dossier.twin.house.evidenceKey.fingerprint)
    #expect(try report.fileCount + 2 == dossier.names.count)
    #expect(report.observationCount == Set(dossier.twin.content.compliance.observations.values.joined()).count)
    #expect(try problems(dossier) == [])
  }

  @Test(arguments: ["dossier.html", "grille.xlsx", "oscal/catalog.json", "preuves/observations/CTL-IAM-03-1.json"])
  func `a changed file is found`(name: String) async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    var bytes = try dossier.bytes(name)
    bytes[bytes.count / 2] ^= 1
    try dossier.write(bytes, name)
    #expect(try problems(dossier).contains("\(name) a changé."))
  }

  @Test func `a missing file is found`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    try FileManager.default.removeItem(atPath: "\(dossier.path)/grille.csv")
    #expect(try problems(dossier) == ["grille.csv manque."])
  }

  @Test func `an added file is found, as is one in a new folder`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    try FileManager.default.createDirectory(atPath: "\(dossier.path)/annexes", withIntermediateDirectories: true)
    try dossier.write([1], "annexes/de-plus.txt")
    #expect(try problems(dossier) == ["annexes/de-plus.txt a été ajouté."])
  }

  @Test func `a renamed file is found by both its names`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    try FileManager.default.moveItem(atPath: "\(dossier.path)/grille.csv", toPath: "\(dossier.path)/tableau.csv")
    #expect(try problems(dossier) == ["grille.csv a été renommé en tableau.csv."])
  }

  @Test func `a file that became a link to an equal one is found`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    let directory = ScratchDirectory()
    try FileManager.default.moveItem(atPath: "\(dossier.path)/grille.csv", toPath: directory("grille.csv"))
    try FileManager.default.createSymbolicLink(atPath: "\(dossier.path)/grille.csv", withDestinationPath: directory("grille.csv"))
    #expect(try problems(dossier).contains("grille.csv n'est pas un fichier ordinaire."))
  }

  @Test func `a manifest that was changed with the file is found by its signature`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    let before = sha256Hexadecimal(try dossier.bytes("grille.csv"))
    try dossier.write(Array("autre".utf8), "grille.csv")
    let manifest = try dossier.text("MANIFESTE.json").replacingOccurrences(of: before, with: sha256Hexadecimal("autre".utf8))
    try dossier.write(Array(manifest.utf8), "MANIFESTE.json")
    #expect(try problems(dossier).contains { $0.contains("la signature du manifeste") })
  }

  @Test func `a dossier that somebody signed anew with a key of theirs is found by the platform's key`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    let forger = P256.Signing.PrivateKey()
    let fingerprint = sha256Hexadecimal(forger.publicKey.derRepresentation)
    let pem = Array(forger.publicKey.pemRepresentation.utf8)
    let manifest = try dossier.text("MANIFESTE.json")
      .replacingOccurrences(of: dossier.twin.house.evidenceKey.fingerprint, with: fingerprint)
      .replacingOccurrences(of: sha256Hexadecimal(try dossier.bytes("preuves/cle-publique.pem")), with: sha256Hexadecimal(pem))
    try dossier.write(pem, "preuves/cle-publique.pem")
    try dossier.write(Array(manifest.utf8), "MANIFESTE.json")
    try dossier.write(Array(try forger.signature(for: Data(manifest.utf8)).derRepresentation), "MANIFESTE.sig")
    let found = try problems(dossier, key: dossier.twin.house.evidenceKey.publicKeyPEM)
    #expect(found.contains { $0.contains("la signature du manifeste") })
    #expect(found.contains { $0.contains("le manifeste nomme la clé \(fingerprint)") })
    // The forger cannot sign what the platform observed, and the dossier's own key does not hide it.
    #expect(try problems(dossier).contains { $0.contains("preuves/observations/") })
    #expect(try DossierVerifier(folder: dossier.path).verify().isKeyGiven == false)
  }

  @Test func `a statement whose signature is another's is found`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    try dossier.write(try dossier.bytes("preuves/observations/CTL-IAM-01-1.json.sig"), "preuves/observations/CTL-IAM-03-1.json.sig")
    #expect(try problems(dossier).contains("la signature de preuves/observations/CTL-IAM-03-1.json est fausse ou manque."))
  }

  @Test(arguments: [
    #"{"format": "cocagne-dossier-1"}"#, "[]", "", #"{"path": 1}"#,
    #"{"format":"cocagne-dossier-1","scope":"IaaS","service":"s","time":"2027-01-15T08:00:00Z","version":"0","key":"k","files":[{"path":"../x","bytes":1,"sha256":"0"}]}"#,
    #"{"format":"cocagne-dossier-1","scope":"IaaS","service":"s","time":"2027-01-15T08:00:00Z","version":"0","key":"k","files":[{"path":"x","bytes":1,"sha256":"0"},{"path":"x","bytes":1,"sha256":"0"}]}"#,
  ])
  func `what is no manifest is refused with words`(text: String) async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    try dossier.write(Array(text.utf8), "MANIFESTE.json")
    let error = #expect(throws: DossierError.self) { try DossierVerifier(folder: dossier.path).verify() }
    #expect(error?.text.french.contains("MANIFESTE.json") == true)
  }

  @Test func `without manifest or key there is nothing to check, which is said`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    #expect(throws: DossierError.self) { try DossierVerifier(folder: dossier.path, key: "no key").verify() }
    try FileManager.default.removeItem(atPath: "\(dossier.path)/MANIFESTE.json")
    #expect(throws: DossierError.self) { try DossierVerifier(folder: dossier.path).verify() }
  }
}
