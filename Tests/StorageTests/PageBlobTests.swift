import Crypto
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct PageBlobTests {
  private static let mebibyte = 1 << 20

  @Test(arguments: 1...6) func everyPageIsAsItWasWrittenLast(seed: UInt64) async throws {
    let model = try await PageBlobModel(seed: seed)
    let (records, extents) = (try await model.process.count("storage."), try await model.process.count("extent"))
    try await model.run(steps: 120)
    try await model.end()
    // Less the blob and its map, which were counted with it.
    #expect(try await model.process.count("storage.") == records - 2, "seed \(seed)")
    #expect(try await model.process.count("extent") == extents, "seed \(seed)")
  }

  @Test func pagesThatWereNeverWrittenAreZeros() async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 3 * Self.mebibyte)
    let bytes = process.fixture.bytes(2 * 512)
    // Over the bound of two windows.
    #expect(try await process.putPage("con/disk", at: Self.mebibyte - 512, bytes).status == 201)
    let get = try await process.send(.GET, "con/disk")
    #expect(get["x-ms-blob-type"] == "PageBlob")
    #expect(get["x-ms-blob-sequence-number"] == "0")
    #expect(get.body.count == 3 * Self.mebibyte)
    #expect(Array(get.body[Self.mebibyte - 512..<Self.mebibyte + 512]) == bytes)
    #expect(get.body[..<(Self.mebibyte - 512)].allSatisfy { $0 == 0 })
    #expect(get.body[(Self.mebibyte + 512)...].allSatisfy { $0 == 0 })
    let digest = try await process.send(
      .GET, "con/disk", [], [("x-ms-range", "bytes=\(Self.mebibyte - 600)-\(Self.mebibyte)"), ("x-ms-range-get-content-md5", "true")])
    #expect(digest["Content-MD5"] == Base64.encode(Insecure.MD5.hash(data: get.body[Self.mebibyte - 600...Self.mebibyte])))
    #expect(try await process.ranges("con/disk").written == [Self.mebibyte - 512..<Self.mebibyte + 512])
  }

  @Test func anEightTebibyteBlobCostsWhatIsInIt() async throws {
    let size = 8 << 40
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: size)
    let bytes = process.fixture.bytes(512)
    #expect(try await process.putPage("con/disk", at: size - 512, bytes).status == 201)
    #expect(try await process.ranges("con/disk").written == [size - 512..<size])
    let get = try await process.send(.GET, "con/disk", [], [("x-ms-range", "bytes=\(size - 1024)-")])
    #expect(get.body == Array(repeating: 0, count: 512) + bytes)
    #expect(try await process.clearPage("con/disk", 0..<size).status == 201)
    #expect(try await process.ranges("con/disk").written == [])
    let larger = try await process.send(.PUT, "con/b", [], [("x-ms-blob-type", "PageBlob"), ("x-ms-blob-content-length", "\(size + 512)")])
    #expect(larger.code == "InvalidHeaderValue")
  }

  @Test(arguments: [
    ("bytes=0-512", 513, 416, "InvalidPageRange"), ("bytes=1-512", 512, 416, "InvalidPageRange"), ("bytes=4096-4607", 512, 416, "InvalidPageRange"),
    ("bytes=0-511", 1024, 400, "InvalidHeaderValue"), ("bytes=0-", 512, 400, "InvalidHeaderValue"), ("pages=0-1", 512, 400, "InvalidHeaderValue"),
    ("bytes=0-9223372036854775807", 512, 400, "InvalidHeaderValue"), ("bytes=0-4194815", 4_194_816, 413, "RequestBodyTooLarge"),
  ])
  func aRangeThatIsNotOfWholePagesOfTheBlobIsRefused(range: String, count: Int, status: Int, code: String) async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 4096)
    let headers = [("x-ms-page-write", "update"), ("x-ms-range", range)]
    let answer = try await process.send(.PUT, "con/disk", [("comp", "page")], headers, body: Array(repeating: 1, count: count))
    #expect(answer.status == status, "\(answer)")
    #expect(answer.code == code)
    #expect(try await process.ranges("con/disk").written == [])
  }

  @Test func badWritesAreRefused() async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 4096)
    let range = ("x-ms-range", "bytes=0-511")
    let page = Array(repeating: UInt8(1), count: 512)
    func put(_ headers: [(String, String)], _ body: [UInt8]) async throws -> String? {
      try await process.send(.PUT, "con/disk", [("comp", "page")], headers, body: body).code
    }
    #expect(try await put([range], page) == "MissingRequiredHeader")
    #expect(try await put([range, ("x-ms-page-write", "append")], page) == "InvalidHeaderValue")
    #expect(try await put([("x-ms-page-write", "update")], page) == "MissingRequiredHeader")
    #expect(try await put([range, ("x-ms-page-write", "clear")], page) == "InvalidHeaderValue")
    let digest = ("Content-MD5", Base64.encode(Insecure.MD5.hash(data: [])))
    #expect(try await put([range, ("x-ms-page-write", "update"), digest], page) == "Md5Mismatch")
    for size in ["511", "-512", "x"] {
      let answer = try await process.send(.PUT, "con/b", [], [("x-ms-blob-type", "PageBlob"), ("x-ms-blob-content-length", size)])
      #expect(answer.code == "InvalidHeaderValue")
    }
    #expect(try await process.send(.PUT, "con/b", [], [("x-ms-blob-type", "PageBlob")]).code == "MissingRequiredHeader")
    #expect(try await process.count("storage.pages") == 0)
  }

  @Test func sequenceNumbersGuardWrites() async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 512, [("x-ms-blob-sequence-number", "7")])
    let page = process.fixture.bytes(512)
    for (name, value, holds) in [("le", 7, true), ("le", 6, false), ("lt", 8, true), ("lt", 7, false), ("eq", 7, true), ("eq", 8, false)] {
      let answer = try await process.putPage("con/disk", at: 0, page, [("x-ms-if-sequence-number-\(name)", "\(value)")])
      #expect(answer.status == (holds ? 201 : 412), "\(name) \(value)")
      if !holds { #expect(answer.code == "SequenceNumberConditionNotMet") }
    }
    func change(_ action: String?, _ number: String?) async throws -> Answer {
      let headers = [("x-ms-sequence-number-action", action), ("x-ms-blob-sequence-number", number)]
      return try await process.send(.PUT, "con/disk", [("comp", "properties")], headers.compactMap { name, value in value.map { (name, $0) } })
    }
    #expect(try await change("max", "5")["x-ms-blob-sequence-number"] == "7")
    #expect(try await change("max", "9")["x-ms-blob-sequence-number"] == "9")
    #expect(try await change("update", "3")["x-ms-blob-sequence-number"] == "3")
    #expect(try await change("increment", nil)["x-ms-blob-sequence-number"] == "4")
    #expect(try await change("increment", "1").code == "InvalidHeaderValue")
    #expect(try await change("max", nil).code == "MissingRequiredHeader")
    #expect(try await change(nil, "1").code == "MissingRequiredHeader")
    #expect(try await change("double", "1").code == "InvalidHeaderValue")
    #expect(try await change("update", "\(Int.max)").status == 200)
    let overflow = try await change("increment", nil)
    #expect(overflow.status == 409)
    #expect(overflow.code == "SequenceNumberIncrementTooLarge")
  }

  @Test func resizingKeepsTheOtherProperties() async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 1024, [("x-ms-blob-content-type", "application/x-disk")])
    let page = process.fixture.bytes(1024)
    try await process.putPage("con/disk", at: 0, page)
    let size = { (bytes: Int) in try await process.send(.PUT, "con/disk", [("comp", "properties")], [("x-ms-blob-content-length", "\(bytes)")]) }
    #expect(try await size(512).status == 200)
    #expect(try await size(513).code == "InvalidHeaderValue")
    #expect(try await size(1024).status == 200)
    let get = try await process.send(.GET, "con/disk")
    // What was cut off does not come back.
    #expect(get.body == Array(page[..<512]) + Array(repeating: 0, count: 512))
    #expect(get["Content-Type"] == "application/x-disk")
  }

  @Test func writersOfDifferentPagesAllSucceed() async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 4 * Self.mebibyte)
    let offsets = (0..<32).map { $0 * 100 * 512 }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for (number, offset) in offsets.enumerated() {
        group.addTask { try await process.putPage("con/disk", at: offset, Array(repeating: UInt8(number + 1), count: 1024)).status }
      }
      for try await status in group { #expect(status == 201) }
    }
    #expect(try await process.ranges("con/disk").written == offsets.map { $0..<$0 + 1024 })
    let bytes = try await process.send(.GET, "con/disk").body
    for (number, offset) in offsets.enumerated() { #expect(bytes[offset..<offset + 1024].allSatisfy { $0 == UInt8(number + 1) }) }
  }

  @Test func overwritingPagesGivesTheirSpaceBack() async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 8 * Self.mebibyte)
    let empty = try await process.count("extent")
    for offset in stride(from: 0, to: 64 * 512, by: 512) { try await process.putPage("con/disk", at: offset, process.fixture.bytes(512)) }
    let entries = try await process.count("extent") - empty
    #expect(entries > 0)
    // Part of an extent keeps the whole.
    try await process.putPage("con/disk", at: 0, process.fixture.bytes(64 * 512))
    #expect(try await process.count("extent") - empty == entries / 64)
    try await process.clearPage("con/disk", 0..<512)
    #expect(try await process.count("extent") - empty == entries / 64)
    try await process.clearPage("con/disk", 0..<8 * Self.mebibyte)
    #expect(try await process.count("extent") == empty)
    #expect(try await process.count("storage.pages") == 0)
  }

  /// More of them than one transaction releases.
  @Test func aWindowOfManyExtentsIsOverwrittenAtOnce() async throws {
    let process = try await BlobProcess()
    let records = try await process.count("storage.")
    try await process.make("con/disk", "PageBlob", size: Self.mebibyte)
    let empty = try await process.count("extent")
    for page in 0..<600 { try await process.putPage("con/disk", at: page * 1024, process.fixture.bytes(512)) }
    let bytes = process.fixture.bytes(Self.mebibyte)
    #expect(try await process.putPage("con/disk", at: 0, bytes).status == 201)
    #expect(try await process.send(.GET, "con/disk").body == bytes)
    #expect(try await process.send(.DELETE, "con/disk").status == 202)
    try await process.purge()
    #expect(try await process.count("extent") == empty)
    #expect(try await process.count("storage.") == records)
  }

  @Test func aCopyAndItsOriginalGoTheirOwnWays() async throws {
    let process = try await BlobProcess()
    let (records, extents) = (try await process.count("storage."), try await process.count("extent"))
    try await process.make("con/a", "PageBlob", size: 2 * Self.mebibyte)
    let (old, new) = (process.fixture.bytes(1024), process.fixture.bytes(512))
    try await process.putPage("con/a", at: 0, old)
    let snapshot = try await process.snapshot("con/a")
    let source = ("x-ms-copy-source", "https://\(StorageFixture.account).blob.core.cloud.test/con/a")
    #expect(try await process.send(.PUT, "con/b", [], [source]).status == 202)
    try await process.purge()
    for (path, offset) in [("con/b", 0), ("con/a", 512), ("con/b", Self.mebibyte)] {
      #expect(try await process.putPage(path, at: offset, new).status == 201)
    }
    let zeros = Array(repeating: UInt8(0), count: 2 * Self.mebibyte)
    let a = Array(old[..<512]) + new + zeros[1024...]
    let b = new + Array(old[512...]) + zeros[1024..<Self.mebibyte] + new + zeros[(Self.mebibyte + 512)...]
    let again = try await process.killed()
    #expect(try await again.send(.GET, "con/a").body == a)
    #expect(try await again.send(.GET, "con/b").body == b)
    #expect(try await again.ranges("con/a", [("prevsnapshot", snapshot)]) == BlobProcess.Ranges(written: [512..<1024]))
    #expect(try await again.send(.DELETE, "con/a", [], [("x-ms-delete-snapshots", "include")]).status == 202)
    try await again.purge()
    #expect(try await again.send(.GET, "con/b").body == b)
    #expect(try await again.send(.DELETE, "con/b").status == 202)
    try await again.purge()
    #expect(try await again.count("storage.") == records)
    #expect(try await again.count("extent") == extents)
  }

  /// The copy in the middle goes first, then the one that it began from: what it had cleared stays so in the last one.
  @Test func whatACopyClearedStaysClearedInItsOwnCopies() async throws {
    let process = try await BlobProcess()
    let (windows, size) = (66, 66 * Self.mebibyte)
    func copy(_ path: String, _ snapshot: String, to copy: String) async throws {
      let source = ("x-ms-copy-source", "https://\(StorageFixture.account).blob.core.cloud.test/\(path)?snapshot=\(snapshot)")
      #expect(try await process.send(.PUT, copy, [], [source]).status == 202)
    }
    func delete(_ path: String) async throws {
      #expect(try await process.send(.DELETE, path, [], [("x-ms-delete-snapshots", "include")]).status == 202)
      try await process.purge()
    }
    try await process.make("con/a", "PageBlob", size: size)
    let bytes = process.fixture.bytes(512)
    for window in 0..<windows { #expect(try await process.putPage("con/a", at: window * Self.mebibyte, bytes).status == 201) }
    let first = try await process.snapshot("con/a")
    try await process.putPage("con/a", at: 1024, bytes)
    try await copy("con/a", first, to: "con/b")
    #expect(try await process.clearPage("con/b", 0..<size).status == 201)
    let second = try await process.snapshot("con/b")
    try await process.putPage("con/b", at: 2048, bytes)
    try await copy("con/b", second, to: "con/c")
    try await process.putPage("con/c", at: 4096, bytes)
    try await delete("con/b")
    #expect(try await process.ranges("con/c").written == [4096..<4608])
    try await delete("con/a")
    #expect(try await process.ranges("con/c").written == [4096..<4608])
    let start = try await process.send(.GET, "con/c", [], [("x-ms-range", "bytes=0-4095")])
    #expect(start.body.allSatisfy { $0 == 0 })
    #expect(try await process.count("extent\u{1}segment") == 1)
  }

  @Test func differencesAreFromOlderSnapshotsOfTheBlobOnly() async throws {
    let process = try await BlobProcess()
    try await process.make("con/disk", "PageBlob", size: 2048)
    let first = try await process.snapshot("con/disk")
    try await process.putPage("con/disk", at: 0, process.fixture.bytes(512))
    let second = try await process.snapshot("con/disk")
    func code(_ query: [(name: String, value: String)]) async throws -> String? {
      try await process.send(.GET, "con/disk", [("comp", "pagelist")] + query).code
    }
    #expect(try await process.ranges("con/disk", [("snapshot", second), ("prevsnapshot", first)]).written == [0..<512])
    #expect(try await code([("snapshot", first), ("prevsnapshot", second)]) == "PreviousSnapshotCannotBeNewer")
    #expect(try await code([("prevsnapshot", "2001-01-01T00:00:00.0000000Z")]) == "PreviousSnapshotNotFound")
    #expect(try await code([("prevsnapshot", "yesterday")]) == "InvalidQueryParameterValue")
    #expect(try await code([("marker", "nowhere")]) == "InvalidQueryParameterValue")
    #expect(try await code([("maxresults", "0")]) == "OutOfRangeQueryParameterValue")
    try await process.make("con/disk", "PageBlob", size: 2048)
    #expect(try await code([("prevsnapshot", second)]) == "BlobOverwritten")
    // The snapshots live on.
    #expect(try await process.ranges("con/disk", [("snapshot", second)]).written == [0..<512])
  }

  @Test func aContainerTakesItsPagesWithIt() async throws {
    let process = try await BlobProcess()
    let extents = try await process.count("extent")
    try await process.make("con/disk", "PageBlob", size: 80 * Self.mebibyte)
    for window in 0..<80 { try await process.putPage("con/disk", at: window * Self.mebibyte, process.fixture.bytes(512)) }
    _ = try await process.snapshot("con/disk")
    try await process.putPage("con/disk", at: 0, process.fixture.bytes(512))
    #expect(try await process.send(.DELETE, "con", [("restype", "container")]).status == 202)
    // Killed in the middle of the purge.
    _ = try await process.endpoint.purge()
    let again = try await process.killed()
    try await again.purge()
    #expect(try await again.count("storage.page") == 0)
    #expect(try await again.count("extent") == extents)
  }
}
