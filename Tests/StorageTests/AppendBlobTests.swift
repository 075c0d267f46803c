import Crypto
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct AppendBlobTests {
  @Test func appendsFollowOneAnother() async throws {
    let process = try await BlobProcess()
    try await process.make("con/log", "AppendBlob", size: nil, [("Content-Type", "text/plain")])
    var whole: [UInt8] = []
    for (count, size) in [1, 512, 70_000, 3].enumerated() {
      let bytes = process.fixture.bytes(size)
      let answer = try await process.append("con/log", bytes)
      #expect(answer.status == 201, "\(answer)")
      #expect(answer["x-ms-blob-append-offset"] == "\(whole.count)")
      #expect(answer["x-ms-blob-committed-block-count"] == "\(count + 1)")
      whole += bytes
    }
    let get = try await process.send(.GET, "con/log")
    #expect(get.body == whole)
    #expect(get["x-ms-blob-type"] == "AppendBlob")
    #expect(get["x-ms-blob-committed-block-count"] == "4")
    #expect(get["Content-Type"] == "text/plain")
    let part = try await process.send(.GET, "con/log", [], [("x-ms-range", "bytes=500-70600")])
    #expect(part.body == Array(whole[500..<min(70_601, whole.count)]))
  }

  /// Across the bounds of chunks, and after a kill.
  @Test func manyAppendsAreReadInTheirOrderAfterAKill() async throws {
    let process = try await BlobProcess()
    try await process.make("con/log", "AppendBlob")
    let lines = (0..<300).map { Array("line \($0)\n".utf8) }
    for line in lines { try await process.append("con/log", line) }
    let again = try await process.killed()
    #expect(try await again.send(.GET, "con/log").body == Array(lines.joined()))
    let next = try await again.append("con/log", [1])
    #expect(next["x-ms-blob-committed-block-count"] == "301")
    #expect(next["x-ms-blob-append-offset"] == "\(lines.joined().count)")
  }

  @Test func appendsFromManyClientsAllArriveWhole() async throws {
    let process = try await BlobProcess()
    try await process.make("con/log", "AppendBlob")
    let offsets = try await withThrowingTaskGroup(of: (UInt8, Int).self) { group in
      for number in 0..<24 {
        group.addTask {
          let answer = try await process.append("con/log", Array(repeating: UInt8(number), count: 100))
          return (UInt8(number), try #require(answer["x-ms-blob-append-offset"].flatMap { Int($0) }))
        }
      }
      var offsets: [UInt8: Int] = [:]
      for try await (number, offset) in group { offsets[number] = offset }
      return offsets
    }
    let bytes = try await process.send(.GET, "con/log").body
    #expect(bytes.count == 2400)
    for (number, offset) in offsets { #expect(bytes[offset..<offset + 100].allSatisfy { $0 == number }) }
  }

  @Test func conditionsOnTheLengthAreKept() async throws {
    let process = try await BlobProcess()
    try await process.make("con/log", "AppendBlob")
    #expect(try await process.append("con/log", [1, 2, 3], [("x-ms-blob-condition-appendpos", "0")]).status == 201)
    let moved = try await process.append("con/log", [4], [("x-ms-blob-condition-appendpos", "2")])
    #expect(moved.status == 412)
    #expect(moved.code == "AppendPositionConditionNotMet")
    let long = try await process.append("con/log", [4, 5], [("x-ms-blob-condition-maxsize", "4")])
    #expect(long.status == 412)
    #expect(long.code == "MaxBlobSizeConditionNotMet")
    #expect(try await process.append("con/log", [4], [("x-ms-blob-condition-maxsize", "4")]).status == 201)
    for (name, value) in [("x-ms-blob-condition-appendpos", "-1"), ("x-ms-blob-condition-maxsize", "x")] {
      #expect(try await process.append("con/log", [1], [(name, value)]).code == "InvalidHeaderValue")
    }
    #expect(try await process.send(.GET, "con/log").body == [1, 2, 3, 4])
  }

  @Test func digestsThatDoNotMatchLeaveNothing() async throws {
    let process = try await BlobProcess()
    try await process.make("con/log", "AppendBlob")
    let extents = try await process.count("extent")
    let other = Base64.encode(Insecure.MD5.hash(data: [9]))
    #expect(try await process.append("con/log", [1], [("Content-MD5", other)]).code == "Md5Mismatch")
    #expect(try await process.append("con/log", [1], [("x-ms-content-crc64", Base64.encode([0, 0, 0, 0, 0, 0, 0, 0]))]).code == "Crc64Mismatch")
    #expect(try await process.append("con/log", []).code == "InvalidHeaderValue")
    #expect(try await process.count("extent") == extents)
    let good = Base64.encode(Insecure.MD5.hash(data: [1]))
    let answer = try await process.append("con/log", [1], [("Content-MD5", good)])
    #expect(answer["Content-MD5"] == good)
    #expect(answer["x-ms-content-crc64"] != nil)
  }

  @Test func noMoreBlocksThanTheBound() async throws {
    var limits = StorageLimits()
    #expect(limits.committedBlocks == 50_000)
    limits.committedBlocks = 3
    let process = try await BlobProcess(limits: limits)
    try await process.make("con/log", "AppendBlob")
    for _ in 0..<3 { #expect(try await process.append("con/log", [1]).status == 201) }
    let answer = try await process.append("con/log", [1])
    #expect(answer.status == 409)
    #expect(answer.code == "BlockCountExceedsLimit")
    #expect(answer.text.contains("The committed block count cannot exceed the maximum limit of 50,000 blocks."))
  }

  @Test func blocksAreBoundedByTheVersion() async throws {
    var limits = StorageLimits()
    (limits.appendBlockBytes, limits.olderAppendBlockBytes) = (100, 10)
    let process = try await BlobProcess(limits: limits)
    try await process.make("con/log", "AppendBlob")
    #expect(try await process.append("con/log", Array(repeating: 1, count: 100)).status == 201)
    let large = try await process.append("con/log", Array(repeating: 1, count: 101))
    #expect(large.status == 413)
    #expect(large.text.contains("<MaxLimit>100</MaxLimit>"))
    var request = process.fixture.request(.PUT, "con/log", [("comp", "appendblock")], body: PiecesBody(Array(repeating: 1, count: 11)))
    request.headers.replaceOrAdd(name: "x-ms-version", value: "2021-12-02")
    #expect(try await Answer(await process.endpoint.respond(to: request)).status == 413)
  }

  @Test func aSealedBlobGrowsNoMore() async throws {
    let process = try await BlobProcess()
    let made = try await process.make("con/log", "AppendBlob")
    #expect(try await process.send(.PUT, "con/log", [("comp", "seal")], [("x-ms-blob-condition-appendpos", "1")]).status == 412)
    for _ in 0..<2 {
      let sealed = try await process.send(.PUT, "con/log", [("comp", "seal")])
      #expect(sealed.status == 200)
      #expect(sealed["x-ms-blob-sealed"] == "true")
      #expect(sealed["ETag"] == made["ETag"])
    }
    let answer = try await process.append("con/log", [1])
    #expect(answer.status == 409)
    #expect(answer.code == "BlobIsSealed")
    #expect(try await process.send(.HEAD, "con/log")["x-ms-blob-sealed"] == "true")
    // A blob that takes its place is not sealed.
    try await process.make("con/log", "AppendBlob")
    #expect(try await process.append("con/log", [1]).status == 201)
  }

  @Test func operationsOfAnotherTypeAreRefused() async throws {
    let process = try await BlobProcess()
    let fixture = process.fixture
    try await process.make("con/append", "AppendBlob")
    try await process.make("con/page", "PageBlob", size: 1024)
    try await fixture.put("con/block", [1])
    for path in ["con/append", "con/page"] {
      #expect(try await fixture.putBlock(path, "id", [1]).code == "InvalidBlobType")
      #expect(try await fixture.putBlockList(path, []).code == "InvalidBlobType")
      #expect(try await process.send(.GET, path, [("comp", "blocklist")]).code == "InvalidBlobType")
    }
    for path in ["con/block", "con/page"] {
      let answer = try await process.append(path, [1])
      #expect(answer.status == 409)
      #expect(answer.code == "InvalidBlobType")
      #expect(try await process.send(.PUT, path, [("comp", "seal")]).code == "InvalidBlobType")
    }
    for path in ["con/block", "con/append"] {
      #expect(try await process.putPage(path, at: 0, fixture.bytes(512)).code == "InvalidBlobType")
      #expect(try await process.send(.GET, path, [("comp", "pagelist")]).code == "InvalidBlobType")
      #expect(try await process.send(.PUT, path, [("comp", "properties")], [("x-ms-blob-content-length", "512")]).code == "InvalidBlobType")
    }
    #expect(try await process.append("con/none", [1]).code == "BlobNotFound")
    #expect(try await process.putPage("con/none", at: 0, fixture.bytes(512)).code == "BlobNotFound")
    #expect(try await process.send(.PUT, "con/a", [], [("x-ms-blob-type", "AppendBlob")], body: [1]).code == "InvalidHeaderValue")
    #expect(try await process.send(.PUT, "con/a", [], [("x-ms-blob-type", "Blob")]).code == "InvalidHeaderValue")
  }

  @Test func eachTypeReplacesEachOtherAndGivesTheSpaceBack() async throws {
    let process = try await BlobProcess()
    let fixture = process.fixture
    let (records, extents) = (try await process.count("storage."), try await process.count("extent"))
    let types = ["AppendBlob", "PageBlob", "BlockBlob"]
    for first in types {
      for second in types {
        for type in [first, second] {
          switch type {
          case "AppendBlob":
            try await process.make("con/a", type)
            try await process.append("con/a", fixture.bytes(70_000))
          case "PageBlob":
            try await process.make("con/a", type, size: 4096)
            try await process.putPage("con/a", at: 512, fixture.bytes(1024))
          default: try await fixture.put("con/a", fixture.bytes(70_000))
          }
          #expect(try await process.send(.HEAD, "con/a")["x-ms-blob-type"] == type)
        }
        #expect(try await process.send(.DELETE, "con/a").status == 202)
        try await process.purge()
        #expect(try await process.count("storage.") == records, "\(first) \(second)")
        #expect(try await process.count("extent") == extents, "\(first) \(second)")
      }
    }
  }

  @Test func aSnapshotKeepsWhatWasAppendedBeforeIt() async throws {
    let process = try await BlobProcess()
    let (records, extents) = (try await process.count("storage."), try await process.count("extent"))
    try await process.make("con/log", "AppendBlob")
    var states: [(snapshot: String, bytes: [UInt8])] = []
    var whole: [UInt8] = []
    for round in 0..<5 {
      for _ in 0..<40 {
        let line = process.fixture.bytes(round + 1)
        whole += line
        try await process.append("con/log", line)
      }
      states.append((try await process.snapshot("con/log"), whole))
    }
    try await process.append("con/log", [7])
    let again = try await process.killed()
    for state in states { #expect(try await again.send(.GET, "con/log", [("snapshot", state.snapshot)]).body == state.bytes) }
    #expect(try await again.send(.GET, "con/log").body == whole + [7])
    // In whatever order they go, what is left can be read.
    for index in [2, 0, 4] {
      let gone = states.remove(at: min(index, states.count - 1))
      #expect(try await again.send(.DELETE, "con/log", [("snapshot", gone.snapshot)]).status == 202)
      try await again.purge()
      for state in states { #expect(try await again.send(.GET, "con/log", [("snapshot", state.snapshot)]).body == state.bytes) }
      #expect(try await again.send(.GET, "con/log").body == whole + [7])
    }
    #expect(try await again.send(.DELETE, "con/log", [], [("x-ms-delete-snapshots", "include")]).status == 202)
    try await again.purge()
    #expect(try await again.count("storage.") == records)
    #expect(try await again.count("extent") == extents)
  }
}
