import Base
import Crypto
import Extents
import NIOCore
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

@Suite struct CustomerKeyTests {
  private static let (key, other) = (StorageFixture.key(1), StorageFixture.key(2))
  private static let (uses, mismatch) = ("BlobUsesCustomerSpecifiedEncryption", "BlobCustomerSpecifiedEncryptionMismatch")

  /// In a record, and in an extent.
  @Test(arguments: [300, 40_000]) func aBlobIsReadWithItsKeyAndNoOther(size: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let bytes = fixture.bytes(size)
    let put = try await fixture.put("con/a", bytes, Self.key)
    #expect(put.status == 201, "\(put)")
    #expect(put["x-ms-encryption-key-sha256"] == Self.key[1].1)
    #expect(put["x-ms-request-server-encrypted"] == "true")
    for method in [HTTPMethod.GET, .HEAD] {
      for query in [[], [(name: "comp", value: "metadata")]] {
        #expect(try await fixture.send(method, "con/a", query).code == Self.uses)
        #expect(try await fixture.send(method, "con/a", query, Self.other).code == Self.mismatch)
        #expect(try await fixture.send(method, "con/a", query, Self.key).status == 200)
      }
    }
    let read = try await fixture.send(.GET, "con/a", [], Self.key)
    #expect(read.body == bytes)
    #expect(read["x-ms-encryption-key-sha256"] == Self.key[1].1)
    #expect(try await fixture.send(.GET, "con/a", [], Self.key + [("x-ms-range", "bytes=100-199")]).body == Array(bytes[100..<200]))
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "metadata")]).code == Self.uses)
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "metadata")], Self.key).status == 200)
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "snapshot")], Self.other).code == Self.mismatch)
    #expect(try await fixture.put("con/plain", bytes).status == 201)
    #expect(try await fixture.send(.GET, "con/plain", [], Self.key).code == "BlobDoesNotUseCustomerSpecifiedEncryption")
    // Who replaces a blob need not know what was there.
    #expect(try await fixture.put("con/a", [9], Self.other).status == 201)
    #expect(try await fixture.send(.GET, "con/a", [], Self.other).body == [9])
  }

  /// The same text under the same account key, without and with two keys of customers: nothing but its own key gives it back.
  @Test(arguments: [300, 40_000]) func whatIsStoredOpensWithTheCustomersKeyAlone(size: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let text = Array(repeating: Array("what nobody else may read. ".utf8), count: size / 27 + 1).flatMap { $0 }.prefix(size).map { $0 }
    try await fixture.put("con/a", text, Self.key)
    let disk = try fixture.storedBytes()
    #expect(!disk.contains(Array("nobody else".utf8)))
    let raw = try await fixture.stored("")
    #expect(!raw.contains(Self.secret) && !disk.contains(Self.secret), "the key itself was kept")
    // The service asks for the key by its digest. Were that check not there, the bytes would still be closed.
    let extents = fixture.extents
    if size > 16_384 {
      let found = try await fixture.records.read { [tenant = fixture.tenant] in
        try ExtentStore.extents(tenant: tenant, after: .zero, limit: 10, in: $0)
      }
      let id = try #require(found.first).id
      let slice = ExtentSlice(id: id, range: 0..<size)
      await #expect(throws: ExtentError.callerKeyMissing(id)) {
        _ = try await fixture.records.read { [tenant = fixture.tenant] in try extents.reader([slice], tenant: tenant, in: $0) }
      }
      for (byte, opens) in [(UInt8(2), false), (1, true)] {
        let key = SymmetricKey(data: [UInt8](repeating: byte, count: 32))
        let reader = try await fixture.records.read { [tenant = fixture.tenant] in
          try extents.reader([slice], tenant: tenant, callerKey: key, in: $0)
        }
        var read: [UInt8] = []
        do {
          while let piece = try await reader.next(upTo: 1 << 20) { read += Array(piece.readableBytesView) }
          #expect(opens && read == text)
        } catch {
          #expect(!opens && error as? ExtentError == .corrupt(id), "\(error)")
        }
      }
    }
  }

  private static let secret = [UInt8](repeating: 1, count: 32)

  @Test func allBlocksOfABlobAreUnderOneKey() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    #expect(try await fixture.putBlock("con/a", "1", [1, 2], Self.key).status == 201)
    #expect(try await fixture.putBlock("con/a", "2", [3, 4], Self.other).status == 201)
    #expect(try await fixture.putBlock("con/a", "3", [5]).status == 201)
    #expect(try await fixture.putBlockList("con/a", [("Latest", "1")]).code == Self.uses)
    #expect(try await fixture.putBlockList("con/a", [("Latest", "1"), ("Latest", "2")], Self.key).code == Self.mismatch)
    #expect(try await fixture.putBlockList("con/a", [("Latest", "1"), ("Latest", "3")], Self.key).code == Self.mismatch)
    #expect(try await fixture.putBlockList("con/a", [("Latest", "1")], Self.key).status == 201)
    #expect(try await fixture.send(.GET, "con/a", [], Self.key).body == [1, 2])
    #expect(try await fixture.putBlock("con/a", "2", [3, 4], Self.key).status == 201)
    #expect(try await fixture.putBlockList("con/a", [("Committed", "1"), ("Latest", "2")]).code == Self.uses)
    #expect(try await fixture.putBlockList("con/a", [("Committed", "1"), ("Latest", "2")], Self.key).status == 201)
    #expect(try await fixture.send(.GET, "con/a", [], Self.key).body == [1, 2, 3, 4])
    #expect(try await fixture.send(.GET, "con/a", [("comp", "blocklist")]).status == 200)
  }

  @Test(arguments: [
    [0], [1], [2], [0, 1], [1, 2],
  ]) func aKeyThatIsIncompleteIsRefused(_ missing: [Int]) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let headers = Self.key.enumerated().filter { !missing.contains($0.offset) }.map(\.element)
    let answer = try await fixture.put("con/a", [1], headers)
    #expect(answer.status == 400)
    #expect(answer.code == "MissingRequiredHeader")
  }

  @Test(arguments: [(0, "AAAA"), (0, "%%%"), (1, "AAAA"), (1, StorageFixture.key(2)[1].1), (2, "AES128")])
  func aKeyThatIsNoneIsRefusedAndNotRepeated(_ header: Int, _ value: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    var headers = Self.key
    headers[header].1 = value
    let answer = try await fixture.put("con/a", [1], headers)
    #expect(answer.status == 400)
    #expect(answer.code == "InvalidHeaderValue")
    #expect(!answer.text.contains(Self.key[0].1))
    #expect(try await fixture.put("con/a", [1], Self.key + [("x-ms-encryption-scope", "scope")]).status == 400)
  }

  @Test func compactionMovesWhatItCannotOpen() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let bytes = fixture.bytes(200_000)
    try await fixture.put("con/a", bytes, Self.key)
    for index in 0..<8 { try await fixture.put("con/b\(index)", fixture.bytes(200_000)) }
    for index in 0..<8 { #expect(try await fixture.send(.DELETE, "con/b\(index)").status == 202) }
    try await fixture.purge()
    let report = try await fixture.extents.compact()
    #expect(report.movedExtents > 0)
    #expect(try await fixture.send(.GET, "con/a", [], Self.key).body == bytes)
  }
}
