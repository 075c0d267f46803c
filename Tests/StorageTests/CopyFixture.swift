import Base
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

/// A `BlobProcess` with another account beside it, whose container `pub` anybody may read.
extension BlobProcess {
  static let url = "https://acct.blob.core.cloud.test"
  static let elsewhere = "https://other.blob.core.cloud.test"

  static func withNeighbour(_ limits: StorageLimits = StorageLimits()) async throws -> BlobProcess {
    let process = try await BlobProcess(limits: limits)
    try await process.fixture.makeAccount("other")
    let made = try await process.fixture.send(
      .PUT, "pub", [("restype", "container")], [("x-ms-blob-public-access", "blob")], account: "other")
    #expect(made.status == 201, "\(made)")
    return process
  }

  /// Limits under which nothing of another account is copied before the answer.
  static let jobs: StorageLimits = {
    var limits = StorageLimits()
    limits.promptCopyBytes = 0
    return limits
  }()

  func putElsewhere(_ name: String, _ bytes: [UInt8], _ headers: [(String, String)] = []) async throws {
    let answer = try await fixture.send(
      .PUT, "pub/\(name)", [], [("x-ms-blob-type", "BlockBlob")] + headers, body: PiecesBody(bytes), account: "other")
    #expect(answer.status == 201, "\(answer)")
  }

  /// Puts a blob of the other account in so many blocks, and gives its bytes.
  func putBlocksElsewhere(_ name: String, count: Int, size: Int) async throws -> [UInt8] {
    var (whole, list): ([UInt8], String) = ([], "")
    for index in 0..<count {
      let (id, bytes) = (Base64.encode("block\(100 + index)".utf8), fixture.bytes(size))
      let put = try await fixture.send(
        .PUT, "pub/\(name)", [("comp", "block"), ("blockid", id)], [], body: PiecesBody(bytes), account: "other")
      #expect(put.status == 201, "\(put)")
      whole += bytes
      list += "<Latest>\(id)</Latest>"
    }
    let document = Array("<BlockList>\(list)</BlockList>".utf8)
    let answer = try await fixture.send(.PUT, "pub/\(name)", [("comp", "blocklist")], [], body: PiecesBody(document), account: "other")
    #expect(answer.status == 201, "\(answer)")
    return whole
  }

  /// Copies until no copy is under way.
  func finishCopies() async throws {
    for _ in 0..<1000 where try await endpoint.copy() { return }
    Issue.record("the copies did not end")
  }

  static func source(_ url: String) -> (String, String) { ("x-ms-copy-source", url) }
}
