import Base
import Catalogue
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Testing

struct ControlLOC01Tests {
  private func verdicts(_ house: ObservedHouse) async throws -> [ItemID: Verdict] { try await house.verdicts(ControlLOC01()) }

  /// A site of a country; no backup yet.
  private func file(_ house: ObservedHouse, country: String) async throws {
    try await house.set(PlatformRegister.self, PlatformRegister.example.replacing("  pays: FR", with: "  pays: \(country)"))
  }

  @Test func `a resource outside of the site's locations is seen, and data on another machine's disk`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    try await house.makeResource("un", in: subscription, at: "paris")
    #expect(try await verdicts(house) == ["19.2.a": .notAssessed, "19.2.b": .notAssessed, "19.2.d": .notAssessed])
    try await file(house, country: "FR")
    #expect(try await verdicts(house) == ["19.2.a": .compliant, "19.2.b": .compliant, "19.2.d": .compliant])
    let stray = try await house.makeResource("deux", in: subscription, at: "eastus")
    #expect(try await verdicts(house) == ["19.2.a": .nonCompliant, "19.2.b": .nonCompliant, "19.2.d": .compliant])
    try await house.records.write { _ = try $0.remove(Resource.self, stray.key) }
    #expect(try await verdicts(house)["19.2.b"] == .compliant)
    let mounts = try #require(try house.host.text(of: "/proc/self/mountinfo"))
    let remote = "9999 1 0:99 / \(house.platform.site.segments) rw,relatime - nfs4 nas.example:/donnees rw\n"
    house.host.files["/proc/self/mountinfo"] = Array((mounts + remote).utf8)
    let weak = try #require(try await house.findings(ControlLOC01()).first { $0.items == ["19.2.b"] })
    #expect(weak.verdict == .nonCompliant)
    #expect(weak.reason?.french.contains("nas.example") == true)
    house.host.files["/proc/self/mountinfo"] = nil
    #expect(try await verdicts(house)["19.2.b"] == .compliant)
  }

  @Test func `a site outside of the Union is a gap`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    try await house.makeResource("un", in: subscription, at: "paris")
    try await file(house, country: "CH")
    #expect(try await verdicts(house)["19.2.b"] == .nonCompliant)
    #expect(try await verdicts(house)["19.2.d"] == .nonCompliant)
    try await file(house, country: "DE")
    #expect(try await verdicts(house)["19.2.b"] == .compliant)
  }

  @Test func `a backup whose place nobody declares, or that is outside of the Union, is a gap`() async throws {
    let house = try await ObservedHouse()
    try await file(house, country: "FR")
    #expect(try await verdicts(house)["19.2.d"] == .compliant)
    _ = try await PlatformBackup(house.platform).create(in: house.directory("sauvegarde"))
    #expect(try await verdicts(house)["19.2.d"] == .nonCompliant)
    try await house.set(BackupRegister.self, ControlSAUV01Tests.register(house, country: "US"))
    #expect(try await verdicts(house)["19.2.d"] == .nonCompliant)
    try await house.set(BackupRegister.self, ControlSAUV01Tests.register(house))
    #expect(try await verdicts(house)["19.2.d"] == .compliant)
  }
}
