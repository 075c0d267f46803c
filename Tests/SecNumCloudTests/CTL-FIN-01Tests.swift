import Base
import Catalogue
import Declarations
import Extents
import Identity
import Keyring
import NIOCore
import Records
import SecNumCloud
import Simulation
import Testing

struct ControlFIN01Tests {
  /// Nothing stands in the world.
  private struct EmptyHands: TenantResources {
    func unserved(of tenant: GUID) async throws -> [String] { [] }
    func forget(_ tenant: GUID, in transaction: RecordTransaction) throws {}
    func clear(_ tenant: GUID) async throws -> [String] { [] }
  }

  /// A backup's record, as the platform's catalogue keeps it.
  private struct Backup: Record, Codable {
    static let kind = BackupRecord.kind
    var id: GUID
    var time: Timestamp
    var folder = "/srv/sauvegarde/1"
    var sums = ""
    var files = 1
    var bytes = 1
    var key: RecordKey { RecordKey(tenant: .zero, String(time.microseconds), id.description) }
  }

  private static let held: [ItemID: Verdict] = ["19.4.a": .compliant, "19.4.b": .compliant]

  private func house() async throws -> (ObservedHouse, HouseDoor, TenantErasure) {
    let house = try await ObservedHouse()
    let door = HouseDoor(house)
    door.open(house)
    return (house, door, TenantErasure(platform: house.platform, resources: EmptyHands()))
  }

  /// A client that was erased as it must be, and a user that it had.
  private func erase(_ house: ObservedHouse, _ erasure: TenantErasure) async throws -> User {
    let tenant = try await house.makeTenant("acme")
    let user = try await house.makeUser("ann", in: tenant)
    let today = CalendarDate(house.clock.now())
    try await erasure.giveNotice("acme", lastDay: today.adding(days: 21))
    house.clock.set(today.adding(days: 22).start)
    let id = try await erasure.begin("acme")
    try await erasure.carryOn()
    guard case .erased = try await erasure.progress(of: id) else { throw ObservationFailure("pas effacé", "not erased") }
    return user
  }

  @Test func `without any client that left, a whole end of contract is tried, and leaves nothing behind`() async throws {
    let (house, door, _) = try await house()
    let before = try await everything(house)
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
    let finding = try #require(try await house.findings(ControlFIN01()).first)
    #expect(finding.figures.first { $0.name.english.hasPrefix("destroyed keys") }?.value == 2)
    #expect(try await everything(house) == before)

    // A door that goes on taking the tokens of an erased client.
    house.outside.onRequest { request in
      let answer = try await door.answer(request, house)
      return request.host.hasPrefix("management") ? OutsideAnswer(status: 200, headers: [], body: []) : answer
    }
    #expect(try await house.verdicts(ControlFIN01())["19.4.b"] == .nonCompliant)
    door.open(house)
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
  }

  /// The keys of all that is stored, but of what SecNumCloud itself remembers.
  private func everything(_ house: ObservedHouse) async throws -> Set<[UInt8]> {
    let keys = try await house.records.read {
      try $0.entries(in: KeyBytes([])..<KeyBytes([UInt8](repeating: 0xFF, count: 32)), limit: 100_000, reversed: false).map(\.key)
    }
    return Set(keys.filter { !$0.dropFirst(17).starts(with: Array("secnumcloud.".utf8)) })
  }

  @Test func `a record of an erased client that is back is seen, and its removal too`() async throws {
    let (house, _, erasure) = try await house()
    let user = try await erase(house, erasure)
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
    try await house.records.write { try $0.save(user) }
    #expect(try await house.verdicts(ControlFIN01()) == ["19.4.a": .nonCompliant, "19.4.b": .nonCompliant])
    let finding = try #require(try await house.findings(ControlFIN01()).first { $0.items == ["19.4.b"] })
    #expect(finding.reason?.french.contains("identity.user") == true)
    try await house.records.write { try $0.remove(User.self, user.key) }
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)

    // What is filed under the platform and names the client.
    let tenant = Tenant(id: user.tenant, displayName: "acme", domains: ["acme.cloud.test"], country: "FR", created: house.clock.now())
    try await house.records.write { try $0.save(tenant) }
    #expect(try await house.verdicts(ControlFIN01())["19.4.b"] == .nonCompliant)
    try await house.records.write { try $0.remove(Tenant.self, tenant.key) }

    // A key: of data, not of the directory.
    let keyring = house.keyring
    let key = try await house.records.write { try keyring.makeDataKey(tenant: user.tenant, in: $0) }
    #expect(try await house.verdicts(ControlFIN01()) == ["19.4.a": .nonCompliant, "19.4.b": .compliant])
    try await house.records.write { transaction in
      try keyring.destroyDataKey(key, tenant: user.tenant, in: transaction)
      _ = try keyring.destroyTenantKeys(user.tenant, in: transaction)
    }
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)

    // The file of a disk.
    house.machines.set(disks: [DiskOnHost(path: "/disks/1.qcow2", resource: "/x", tenant: user.tenant, hasDataKey: false)])
    #expect(try await house.verdicts(ControlFIN01())["19.4.a"] == .nonCompliant)
    house.machines.set()
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
  }

  @Test func `a certificate that was altered is seen, and its restoration too`() async throws {
    let (house, _, erasure) = try await house()
    _ = try await erase(house, erasure)
    let stored = try #require(try await house.records.read { try $0.list(ErasureCertificate.self, under: RecordKey(tenant: .zero), limit: 2) }.first)
    var altered = stored
    altered.statement = stored.statement.replacing(stored.lastDay.description, with: stored.lastDay.adding(days: 1).description)
    try await house.records.write { [altered] in try $0.save(altered) }
    let finding = try #require(try await house.findings(ControlFIN01()).first { $0.items == ["19.4.a"] && $0.verdict == .nonCompliant })
    #expect(finding.reason?.french.contains("certificat") == true)
    try await house.records.write { try $0.save(stored) }
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
  }

  @Test func `a notice that is over while nothing is erased is a gap until the client is erased or the notice taken back`() async throws {
    let (house, _, erasure) = try await house()
    _ = try await house.makeTenant("acme")
    let today = CalendarDate(house.clock.now())
    try await erasure.giveNotice("acme", lastDay: today.adding(days: 21))
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
    house.clock.set(today.adding(days: 22).start)
    let finding = try #require(try await house.findings(ControlFIN01()).first { $0.verdict == .nonCompliant })
    #expect(finding.items == ["19.4.a"])
    #expect(finding.reason?.french.contains("échu") == true)
    let id = try await erasure.begin("acme")
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
    // Begun is not done.
    house.clock.advance(by: .seconds(2 * 86400))
    #expect(try await house.verdicts(ControlFIN01())["19.4.a"] == .nonCompliant)
    try await erasure.carryOn()
    let progress = try await erasure.progress(of: id)
    guard case .erased = progress else {
      Issue.record("it was not erased: \(progress)")
      return
    }
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
  }

  @Test func `a backup from before the erasure that is still there is a gap until it is gone`() async throws {
    let (house, _, erasure) = try await house()
    let made = Backup(id: house.random.guid(), time: house.clock.now())
    try await house.records.write { try $0.save(made) }
    house.host.attributes[made.folder] = FileAttributes(
      mode: 0o700, owner: 0, bytes: 0, isFolder: true, isLink: false, modified: 0, device: 0)
    _ = try await erase(house, erasure)
    let finding = try #require(try await house.findings(ControlFIN01()).first { $0.verdict == .nonCompliant })
    #expect(finding.items == ["19.4.a"])
    #expect(finding.reason?.french.contains(made.folder) == true)
    // Out of sight is not destroyed, until the operator says so.
    house.host.attributes[made.folder] = nil
    #expect(try await house.findings(ControlFIN01()).contains { $0.items == ["19.4.a"] && $0.verdict == .notAssessed })
    try await house.set(BackupRegister.self, ControlSAUV01Tests.register(house) + "\ndetruites: [\"\(made.id)\"]")
    #expect(try await house.verdicts(ControlFIN01()) == Self.held)
  }
}
