import Base
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct ChangeFeedTests {
  private static let keeping: JSON = ["changeFeed": ["enabled": true, "retentionInDays": 3]]

  private static func names(_ fixture: StorageFixture) async throws -> [String] {
    guard try await fixture.send(.HEAD, "$blobchangefeed", [("restype", "container")]).status == 200 else { return [] }
    return try await fixture.listed("", of: "$blobchangefeed")
  }

  /// The subjects and events of a chunk, which are the strings that begin its records.
  private static func chunk(_ fixture: StorageFixture, _ name: String) async throws -> String {
    let answer = try await fixture.send(.GET, "$blobchangefeed/\(name)")
    #expect(answer.status == 200 && answer["Content-Type"] == "avro/binary")
    return String(decoding: answer.body, as: UTF8.self)
  }

  @Test func changesAreThereAfterAWhileByTheHour() async throws {
    let fixture = try await StorageFixture.keeping(Self.keeping)
    try await fixture.write("con/first", Array("one".utf8))
    try await fixture.send(.PUT, "con/first", [("comp", "metadata")], [("x-ms-meta-a", "b")])
    #expect(try await Self.names(fixture).isEmpty)
    _ = try await fixture.endpoint.purge()
    #expect(try await Self.names(fixture).isEmpty, "what was noted a moment ago waits")
    fixture.clock.advance(by: .seconds(90))
    try await fixture.purge()
    let names = try await Self.names(fixture)
    #expect(names.count == 3)
    let log = try #require(names.first { $0.hasPrefix("log/00/") && $0.hasSuffix("/00000.avro") })
    let text = try await Self.chunk(fixture, log)
    #expect(text.hasPrefix("Obj") && text.contains("BlobChangeEvent") && text.contains("containers/con/blobs/first"))
    #expect(text.contains("PutBlob") && text.contains("SetBlobMetadata"))
    // A later hour has a segment of its own.
    fixture.clock.advance(by: .seconds(3600))
    try await fixture.send(.DELETE, "con/first")
    fixture.clock.advance(by: .seconds(90))
    try await fixture.purge()
    let later = try await Self.names(fixture)
    #expect(later.count { $0.hasPrefix("idx/segments/") } == 2 && later.count { $0.hasSuffix(".avro") } == 2)
    let overview = try await fixture.send(.GET, "$blobchangefeed/meta/segments.json")
    #expect(try JSON(parsing: overview.body)["lastConsumable"]?.string != nil)
  }

  @Test func nobodyButTheServiceWritesIntoIt() async throws {
    let fixture = try await StorageFixture.keeping(Self.keeping)
    try await fixture.write("con/first", [1])
    fixture.clock.advance(by: .seconds(90))
    try await fixture.purge()
    let name = try #require(try await Self.names(fixture).first)
    #expect(try await fixture.put("$blobchangefeed/forged", [1]).code == "AuthorizationFailure")
    #expect(try await fixture.send(.DELETE, "$blobchangefeed/\(name)").code == "AuthorizationFailure")
    #expect(try await fixture.send(.DELETE, "$blobchangefeed", [("restype", "container")]).code == "AuthorizationFailure")
    #expect(try await Self.names(fixture).contains(name))
  }

  @Test func anAccountWithoutAFeedNotesNothing() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    fixture.clock.advance(by: .seconds(90))
    try await fixture.purge()
    #expect(try await fixture.count("storage.change") == 0)
    #expect(try await Self.names(fixture).isEmpty)
  }

  /// Chunks are bounded, nothing is published twice, and hours past the retention go.
  @Test func everyChangeIsPublishedOnceAndGoesWithItsTime() async throws {
    var limits = StorageLimits()
    limits.changeFeedChunkEvents = 7
    let fixture = try await StorageFixture.keeping(Self.keeping, limits: limits)
    for number in 0..<20 { try await fixture.write("con/b\(number)", [UInt8(number)]) }
    fixture.clock.advance(by: .seconds(120))
    for _ in 0..<8 { _ = try await fixture.endpoint.purge() }
    let chunks = try await Self.names(fixture).filter { $0.hasSuffix(".avro") }
    #expect(chunks.count == 3)
    var found: [String: Int] = [:]
    for chunk in chunks {
      let text = try await Self.chunk(fixture, chunk)
      for number in 0..<20 where text.contains("/blobs/b\(number)\u{2}") { found["b\(number)", default: 0] += 1 }
    }
    #expect(found.count == 20 && found.values.allSatisfy { $0 == 1 })
    fixture.clock.advance(by: .seconds(4 * 86400))
    try await fixture.write("con/last", [1])
    fixture.clock.advance(by: .seconds(120))
    for _ in 0..<4 { _ = try await fixture.endpoint.purge() }
    let left = try await Self.names(fixture)
    #expect(left.count { $0.hasSuffix(".avro") } == 1 && left.count { $0.hasPrefix("idx/") } == 1)
  }

  @Test func nothingIsLeftOfADeletedAccountsFeed() async throws {
    let fixture = try await StorageFixture.keeping(Self.keeping)
    try await fixture.write("con/a", [1])
    fixture.clock.advance(by: .seconds(90))
    try await fixture.purge()
    try await fixture.write("con/b", [1])
    try await fixture.deleteAccount(StorageFixture.account)
    try await fixture.purge()
    #expect(try await fixture.count("storage.change") == 0)
    #expect(try await fixture.count("storage.blob") == 0)
  }
}
