import Base
import Crypto
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct WriteFromURLTests {
  @Test func writesFromURLTakeRangesAndRefuseWrongDigests() async throws {
    let process = try await BlobProcess.withNeighbour()
    let bytes = process.fixture.bytes(200_000)
    try await process.putElsewhere("a", bytes, [("x-ms-blob-content-type", "text/x"), ("x-ms-blob-content-language", "fr")])
    let url = BlobProcess.source("\(BlobProcess.elsewhere)/pub/a")
    let part = Array(bytes[512..<1536])
    let range = ("x-ms-source-range", "bytes=512-1535")
    let md5 = ("x-ms-source-content-md5", Base64.encode(Insecure.MD5.hash(data: part)))
    let wrong = ("x-ms-source-content-md5", Base64.encode(Insecure.MD5.hash(data: [1])))
    try await process.make("con/l", "AppendBlob")
    try await process.make("con/p", "PageBlob", size: 1024)
    let id = Base64.encode("one".utf8)
    let writes: [(String, [(name: String, value: String)], [(String, String)])] = [
      ("con/b", [("comp", "block"), ("blockid", id)], []), ("con/l", [("comp", "appendblock")], []),
      ("con/p", [("comp", "page")], [("x-ms-page-write", "update"), ("x-ms-range", "bytes=0-1023")]),
    ]
    let before = try await process.count("extent")
    for (path, query, headers) in writes {
      let refused = try await process.send(.PUT, path, query, headers + [url, range, wrong])
      #expect(refused.code == "Md5Mismatch", "\(refused)")
      let behind = try await process.send(.PUT, path, query, headers + [url, ("x-ms-source-range", "bytes=200000-200511")])
      #expect(behind.code == "CannotVerifyCopySource", "\(behind)")
      #expect(behind["x-ms-copy-source-error-code"] == "InvalidRange")
    }
    #expect(try await process.count("extent") == before)
    for (path, query, headers) in writes {
      let written = try await process.send(.PUT, path, query, headers + [url, range, md5])
      #expect(written.status == 201, "\(written)")
      #expect(written["Content-MD5"] == md5.1)
      #expect(written["x-ms-content-crc64"] != nil)
    }
    try await process.fixture.putBlockList("con/b", [("Latest", "one")])
    for (path, _, _) in writes { #expect(try await process.send(.GET, path).body == part, "\(path)") }
    let put = try await process.send(.PUT, "con/a", [], [url, ("x-ms-blob-type", "BlockBlob"), ("x-ms-blob-content-language", "en")])
    #expect(put.status == 201, "\(put)")
    let read = try await process.send(.GET, "con/a")
    #expect(read.body == bytes)
    #expect(read["Content-Type"] == "text/x")
    #expect(read["Content-Language"] == "en")
    #expect(read["x-ms-copy-id"] == nil)
  }

  @Test func aSynchronousCopyIsOfBlockBlobsUpToItsBound() async throws {
    var limits = StorageLimits()
    limits.synchronousCopyBytes = 1000
    let process = try await BlobProcess.withNeighbour(limits)
    let bytes = try await process.putBlocksElsewhere("a", count: 10, size: 100)
    try await process.putElsewhere("large", process.fixture.bytes(1001))
    let sync = ("x-ms-requires-sync", "true")
    let copied = try await process.send(.PUT, "con/a", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a"), sync])
    #expect(copied["x-ms-copy-status"] == "success", "\(copied)")
    #expect(try await process.send(.GET, "con/a").body == bytes)
    #expect(try await process.send(.PUT, "con/b", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/large"), sync]).status == 409)
    let wrong = ("x-ms-source-content-md5", Base64.encode(Insecure.MD5.hash(data: [1])))
    #expect(try await process.send(.PUT, "con/b", [], [BlobProcess.source("\(BlobProcess.elsewhere)/pub/a"), sync, wrong]).code == "Md5Mismatch")
    #expect(try await process.send(.HEAD, "con/b").status == 404)
  }
}
