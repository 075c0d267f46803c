import Base
import Ledger
import Simulation
import Testing

@Suite struct WitnessTests {
  /// Hands a ledger's checkpoints to a reference witness, through the bytes of a request.
  private struct Wire: LedgerWitness {
    let name = "notary"
    let witness: ReferenceWitness
    let verifier: NoteVerifier
    let isAway: Locked<Bool>

    func add(_ note: SignedNote, from size: Int, _ proof: [MerkleHash]) async throws -> WitnessAnswer {
      struct Away: Error {}
      if isAway.value { throw Away() }
      let answer = try await witness.addCheckpoint(Array(WitnessRequest(oldSize: size, proof: proof, note: note).body.utf8))
      switch answer.status {
      case 200:
        let signature = try #require(SignedNote.Signature(line: answer.body.dropLast()))
        #expect(verifier.isGood(signature, over: note.text))
        return .kept([signature])
      case 409:
        #expect(answer.contentType == "text/x.tlog.size")
        return .knows(size: try #require(Int(answer.body.dropLast())))
      case 422: return .contradicts(answer.body)
      default: return .refused("\(answer.status)")
      }
    }
  }

  private func witness(_ store: MemoryStore, for ledger: Ledger, key: NoteKey = NoteKey(name: "witness.example/1")) -> Wire {
    Wire(
      witness: ReferenceWitness(key: key, logs: [ledger.verifier], store: store, clock: ManualClock()), verifier: key.cosignatureVerifier,
      isAway: Locked(false))
  }

  @Test func aWitnessCosignsEachHeadOfALogThatGrows() async throws {
    let (fixture, store) = (try await LedgerFixture(), MemoryStore())
    let notary = witness(store, for: fixture.ledger)
    let watched = try await fixture.reopened(witnesses: [notary])
    for round in 0..<4 {
      for number in 0..<(round * 90) { try await watched.append("\(round)/\(number)") }
      try await watched.ledger.publish()
    }
    let status = try await watched.ledger.status()
    #expect(status.witnesses.map(\.size) == [541] && status.witnesses.allSatisfy { $0.problem == nil })
    let head = try #require(status.head)
    let note = try #require(SignedNote(head.note))
    #expect(notary.verifier.hasSigned(note) && watched.ledger.verifier.hasSigned(note))
    #expect(try store.newest(of: LedgerFixture.origin)?.text == note.text)
  }

  @Test func aWitnessThatIsAwayIsShownAndTriedAgain() async throws {
    let (fixture, store) = (try await LedgerFixture(), MemoryStore())
    let notary = witness(store, for: fixture.ledger)
    let watched = try await fixture.reopened(witnesses: [notary])
    notary.isAway.change { $0 = true }
    try await watched.ledger.publish()
    let away = try #require(try await watched.ledger.status().witnesses.first)
    #expect(away.problem != nil && !away.isContradiction && away.size == 0)
    notary.isAway.change { $0 = false }
    // Nothing has grown: it is handed the head that it has missed all the same.
    try await watched.ledger.publish()
    #expect(try await watched.ledger.status().witnesses.first?.problem == nil)
    #expect(try await watched.ledger.status().witnesses.first?.size == 1)
  }

  @Test func aWitnessThatKnowsMoreThanTheLogRemembersIsCaughtUpWith() async throws {
    let (fixture, store) = (try await LedgerFixture(), MemoryStore())
    let notary = witness(store, for: fixture.ledger)
    for number in 0..<10 { try await fixture.append("\(number)") }
    // It was handed a head whose answer got lost.
    _ = try await notary.add(try #require(SignedNote(try await fixture.ledger.publish().note)), from: 0, [])
    let watched = try await fixture.reopened(witnesses: [notary])
    for number in 10..<20 { try await watched.append("\(number)") }
    try await watched.ledger.publish()
    #expect(try await watched.ledger.status().witnesses.first?.size == 21)
  }

  @Test func aWitnessRefusesALogThatHasShrunkOrForkedAndKeepsTheEvidence() async throws {
    let (first, store) = (try await LedgerFixture(), MemoryStore())
    let notary = witness(store, for: first.ledger)
    for number in 0..<10 { try await first.append("\(number)") }
    let early = try #require(SignedNote(try await first.ledger.publish().note))
    // What the platform could do that has the keys: take its data of before, and write another history from there.
    let (fixture, rewritten) = try await first.forked([notary])
    #expect(isKept(try await notary.add(early, from: 0, [])))
    for number in 0..<10 { try await fixture.append("true \(number)") }
    let seen = try #require(SignedNote(try await fixture.ledger.publish().note))
    #expect(try await fixture.ledger.status().witnesses.first?.size == 21)

    #expect(try await notary.add(early, from: 11, []) == .knows(size: 21))
    #expect(store.contradictions.isEmpty && store.unproven.isEmpty, "an old honest checkpoint is taken for evidence")
    for number in 0..<5 { try await rewritten.append("false \(number)") }
    try await rewritten.ledger.publish()
    #expect(try await rewritten.ledger.status().witnesses.first?.isContradiction == true, "shorter than what was seen")
    for number in 5..<10 { try await rewritten.append("false \(number)") }
    let other = try #require(SignedNote(try await rewritten.ledger.publish().note))
    var padded = other
    padded.signatures.append(SignedNote.Signature(name: "nobody", keyID: [1, 2, 3, 4], bytes: [5]))
    _ = try await notary.add(padded, from: 0, [])
    #expect(store.contradictions.last == store.contradictions.first, "a signature of nobody's is kept")
    #expect(try await rewritten.ledger.status().witnesses.first?.isContradiction == true, "as long as what was seen")
    for number in 10..<20 { try await rewritten.append("false \(number)") }
    try await rewritten.ledger.publish()
    #expect(try await rewritten.ledger.status().witnesses.first?.isContradiction == true, "longer than what was seen")
    #expect(try store.newest(of: LedgerFixture.origin)?.text == seen.text)
    #expect(Set(store.contradictions.compactMap { Checkpoint(text: $0.text)?.size }) == [21])
    #expect(Set(store.unproven.compactMap { Checkpoint(text: $0.text)?.size }) == [31])
  }

  private func isKept(_ answer: WitnessAnswer) -> Bool {
    if case .kept = answer { true } else { false }
  }

  @Test func aWitnessAnswersWhatIsNoGoodCheckpointAsTheProtocolSays() async throws {
    let (fixture, store) = (try await LedgerFixture(), MemoryStore())
    let notary = witness(store, for: fixture.ledger).witness
    let note = try #require(SignedNote(try await fixture.ledger.publish().note))
    func status(_ body: String) async throws -> Int { try await notary.addCheckpoint(Array(body.utf8)).status }
    func request(_ note: SignedNote, _ size: Int = 0, _ proof: [MerkleHash] = []) -> String {
      WitnessRequest(oldSize: size, proof: proof, note: note).body
    }
    for body in ["", "old 0\n", "old 0\n\n", "old -1\n\n" + note.description, "old 01\n\n" + note.description, "old 0\nAAAA\n\n" + note.description] {
      #expect(try await status(body) == 400, "\(body)")
    }
    #expect(try await status(request(note, 2)) == 400)
    #expect(try await status("old 0\n" + String(repeating: "\(String(repeating: "A", count: 43))=\n", count: 64) + "\n" + note.description) == 400)
    var unknown = note
    unknown.text = "other.example/log\n1\n\(note.text.split(separator: "\n")[2])\n"
    #expect(try await status(request(unknown)) == 404)
    let stranger = NoteKey(name: LedgerFixture.origin)
    #expect(try await status(request(SignedNote(text: note.text, signatures: [try stranger.sign(note.text)]))) == 403)
    var altered = note
    altered.text = note.text.replacing("\n1\n", with: "\n2\n")
    #expect(try await status(request(altered)) == 403)
    #expect(try await status(request(note, 0, [.zero])) == 422)
    #expect(try await status(request(note)) == 200)
    // The same once more is no contradiction.
    #expect(try await status(request(note, 1)) == 200)
    #expect(try await status(request(note)) == 409)
  }

  /// Source: Go, `golang.org/x/mod/sumdb/note`, its example.
  @Test func aNoteOfGoIsReadWrittenAndChecked() throws {
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    let written = text + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    let verifier = try #require(NoteVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"))
    let note = try #require(SignedNote(written))
    #expect(note.text == text && note.description == written)
    #expect(verifier.hasSigned(note))
    #expect(verifier.description == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    var altered = note
    altered.text = text.replacing("answer", with: "Answer")
    #expect(!verifier.hasSigned(altered))
    #expect(NoteVerifier("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW") == nil)
  }

  @Test(arguments: [
    "", "text\n", "text\n\n", "text\n\n— name\n", "text\n\n— name AAAAAA==", "te\u{1}xt\n\n— name AAAAAAAA\n", "text\n\n- name AAAAAAAA\n",
  ])
  func whatIsNoNoteIsNotRead(text: String) {
    #expect(SignedNote(text) == nil)
  }
}
