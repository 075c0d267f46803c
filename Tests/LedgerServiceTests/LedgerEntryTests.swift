import Base
import Foundation
import Ledger
import LedgerService
import NIOHTTP1
import Records
import Testing
import Wire

/// Entries, pages, collections, receipts: what the data plane gives and what it refuses.
@Suite(.timeLimit(.minutes(2))) struct LedgerEntryTests {
  @Test func entriesComeBackInTheirOrderAndFromTheirCollectionsAlone() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let first = try await fixture.append("one")
    let second = try await fixture.append("two", "collectionId=books")
    let third = try await fixture.append("trois \u{1F9C0} \"quoted\"\n")
    #expect([first, second, third] == ["2.2", "2.3", "2.4"], "the ledger's own first transaction is 2.1")

    let entry = try await fixture.send(.GET, "/app/transactions/\(third)")
    #expect(entry.json["state"]?.string == "Ready")
    #expect(entry.json["entry"]?["contents"]?.string == "trois \u{1F9C0} \"quoted\"\n")
    #expect(entry.json["entry"]?["collectionId"]?.string == "subledger:0")
    #expect(entry.json["entry"]?["transactionId"]?.string == third)

    let elsewhere = try await fixture.send(.GET, "/app/transactions/\(second)")
    #expect(elsewhere.status == 404 && elsewhere.code == "ResourceNotFound", "\(elsewhere)")
    let book = try await fixture.send(.GET, "/app/transactions/\(second)", "collectionId=books")
    #expect(book.json["entry"]?["contents"]?.string == "two")

    let current = try await fixture.send(.GET, "/app/transactions/current")
    #expect(current.json["transactionId"]?.string == third)
    let list = try await fixture.send(.GET, "/app/transactions")
    #expect(list.json["entries"]?.array?.compactMap { $0["transactionId"]?.string } == [first, third])
    let collections = try await fixture.send(.GET, "/app/collections")
    #expect(collections.json["collections"]?.array?.compactMap { $0["collectionId"]?.string } == ["books", "subledger:0"])
    let status = try await fixture.send(.GET, "/app/transactions/\(first)/status")
    #expect(status.json == ["state": "Committed", "transactionId": .string(first)])
    #expect(status.transaction == third, "an answer tells the state that it was read from")
  }

  @Test func aListGoesOnWhereItsPageEnds() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    for number in 0..<205 { try await fixture.append("entry \(number)", number.isMultiple(of: 41) ? "collectionId=rare" : "collectionId=many") }
    var (found, pages) = ([String](), 0)
    var next: String? = "collectionId=many"
    while let query = next {
      let page = try await fixture.send(.GET, "/app/transactions", query)
      #expect(page.status == 200, "\(page)")
      found += page.json["entries"]?.array?.compactMap { $0["contents"]?.string } ?? []
      pages += 1
      let link = page.json["nextLink"]?.string
      if let link { #expect(link.hasPrefix("/app/transactions?"), "\(link)") }
      next = link?.split(separator: "?").last.map { String($0).replacing("api-version=2022-05-13&", with: "") }
    }
    #expect(pages == 2)
    #expect(found == (0..<205).filter { !$0.isMultiple(of: 41) }.map { "entry \($0)" })

    let range = try await fixture.send(.GET, "/app/transactions", "collectionId=many&fromTransactionId=2.10&toTransactionId=2.12")
    #expect(range.json["entries"]?.array?.compactMap { $0["contents"]?.string } == ["entry 8", "entry 9", "entry 10"])
    #expect(range.json["nextLink"] == nil)
  }

  @Test func aPageOfLargeEntriesEndsAtItsBytes() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let contents = String(repeating: "x", count: 900_000)
    for _ in 0..<6 { try await fixture.append(contents) }
    let page = try await fixture.send(.GET, "/app/transactions")
    #expect(page.json["entries"]?.array?.count == 4)
    let query = try #require(page.json["nextLink"]?.string?.split(separator: "?").last.map(String.init))
    let next = try await fixture.send(.GET, "/app/transactions", query.replacing("api-version=2022-05-13&", with: ""))
    #expect(next.json["entries"]?.array?.count == 2 && next.json["nextLink"] == nil)
  }

  @Test func entriesAreFoundByOneOfTheirTags() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    try await fixture.append("a", "tags=red,green")
    try await fixture.append("b", "tags=green")
    try await fixture.append("c")
    func contents(_ query: String) async throws -> [String] {
      try await fixture.send(.GET, "/app/transactions", query).json["entries"]?.array?.compactMap { $0["contents"]?.string } ?? []
    }
    #expect(try await contents("tag=green") == ["a", "b"])
    #expect(try await contents("tag=red") == ["a"])
    #expect(try await contents("tag=blue") == [])
    #expect(try await contents("tag=green&collectionId=other") == [])
    #expect(try await fixture.send(.POST, "/app/transactions", "tags=a,b,c,d,e,f", body: #"{"contents":"x"}"#).status == 400)
    #expect(try await fixture.send(.GET, "/app/transactions", "tag=a,b").status == 400)
  }

  @Test(arguments: [
    (HTTPMethod.GET, "/app/transactions/17", "", "", 400, "InvalidTransactionId"),
    (.GET, "/app/transactions/2.x", "", "", 400, "InvalidTransactionId"),
    (.GET, "/app/transactions/2.99999999999999999999", "", "", 400, "InvalidTransactionId"),
    (.GET, "/app/transactions/2.-1", "", "", 400, "InvalidTransactionId"),
    (.GET, "/app/transactions/3.1/status", "", "", 404, "InvalidTransactionId"),
    (.GET, "/app/transactions/2.0/status", "", "", 404, "InvalidTransactionId"),
    (.GET, "/app/transactions/2.50/status", "", "", 404, "TransactionPendingOrUnknown"),
    (.GET, "/app/transactions/2.50/receipt", "", "", 404, "TransactionPendingOrUnknown"),
    (.GET, "/app/transactions/2.9223372036854775807", "", "", 404, "TransactionPendingOrUnknown"),
    (.GET, "/app/transactions", "fromTransactionId=2.3&toTransactionId=2.1", "", 400, "InvalidQueryParameterValue"),
    (.GET, "/app/transactions", "toTransactionId=2.50", "", 404, "TransactionPendingOrUnknown"),
    (.GET, "/app/transactions/current", "collectionId=nothing", "", 404, "ResourceNotFound"),
    (.GET, "/app/transactions/current", "collectionId=", "", 400, "InvalidQueryParameterValue"),
    (.POST, "/app/transactions", "collectionId=a%00b", #"{"contents":"x"}"#, 400, "InvalidQueryParameterValue"),
    (.POST, "/app/transactions", "", #"{"content":"x"}"#, 400, "InvalidInput"),
    (.POST, "/app/transactions", "", #"{"contents":1}"#, 400, "InvalidInput"),
    (.POST, "/app/transactions", "", "", 400, "InvalidInput"), (.POST, "/app/transactions", "", "[]", 400, "InvalidInput"),
    (.POST, "/app/transactions", "", "{", 400, "InvalidInput"),
    (.POST, "/app/transactions", "", #"{"contents":"x","preHooks":[{"functionId":"f"}]}"#, 501, "NotImplemented"),
    (.PUT, "/app/transactions", "", "", 405, "UnsupportedHttpVerb"), (.GET, "/app/nothing", "", "", 404, "ResourceNotFound"),
    (.GET, "/app/transactions/", "", "", 404, "ResourceNotFound"), (.GET, "/app/%zz", "", "", 404, "ResourceNotFound"),
    (.GET, "/app/userDefinedFunctions", "", "", 501, "NotImplemented"), (.PUT, "/app/userDefinedEndpoints", "", "{}", 501, "NotImplemented"),
    (.POST, "/app/userDefinedFunctions/f:execute", "", "{}", 501, "NotImplemented"), (.GET, "/app/roles", "roleName=r", "", 501, "NotImplemented"),
  ])
  func badInputGetsItsError(_ method: HTTPMethod, _ path: String, _ query: String, _ body: String, _ status: Int, _ code: String) async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let answer = try await fixture.send(method, path, query, body: body)
    #expect(answer.status == status && answer.code == code, "\(method) \(path)?\(query): \(answer)")
    #expect(try await fixture.send(.GET, "/app/collections").transaction == "2.1", "a refused request leaves no trace")
  }

  @Test func anEntryHasItsBoundToTheByte() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let longest = String(repeating: "x", count: 1 << 20)
    let id = try await fixture.append(longest)
    #expect(try await fixture.send(.GET, "/app/transactions/\(id)").json["entry"]?["contents"]?.string == longest)
    let refused = try await fixture.send(.POST, "/app/transactions", body: #"{"contents":"\#(longest)x"}"#)
    #expect(refused.status == 413 && refused.code == "RequestBodyTooLarge", "\(refused.status)")
    let far = try await fixture.send(.POST, "/app/transactions", body: #"{"contents":"\#(longest)\#(longest)x"}"#)
    #expect(far.status == 413 && far.code == "RequestBodyTooLarge", "\(far.status)")
    let typed = try await fixture.send(.POST, "/app/transactions", body: #"{"contents":"x"}"#, contentType: "text/plain")
    #expect(typed.status == 415 && typed.code == "UnsupportedContentType", "\(typed)")
  }

  @Test func aHundredWritersAtOnceGetATotalOrderWithoutGaps() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let ids = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for number in 0..<100 { group.addTask { (number, try await fixture.append("entry \(number)")) } }
      return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
    }
    #expect(Set(ids.values) == Set((2...101).map { "2.\($0)" }))
    for (number, id) in ids {
      #expect(try await fixture.send(.GET, "/app/transactions/\(id)").json["entry"]?["contents"]?.string == "entry \(number)")
    }
  }

  @Test func aReceiptLeadsFromItsEntryToASignedRootAndBindsItsClaims() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    var ids: [String] = []
    for number in 0..<9 { ids.append(try await fixture.append("entry \(number)", "collectionId=c")) }
    var signatures: Set<String> = []
    for id in ids + ["2.1"] {
      let answer = try await fixture.send(.GET, "/app/transactions/\(id)/receipt")
      #expect(answer.json["state"]?.string == "Ready" && answer.json["transactionId"]?.string == id)
      let components = try #require(answer.json["receipt"]?["leafComponents"])
      #expect(components["commitEvidence"]?.string?.hasPrefix("ce:\(id):") == true)
      let isEntry = id != "2.1"
      #expect((components["claimsDigest"]?.string == String(repeating: "0", count: 64)) == !isEntry)
      #expect((answer.json["applicationClaims"] != nil) == isEntry)
      signatures.insert(answer.json["receipt"]?["signature"]?.string ?? "")
    }
    #expect(!signatures.contains(""))
  }

  /// The tree has as many levels of tiles as one of a million leaves.
  @Test func aLongLedgerIsAppendedToAndProvenFromInAFewReads() async throws {
    let fixture = try await LedgerServiceFixture()
    try await fixture.put("acme")
    let ledger = try await fixture.records.read { try $0.fetch(ConfidentialLedger.self, ConfidentialLedger.key("acme")) }
    let log = try #require(ledger).merkleLog
    for _ in 0..<7 {
      try await fixture.records.write { try log.append(Array(repeating: MerkleHash(of: [7]), count: 10_000), in: $0) }
    }
    let id = try await fixture.append("far out")
    #expect(id == "2.70002")
    let receipt = try await fixture.send(.GET, "/app/transactions/\(id)/receipt").json["receipt"]
    #expect((1...17).contains(receipt?["proof"]?.array?.count ?? 0))
    let reads = try await fixture.records.read { reader in
      let counting = CountingReader(reader)
      _ = try log.path(of: 35_000, in: counting)
      return counting.count
    }
    #expect((1...8).contains(reads), "\(reads) records were read")
  }
}

/// Counts what is read through it.
private final class CountingReader: RecordReader {
  private let reader: any RecordReader
  private(set) var count = 0

  init(_ reader: any RecordReader) { self.reader = reader }

  func value(forKey key: [UInt8]) throws -> [UInt8]? {
    count += 1
    return try reader.value(forKey: key)
  }

  func entries(in range: Range<KeyBytes>, limit: Int, reversed: Bool) throws -> [(key: [UInt8], value: [UInt8])] {
    count += 1
    return try reader.entries(in: range, limit: limit, reversed: reversed)
  }
}
