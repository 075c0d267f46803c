import Base
import Crypto
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct BlockTests {
  private static func names(_ answer: Answer, _ list: String) throws -> [String] {
    try answer.xml().at(list).children.map { String(decoding: try #require(Base64.decode(try $0.at("Name").text)), as: UTF8.self) }
  }

  @Test func blocksBecomeABlobInTheOrderOfTheList() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let parts = (0..<5).map { fixture.bytes(1 + $0 * 70_000) }
    for (index, part) in parts.enumerated() {
      let answer = try await fixture.putBlock("con/a", "block\(index)", part)
      #expect(answer.status == 201, "\(answer)")
      var crc = CRC64()
      crc.update(part)
      #expect(answer["x-ms-content-crc64"] == Base64.encode(crc.bytes))
    }
    #expect(try await fixture.send(.GET, "con/a").code == "BlobNotFound")
    let before = try await fixture.send(.GET, "con/a", [("comp", "blocklist"), ("blocklisttype", "all")])
    // In the order of the ids' base64 form, in which digits come before letters.
    #expect(try Self.names(before, "UncommittedBlocks") == ["block4", "block0", "block1", "block2", "block3"])
    #expect(try Self.names(before, "CommittedBlocks").isEmpty)
    let order = [3, 0, 4, 1]
    let committed = try await fixture.putBlockList("con/a", order.map { ("Latest", "block\($0)") }, [("x-ms-blob-content-type", "video/mp4")])
    #expect(committed.status == 201, "\(committed)")
    let bytes = order.flatMap { parts[$0] }
    let get = try await fixture.send(.GET, "con/a")
    #expect(get.body == bytes)
    #expect(get["Content-Type"] == "video/mp4")
    #expect(get["Content-MD5"] == nil)
    for range in [0..<1, 209_990..<210_010, 100..<bytes.count, bytes.count - 1..<bytes.count, 210_001..<210_002] {
      let part = try await fixture.send(.GET, "con/a", [], [("x-ms-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")])
      #expect(part.body == Array(bytes[range]))
    }
    let after = try await fixture.send(.GET, "con/a", [("comp", "blocklist"), ("blocklisttype", "all")])
    #expect(try Self.names(after, "CommittedBlocks") == order.map { "block\($0)" })
    #expect(try Self.names(after, "UncommittedBlocks").isEmpty)
    #expect(after["x-ms-blob-content-length"] == String(bytes.count))
  }

  @Test func aNewListTakesFromTheCommittedAndTheUncommittedBlocks() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    for id in ["a", "b", "c"] { try await fixture.putBlock("con/x", id, Array("old-\(id) ".utf8)) }
    try await fixture.putBlockList("con/x", [("Uncommitted", "a"), ("Latest", "b"), ("Latest", "c")])
    #expect(try await fixture.send(.GET, "con/x").text == "old-a old-b old-c ")
    for id in ["b", "d"] { try await fixture.putBlock("con/x", id, Array("new-\(id) ".utf8)) }
    #expect(try await fixture.send(.GET, "con/x").text == "old-a old-b old-c ")
    let second = try await fixture.putBlockList(
      "con/x", [("Committed", "b"), ("Latest", "b"), ("Latest", "a"), ("Uncommitted", "d"), ("Latest", "a")])
    #expect(second.status == 201, "\(second)")
    #expect(try await fixture.send(.GET, "con/x").text == "old-b new-b old-a new-d old-a ")
    // The repeated block is released once, with the last list that holds it.
    let third = try await fixture.putBlockList("con/x", [("Committed", "a")])
    #expect(third.status == 201)
    #expect(try await fixture.send(.GET, "con/x").text == "old-a ")
    let extents = try await fixture.count("extent")
    try await fixture.putBlockList("con/x", [])
    #expect(try await fixture.send(.GET, "con/x").body.isEmpty)
    #expect(try await fixture.count("extent") < extents)
    try await fixture.send(.DELETE, "con/x")
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
  }

  @Test(arguments: [
    [("Committed", "a")], [("Uncommitted", "z")], [("Latest", "a"), ("Latest", "z")],
  ])
  func aBlockThatIsNotWhereItShouldBeMakesTheListInvalid(blocks: [(String, String)]) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.putBlock("con/x", "a", [1])
    let answer = try await fixture.putBlockList("con/x", blocks)
    #expect(answer.status == 400)
    #expect(answer.code == "InvalidBlockList")
    #expect(try await fixture.putBlockList("con/x", [("Latest", "a")]).status == 201)
  }

  @Test func aBlockIsReplacedByOneOfTheSameIdAndMustHaveTheSameLength() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.putBlock("con/x", "aa", [1])
    try await fixture.putBlock("con/x", "aa", [2, 3])
    let answer = try await fixture.putBlock("con/x", "aaa", [1])
    #expect(answer.status == 400)
    #expect(answer.code == "InvalidBlobOrBlock")
    try await fixture.putBlockList("con/x", [("Latest", "aa")])
    #expect(try await fixture.send(.GET, "con/x").body == [2, 3])
    // A list that is committed says nothing of the ids that come next.
    #expect(try await fixture.putBlock("con/x", "aaa", [1]).status == 201)
  }

  @Test(arguments: [
    ("not base64", "InvalidQueryParameterValue"), (Base64.encode(Array(repeating: 65, count: 65)), "InvalidQueryParameterValue"),
    ("", "InvalidQueryParameterValue"),
  ])
  func aBadBlockIdIsRefused(id: String, code: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let answer = try await fixture.send(.PUT, "con/x", [("comp", "block"), ("blockid", id)], body: PiecesBody([1]))
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test func badBlocksAreRefused() async throws {
    var limits = StorageLimits()
    limits.putBlockBytes = 1000
    limits.committedBlocks = 3
    let fixture = try await StorageFixture(limits: limits)
    try await fixture.makeContainer()
    #expect(try await fixture.send(.PUT, "con/x", [("comp", "block")], body: PiecesBody([1])).code == "MissingRequiredQueryParameter")
    #expect(try await fixture.putBlock("con/x", "a", []).code == "InvalidHeaderValue")
    #expect(try await fixture.putBlock("con/x", "a", fixture.bytes(1001)).status == 413)
    #expect(try await fixture.putBlock("none/x", "a", [1]).code == "ContainerNotFound")
    let md5 = Base64.encode(Insecure.MD5.hash(data: [7]))
    #expect(try await fixture.putBlock("con/x", "a", [1], [("Content-MD5", md5)]).code == "Md5Mismatch")
    #expect(try await fixture.send(.GET, "con/x", [("comp", "blocklist")]).code == "BlobNotFound")
    let right = try await fixture.putBlock("con/x", "a", [7], [("Content-MD5", md5)])
    #expect(right["Content-MD5"] == md5)
    #expect(right["x-ms-content-crc64"] != nil)
    #expect(try await fixture.putBlockList("con/x", Array(repeating: ("Latest", "a"), count: 4)).code == "BlockListTooLong")
    #expect(try await fixture.putBlockList("con/x", [("Other", "a")]).code == "UnsupportedXmlNode")
    let document = Array("<Blocks></Blocks>".utf8)
    #expect(try await fixture.send(.PUT, "con/x", [("comp", "blocklist")], body: PiecesBody(document)).code == "InvalidXmlDocument")
    #expect(try await fixture.putBlockList("con/x", [("Latest", "a")], [("Content-MD5", md5)]).code == "Md5Mismatch")
    #expect(try await fixture.putBlockList("con/x", [("Latest", "a")], [("If-None-Match", "*")]).status == 201)
    #expect(try await fixture.putBlockList("con/x", [("Latest", "a")], [("If-None-Match", "*")]).code == "BlobAlreadyExists")
  }

  @Test func uncommittedBlocksAreBounded() async throws {
    var limits = StorageLimits()
    limits.uncommittedBlocks = 3
    limits.uncommittedBlocksPerCount = 1
    let fixture = try await StorageFixture(limits: limits)
    try await fixture.makeContainer()
    for id in ["a", "b", "c"] { #expect(try await fixture.putBlock("con/x", id, [1]).status == 201) }
    let answer = try await fixture.putBlock("con/x", "d", [1])
    #expect(answer.status == 409)
    #expect(answer.code == "BlockCountExceedsLimit")
  }

  @Test func uncommittedBlocksExpireAWeekAfterTheLastActivity() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    try await fixture.putBlock("con/x", "a", [1])
    let list = [("restype", "container"), ("comp", "list"), ("include", "uncommittedblobs")].map { (name: $0.0, value: $0.1) }
    #expect(try await fixture.send(.GET, "con", list).xml().at("Blobs").children.count == 1)
    fixture.clock.advance(by: .seconds(6 * 86400))
    try await fixture.putBlock("con/x", "b", [2])
    fixture.clock.advance(by: .seconds(6 * 86400))
    try await fixture.purge()
    #expect(try await fixture.send(.GET, "con", list).xml().at("Blobs").children.count == 1)
    fixture.clock.advance(by: .seconds(86400 + 3601))
    try await fixture.purge()
    #expect(try await fixture.send(.GET, "con", list).xml().at("Blobs").children.isEmpty)
    #expect(try await fixture.putBlockList("con/x", [("Latest", "a")]).code == "InvalidBlockList")
    #expect(try await fixture.count("storage.") == records)
  }

  @Test func blocksPutInParallelDoNotDisturbOneAnother() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let parts = (0..<64).map { _ in fixture.bytes(3000) }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for (index, part) in parts.enumerated() {
        group.addTask { try await fixture.putBlock("con/x", "id\(100 + index)", part).status }
      }
      for try await status in group { #expect(status == 201) }
    }
    #expect(try await fixture.putBlockList("con/x", parts.indices.map { ("Latest", "id\(100 + $0)") }).status == 201)
    #expect(try await fixture.send(.GET, "con/x").body == parts.flatMap(\.self))
  }

  /// More blocks than one transaction releases: the list spans records, and the purger takes what is left over.
  @Test func manyBlocksAreCommittedReplacedAndPurged() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    let ids = (0..<1200).map { "b\(1000 + $0)" }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for slice in 0..<8 {
        group.addTask {
          for index in stride(from: slice, to: ids.count, by: 8) {
            let answer = try await fixture.putBlock("con/x", ids[index], Array("\(ids[index]);".utf8))
            #expect(answer.status == 201)
          }
        }
      }
      try await group.waitForAll()
    }
    let kept = Array(ids[..<1100])
    #expect(try await fixture.putBlockList("con/x", kept.map { ("Latest", $0) }).status == 201)
    #expect(try await fixture.send(.GET, "con/x").text == kept.map { "\($0);" }.joined())
    let part = try await fixture.send(.GET, "con/x", [], [("x-ms-range", "bytes=3060-3085")])
    #expect(part.text == kept[510...514].map { "\($0);" }.joined().prefix(26))
    let few = [kept[3], kept[700], kept[1099]]
    #expect(try await fixture.putBlockList("con/x", few.map { ("Committed", $0) }).status == 201)
    try await fixture.purge()
    #expect(try await fixture.send(.GET, "con/x").text == few.map { "\($0);" }.joined())
    try await fixture.send(.DELETE, "con/x")
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
  }

  @Test func puttingABlobWholeDropsItsUncommittedBlocks() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    try await fixture.putBlock("con/x", "a", [1])
    try await fixture.put("con/x", [9])
    #expect(try await fixture.putBlockList("con/x", [("Latest", "a")]).code == "InvalidBlockList")
    try await fixture.send(.DELETE, "con/x")
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
  }
}
