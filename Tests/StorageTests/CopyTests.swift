import Base
import Crypto
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct CopyTests {
  // MARK: Copy Blob

  @Test(arguments: [0, 300, 70_000])
  func aCopyWithinAnAccountHoldsTheSourcesBytesAndGivesThemBack(size: Int) async throws {
    let process = try await BlobProcess.withNeighbour()
    let before = (try await process.count("storage."), try await process.count("extent"))
    let bytes = process.fixture.bytes(size)
    try await process.fixture.put("con/a", bytes, [("x-ms-meta-k", "v"), ("x-ms-blob-content-type", "text/x")])
    let extents = try await process.count("extent")
    let copied = try await process.send(.PUT, "con/b", [], [BlobProcess.source("\(BlobProcess.url)/con/a")])
    #expect(copied.status == 202, "\(copied)")
    #expect(copied["x-ms-copy-status"] == "success")
    #expect(try await process.count("extent") == extents)
    #expect(try await process.send(.DELETE, "con/a").status == 202)
    let read = try await process.send(.GET, "con/b")
    #expect(read.body == bytes)
    #expect(read["x-ms-meta-k"] == "v")
    #expect(read["Content-Type"] == "text/x")
    #expect(read["x-ms-copy-id"] == copied["x-ms-copy-id"])
    #expect(read["x-ms-copy-source"] == "\(BlobProcess.url)/con/a")
    #expect(read["x-ms-copy-progress"] == "\(size)/\(size)")
    #expect(try await process.send(.DELETE, "con/b").status == 202)
    try await process.purge()
    #expect(try await process.count("storage.") == before.0)
    #expect(try await process.count("extent") == before.1)
  }

  @Test func aBlobCopiedOntoItselfKeepsItsBytesAndTakesNewMetadata() async throws {
    let process = try await BlobProcess.withNeighbour()
    let bytes = process.fixture.bytes(70_000)
    try await process.fixture.put("con/a", bytes, [("x-ms-meta-k", "v")])
    let counts = (try await process.count("storage."), try await process.count("extent"))
    let copied = try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.url)/con/a"), ("x-ms-meta-l", "w")])
    #expect(copied.status == 202, "\(copied)")
    let read = try await process.send(.GET, "con/a")
    #expect(read.body == bytes)
    #expect(read["x-ms-meta-k"] == nil)
    #expect(read["x-ms-meta-l"] == "w")
    #expect(try await process.count("storage.") == counts.0)
    #expect(try await process.count("extent") == counts.1)
  }

  @Test func writingToACopyLeavesItsSourceAlone() async throws {
    let process = try await BlobProcess.withNeighbour()
    let first = process.fixture.bytes(1024)
    try await process.make("con/p", "PageBlob", size: 2048)
    try await process.putPage("con/p", at: 0, first)
    try await process.make("con/l", "AppendBlob")
    try await process.append("con/l", first)
    for name in ["p", "l"] {
      #expect(try await process.send(.PUT, "con/\(name)2", [], [BlobProcess.source("\(BlobProcess.url)/con/\(name)")]).status == 202)
    }
    let second = process.fixture.bytes(1024)
    #expect(try await process.putPage("con/p2", at: 0, second).status == 201)
    #expect(try await process.append("con/l2", second).status == 201)
    let zeros = [UInt8](repeating: 0, count: 1024)
    #expect(try await process.send(.GET, "con/p").body == first + zeros)
    #expect(try await process.send(.GET, "con/p2").body == second + zeros)
    #expect(try await process.send(.GET, "con/l").body == first)
    #expect(try await process.send(.GET, "con/l2").body == first + second)
  }

  @Test(arguments: [100, 70_000])
  func aSmallBlobOfAnotherAccountIsCopiedAtOnce(size: Int) async throws {
    let process = try await BlobProcess.withNeighbour()
    let bytes = process.fixture.bytes(size)
    try await process.putElsewhere("a", bytes)
    let copied = try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")])
    #expect(copied["x-ms-copy-status"] == "success", "\(copied)")
    // What the source's account takes with it does not reach the copy.
    try await process.fixture.deleteAccount("other")
    try await process.purge()
    #expect(try await process.send(.GET, "con/a").body == bytes)
  }

  @Test func aLargeCopyGoesOnAfterACrashInItsMiddle() async throws {
    var process = try await BlobProcess.withNeighbour(BlobProcess.jobs)
    let bytes = try await process.putBlocksElsewhere("a", count: 150, size: 700)
    let copied = try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a"), ("x-ms-meta-k", "v")])
    #expect(copied["x-ms-copy-status"] == "pending", "\(copied)")
    var progress: [String] = []
    while true {
      let isDone = try await process.endpoint.copy()
      let head = try await process.send(.HEAD, "con/a")
      progress.append(head["x-ms-copy-progress"] ?? "")
      if isDone { break }
      process = try await process.killed()
    }
    #expect(Set(progress).count > 2, "\(progress)")
    let read = try await process.send(.GET, "con/a")
    #expect(read.body == bytes)
    #expect(read["x-ms-copy-status"] == "success")
    #expect(read["x-ms-copy-id"] == copied["x-ms-copy-id"])
    #expect(read["x-ms-meta-k"] == "v")
    let list = try await process.send(.GET, "con/a", [("comp", "blocklist")]).xml()
    let names = try list.at("CommittedBlocks").children.map { try $0.at("Name").text }
    #expect(names == (0..<150).map { Base64.encode("block\(100 + $0)".utf8) })
    #expect(try await process.count("storage.copy") == 0)
  }

  @Test func pagesOfAnotherAccountAreCopiedWithTheirHoles() async throws {
    var process = try await BlobProcess.withNeighbour()
    let (one, two) = (process.fixture.bytes(512), process.fixture.bytes(1024))
    let size = 40 << 20
    for (query, headers, body) in [
      ([], [("x-ms-blob-type", "PageBlob"), ("x-ms-blob-content-length", "\(size)"), ("x-ms-blob-sequence-number", "7")], [UInt8]()),
      ([("comp", "page")], [("x-ms-page-write", "update"), ("x-ms-range", "bytes=0-511")], one),
      ([("comp", "page")], [("x-ms-page-write", "update"), ("x-ms-range", "bytes=\(size - 1024)-\(size - 1)")], two),
    ] as [([(name: String, value: String)], [(String, String)], [UInt8])] {
      let answer = try await process.fixture.send(
        .PUT, "pub/p", query, headers, body: body.isEmpty ? EmptyBody() : PiecesBody(body), account: "other")
      #expect(answer.status == 201, "\(answer)")
    }
    let copied = try await process.send(.PUT, "con/p", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/p")])
    #expect(copied["x-ms-copy-status"] == "pending", "\(copied)")
    process = try await process.killed()
    try await process.finishCopies()
    #expect(try await process.ranges("con/p").written == [0..<512, size - 1024..<size])
    #expect(try await process.send(.GET, "con/p", [], [("x-ms-range", "bytes=0-511")]).body == one)
    #expect(try await process.send(.GET, "con/p", [], [("x-ms-range", "bytes=\(size - 1024)-\(size - 1)")]).body == two)
    #expect(try await process.send(.HEAD, "con/p")["x-ms-blob-sequence-number"] == "7")
  }

  // MARK: While a copy is pending

  @Test func aPendingCopyKeepsWritersOutUntilItIsAborted() async throws {
    let process = try await BlobProcess.withNeighbour(BlobProcess.jobs)
    _ = try await process.putBlocksElsewhere("a", count: 100, size: 20_000)
    let before = try await process.count("extent")
    let copied = try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a"), ("x-ms-meta-k", "v")])
    let id = try #require(copied["x-ms-copy-id"])
    #expect(try await process.endpoint.copy() == false)
    #expect(try await process.count("extent") > before)
    for answer in [
      try await process.fixture.put("con/a", [1]), try await process.send(.PUT, "con/a", [("comp", "metadata")], [("x-ms-meta-l", "w")]),
      try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")]), try await process.send(.DELETE, "con/a"),
      try await process.send(.PUT, "con/a", [("comp", "tier")], [("x-ms-access-tier", "Cool")]),
      try await process.send(.PUT, "con/b", [], [BlobProcess.source("\(BlobProcess.url)/con/a")]),
      try await process.send(.PUT, "con/a", [("comp", "snapshot")]),
    ] {
      #expect(answer.status == 409, "\(answer)")
      #expect(answer.code == "PendingCopyOperation")
    }
    func abort(_ id: String) async throws -> Answer {
      try await process.send(.PUT, "con/a", [("comp", "copy"), ("copyid", id)], [("x-ms-copy-action", "abort")])
    }
    #expect(try await abort(GUID(high: 9, low: 9).description).code == "CopyIdMismatch")
    #expect(try await abort("x").code == "InvalidQueryParameterValue")
    #expect(try await abort(id).status == 204)
    #expect(try await abort(id).code == "NoPendingCopyOperation")
    let read = try await process.send(.GET, "con/a")
    #expect(read.status == 200)
    #expect(read.body.isEmpty)
    #expect(read["x-ms-copy-status"] == "aborted")
    #expect(read["x-ms-meta-k"] == "v")
    #expect(try await process.endpoint.copy())
    try await process.purge()
    #expect(try await process.count("extent") == before)
    #expect(try await process.count("storage.blocklist") == 1)
  }

  @Test func aSourceThatChangesEndsItsCopy() async throws {
    let process = try await BlobProcess.withNeighbour(BlobProcess.jobs)
    _ = try await process.putBlocksElsewhere("a", count: 100, size: 100)
    try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")])
    #expect(try await process.endpoint.copy() == false)
    process.fixture.clock.advance(by: .seconds(1))
    try await process.putElsewhere("a", [1])
    try await process.finishCopies()
    let head = try await process.send(.HEAD, "con/a")
    #expect(head["x-ms-copy-status"] == "failed")
    #expect(head["x-ms-copy-status-description"] == "412 ConditionNotMet \"Copy failed when reading the source.\"")
    #expect(head.length == 0)
    // It can be tried again.
    #expect(try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")])["x-ms-copy-status"] == "pending")
    try await process.finishCopies()
    #expect(try await process.send(.GET, "con/a").body == [1])
  }

  @Test func aCopyEndsWithItsContainer() async throws {
    let process = try await BlobProcess.withNeighbour(BlobProcess.jobs)
    let before = try await process.count("extent")
    _ = try await process.putBlocksElsewhere("a", count: 100, size: 100)
    let extents = try await process.count("extent") - before
    try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")])
    #expect(try await process.endpoint.copy() == false)
    #expect(try await process.send(.DELETE, "con", [("restype", "container")]).status == 202)
    try await process.purge()
    try await process.finishCopies()
    try await process.purge()
    #expect(try await process.count("storage.copy") == 0)
    #expect(try await process.count("extent") == before + extents)
  }

  @Test func aCopyThatDoesNotEndInTwoWeeksFails() async throws {
    let process = try await BlobProcess.withNeighbour(BlobProcess.jobs)
    try await process.putElsewhere("a", [1])
    try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")])
    process.fixture.clock.advance(by: .seconds(14 * 86400))
    try await process.finishCopies()
    let head = try await process.send(.HEAD, "con/a")
    #expect(head["x-ms-copy-status"] == "failed")
    #expect(head["x-ms-copy-status-description"]?.hasPrefix("500 OperationCancelled") == true)
  }

  @Test func aCopyWhoseDestinationIsGoneEndsAlsoWhenItsTimeIsOver() async throws {
    let process = try await BlobProcess.withNeighbour(BlobProcess.jobs)
    try await process.putElsewhere("a", [1])
    try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")])
    #expect(try await process.send(.DELETE, "con", [("restype", "container")]).status == 202)
    try await process.purge()
    #expect(try await process.count("storage.copy") == 1)
    process.fixture.clock.advance(by: .seconds(14 * 86400))
    try await process.finishCopies()
    #expect(try await process.count("storage.copy") == 0)
  }

  @Test func aCopyWhoseDestinationMayNotBeWrittenFails() async throws {
    let process = try await BlobProcess.withNeighbour(BlobProcess.jobs)
    try await process.fixture.manage("encryptionScopes/one", ["source": "Microsoft.Storage"])
    try await process.putElsewhere("a", [1])
    let source = BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")
    #expect(try await process.send(.PUT, "con/a", [], [source, ("x-ms-encryption-scope", "one")]).status == 202)
    try await process.fixture.manage("encryptionScopes/one", ["state": "Disabled"])
    try await process.finishCopies()
    #expect(try await process.count("storage.copy") == 0)
    let head = try await process.send(.HEAD, "con/a")
    #expect(head["x-ms-copy-status"] == "failed")
    #expect(head["x-ms-copy-status-description"]?.hasPrefix("403 ") == true, "\(head.headers)")
  }

  // MARK: What is refused

  @Test func aSynchronousCopyTakesNoMoreBlocksThanATransactionDoes() async throws {
    var limits = StorageLimits()
    limits.synchronousCopyBlocks = 3
    let process = try await BlobProcess.withNeighbour(limits)
    let sync = ("x-ms-requires-sync", "true")
    for (name, count, status) in [("a", 3, 202), ("b", 4, 409)] {
      let bytes = try await process.putBlocksElsewhere(name, count: count, size: 100)
      let extents = try await process.count("extent")
      let answer = try await process.send(.PUT, "con/\(name)", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/\(name)"), sync])
      #expect(answer.status == status, "\(answer)")
      if status == 202 {
        #expect(try await process.send(.GET, "con/\(name)").body == bytes)
      } else {
        #expect(answer.code == "CannotVerifyCopySource")
        #expect(try await process.count("extent") == extents)
      }
    }
  }

  @Test func onlyThisCloudsBlobsThatTheCallerMayReadAreSources() async throws {
    let process = try await BlobProcess.withNeighbour()
    try await process.fixture.send(.PUT, "priv", [("restype", "container")], account: "other")
    try await process.fixture.send(
      .PUT, "priv/a", [], [("x-ms-blob-type", "BlockBlob")], body: PiecesBody([1]), account: "other")
    try await process.putElsewhere("a", [1])
    for (source, status, code) in [
      ("\(BlobProcess.elsewhere)/priv/a", 401, "NoAuthenticationInformation"), ("\(BlobProcess.elsewhere)/pub/none", 404, "BlobNotFound"),
      ("https://none.blob.core.cloud.test/pub/a", 404, "ResourceNotFound"), ("https://example.com/pub/a", 404, "ResourceNotFound"),
      ("http://127.0.0.1:9/other/pub/a", 404, "ResourceNotFound"), ("https://other.queue.core.cloud.test/pub/a", 400, "InvalidUri"),
      ("\(BlobProcess.elsewhere)/pub?restype=container&comp=list", 400, "InvalidUri"),
      ("\(BlobProcess.elsewhere)/pub/a?comp=metadata", 400, "InvalidUri"),
    ] {
      for headers in [[], [("x-ms-requires-sync", "true")], [("x-ms-blob-type", "BlockBlob")]] {
        let answer = try await process.send(.PUT, "con/x", [], [BlobProcess.source(source)] + headers)
        #expect(answer.status == status, "\(source): \(answer)")
        #expect(answer.code == "CannotVerifyCopySource")
        #expect(answer["x-ms-copy-source-status-code"] == "\(status)")
        #expect(answer["x-ms-copy-source-error-code"] == code)
      }
    }
    for source in ["ftp://x/a", "a", "\(BlobProcess.elsewhere)/pub/\(String(repeating: "a", count: 2048))", "https://x"] {
      #expect(try await process.send(.PUT, "con/x", [], [BlobProcess.source(source)]).code == "InvalidHeaderValue", "\(source)")
    }
    #expect(try await process.send(.HEAD, "con/x").status == 404)
  }

  @Test func conditionsOnSourceAndDestinationAreKept() async throws {
    let process = try await BlobProcess.withNeighbour()
    try await process.fixture.put("con/a", [1])
    let existing = try await process.fixture.put("con/b", [2])
    let tag = try #require(existing["ETag"])
    let url = BlobProcess.source("\(BlobProcess.url)/con/a")
    let past = "Thu, 01 Jan 1970 00:00:00 GMT"
    for (header, code) in [
      (("x-ms-source-if-match", tag + "x"), "SourceConditionNotMet"), (("x-ms-source-if-unmodified-since", past), "SourceConditionNotMet"),
      (("x-ms-source-if-tags", "\"k\"='v'"), "ConditionNotMet"), (("If-Match", "\"0x1\""), "TargetConditionNotMet"),
      (("If-None-Match", "*"), "BlobAlreadyExists"), (("If-Unmodified-Since", past), "TargetConditionNotMet"),
      (("x-ms-if-tags", "\"k\"='v'"), "ConditionNotMet"), (("x-ms-lease-id", GUID(high: 1, low: 1).description), "LeaseNotPresentWithBlobOperation"),
    ] {
      let answer = try await process.send(.PUT, "con/b", [], [url, header])
      #expect(answer.code == code, "\(header): \(answer)")
    }
    let fromURL = try await process.send(
      .PUT, "con/b", [],
      [
        url, ("x-ms-blob-type", "BlockBlob"), ("x-ms-source-if-match", "\"0x1\""),
        ("x-ms-copy-source-authorization", "Bearer token"),
      ])
    #expect(fromURL.code == "CannotVerifyCopySource")
    #expect(fromURL["x-ms-copy-source-status-code"] == "412")
    #expect(try await process.send(.GET, "con/b").body == [2])
    try await process.make("con/l", "AppendBlob")
    #expect(try await process.send(.PUT, "con/l", [], [url]).code == "InvalidBlobType")
    let lease = try await process.send(.PUT, "con/b", [("comp", "lease")], [("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "15")])
    let id = try #require(lease["x-ms-lease-id"])
    #expect(try await process.send(.PUT, "con/b", [], [url]).code == "LeaseIdMissing")
    #expect(try await process.send(.PUT, "con/b", [], [url, ("x-ms-lease-id", id)]).code == "InfiniteLeaseDurationRequired")
  }
}
