import Base
import Edge
import Extents
import Keyring
import Logging
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A `StorageFixture` whose blob service keeps history, and the lists that show it.
extension StorageFixture {
  /// With a container `con` and the settings of the blob service that Resource Manager takes.
  static func keeping(_ properties: JSON, limits: StorageLimits = StorageLimits()) async throws -> StorageFixture {
    let fixture = try await StorageFixture(limits: limits)
    try await fixture.configureBlobs(properties)
    try await fixture.makeContainer()
    return fixture
  }

  static let versions: JSON = ["isVersioningEnabled": true]
  static let softDelete: JSON = ["deleteRetentionPolicy": ["enabled": true, "days": 7]]

  func configureBlobs(_ properties: JSON) async throws {
    let subscription = GUID(high: 1, low: 1)
    let account = "/subscriptions/\(subscription)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/\(Self.account)"
    let id = try #require(ResourceID("\(account)/blobServices/default"))
    let address = CloudAddress(domain: "cloud.test", port: 443)
    let provider = StorageProvider(accounts: accounts, random: random, address: address, locations: ["paris"])
    let type = try #require(provider.types.first { $0.descriptor.type == "Microsoft.Storage/storageAccounts/blobServices" })
    let context = OperationContext(
      principal: caller.principal, tenant: tenant, subscription: subscription, correlationID: random.guid(), now: clock.now(),
      apiVersion: "2025-08-01")
    let change = ResourceChange(method: .put, id: id, body: ["properties": properties], existing: nil, context: context)
    try await records.write { _ = try type.put(change, in: $0) }
  }

  /// Put Blob a second later, so that the states of a blob differ in time.
  @discardableResult
  func write(_ path: String, _ bytes: [UInt8], _ headers: [(String, String)] = []) async throws -> Answer {
    clock.advance(by: .seconds(1))
    let answer = try await put(path, bytes, headers)
    #expect(answer.status == 201, "\(answer)")
    return answer
  }

  /// Snapshot Blob a second later; gives the snapshot's time.
  func snapshot(_ path: String, _ headers: [(String, String)] = []) async throws -> String {
    clock.advance(by: .seconds(1))
    let answer = try await send(.PUT, path, [("comp", "snapshot")], headers)
    #expect(answer.status == 201, "\(answer)")
    return try #require(answer["x-ms-snapshot"])
  }

  func read(_ path: String, snapshot: String? = nil, version: String? = nil) async throws -> Answer {
    var query: [(name: String, value: String)] = []
    if let snapshot { query.append(("snapshot", snapshot)) }
    if let version { query.append(("versionid", version)) }
    return try await send(.GET, path, query)
  }

  /// The extents that hold bytes.
  func extents() async throws -> Int {
    try await count("extent\u{1}segment")
  }

  func page(of container: String = "con", _ query: [(String, String)]) async throws -> XMLElement {
    let all = [("restype", "container"), ("comp", "list")] + query
    let answer = try await send(.GET, container, all.map { (name: $0.0, value: $0.1) })
    #expect(answer.status == 200, "\(answer)")
    return try answer.xml()
  }

  /// All pages of a list of blobs, in short: `name`, `name@snapshot`, `name#version`, `-` behind what is deleted, `!` behind the current
  /// version and `?` behind what stands for versions alone.
  func listed(_ include: String, of container: String = "con", size: Int = 5000, _ query: [(String, String)] = []) async throws -> [String] {
    var items: [String] = []
    var marker = ""
    var pages = 0
    repeat {
      let page = try await page(of: container, [("include", include), ("maxresults", String(size)), ("marker", marker)] + query)
      items += try page.at("Blobs").children.map(Self.short)
      marker = try page.at("NextMarker").text
      pages += 1
      #expect(pages < 10_000)
    } while !marker.isEmpty && pages < 10_000
    return items
  }

  private static func short(_ item: XMLElement) throws -> String {
    var text = try item.at("Name").text
    if let snapshot = item.child("Snapshot") { text += "@\(snapshot.text)" }
    if let version = item.child("VersionId") { text += "#\(version.text)" }
    if item.child("Deleted")?.text == "true" { text += "-" }
    if item.child("IsCurrentVersion")?.text == "true" { text += "!" }
    if item.child("HasVersionsOnly")?.text == "true" { text += "?" }
    return item.name == "BlobPrefix" ? "<\(text)>" : text
  }

  /// The service as it comes up after the process was killed: with the files as they are at this moment, and nothing that was in memory.
  func killed() async throws -> (endpoint: StorageEndpoint, directory: ScratchDirectory) {
    let copy = ScratchDirectory()
    for name in ["records", "records-wal", "extents"] {
      try FileManager.default.copyItem(atPath: directory(name), toPath: copy(name))
    }
    let records = try SQLiteRecordStore(path: copy("records"))
    let keyring = Keyring(rootKey: try RootKey(readingFrom: directory("root.key")), random: random)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let extents = try await ExtentStore(
      disk: try PosixDisk(path: copy("extents")), records: records, keyring: keyring, random: random, logger: logger)
    let endpoint = StorageEndpoint(
      accounts: StorageAccounts(records: records, keyring: keyring), extents: extents, verifier: caller, principals: caller, authorizer: caller,
      address: CloudAddress(domain: "cloud.test", port: 443), clock: clock, random: random, logger: logger)
    return (endpoint, copy)
  }
}
