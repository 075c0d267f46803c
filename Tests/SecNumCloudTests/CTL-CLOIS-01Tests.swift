import Base
import Catalogue
import Identity
import Records
import SecNumCloud
import Simulation
import Testing
import Wire

/// Two tenants of the platform's own ask for each other's things, of the real endpoints.
struct ControlCLOIS01Tests {
  private static let networks = ["n1", "n2"].map { NetworkOnHost(namespace: $0, resource: "/\($0)", tenant: GUID(high: 1, low: 1), differences: []) }

  private struct Scene {
    let house: ObservedHouse
    let door: HouseDoor
    let engines: ScriptedInventory

    init() async throws {
      house = try await ObservedHouse()
      door = HouseDoor(house)
      engines = ScriptedInventory()
      engines.machinesView.set(networks: ControlCLOIS01Tests.networks)
    }

    func findings() async throws -> [Finding] {
      try await ControlCLOIS01().observe(house.platform(outside: door, machines: engines))
    }

    /// Sends a request as who made the container of `sonde-a`, to its account.
    func asOwner(_ method: String, _ query: String, _ headers: [(name: String, value: String)]) async throws {
      let made = try #require(door.requests.first { $0.method == "PUT" && $0.path.contains("restype=container") })
      var request = made
      request.method = method
      request.path = "/sonde?\(query)"
      request.headers += headers
      #expect(try await door.request(request).status == 200)
    }

    /// Lets an account's containers be opened to the public, as its owner may.
    func allowPublicAccess() async throws {
      let made = try #require(door.requests.first { $0.method == "PUT" && $0.path.contains("storageAccounts") })
      var request = made
      request.body = Array(
        #"{"location":"paris","kind":"StorageV2","sku":{"name":"Standard_LRS"},"properties":{"allowBlobPublicAccess":true}}"#.utf8)
      #expect((200...202).contains(try await door.request(request).status))
    }
  }

  @Test func `a container that is opened to everybody is a gap until it is closed`() async throws {
    let scene = try await Scene()
    let clean = try await scene.findings()
    #expect(clean.verdict("9.7.a") == .compliant, "\(clean.reason("9.7.a"))")
    #expect(clean.verdict("13.2.a") == .compliant, "\(clean.reason("13.2.a"))")
    try await scene.allowPublicAccess()
    try await scene.asOwner("PUT", "restype=container&comp=acl", [("x-ms-blob-public-access", "blob")])
    let open = try await scene.findings()
    #expect(open.verdict("9.7.a") == .nonCompliant)
    #expect(open.reason("9.7.a").contains("sonde-b a obtenu de sonde-a : anonymous blob (200)"))
    try await scene.asOwner("PUT", "restype=container&comp=acl", [])
    #expect(try await scene.findings().verdict("9.7.a") == .compliant)
  }

  @Test func `a data key that two accounts share is a gap`() async throws {
    let scene = try await Scene()
    #expect(try await scene.findings().verdict("9.7.a") == .compliant)
    let accounts = try await scene.house.records.read { try $0.list(StoredAccount.self, under: RecordKey(tenant: .zero), limit: 10) }
    try #require(accounts.count == 2)
    var shared = accounts[0]
    shared.members["dataKey"] = accounts[1].members["dataKey"]
    let weakened = shared
    try await scene.house.records.write { try $0.save(weakened) }
    let findings = try await scene.findings()
    #expect(findings.verdict("9.7.a") == .nonCompliant)
    #expect(findings.reason("9.7.a").contains("la même clé de données"))
    try await scene.house.records.write { try $0.save(accounts[0]) }
    #expect(try await scene.findings().verdict("9.7.a") == .compliant)
  }

  @Test func `a network that is answered by another is a gap`() async throws {
    let scene = try await Scene()
    scene.engines.set(reached: [["n1", "n2"], ["n2", "n1"]])
    var findings = try await scene.findings()
    #expect(findings.verdict("9.7.a") == .nonCompliant && findings.verdict("13.2.a") == .nonCompliant)
    scene.engines.set()
    findings = try await scene.findings()
    #expect(findings.verdict("9.7.a") == .compliant && findings.verdict("13.2.a") == .compliant)
    scene.engines.set(common: true)
    #expect(try await scene.findings().verdict("13.2.a") == .notAssessed)
    scene.engines.set()
    scene.engines.machinesView.set(networks: [Self.networks[0]])
    #expect(try await scene.findings().verdict("13.2.a") == .notAssessed)
  }

  @Test func `an owner that does not see its own things proves nothing`() async throws {
    let scene = try await Scene()
    _ = try await scene.findings()
    // The account is gone behind the record that names it: nobody sees it any more, and it is not made again under another's name.
    let deletion = try #require(scene.door.requests.first { $0.method == "PUT" && $0.path.contains("resourceGroups/sonde?") })
    let outside = Deafened(door: scene.door, path: deletion.path.split(separator: "?").first.map(String.init) ?? "")
    let findings = try await ControlCLOIS01().observe(scene.house.platform(outside: outside, machines: scene.engines))
    #expect(findings.verdict("9.7.a") == .notAssessed)
    #expect(findings.reason("9.7.a").contains("ne voit pas son propre objet"))
  }

  @Test func `the secrets of the probe are renewed before they expire`() async throws {
    let scene = try await Scene()
    #expect(try await scene.findings().verdict("9.7.a") == .compliant)
    for _ in 0..<3 {
      scene.house.clock.advance(by: .seconds(61 * 86400))
      #expect(try await scene.findings().verdict("9.7.a") == .compliant)
    }
    // Renewed, not made anew: there are two tenants.
    let tenants = try await scene.house.records.read { try $0.list(Tenant.self, under: RecordKey(tenant: .zero), limit: 10) }
    #expect(tenants.map(\.displayName).sorted() == ["sonde-a", "sonde-b"])
  }
}

/// A door that says of one object that there is none.
private struct Deafened: OutsideView {
  let door: HouseDoor
  let path: String

  func request(_ request: OutsideRequest) async throws -> OutsideAnswer {
    guard request.method == "GET", request.path.hasPrefix(path + "?") else { return try await door.request(request) }
    return OutsideAnswer(status: 404, headers: [], body: [])
  }
  func handshake(_ offer: HandshakeOffer) async throws -> Handshake? { nil }
  func exchange(_ datagram: [UInt8], host: String, port: Int) async throws -> [UInt8]? { nil }
}

/// The record of a storage account, as it rests.
private struct StoredAccount: Record {
  static let kind = "storage.account"
  var members: JSON.Object

  var key: RecordKey { RecordKey(tenant: .zero, members["name"]?.string ?? "") }

  func encode(to writer: inout ByteWriter) throws { writer.blob(JSON.object(members).bytes) }
  init(from reader: inout ByteReader, format: UInt8) throws { members = try JSON(parsing: try reader.blob()).object ?? JSON.Object() }
}
