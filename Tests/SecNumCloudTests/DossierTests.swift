import Base
import Catalogue
import Foundation
import SecNumCloud
import Simulation
import Testing
import Wire

/// What a dossier holds, for people and for their tools.
struct DossierTests {
  @Test func `the grid has a line for each of the 278 items, with verdict, digest and path`() async throws {
    let dossier = try await BuiltDossier.shared.value
    let bytes = try dossier.bytes("grille.csv")
    #expect(bytes.starts(with: [0xEF, 0xBB, 0xBF]))
    let rows = Self.rows(String(decoding: bytes.dropFirst(3), as: UTF8.self), separator: ";")
    #expect(rows.count == 279)
    #expect(rows.allSatisfy { $0.count == 14 })
    let items = dossier.twin.content.compliance.items
    for (row, state) in zip(rows.dropFirst(), items) {
      #expect(row[2] == state.item.id.description)
      #expect(row[7] == state.verdict.rawValue)
      #expect((row[9] == "") == (state.verdict == .compliant))
      for (path, digest) in zip(row[11].split(separator: "\n"), row[10].split(separator: "\n")) {
        #expect(try sha256Hexadecimal(dossier.bytes(String(path))) == digest)
      }
      #expect(row[11].split(separator: "\n").count == state.observations.count + state.pieces.count)
    }
  }

  @Test func `what a spreadsheet would take for a formula is none`() async throws {
    let rows = Self.rows(try await BuiltDossier.shared.value.text("grille.csv"), separator: ";")
    let gap = try #require(rows.first { $0[9].contains("3 objets sur 12") })
    #expect(gap[9].hasPrefix("'=3 objets"))
  }

  @Test func `the import for CISO Assistant names each item as its library does`() async throws {
    let dossier = try await BuiltDossier.shared.value
    let rows = Self.rows(try dossier.text("ciso-assistant.csv"), separator: ",")
    #expect(rows.first?.prefix(8) == ["urn", "assessable", "ref_id", "name", "description", "compliance_result", "requirement_progress", "score"])
    #expect(rows.count == 279)
    let results = Dictionary(uniqueKeysWithValues: rows.dropFirst().map { ($0[2], $0[5]) })
    for state in dossier.twin.content.compliance.items {
      let expected =
        switch state.verdict {
        case .compliant: "compliant"
        case .nonCompliant: "non_compliant"
        case .notAssessed: "not_assessed"
        case .notApplicable: "not_applicable"
        }
      #expect(results[state.item.id.description] == expected)
    }
    #expect(Set(results.values).count == 4)
    #expect(rows.dropFirst().allSatisfy { $0[0] == "urn:intuitem:risk:req_node:secnumcloud-3.2:\($0[2])" && $0[7...9].allSatisfy { $0 == "" } })
  }

  @Test(arguments: [false, true])
  func `the report shows each item and its proofs, needs nothing from outside, and promises nothing`(english: Bool) async throws {
    let shared = try await BuiltDossier.shared.value
    let dossier = english ? try await BuiltDossier(shared.twin, english: true) : shared
    let html = try dossier.text("dossier.html")
    // Not by `#expect(html.contains(…))`, which would print the whole of it.
    func shows(_ text: String) -> Bool { html.contains(text) }
    let compliance = dossier.twin.content.compliance
    #expect(compliance.items.filter { !shows("id=\"i-\($0.item.id)\"") }.map(\.item.id) == [])
    #expect(compliance.observations.values.joined().filter { !shows($0.digest) }.map(\.control) == [])
    #expect(compliance.pieces.filter { !shows($0.content.sha256) }.map(\.slot) == [])
    #expect(["http:", "https:", "//", "src=", "@import", "url(", "<script", "<link"].filter(shows) == [])
    // Of the service and the product; auditors and bases may be qualified.
    let promises = [
      "certifié", "certified", "service qualifi", "service est qualifi", "Cocagne est", "plateforme est qualifi", "service is qualified",
      "qualified service",
    ]
    #expect(promises.filter(shows) == [])
    // What others wrote is text, not markup, and no template is left.
    #expect(["{{", "}}", "<réelles>", "<du>"].filter(shows) == [])
    #expect(shows(english ? "ready for J0" : "prêt pour J0"))
    #expect(shows(english ? "are not proven by code" : "ne se prouvent pas par du code"))
    #expect(shows("<svg"))
  }

  @Test func `an observation that has expired is shown as such, and no longer speaks for its items`() async throws {
    let twin = try await DossierTwin(gaps: { _ in false }, silent: { _ in false }, filesPieces: false)
    twin.house.clock.advance(by: .seconds(7 * 86400))
    var content = twin.content
    content.compliance = try await twin.house.platform.compliance(model: "IaaS")
    let directory = ScratchDirectory()
    _ = try await DossierBuilder(content, platform: twin.house.platform).build(at: directory("dossier"), pdf: false)
    let html = try String(contentsOf: URL(filePath: directory("dossier/dossier.html")), encoding: .utf8)
    #expect(html.components(separatedBy: "non évalué (périmé)").count > 160)
    #expect(html.components(separatedBy: "l&#39;observation est périmée").count > 100)
    #expect(twin.content.compliance.count(.compliant) > 100 && content.compliance.count(.compliant) == 0)
  }

  @Test func `two builds of the same state differ by their signatures alone`() async throws {
    let first = try await BuiltDossier.shared.value
    let second = try await BuiltDossier(first.twin)
    #expect(try first.names == second.names)
    for name in try first.names where name != "MANIFESTE.sig" { #expect(try first.bytes(name) == second.bytes(name), "\(name)") }
  }

  @Test func `every proof is there, by the bytes that were filed`() async throws {
    let dossier = try await BuiltDossier.shared.value
    let names = try dossier.names
    let content = dossier.twin.content
    let statements = names.filter { $0.hasPrefix("preuves/observations/") && !$0.hasSuffix(".sig") }
    #expect(Set(try statements.map(dossier.text)) == Set(content.compliance.observations.values.joined().map(\.statement)))
    #expect(names.count { $0.hasPrefix("preuves/pieces/") } == content.compliance.pieces.count)
    #expect(names.count { $0.hasPrefix("preuves/registres/") } == content.registers.count)
    #expect(!content.compliance.pieces.isEmpty && !content.registers.isEmpty)
    // A piece's file may have been called anything; in the dossier it cannot lead anywhere.
    #expect(names.allSatisfy { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !$0.contains("..") })
    #expect(try dossier.text("preuves/cle-publique.pem") == dossier.twin.house.evidenceKey.publicKeyPEM)
  }

  // MARK: Its place

  @Test func `a folder that is no dossier is left alone, and so is one into which somebody laid a file`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    let twin = dossier.twin
    let foreign = ScratchDirectory()
    try Data("mine".utf8).write(to: URL(filePath: foreign("notes.txt")))
    await #expect(throws: DossierError.self) { try await twin.builder().build(at: foreign.path, pdf: false) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: foreign.path) == ["notes.txt"])
    try dossier.write(Array("mine".utf8), "preuves/notes.txt")
    await #expect(throws: DossierError.self) { try await twin.builder().build(at: dossier.path, pdf: false) }
    #expect(try dossier.text("preuves/notes.txt") == "mine")
  }

  @Test func `an earlier dossier is replaced as a whole`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    try dossier.write(Array("changed".utf8), "grille.csv")
    #expect(try DossierVerifier(folder: dossier.path).verify().isSound == false)
    _ = try await dossier.twin.builder().build(at: dossier.path + "/", pdf: false)
    #expect(try DossierVerifier(folder: dossier.path).verify().problems == [])
    #expect(try Self.neighbours(dossier) == ["dossier"])
  }

  @Test func `a piece whose bytes changed on disk ends the build with its name, and nothing is left`() async throws {
    let dossier = try await BuiltDossier.shared.value.copy()
    let before = try dossier.bytes("MANIFESTE.json")
    let builder = dossier.twin.builder { content in
      throw ObservationFailure("le contenu ne correspond plus à son empreinte \(content.sha256).", "the content no longer has its digest.")
    }
    let error = await #expect(throws: DossierError.self) { try await builder.build(at: dossier.path, pdf: false) }
    let first = try #require(dossier.twin.content.compliance.pieces.first { error?.text.french.contains($0.content.sha256) == true })
    #expect(error?.text.french.contains(first.title) == true)
    #expect(try dossier.bytes("MANIFESTE.json") == before)
    #expect(try Self.neighbours(dossier) == ["dossier"])
  }

  @Test func `an observation that the platform did not sign is not passed on`() async throws {
    let twin = try await BuiltDossier.shared.value.twin
    let other = try await ObservedHouse(seed: 2)
    let builder = DossierBuilder(twin.content, key: other.evidenceKey, random: other.random) { try await twin.house.documents.bytes(of: $0) }
    let directory = ScratchDirectory()
    await #expect(throws: DossierError.self) { try await builder.build(at: directory("dossier"), pdf: false) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
  }

  private static func neighbours(_ dossier: BuiltDossier) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: dossier.path + "/..")
  }

  /// RFC 4180, with any separator.
  private static func rows(_ text: String, separator: Unicode.Scalar) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field = ""
    var isQuoted = false
    var scalars = Array(text.unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\"" where isQuoted && scalars.first == "\"":
        field += "\""
        scalars.removeFirst()
      case "\"": isQuoted.toggle()
      case separator where !isQuoted:
        row.append(field)
        field = ""
      case "\r" where !isQuoted: break
      case "\n" where !isQuoted:
        rows.append(row + [field])
        (row, field) = ([], "")
      default: field.unicodeScalars.append(scalar)
      }
    }
    return rows
  }
}
