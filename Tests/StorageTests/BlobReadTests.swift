import Base
import Crypto
import Foundation
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct BlobReadTests {
  @Test(arguments: [100, 200_000])
  func rangesAreServed(size: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let bytes = fixture.bytes(size)
    try await fixture.put("con/a", bytes)
    for (text, range) in [
      ("bytes=0-0", 0..<1), ("bytes=0-\(size - 1)", 0..<size), ("bytes=10-", 10..<size), ("bytes=\(size / 2)-\(size * 2)", size / 2..<size),
      ("bytes=\(size - 1)-", size - 1..<size), ("bytes=7-70", 7..<71),
    ] {
      for header in ["Range", "x-ms-range"] {
        let answer = try await fixture.send(.GET, "con/a", [], [(header, text)])
        #expect(answer.status == 206)
        #expect(answer.body == Array(bytes[range]), "\(text)")
        #expect(answer["Content-Range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
        #expect(answer["Content-MD5"] == nil)
        #expect(answer["x-ms-blob-content-md5"] == Base64.encode(Insecure.MD5.hash(data: bytes)))
      }
    }
    let behind = try await fixture.send(.GET, "con/a", [], [("x-ms-range", "bytes=\(size)-")])
    #expect(behind.status == 416)
    #expect(behind.code == "InvalidRange")
    #expect(behind["Content-Range"] == "bytes */\(size)")
    #expect(try await fixture.send(.GET, "con/a", [], [("x-ms-range", "bytes=x")]).code == "InvalidHeaderValue")
    #expect(try await fixture.send(.GET, "con/a", [], [("Range", "bytes=x")]).status == 200)
    let preferred = try await fixture.send(.GET, "con/a", [], [("Range", "bytes=5-9"), ("x-ms-range", "bytes=0-1")])
    #expect(preferred.body == Array(bytes[0..<2]))
  }

  @Test func aRangeOfAnEmptyBlobIsNotSatisfiable() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [])
    let range = try await fixture.send(.GET, "con/a", [], [("x-ms-range", "bytes=0-33554431")])
    #expect(range.status == 416)
    #expect(range.code == "InvalidRange")
    let whole = try await fixture.send(.GET, "con/a")
    #expect(whole.status == 200)
    #expect(whole.body.isEmpty)
  }

  @Test func theDigestOfARangeIsGivenWhereItIsSmall() async throws {
    var limits = StorageLimits()
    limits.rangeDigestBytes = 1000
    let fixture = try await StorageFixture(limits: limits)
    try await fixture.makeContainer()
    let bytes = fixture.bytes(100_000)
    try await fixture.put("con/a", bytes)
    let part = Array(bytes[50..<1050])
    let md5 = try await fixture.send(.GET, "con/a", [], [("x-ms-range", "bytes=50-1049"), ("x-ms-range-get-content-md5", "true")])
    #expect(md5.body == part)
    #expect(md5["Content-MD5"] == Base64.encode(Insecure.MD5.hash(data: part)))
    var crc = CRC64()
    crc.update(part)
    let crc64 = try await fixture.send(.GET, "con/a", [], [("x-ms-range", "bytes=50-1049"), ("x-ms-range-get-content-crc64", "true")])
    #expect(crc64["x-ms-content-crc64"] == Base64.encode(crc.bytes))
    let large = try await fixture.send(.GET, "con/a", [], [("x-ms-range", "bytes=0-1000"), ("x-ms-range-get-content-md5", "true")])
    #expect(large.status == 400)
    #expect(large.code == "OutOfRangeInput")
    #expect(try await fixture.send(.GET, "con/a", [], [("x-ms-range-get-content-md5", "true")]).code == "MissingRequiredHeader")
  }

  @Test func whatDoesNotExistIsNotFound() async throws {
    let fixture = try await StorageFixture()
    #expect(try await fixture.send(.GET, "con/a").code == "ContainerNotFound")
    try await fixture.makeContainer()
    let missing = try await fixture.send(.GET, "con/a")
    #expect(missing.status == 404)
    #expect(missing.code == "BlobNotFound")
    let head = try await fixture.send(.HEAD, "con/a")
    #expect(head.status == 404)
    #expect(head.body.isEmpty)
    try await fixture.put("con/a", [1])
    #expect(try await fixture.send(.GET, "con/a", [("snapshot", "2026-01-01T00:00:00.0000000Z")]).code == "BlobNotFound")
    #expect(try await fixture.send(.GET, "con/a", [("versionid", "2026-01-01T00:00:00.0000000Z")]).code == "BlobNotFound")
  }

  @Test func aReadGoesOnThoughTheBlobIsReplaced() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let bytes = fixture.bytes(2_000_000)
    try await fixture.put("con/a", bytes)
    let response = await fixture.endpoint.respond(to: fixture.request(.GET, "con/a"))
    try await fixture.put("con/a", fixture.bytes(2_000_000))
    try await fixture.send(.DELETE, "con/a")
    let answer = try await Answer(response)
    #expect(answer.failure == nil)
    #expect(answer.body == bytes)
  }

  /// Whatever byte of the segments is flipped, a blob either reads back as it was or fails; the others are not touched.
  @Test func aFlippedByteFailsItsOwnBlobOnly() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let blobs = (0..<3).map { (name: "con/b\($0)", bytes: fixture.bytes(700_000)) }
    for blob in blobs { #expect(try await fixture.put(blob.name, blob.bytes).status == 201) }
    let folder = fixture.directory("extents")
    let segment = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder).map { folder + "/" + $0 }
        .max {
          try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int ?? 0 < FileManager.default.attributesOfItem(atPath: $1)[.size] as? Int
            ?? 0
        })
    // The middle of what was written lies in the second blob, past the piece that is read before the head is sent.
    let handle = try #require(FileHandle(forUpdatingAtPath: segment))
    try handle.seek(toOffset: 1_150_000)
    let byte = try #require(try handle.read(upToCount: 1)?.first)
    try handle.seek(toOffset: 1_150_000)
    try handle.write(contentsOf: Data([byte ^ 0x40]))
    try handle.close()
    var failures = 0
    for blob in blobs {
      let answer = try await fixture.send(.GET, blob.name)
      if answer.failure != nil || answer.status == 500 {
        failures += 1
        #expect(blob.bytes.starts(with: answer.status == 500 ? [] : answer.body))
      } else {
        #expect(answer.body == blob.bytes)
      }
      #expect(try await fixture.send(.HEAD, blob.name).status == 200)
    }
    #expect(failures == 1)
  }
}
