import Base
import Crypto
import Ledger
import Records
import Simulation
import SwiftASN1
import Testing
import Wire
import X509

@Suite struct LedgerTests {
  @Test func aLogBeginsWithItsKeysAndGoesOnInTheOrderOfTime() async throws {
    let fixture = try await LedgerFixture()
    for name in ["a", "b", "c"] { try await fixture.append(name) }
    try await fixture.ledger.fileAll()
    #expect(try await fixture.subjects() == ["ledger", "a", "b", "c"])
    let first = try #require(try await fixture.ledger.filedEntries(after: 0, limit: 1).first)
    #expect(first.json["facts"]?["noteKey"]?.string == fixture.ledger.verifier.description)
  }

  @Test func whatIsFiledBeforeACrashGetsItsPlaceAfterItOnceAndNotTwice() async throws {
    var fixture = try await LedgerFixture()
    for round in 0..<5 {
      for number in 0..<30 { try await fixture.append("\(round)/\(number)") }
      // Some rounds end before anything got a place, others in the middle.
      if round.isMultiple(of: 2) { _ = try await fixture.ledger.fileBatch() }
      fixture = try await fixture.reopened()
    }
    try await fixture.ledger.fileAll()
    #expect(try await fixture.subjects() == ["ledger"] + (0..<5).flatMap { round in (0..<30).map { "\(round)/\($0)" } })
    #expect(try await fixture.ledger.status().drafts == 0)
  }

  @Test func anEntryOfATransactionThatFailsIsNotThere() async throws {
    struct Refused: Error {}
    let fixture = try await LedgerFixture()
    let entry = fixture.entry("never")
    await #expect(throws: Refused.self) {
      try await fixture.records.write { transaction in
        try entry.append(in: transaction)
        throw Refused()
      }
    }
    try await fixture.ledger.fileAll()
    #expect(try await fixture.subjects() == ["ledger"])
  }

  @Test func manyAtTheSameTimeAreAllThereOnceWhileTheSequencerRunsAndEnds() async throws {
    let fixture = try await LedgerFixture()
    let running = Task { try await fixture.ledger.run() }
    let second = Task {
      while !Task.isCancelled {
        try await fixture.ledger.fileAll()
        // Nothing that it awaits need suspend it, and others wait for its thread.
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { for number in 0..<60 { try await fixture.append("\(task)/\(number)") } }
      }
      try await group.waitForAll()
    }
    running.cancel()
    second.cancel()
    _ = await (running.result, second.result)
    try await fixture.ledger.fileAll()
    let subjects = try await fixture.subjects()
    #expect(subjects.count == 481)
    #expect(Set(subjects) == Set(["ledger"] + (0..<8).flatMap { task in (0..<60).map { "\(task)/\($0)" } }))
    let size = try await fixture.records.read { (try Ledger.log.size(in: $0), try Ledger.transparencyLog.size(in: $0)) }
    #expect(size == (481, 481))
  }

  @Test func theRunningLedgerGivesPlacesByItself() async throws {
    let fixture = try await LedgerFixture()
    let running = Task { try await fixture.ledger.run() }
    try await fixture.append("by itself")
    let deadline = ContinuousClock.now.advanced(by: .seconds(20))
    while try await fixture.subjects().count < 2, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
    running.cancel()
    _ = await running.result
    #expect(try await fixture.subjects() == ["ledger", "by itself"])
  }

  @Test func aStartReadsAFewRecordsOfALongLog() async throws {
    let fixture = try await LedgerFixture()
    for number in 0..<600 { try await fixture.append("\(number)") }
    try await fixture.ledger.publish()
    let counting = CountingStore(fixture.records)
    let ledger = try await fixture.another(over: counting)
    #expect(counting.entries <= 4 && counting.calls <= 2)
    #expect(try await ledger.status().size == 601)
  }

  @Test func aTenantSeesItsOwnEntriesPageByPage() async throws {
    let fixture = try await LedgerFixture()
    for number in 0..<25 {
      try await fixture.append("mine \(number)")
      try await fixture.append("theirs \(number)", tenant: fixture.other)
    }
    try await fixture.ledger.fileAll()
    var (seen, after) = ([String](), 0)
    while true {
      let page = try await fixture.ledger.entries(tenant: fixture.tenant, after: after, limit: 7)
      guard let last = page.last else { break }
      #expect(page.allSatisfy { $0.entry.tenant == fixture.tenant })
      seen += page.compactMap { $0.entry.json["subject"]?.string }
      after = last.entry.sequence
    }
    #expect(seen == (0..<25).map { "mine \($0)" })
    #expect(try await fixture.ledger.entries(tenant: SystemRandom().guid(), limit: 10).isEmpty)
  }

  @Test func theTextOfAnEntryIsCutToItsBound() async throws {
    let fixture = try await LedgerFixture()
    try await fixture.append(
      String(repeating: "é", count: 100_000), facts: Dictionary(uniqueKeysWithValues: (0..<100).map { ("fact \($0)", "x") }))
    try await fixture.ledger.fileAll()
    let entry = try #require(try await fixture.ledger.filedEntries(after: 1, limit: 1).first)
    let subject = try #require(entry.json["subject"]?.string)
    #expect(subject.utf8.count <= LedgerLimits.maximumTextBytes && subject.hasSuffix("é…"))
    #expect(entry.json["facts"]?.object?.members.count == LedgerLimits.maximumTexts)
  }

  // MARK: Persons

  @Test func whatNamesAPersonIsInTheLogAsACommitmentAlone() async throws {
    let fixture = try await LedgerFixture()
    let personal = ["caller": "alice@example.org", "address": "192.0.2.7"]
    try await fixture.append("a", personal: personal)
    try await fixture.append("b", personal: personal)
    try await fixture.ledger.fileAll()
    let listed = try await fixture.ledger.entries(tenant: fixture.tenant, limit: 10)
    #expect(listed.map(\.personal) == [personal, personal])
    let commitments = listed.map { $0.entry.json["personal"]?["caller"]?.string ?? "" }
    #expect(commitments.allSatisfy { $0.utf8.count == 64 } && commitments[0] != commitments[1])
    // Neither in an entry nor anywhere else in the records.
    let all = try await fixture.records.read { try $0.entries(in: KeyBytes([])..<KeyBytes([0xFF]), limit: .max, reversed: false) }
    #expect(all.count > 10)
    #expect(!all.contains { String(decoding: $0.value, as: UTF8.self).contains("alice") })
  }

  @Test func whoIsErasedIsGoneAndTheLogStillVerifies() async throws {
    let fixture = try await LedgerFixture()
    for number in 0..<6 { try await fixture.append("\(number)", personal: ["caller": number.isMultiple(of: 3) ? "alice" : "bob"]) }
    try await fixture.ledger.fileAll()
    let before = try await fixture.ledger.signHead().head
    #expect(try await fixture.ledger.erasePersonal(of: fixture.tenant, naming: "alice") == 2)
    #expect(try await fixture.ledger.erasePersonal(of: fixture.tenant, naming: "alice") == 0)
    #expect(try await fixture.ledger.erasePersonal(of: fixture.other, naming: "bob") == 0)
    try await fixture.ledger.fileAll()
    let listed = try await fixture.ledger.entries(tenant: fixture.tenant, limit: 20)
    #expect(listed.map { $0.personal["caller"] } == [nil, "bob", "bob", nil, "bob", "bob", nil])
    // That something was erased is itself an entry, without the name.
    #expect(listed.last?.entry.json["kind"]?.string == LedgerEntry.Kind.operatorAction.rawValue)
    #expect(listed.last?.entry.json["facts"]?["sequences"]?.string == "2 5")
    let report = try LedgerVerifier(try await fixture.export(), witness: Array(before.note.utf8)).verify()
    #expect(report.findings.isEmpty && report.witnessedSize == 7)
  }

  @Test func theEndOfATenantLeavesNothingOfItsPersonsAndMakesNoKeyAgain() async throws {
    let fixture = try await LedgerFixture()
    try await fixture.append("a", personal: ["caller": "alice"])
    try await fixture.ledger.fileAll()
    #expect(try await fixture.ledger.erasePersonal(of: fixture.tenant) == 1)
    let stranger = SystemRandom().guid()
    try await fixture.append("late", tenant: stranger, personal: ["caller": "bob"])
    try await fixture.append("the end", tenant: stranger, kind: .erasure, personal: ["operator": "carol"])
    try await fixture.ledger.fileAll()
    #expect(try await fixture.records.read { try $0.entries(of: stranger, limit: 1).isEmpty })
    let listed = try await fixture.ledger.entries(limit: 10)
    #expect(listed.map(\.personal) == [[:], [:], [:], ["operator": "carol"]])
  }

  @Test func aTenantsDamagedKeyDoesNotHoldUpTheLog() async throws {
    let first = try await LedgerFixture()
    try await first.append("a", personal: ["caller": "alice"])
    try await first.ledger.fileAll()
    try await first.records.write { [tenant = first.tenant] transaction in
      for entry in try transaction.entries(in: KeyBytes.prefixed(by: tenant.bytes), limit: 100, reversed: false) {
        guard String(decoding: entry.key, as: UTF8.self).contains("keyring.tenantKey") else { continue }
        try transaction.put(entry.value.dropLast() + [~(entry.value.last ?? 0)], forKey: entry.key)
      }
    }
    // With nothing in memory.
    let fixture = try await first.reopened()
    try await fixture.append("b", personal: ["caller": "alice"])
    try await fixture.append("c", tenant: fixture.other, personal: ["caller": "carol"])
    try await fixture.ledger.fileAll()
    #expect(try await fixture.subjects() == ["ledger", "a", "b", "c"])
    #expect(try await fixture.ledger.entries(tenant: fixture.other, limit: 10).map(\.personal) == [["caller": "carol"]])
  }

  // MARK: Receipts

  @Test func aReceiptHoldsByTheRulesOfConfidentialLedger() async throws {
    let fixture = try await LedgerFixture()
    for number in 0..<300 { try await fixture.append("\(number)") }
    let service = try await fixture.ledger.serviceCertificate()
    for sequence in [1, 2, 100, 256, 257, 301] {
      let (entry, receipt) = try #require(try await fixture.ledger.receipt(for: sequence))
      #expect(entry.sequence == sequence)
      try Self.verify(receipt.json, service: service)
      #expect(receipt.leaf.writeSetDigest == MerkleHash(of: entry.writeSet))
    }
    #expect(try await fixture.ledger.receipt(for: 302) == nil)
    #expect(try await fixture.ledger.receipt(for: 0) == nil)
    #expect(try await fixture.ledger.receipt(for: -1) == nil)
  }

  @Test func anAlteredReceiptDoesNotHold() async throws {
    let fixture = try await LedgerFixture()
    for number in 0..<20 { try await fixture.append("\(number)") }
    let service = try await fixture.ledger.serviceCertificate()
    let (_, receipt) = try #require(try await fixture.ledger.receipt(for: 7))
    var leaf = receipt
    leaf.leaf.writeSetDigest = MerkleHash(of: [1])
    var proof = receipt
    proof.proof.swapAt(0, 1)
    var signature = receipt
    signature.signature[20] ^= 1
    let other = try #require(try await LedgerFixture().ledger.receipt(for: 1))
    var foreign = receipt
    foreign.certificate = other.receipt.certificate
    for altered in [leaf, proof, signature, foreign] {
      #expect(throws: (any Error).self) { try Self.verify(altered.json, service: service) }
    }
  }

  private struct Wrong: Error {}

  /// What `azure.confidentialledger.receipt.verify_receipt` does, written once more.
  private static func verify(_ receipt: JSON, service: String) throws {
    func digest(_ text: String?) throws -> SHA256Digest { SHA256.hash(data: Array(try required(text).utf8)) }
    func required<Value>(_ value: Value?) throws -> Value {
      guard let value else { throw Wrong() }
      return value
    }
    func bytes(_ text: String?) throws -> [UInt8] {
      let digits = try required(text).utf8.map { try required(hexadecimalValue($0)) }
      return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
    let node = try Certificate(pemEncoded: try required(receipt["cert"]?.string))
    guard try Certificate(pemEncoded: service).publicKey.isValidSignature(node.signature, for: node) else { throw Wrong() }
    let key = try required(P384.Signing.PublicKey(node.publicKey))
    guard Array(SHA256.hash(data: key.derRepresentation)) == (try bytes(receipt["nodeId"]?.string)) else { throw Wrong() }
    let leaf = try required(receipt["leafComponents"])
    var hash = SHA256.hash(
      data: try bytes(leaf["writeSetDigest"]?.string) + Array(try digest(leaf["commitEvidence"]?.string)) + (try bytes(leaf["claimsDigest"]?.string)))
    for sibling in try required(receipt["proof"]?.array) {
      if let left = sibling["left"]?.string {
        hash = SHA256.hash(data: try bytes(left) + Array(hash))
      } else {
        hash = SHA256.hash(data: Array(hash) + (try bytes(sibling["right"]?.string)))
      }
    }
    let signature = try P384.Signing.ECDSASignature(derRepresentation: try required(receipt["signature"]?.string.flatMap { Base64.decode($0) }))
    guard key.isValidSignature(signature, for: hash) else { throw Wrong() }
  }

  @Test func theNodesCertificateIsMadeAnewBeforeItEndsAndTheServicesStays() async throws {
    let fixture = try await LedgerFixture()
    let service = try await fixture.ledger.serviceCertificate()
    try await fixture.append("a")
    let (_, first) = try #require(try await fixture.ledger.receipt(for: 1))
    fixture.clock.advance(by: .seconds(300 * 86400))
    try await fixture.append("b")
    let (_, second) = try #require(try await fixture.ledger.receipt(for: 3))
    #expect(first.certificate != second.certificate && first.nodeID == second.nodeID)
    for receipt in [first, second] { try Self.verify(receipt.json, service: service) }
    #expect(try await fixture.reopened().ledger.serviceCertificate() == service)
  }

  @Test func aHeadIsSignedWhereTheLogHasGrownAndNotOtherwise() async throws {
    let fixture = try await LedgerFixture()
    #expect(try await fixture.ledger.signHead().isNew)
    #expect(try await !fixture.ledger.signHead().isNew)
    try await fixture.append("a")
    #expect(try await fixture.ledger.publish().size == 2)
    #expect(try await fixture.ledger.heads(after: 0, limit: 10).map(\.size) == [1, 2])
  }
}
