import Base
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct IncrementalCopyTests {
  @Test(arguments: [false, true])
  func anIncrementalCopyMakesASnapshotForEachOfItsSources(acrossAccounts: Bool) async throws {
    let process = try await BlobProcess.withNeighbour()
    let (host, container, account) = acrossAccounts ? (BlobProcess.elsewhere, "pub", "other") : (BlobProcess.url, "con", "acct")
    func source(_ query: [(name: String, value: String)], _ headers: [(String, String)], _ body: [UInt8] = []) async throws -> Answer {
      process.fixture.clock.advance(by: .seconds(1))
      let answer = try await process.fixture.send(
        .PUT, "\(container)/s", query, headers, body: body.isEmpty ? EmptyBody() : PiecesBody(body), account: account)
      #expect(answer.status == 201, "\(answer)")
      return answer
    }
    _ = try await source([], [("x-ms-blob-type", "PageBlob"), ("x-ms-blob-content-length", "1024")])
    var (snapshots, states): ([String], [[UInt8]]) = ([], [])
    for index in 0..<2 {
      let bytes = process.fixture.bytes(512)
      let range = index == 0 ? "bytes=0-511" : "bytes=512-1023"
      _ = try await source([("comp", "page")], [("x-ms-page-write", "update"), ("x-ms-range", range)], bytes)
      snapshots.append(try #require(try await source([("comp", "snapshot")], [])["x-ms-snapshot"]))
      states.append((states.last ?? []) + bytes)
    }
    states[0] += [UInt8](repeating: 0, count: 512)
    func copy(_ url: String) async throws -> Answer {
      process.fixture.clock.advance(by: .seconds(1))
      return try await process.send(.PUT, "con/d", [("comp", "incrementalcopy")], [BlobProcess.source(url)])
    }
    #expect(try await copy("\(host)/\(container)/s").code == "IncrementalCopySourceMustBeSnapshot")
    #expect(try await copy("no url").code == "InvalidSourceBlobUrl")
    let encrypted = try await process.send(
      .PUT, "con/d", [("comp", "incrementalcopy")],
      [BlobProcess.source("\(host)/\(container)/s?snapshot=\(snapshots[0])"), ("x-ms-encryption-key", "key")])
    #expect(encrypted.status == 400, "\(encrypted)")
    #expect(try await process.send(.HEAD, "con/d").status == 404)
    var copies: [String] = []
    for snapshot in snapshots {
      let copied = try await copy("\(host)/\(container)/s?snapshot=\(snapshot)")
      #expect(copied.status == 202, "\(copied)")
      #expect(copied["x-ms-copy-status"] == "pending")
      try await process.finishCopies()
      let head = try await process.send(.HEAD, "con/d")
      #expect(head["x-ms-copy-status"] == "success", "\(head.headers)")
      #expect(head["x-ms-incremental-copy"] == "true")
      copies.append(try #require(head["x-ms-copy-destination-snapshot"]))
    }
    for (copy, state) in zip(copies, states) { #expect(try await process.send(.GET, "con/d", [("snapshot", copy)]).body == state) }
    #expect(try await copy("\(host)/\(container)/s?snapshot=\(snapshots[0])").code == "IncrementalCopyOfEarlierSnapshotNotAllowed")
    #expect(try await process.send(.GET, "con/d").code == "OperationNotAllowedOnIncrementalCopyBlob")
    #expect(try await process.putPage("con/d", at: 0, states[0]).code == "OperationNotAllowedOnIncrementalCopyBlob")
    try await process.make("con/other", "PageBlob", size: 512)
    let other = try await process.send(
      .PUT, "con/other", [("comp", "incrementalcopy")], [BlobProcess.source("\(host)/\(container)/s?snapshot=\(snapshots[1])")])
    #expect(other.code == "IncrementalCopyBlobMismatch")
    process.fixture.caller.become(.sharedAccessSignature(SignedGrant(scope: "/", permissions: ["c"], resourceTypes: nil)))
    // Without an account's key only what anybody may read is a source.
    if acrossAccounts {
      #expect(try await copy("\(host)/\(container)/s?snapshot=\(snapshots[1])").code == "UnauthorizedBlobOverwrite")
    }
    process.fixture.caller.become(.sharedAccessSignature(SignedGrant(scope: "/", permissions: ["d"], resourceTypes: nil)))
    #expect(try await process.send(.DELETE, "con/d", [], [("x-ms-delete-snapshots", "include")]).status == 202)
  }
}
