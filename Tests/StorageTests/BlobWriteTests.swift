import Base
import Crypto
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct BlobWriteTests {
  /// Around the bound between records and extents, around a frame, and large.
  @Test(arguments: [0, 1, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000, 5_000_001])
  func whatWasPutIsRead(size: Int) async throws {
    let fixture = try await StorageFixture(seed: UInt64(size))
    try await fixture.makeContainer()
    let bytes = fixture.bytes(size)
    let put = try await fixture.put("con/dir/na me.txt", bytes, [("x-ms-blob-content-type", "text/plain")])
    #expect(put.status == 201, "\(put)")
    let md5 = Base64.encode(Insecure.MD5.hash(data: bytes))
    #expect(put["Content-MD5"] == md5)
    #expect(put["x-ms-request-server-encrypted"] == "true")
    let get = try await fixture.send(.GET, "con/dir/na me.txt")
    #expect(get.status == 200)
    #expect(get.body == bytes)
    #expect(get["Content-Type"] == "text/plain")
    #expect(get["Content-MD5"] == md5)
    #expect(get["ETag"] == put["ETag"])
    #expect(get["x-ms-blob-type"] == "BlockBlob")
    let head = try await fixture.send(.HEAD, "con/dir/na me.txt")
    #expect(head.status == 200)
    #expect(head.length == size)
    #expect(head["x-ms-access-tier"] == "Hot")
    #expect(head["x-ms-access-tier-inferred"] == "true")
  }

  @Test func propertiesAndMetadataAreKept() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put(
      "con/a", [1, 2, 3],
      [
        ("Content-Type", "text/html"), ("x-ms-blob-content-encoding", "gzip"), ("x-ms-blob-content-language", "fr"),
        ("x-ms-blob-content-disposition", "attachment"), ("x-ms-blob-cache-control", "no-store"), ("x-ms-meta-Owner", "me"),
        ("x-ms-access-tier", "Cool"),
      ])
    let head = try await fixture.send(.HEAD, "con/a")
    #expect(head["Content-Type"] == "text/html")
    #expect(head["Content-Encoding"] == "gzip")
    #expect(head["Content-Language"] == "fr")
    #expect(head["Content-Disposition"] == "attachment")
    #expect(head["Cache-Control"] == "no-store")
    #expect(head["x-ms-meta-Owner"] == "me")
    #expect(head["x-ms-access-tier"] == "Cool")
    #expect(head["x-ms-access-tier-inferred"] == nil)

    fixture.clock.advance(by: .seconds(5))
    let metadata = try await fixture.send(.PUT, "con/a", [("comp", "metadata")], [("x-ms-meta-other", "x")])
    #expect(metadata.status == 200)
    let read = try await fixture.send(.GET, "con/a", [("comp", "metadata")])
    #expect(read["x-ms-meta-other"] == "x")
    #expect(read["x-ms-meta-Owner"] == nil)
    #expect(read["ETag"] == metadata["ETag"])
    #expect(read["ETag"] != head["ETag"])

    #expect(try await fixture.send(.PUT, "con/a", [("comp", "properties")], [("x-ms-blob-content-type", "image/png")]).status == 200)
    let changed = try await fixture.send(.GET, "con/a")
    #expect(changed["Content-Type"] == "image/png")
    #expect(changed["Content-Encoding"] == nil)
    #expect(changed["Content-MD5"] == nil)
    #expect(changed["x-ms-creation-time"] == head["x-ms-creation-time"])
    #expect(changed.body == [1, 2, 3])

    #expect(try await fixture.send(.PUT, "con/a", [("comp", "tier")], [("x-ms-access-tier", "Cold")]).status == 200)
    let tiered = try await fixture.send(.HEAD, "con/a")
    #expect(tiered["x-ms-access-tier"] == "Cold")
    #expect(tiered["ETag"] == changed["ETag"])
  }

  @Test(arguments: [200, 40_000])
  func replacingAndDeletingGiveTheSpaceBack(size: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    let first = try await fixture.put("con/a", fixture.bytes(size))
    let one = try await fixture.count("storage.")
    let extents = try await fixture.count("extent")
    let bytes = fixture.bytes(size + 1)
    let second = try await fixture.put("con/a", bytes)
    #expect(first["ETag"] != second["ETag"])
    #expect(try await fixture.send(.GET, "con/a").body == bytes)
    #expect(try await fixture.count("storage.") == one)
    #expect(try await fixture.count("extent") == extents)
    let deleted = try await fixture.send(.DELETE, "con/a", [], [("x-ms-delete-snapshots", "include")])
    #expect(deleted.status == 202)
    #expect(try await fixture.send(.GET, "con/a").code == "BlobNotFound")
    #expect(try await fixture.send(.DELETE, "con/a").status == 404)
    #expect(try await fixture.count("storage.") == records)
  }

  @Test(arguments: [500, 70_000])
  func aDigestThatDoesNotMatchLeavesNothing(size: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    let bytes = fixture.bytes(size)
    let other = Base64.encode(Insecure.MD5.hash(data: [1]))
    var crc = CRC64()
    crc.update(bytes)
    for (header, value, code) in [
      ("Content-MD5", other, "Md5Mismatch"), ("x-ms-blob-content-md5", other, "Md5Mismatch"), ("x-ms-content-crc64", "AAAAAAAAAAA=", "Crc64Mismatch"),
      ("Content-MD5", "short", "InvalidMd5"), ("x-ms-content-crc64", "AAAA", "InvalidHeaderValue"),
    ] {
      let answer = try await fixture.put("con/a", bytes, [(header, value)])
      #expect(answer.status == 400, "\(header)")
      #expect(answer.code == code)
      #expect(try await fixture.send(.HEAD, "con/a").status == 404)
    }
    let both = try await fixture.put("con/a", bytes, [("Content-MD5", other), ("x-ms-content-crc64", Base64.encode(crc.bytes))])
    #expect(both.code == "BothCrc64AndMd5HeaderPresent")
    #expect(try await fixture.count("storage.") == records)
    let right = try await fixture.put("con/a", bytes, [("x-ms-content-crc64", Base64.encode(crc.bytes))])
    #expect(right.status == 201)
    #expect(right["x-ms-content-crc64"] == Base64.encode(crc.bytes))
    #expect(try await fixture.put("con/a", bytes, [("Content-MD5", Base64.encode(Insecure.MD5.hash(data: bytes)))]).status == 201)
  }

  @Test(arguments: [500, 200_000])
  func aBodyThatBreaksLeavesNothing(size: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    for body in [
      PiecesBody(fixture.bytes(size), length: size + 10, breaks: true), PiecesBody(fixture.bytes(size), length: size + 10),
      PiecesBody(fixture.bytes(size), length: size - 10),
    ] {
      let answer = try await fixture.send(.PUT, "con/a", [], [("x-ms-blob-type", "BlockBlob")], body: body)
      #expect(answer.status >= 400, "\(answer)")
      #expect(try await fixture.send(.HEAD, "con/a").status == 404)
    }
    #expect(try await fixture.count("storage.") == records)
    #expect(try await fixture.put("con/a", fixture.bytes(size)).status == 201)
  }

  @Test(
    arguments: [
      ([], 400, "MissingRequiredHeader"), ([("x-ms-blob-type", "Other")], 400, "InvalidHeaderValue"),
      ([("x-ms-blob-type", "AppendBlob")], 400, "InvalidHeaderValue"), ([("x-ms-blob-type", "PageBlob")], 400, "InvalidHeaderValue"),
      ([("x-ms-blob-type", "BlockBlob"), ("x-ms-encryption-key", "k")], 400, "MissingRequiredHeader"),
      ([("x-ms-blob-type", "BlockBlob"), ("x-ms-seal-blob", "true")], 400, "UnsupportedHeader"),
      ([("x-ms-blob-type", "BlockBlob"), ("x-ms-lease-id", "00000000-0000-0000-0000-000000000001")], 412, "LeaseNotPresentWithBlobOperation"),
      ([("x-ms-blob-type", "BlockBlob"), ("x-ms-lease-id", "mine")], 400, "InvalidHeaderValue"),
      ([("x-ms-blob-type", "BlockBlob"), ("If-Match", "\"0x1\"")], 412, "ConditionNotMet"),
      ([("x-ms-blob-type", "BlockBlob"), ("x-ms-access-tier", "Lukewarm")], 400, "InvalidHeaderValue"),
    ] as [([(String, String)], Int, String)])
  func aBadRequestIsRefused(headers: [(String, String)], status: Int, code: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    for size in [3, 20_000] {
      let answer = try await fixture.send(.PUT, "con/a", [], headers, body: PiecesBody(fixture.bytes(size)))
      #expect(answer.status == status, "\(answer)")
      #expect(answer.code == code)
    }
    #expect(try await fixture.send(.HEAD, "con/a").status == 404)
  }

  @Test func theLengthMustBeAnnouncedAndBounded() async throws {
    var limits = StorageLimits()
    limits.putBlobBytes = 30_000
    let fixture = try await StorageFixture(limits: limits)
    try await fixture.makeContainer()
    let chunked = try await fixture.send(.PUT, "con/a", [], [("x-ms-blob-type", "BlockBlob")], body: PiecesBody([1], isChunked: true))
    #expect(chunked.status == 411)
    #expect(chunked.code == "MissingContentLengthHeader")
    let large = try await fixture.put("con/a", fixture.bytes(30_001))
    #expect(large.status == 413)
    #expect(large.code == "RequestBodyTooLarge")
    #expect(large.text.contains("<MaxLimit>30000</MaxLimit>"))
    #expect(try await fixture.put("none/a", [1]).code == "ContainerNotFound")
    #expect(try await fixture.put("none/a", fixture.bytes(20_000)).code == "ContainerNotFound")
  }

  @Test func conditionsGuardABlob() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let etag = try #require(try await fixture.put("con/a", [1], [("If-None-Match", "*")])["ETag"])
    let again = try await fixture.put("con/a", [2], [("If-None-Match", "*")])
    #expect(again.status == 409)
    #expect(again.code == "BlobAlreadyExists")
    #expect(try await fixture.put("con/a", fixture.bytes(20_000), [("If-None-Match", "*")]).code == "BlobAlreadyExists")
    #expect(try await fixture.put("con/a", [2], [("If-Match", "\"0x1\"")]).status == 412)
    #expect(try await fixture.put("con/a", [2], [("If-Match", etag), ("If-None-Match", etag)]).code == "MultipleConditionHeadersNotSupported")
    let unmodified = try await fixture.send(.GET, "con/a", [], [("If-None-Match", etag)])
    #expect(unmodified.status == 304)
    #expect(unmodified.body.isEmpty)
    #expect(unmodified["ETag"] == etag)
    #expect(try await fixture.send(.HEAD, "con/a", [], [("If-None-Match", etag)]).status == 304)
    #expect(try await fixture.send(.HEAD, "con/a", [], [("If-Match", "\"0x1\"")]).status == 412)
    #expect(try await fixture.send(.GET, "con/a", [], [("If-None-Match", "*")]).code == "UnsatisfiableCondition")
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "metadata")], [("If-Match", "\"0x1\"")]).status == 412)
    #expect(try await fixture.send(.DELETE, "con/a", [], [("If-Match", "\"0x1\"")]).status == 412)
    let replaced = try await fixture.put("con/a", [3], [("If-Match", etag)])
    #expect(replaced.status == 201)
    #expect(try await fixture.send(.DELETE, "con/a", [], [("If-Match", etag)]).status == 412)
    let latest = try #require(replaced["ETag"])
    #expect(try await fixture.send(.DELETE, "con/a", [], [("If-Match", latest)]).status == 202)
  }

  @Test func aSignatureThatMayOnlyCreateDoesNotOverwrite() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    fixture.caller.become(.sharedAccessSignature(SignedGrant(scope: "/", permissions: ["c"], resourceTypes: nil)))
    #expect(try await fixture.put("con/a", [1]).status == 201)
    for size in [1, 20_000] {
      let answer = try await fixture.put("con/a", fixture.bytes(size))
      #expect(answer.status == 403)
      #expect(answer.code == "UnauthorizedBlobOverwrite")
    }
    fixture.caller.become(.sharedAccessSignature(SignedGrant(scope: "/", permissions: ["w"], resourceTypes: nil)))
    #expect(try await fixture.put("con/a", [2]).status == 201)
  }

  @Test(arguments: [
    String(repeating: "n", count: 1024), String(repeating: "é", count: 1024), "a/../b", "./a", "..", "dots...", "sp ace+plus%25", "日本/語", "e\u{301}",
    "tail/", "a//b", "?#&=", String(repeating: "d/", count: 253) + "x", "\u{10FFFF}",
  ])
  func everyGoodNameNamesItsOwnBlob(name: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    #expect(try await fixture.put("con/other", [9]).status == 201)
    #expect(try await fixture.put("con/\(name)", [1, 2]).status == 201)
    #expect(try await fixture.send(.GET, "con/\(name)").body == [1, 2])
    let list = try await fixture.send(.GET, "con", [("restype", "container"), ("comp", "list")]).xml()
    let names = try list.at("Blobs").children.map { Array(try $0.at("Name").text.utf8) }
    #expect(names.contains(Array(name.utf8)))
    #expect(names.count == 2)
  }

  @Test(arguments: [
    (String(repeating: "n", count: 1025), "OutOfRangeInput"), (String(repeating: "d/", count: 254) + "x", "InvalidResourceName"),
    ("a\u{85}b", "InvalidResourceName"), ("a\u{1}b", "InvalidUri"),
  ])
  func aBadNameIsRefused(name: String, code: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let answer = try await fixture.put("con/\(name)", [1])
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }
}
