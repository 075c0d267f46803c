import Base
import Edge
import Extents
import Keyring
import Logging
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// The blob service of a `StorageFixture`, which can be killed and started again.
final class BlobProcess: Sendable {
  let fixture: StorageFixture
  let records: SQLiteRecordStore
  let extents: ExtentStore
  let endpoint: StorageEndpoint
  private let directory: ScratchDirectory
  private let limits: StorageLimits

  init(seed: UInt64 = 1, limits: StorageLimits = StorageLimits()) async throws {
    fixture = try await StorageFixture(seed: seed, limits: limits)
    (records, extents, endpoint, directory) = (fixture.records, fixture.extents, fixture.endpoint, fixture.directory)
    self.limits = limits
    try await fixture.makeContainer()
  }

  /// The service as it comes up after the process was killed: with the files as they are at this moment, and nothing that was in memory.
  func killed() async throws -> BlobProcess {
    try await BlobProcess(after: self)
  }

  private init(after killed: BlobProcess) async throws {
    fixture = killed.fixture
    limits = killed.limits
    directory = ScratchDirectory()
    for name in ["records", "records-wal", "extents"] where FileManager.default.fileExists(atPath: killed.directory(name)) {
      try FileManager.default.copyItem(atPath: killed.directory(name), toPath: directory(name))
    }
    records = try SQLiteRecordStore(path: directory("records"))
    let keyring = Keyring(rootKey: try RootKey(readingFrom: fixture.directory("root.key")), random: fixture.random)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    extents = try await ExtentStore(
      disk: try PosixDisk(path: directory("extents")), records: records, keyring: keyring, random: fixture.random, logger: logger)
    endpoint = StorageEndpoint(
      accounts: StorageAccounts(records: records, keyring: keyring), extents: extents, verifier: fixture.caller, principals: fixture.caller,
      authorizer: fixture.caller, address: CloudAddress(domain: "cloud.test", port: 443), clock: fixture.clock, random: fixture.random,
      limits: limits, logger: logger)
  }

  @discardableResult
  func send(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], _ headers: [(String, String)] = [], body: [UInt8] = []
  ) async throws -> Answer {
    let request = fixture.request(method, path, query, headers, body: body.isEmpty ? EmptyBody() : PiecesBody(body))
    return try await Answer(await endpoint.respond(to: request))
  }

  /// Makes a blob of a type whose bytes come later.
  @discardableResult
  func make(_ path: String, _ type: String, size: Int? = nil, _ headers: [(String, String)] = []) async throws -> Answer {
    let size = size.map { [("x-ms-blob-content-length", "\($0)")] } ?? []
    let answer = try await send(.PUT, path, [], [("x-ms-blob-type", type)] + size + headers)
    #expect(answer.status == 201, "\(answer)")
    return answer
  }

  @discardableResult
  func append(_ path: String, _ bytes: [UInt8], _ headers: [(String, String)] = []) async throws -> Answer {
    try await send(.PUT, path, [("comp", "appendblock")], headers, body: bytes)
  }

  /// Put Page with bytes, or to clear a range.
  @discardableResult
  func putPage(_ path: String, at offset: Int, _ bytes: [UInt8], _ headers: [(String, String)] = []) async throws -> Answer {
    let range = ("x-ms-range", "bytes=\(offset)-\(offset + bytes.count - 1)")
    return try await send(.PUT, path, [("comp", "page")], [("x-ms-page-write", "update"), range] + headers, body: bytes)
  }

  @discardableResult
  func clearPage(_ path: String, _ range: Range<Int>) async throws -> Answer {
    let header = ("x-ms-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
    return try await send(.PUT, path, [("comp", "page")], [("x-ms-page-write", "clear"), header])
  }

  /// Makes a snapshot and gives its name.
  func snapshot(_ path: String) async throws -> String {
    fixture.clock.advance(by: .seconds(1))
    let answer = try await send(.PUT, path, [("comp", "snapshot")])
    #expect(answer.status == 201, "\(answer)")
    return try #require(answer["x-ms-snapshot"])
  }

  struct Ranges: Equatable {
    var written: [Range<Int>] = []
    var cleared: [Range<Int>] = []
  }

  /// Get Page Ranges, from page to page of the list.
  func ranges(_ path: String, _ query: [(name: String, value: String)] = [], perPage: Int? = nil) async throws -> Ranges {
    var ranges = Ranges()
    var marker = ""
    repeat {
      var all = [(name: "comp", value: "pagelist")] + query
      if let perPage { all.append((name: "maxresults", value: "\(perPage)")) }
      if !marker.isEmpty { all.append((name: "marker", value: marker)) }
      let answer = try await send(.GET, path, all)
      #expect(answer.status == 200, "\(answer)")
      let list = try answer.xml()
      var count = 0
      for item in list.children where item.name != "NextMarker" {
        let range = try #require(Int(try item.at("Start").text))..<#require(Int(try item.at("End").text)) + 1
        count += 1
        if item.name == "PageRange" { ranges.written.append(range) } else { ranges.cleared.append(range) }
      }
      if let perPage { #expect(count <= perPage) }
      marker = list.child("NextMarker")?.text ?? ""
    } while !marker.isEmpty
    return ranges
  }

  /// Purges until nothing is left to purge.
  func purge() async throws {
    for _ in 0..<1000 where try await endpoint.purge() {
      // A round may leave tasks for the next.
      if try await count("storage.purge") == 0 { return }
    }
    Issue.record("the purge did not end")
  }

  /// The entries of the record store whose key holds this text.
  func count(_ text: String) async throws -> Int {
    try await records.read { reader in
      let all = try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 1_000_000, reversed: false)
      let wanted = Array(text.utf8)
      return all.count { entry in entry.key.indices.contains { entry.key[$0...].starts(with: wanted) } }
    }
  }
}
