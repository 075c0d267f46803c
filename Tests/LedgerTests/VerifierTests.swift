import Base
import Ledger
import Simulation
import Testing
import Wire

/// Each attack on an export, made as somebody would who knows the format.
@Suite struct VerifierTests {
  private typealias Kind = LedgerFinding.Kind

  /// An export of 41 entries with heads at 11, 21, 31 and 41, and what a witness has of the last.
  private struct Case {
    var files: LedgerVerifier.Files
    var witness: [UInt8]

    init(_ fixture: LedgerFixture, _ name: String = "entry", from start: Int = 0) async throws {
      for round in start..<4 {
        for number in 0..<10 { try await fixture.append("\(name) \(round)/\(number)") }
        try await fixture.ledger.publish()
      }
      files = try await fixture.export()
      witness = Array(try await fixture.ledger.publish().note.utf8)
    }

    var lines: [String] {
      get { Self.split(files.entries) }
      set { files.entries = LedgerFixture.lines(newValue.map { Array($0.utf8) }) }
    }

    var leaves: [String] {
      get { Self.split(files.leaves) }
      set { files.leaves = LedgerFixture.lines(newValue.map { Array($0.utf8) }) }
    }

    var heads: [String] {
      get { Self.split(files.heads) }
      set { files.heads = LedgerFixture.lines(newValue.map { Array($0.utf8) }) }
    }

    private static func split(_ bytes: [UInt8]) -> [String] { bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) } }

    mutating func number(_ line: String, _ number: Int) -> String {
      line.replacing(#/,"sequence":[0-9]+/#, with: ",\"sequence\":\(number)")
    }

    /// Leaves that the lines lead to, as somebody makes them who hides what he did.
    mutating func remakeLeaves() {
      leaves = lines.enumerated().map { FiledEntry.leaf(of: Array($1.utf8), sequence: $0 + 1).hash.hexadecimal }
    }

    func kinds(key: String? = nil) throws -> Set<Kind> {
      Set(try LedgerVerifier(files, witness: witness, key: key).verify().findings.map(\.kind))
    }

    func english() throws -> String { try LedgerVerifier(files, witness: witness).verify().findings.map(\.english).joined(separator: "\n") }
  }

  @Test func anHonestExportHasNoFindings() async throws {
    let fixture = try await LedgerFixture()
    let honest = try await Case(fixture)
    #expect(try honest.kinds().isEmpty)
    #expect(try honest.kinds(key: fixture.ledger.verifier.description).isEmpty)
    // A witness that has an earlier head agrees as well.
    let early = try #require(try await fixture.ledger.heads(after: 0, limit: 1).first)
    var older = honest
    older.witness = Array(early.note.utf8)
    #expect(try older.kinds().isEmpty)
  }

  @Test func anAlteredEntryIsNamed() async throws {
    var attack = try await Case(try await LedgerFixture())
    attack.lines[16] = attack.lines[16].replacing("entry", with: "other")
    #expect(try attack.kinds() == [.alteredEntry])
    #expect(try attack.english() == "Entry 17 was altered.")
    attack.remakeLeaves()
    #expect(try attack.kinds() == [.alteredEntry])
    #expect(try attack.english().contains("between 12 and 21"))
  }

  @Test func anAlteredNumberOfAnEntryIsNamed() async throws {
    var attack = try await Case(try await LedgerFixture())
    attack.lines[1] = attack.number(attack.lines[1], 777)
    #expect(try attack.kinds() == [.alteredEntry])
    #expect(try attack.english() == "Entry 2 was altered.")
  }

  @Test(arguments: ["9223372036854775807", "-9223372036854775808", "0"]) func aNumberThatCanBeNobodysIsNamed(number: String) async throws {
    var attack = try await Case(try await LedgerFixture())
    attack.lines[1] = attack.lines[1].replacing(#","sequence":2,"#, with: ",\"sequence\":\(number),")
    #expect(try attack.kinds() == [.alteredEntry])
    attack.leaves.removeAll()
    #expect(try attack.kinds() == [.removedEntry])
  }

  @Test func aHeadOfASizeThatNoLogHasIsNamed() async throws {
    var attack = try await Case(try await LedgerFixture())
    let last = attack.heads.count - 1
    attack.heads[last] = attack.heads[last].replacing(#/"size":[0-9]+/#, with: #""size":1000000000000000"#)
    #expect(try attack.kinds().contains(.removedNewest))
  }

  @Test func anExportWithTwoCertificatesInThePlaceOfOneIsNone() async throws {
    let honest = try await Case(try await LedgerFixture())
    var attack = honest
    let header = String(decoding: honest.files.header, as: UTF8.self)
    let json = try JSON(parsing: honest.files.header)
    let certificate = try #require(json["serviceCertificate"])
    let twice: JSON = .string((certificate.string ?? "") + (certificate.string ?? ""))
    attack.files.header = Array(header.replacing(certificate.text, with: twice.text).utf8)
    #expect(attack.files.header != honest.files.header)
    #expect(throws: LedgerError.self) { try attack.kinds() }
  }

  @Test func aFileThatTheWitnessHasNotSignedIsNamed() async throws {
    let honest = try await Case(try await LedgerFixture())
    let key = NoteKey(name: "witness.example/1")
    func kinds(_ witness: [UInt8]) throws -> [Kind] {
      try LedgerVerifier(honest.files, witness: witness, witnessKey: key.cosignatureVerifier.description).verify().findings.map(\.kind)
    }
    #expect(try kinds(honest.witness) == [.wrongKey])
    var note = try #require(SignedNote(String(decoding: honest.witness, as: UTF8.self)))
    note.signatures.append(try key.cosign(note.text, at: Timestamp(seconds: 1_700_000_000)))
    #expect(try kinds(Array(note.description.utf8)).isEmpty)
    #expect(throws: LedgerError.self) {
      try LedgerVerifier(honest.files, witness: honest.witness, witnessKey: key.verifier.description).verify()
    }
  }

  @Test func aRemovedEntryIsNamed() async throws {
    let honest = try await Case(try await LedgerFixture())
    var attack = honest
    attack.lines.remove(at: 16)
    #expect(try attack.kinds() == [.removedEntry])
    #expect(try attack.english() == "Entry 17 was removed.")
    var renumbered = attack
    for index in 16..<renumbered.lines.count { renumbered.lines[index] = renumbered.number(renumbered.lines[index], index + 1) }
    #expect(try renumbered.kinds() == [.removedEntry])
    #expect(try renumbered.english() == "Entry 17 was removed.")
    attack.remakeLeaves()
    #expect(try attack.kinds().contains(.removedEntry))
  }

  @Test func removedNewestEntriesAreNamed() async throws {
    let honest = try await Case(try await LedgerFixture())
    var attack = honest
    attack.lines.removeLast(5)
    #expect(try attack.kinds() == [.removedNewest])
    #expect(try attack.english().contains("37 to 41"))
    attack.leaves.removeLast(5)
    #expect(try attack.kinds() == [.removedNewest])
    // All that tells of them: only the witness knows.
    var clean = honest
    clean.lines.removeLast(10)
    clean.leaves.removeLast(10)
    clean.heads.removeLast()
    #expect(try clean.kinds() == [.removedNewest])
    #expect(try clean.english().contains("the witness has seen 41"))
  }

  @Test func aReorderedPairIsNamed() async throws {
    let honest = try await Case(try await LedgerFixture())
    var attack = honest
    attack.lines.swapAt(5, 25)
    #expect(try attack.kinds() == [.reordered])
    var renumbered = attack
    for index in [5, 25] { renumbered.lines[index] = renumbered.number(renumbered.lines[index], index + 1) }
    #expect(try renumbered.kinds() == [.reordered])
    #expect(try renumbered.english().contains("entry 26 ") && renumbered.english().contains("entry 6."))
    attack.remakeLeaves()
    #expect(try attack.kinds() == [.reordered])
    var twice = honest
    twice.lines.insert(twice.lines[3], at: 4)
    #expect(try twice.kinds() == [.reordered])
  }

  @Test func aForkedHistoryIsNamed() async throws {
    let first = try await LedgerFixture()
    for number in 0..<5 { try await first.append("\(number)") }
    let (fixture, rewritten) = try await first.forked()
    let honest = try await Case(fixture)
    var attack = try await Case(rewritten, "other")
    attack.witness = honest.witness
    #expect(try attack.kinds() == [.forked])
    // Longer than what the witness has seen.
    attack = try await Case(rewritten, "longer")
    attack.witness = honest.witness
    #expect(try attack.kinds() == [.forked])
  }

  @Test func aWrongKeyIsNamed() async throws {
    let honest = try await Case(try await LedgerFixture())
    let forger = try await LedgerFixture()
    var whole = try await Case(forger)
    whole.witness = honest.witness
    #expect(try whole.kinds().contains(.wrongKey))
    #expect(try honest.kinds(key: forger.ledger.verifier.description).contains(.wrongKey))
    // The heads of another log beside the true entries.
    var heads = honest
    heads.files.heads = whole.files.heads
    #expect(try heads.kinds().contains(.wrongKey))
    var signature = honest
    signature.heads[1] = signature.heads[1].replacing(#/"signature":"[^"]*"/#, with: #""signature":"MAYCAQECAQE=""#)
    #expect(try signature.kinds() == [.wrongKey])
  }

  @Test func entriesThatNoHeadCoversAreNamed() async throws {
    var attack = try await Case(try await LedgerFixture())
    attack.lines.append(attack.number(attack.lines[40], 42))
    #expect(try !attack.kinds().isEmpty)
    attack.remakeLeaves()
    #expect(try attack.kinds() == [.unsigned])
  }

  @Test func anAlteredListOfLeavesIsNamed() async throws {
    var attack = try await Case(try await LedgerFixture())
    attack.leaves[3] = attack.leaves[4]
    #expect(try attack.kinds() == [.alteredEntry])
  }

  @Test(arguments: 0..<200) func noBytesMakeTheVerifierFailOtherwiseThanByItsError(seed: Int) async throws {
    let honest = try await Self.shared.value
    let random = SeededRandom(seed: UInt64(seed))
    var files = honest.files
    let paths: [WritableKeyPath<LedgerVerifier.Files, [UInt8]>] = [\.header, \.entries, \.leaves, \.heads]
    let path = paths[random.number(below: 4)]
    for _ in 0..<3 { files[keyPath: path][random.number(below: files[keyPath: path].count)] = UInt8(random.number(below: 256)) }
    guard files.entries != honest.files.entries || files.heads != honest.files.heads || files.leaves != honest.files.leaves else { return }
    do {
      _ = try LedgerVerifier(files, witness: honest.witness).verify()
    } catch is LedgerError {}
  }

  private static let shared = Task { try await Case(try await LedgerFixture()) }
}
