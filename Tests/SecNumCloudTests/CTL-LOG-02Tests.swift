import Base
import Catalogue
import Ledger
import Logging
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Testing

struct ControlLOG02Tests {
  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    let file = try PosixDisk(path: house.directory.path).create("cocagne.log")
    try [UInt8](repeating: UInt8(ascii: "x"), count: 100_000).withUnsafeBytes { try file.write($0, at: 0) }
    house.host.attributes[house.platform.site.folder] = FileAttributes(
      mode: 0o700, owner: try #require(try house.host.attributes(of: house.platform.site.log)).owner, bytes: 0, isFolder: true, isLink: false,
      modified: 0,
      device: 1)
    return house
  }

  @Test func `a log that others may read is seen, and a disk too small for its retention`() async throws {
    let house = try await house()
    let log = house.platform.site.log
    #expect(try await house.verdicts(ControlLOG02())["12.7.a"] == .notAssessed)
    var attributes = try #require(try house.host.attributes(of: log))
    attributes.mode = 0o644
    house.host.attributes[log] = attributes
    #expect(try await house.verdicts(ControlLOG02())["12.7.a"] == .nonCompliant)
    house.host.attributes[log] = nil
    #expect(try await house.verdicts(ControlLOG02())["12.7.a"] == .notAssessed)
    #expect(try await house.verdicts(ControlLOG02())["12.7.b"] == .notAssessed)
    house.clock.advance(by: .seconds(2 * 86400))
    #expect(try await house.verdicts(ControlLOG02())["12.7.b"] == .compliant)
    house.host.programs["df"] = (0, "Avail\n  9000000\n")
    #expect(try await house.verdicts(ControlLOG02())["12.7.b"] == .nonCompliant)
    house.host.programs["df"] = nil
    #expect(try await house.verdicts(ControlLOG02())["12.7.b"] == .compliant)
  }

  @Test func `entries of the activity log count for the space that they will take`() async throws {
    let house = try await house()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    house.clock.advance(by: .seconds(2 * 86400))
    house.host.programs["df"] = (0, "Avail\n12000000\n")
    #expect(try await house.verdicts(ControlLOG02())["12.7.b"] == .compliant)
    for _ in 0..<30 { try await house.log(subscription) }
    #expect(try await house.verdicts(ControlLOG02())["12.7.b"] == .nonCompliant)
  }

  @Test func `a log that stays on its machine is a gap, and so is one that root writes`() async throws {
    let house = try await house()
    #expect(try await house.verdicts(ControlLOG02())["12.7.c"] == .nonCompliant)
    let owner = try #require(try house.host.attributes(of: "/proc/1"))
    house.host.attributes["/proc/1"] = FileAttributes(
      mode: owner.mode, owner: 990, bytes: 0, isFolder: true, isLink: false, modified: 0, device: owner.device)
    #expect(try await house.verdicts(ControlLOG02())["12.7.e"] == .compliant)
    house.host.attributes["/proc/1"]?.owner = 0
    #expect(try await house.verdicts(ControlLOG02())["12.7.e"] == .nonCompliant)
  }

  @Test func `a log that is in no backup of the day is a gap`() async throws {
    let house = try await house()
    #expect(try await house.verdicts(ControlLOG02())["12.7.d"] == .notAssessed)
    _ = try await PlatformBackup(house.platform).create(in: house.directory("sauvegarde"))
    #expect(try await house.verdicts(ControlLOG02())["12.7.d"] == .compliant)
    house.clock.advance(by: .seconds(26 * 3600))
    #expect(try await house.verdicts(ControlLOG02())["12.7.d"] == .nonCompliant)
    _ = try await PlatformBackup(house.platform).create(in: house.directory("sauvegarde2"))
    #expect(try await house.verdicts(ControlLOG02())["12.7.d"] == .compliant)
  }

  /// A witness that keeps whatever it is given.
  private struct Willing: LedgerWitness {
    let name = "voisin"
    func add(_ note: SignedNote, from size: Int, _ proof: [MerkleHash]) async throws -> WitnessAnswer { .kept([]) }
  }

  @Test func `an entry of the ledger that was rewritten is seen, and a ledger that nobody else keeps proves nothing`() async throws {
    let house = try await house()
    func ledger(_ witnesses: [any LedgerWitness]) async throws -> Ledger {
      try await Ledger(
        origin: "cloud.test/ledger", records: house.records, keyring: house.keyring, witnesses: witnesses, clock: house.clock, random: house.random,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isTenant: { _, _ in true })
    }
    func chaining() async throws -> Finding {
      try #require(try await house.findings(ControlLOG02()).first { $0.subject.french.hasPrefix("le registre") })
    }
    _ = try await ledger([])
    #expect(try await chaining().verdict == .notAssessed)
    let (random, now) = (house.random, house.clock.now())
    let entries = ["a", "b", "c"].map {
      LedgerEntry(id: random.guid(), time: now, tenant: .zero, kind: .observation, subject: $0, outcome: .succeeded)
    }
    try await house.records.write { for entry in entries { try entry.append(in: $0) } }
    let alone = try await ledger([])
    try await alone.fileAll()
    try await alone.publish()
    #expect(try await chaining().verdict == .notAssessed)
    let watched = try await ledger([Willing()])
    try await watched.publish()
    #expect(try await chaining().verdict == .compliant)

    let original = try #require(
      try await house.records.read { try $0.list(FiledEntry.self, under: RecordKey(tenant: Ledger.partition, "entry"), limit: 2) }.last)
    var altered = original
    altered.writeSet = Array(String(decoding: original.writeSet, as: UTF8.self).replacing("succeeded", with: "refused").utf8)
    #expect(altered.writeSet != original.writeSet)
    try await house.records.write { [altered] in try $0.save(altered) }
    let gap = try await chaining()
    #expect(gap.verdict == .nonCompliant)
    #expect(gap.reason?.french.contains("l'entrée \(original.sequence) ") == true)
    try await house.records.write { try $0.save(original) }
    #expect(try await chaining().verdict == .compliant)

    // The log grows, and nobody signs it any more.
    let late = LedgerEntry(id: random.guid(), time: now, tenant: .zero, kind: .observation, subject: "d", outcome: .succeeded)
    try await house.records.write { try late.append(in: $0) }
    try await watched.fileAll()
    #expect(try await chaining().verdict == .compliant)
    house.clock.advance(by: .seconds(3600))
    #expect(try await chaining().verdict == .nonCompliant)
    try await watched.publish()
    #expect(try await chaining().verdict == .compliant)
  }
}
