import Base
import Catalogue
import SecNumCloud
import Simulation
import Testing

struct ControlVULN01Tests {
  private static func register(
    day: String = "2027-01-14", package: String = "openssl", fixed: String = "3.0.17-1~deb12u3", severity: String = "élevée",
    published: String = "2026-11-01", derogations: String = "[]", ecosystem: String = "debian"
  ) -> String {
    """
    source: "security-tracker.debian.org"
    date: \(day)
    delais: {critique: 7, élevée: 30, moyenne: 90, faible: 180}
    vulnerabilites:
      - {id: CVE-2026-1, ecosysteme: \(ecosystem), paquet: \(package), gravite: \(severity), corrigee: \(fixed), publiee: \(published)}
    derogations: \(derogations)
    """
  }

  private static let derogation = #"[{id: CVE-2026-1, paquet: openssl, motif: "non exposé", approbateur: RSSI, echeance: 2027-02-01}]"#
  private static let list = "/var/lib/apt/lists"

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.host.files["/proc/1/exe"] = Array("the platform".utf8)
    setInstalled("3.0.17-1~deb12u2", house)
    setUpdates("", house)
    setLists("Thu, 14 Jan 2027 00:34:33 UTC", house)
    return house
  }

  private func setInstalled(_ version: String, _ house: ObservedHouse) {
    house.host.programs["dpkg-query"] = (0, "libssl3\t\(version)\topenssl\t\(version)\tamd64\tii \n")
  }

  private func setUpdates(_ lines: String, _ house: ObservedHouse) { house.host.programs["apt-get"] = (0, lines) }

  private func setLists(_ date: String, _ house: ObservedHouse) {
    house.host.folders[Self.list] = ["deb_security_InRelease", "deb_main_InRelease"]
    house.host.files["\(Self.list)/deb_security_InRelease"] = Array("Origin: Debian\nDate: \(date)\n".utf8)
  }

  private func verdicts(_ house: ObservedHouse, _ register: String) async throws -> [ItemID: Verdict] {
    try await house.file(VulnerabilityRegister.self, register)
    return try await house.verdicts(ControlVULN01())
  }

  @Test func `a vulnerability past its delay is a gap until it is mended or excused`() async throws {
    let house = try await house()
    #expect(Set(try await house.verdicts(ControlVULN01()).values) == [.notAssessed])
    #expect(try await verdicts(house, Self.register()) == ["12.11.a": .compliant, "12.11.b": .nonCompliant])
    #expect(try await verdicts(house, Self.register(derogations: Self.derogation))["12.11.b"] == .compliant)
    house.clock.advance(by: .seconds(20 * 86400))
    #expect(try await house.verdicts(ControlVULN01())["12.11.b"] == .nonCompliant)
    setInstalled("3.0.17-1~deb12u3", house)
    // Nothing is late, of what an old feed knows.
    #expect(try await house.verdicts(ControlVULN01())["12.11.b"] == .notAssessed)
    setLists("Thu, 04 Feb 2027 00:34:33 UTC", house)
    #expect(try await verdicts(house, Self.register(day: "2027-02-04"))["12.11.b"] == .compliant)
  }

  @Test func `within its delay a vulnerability is no gap, and its age is counted from when it was first seen`() async throws {
    let house = try await house()
    let register = Self.register(published: "null")
    #expect(try await verdicts(house, register)["12.11.b"] == .compliant)
    house.clock.advance(by: .seconds(31 * 86400))
    #expect(try await house.verdicts(ControlVULN01())["12.11.b"] == .nonCompliant)
    setLists("Thu, 11 Feb 2027 00:34:33 UTC", house)
    #expect(try await verdicts(house, Self.register(day: "2027-02-15", severity: "faible", published: "null"))["12.11.b"] == .compliant)
  }

  @Test func `a vulnerable package that the executable is made of is a gap`() async throws {
    let house = try await house()
    #expect(try await verdicts(house, Self.register(package: "swift-nio", fixed: "9999.0.0", ecosystem: "swift"))["12.11.b"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register(package: "swift-nio", fixed: #""2.0.0""#, ecosystem: "swift"))["12.11.b"] == .compliant)
  }

  @Test func `a vulnerability of the kernel is found in the signed one`() async throws {
    let house = try await house()
    house.host.programs["dpkg-query"] = (0, "linux-image-6.1.0-40-amd64\t6.1.153-1\tlinux-signed-amd64\t6.1.153+1\tamd64\tii \n")
    #expect(try await verdicts(house, Self.register(package: "linux", fixed: "6.1.158-1"))["12.11.b"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register(package: "linux", fixed: "6.1.153-1"))["12.11.b"] == .compliant)
  }

  @Test func `an update of security that waits too long is a gap, feed or not`() async throws {
    let house = try await house()
    setUpdates(
      "Inst libssl3 [3.0.17-1~deb12u2] (3.0.17-1~deb12u3 Debian-Security:12/oldstable-security [amd64])\nInst vim [1] (2 Debian:12 [amd64])\n", house)
    #expect(try await house.verdicts(ControlVULN01())["12.11.b"] == .notAssessed)
    house.clock.advance(by: .seconds(31 * 86400))
    let late = try await house.findings(ControlVULN01())
    #expect(late.verdict("12.11.b") == .nonCompliant)
    #expect(late.reason("12.11.b").contains("libssl3"))
    setUpdates("", house)
    #expect(try await house.verdicts(ControlVULN01())["12.11.b"] == .notAssessed)
  }

  @Test func `a stale feed and stale lists are gaps`() async throws {
    let house = try await house()
    #expect(try await verdicts(house, Self.register(day: "2027-01-01"))["12.11.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register(day: "2027-01-16"))["12.11.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register())["12.11.a"] == .compliant)
    setLists("Fri, 01 Jan 2027 00:34:33 UTC", house)
    #expect(try await house.verdicts(ControlVULN01())["12.11.a"] == .nonCompliant)
    house.host.folders[Self.list] = []
    #expect(try await house.verdicts(ControlVULN01())["12.11.a"] == .nonCompliant)
  }

  /// As `dpkg --compare-versions` orders them.
  @Test(arguments: [
    ("1.0", "1.1"), ("1.9", "1.10"), ("1.0~rc1", "1.0"), ("1.0-1~deb12u2", "1.0-1"), ("1.0-1", "1.0-1+b1"), ("1.0", "1:0.1"), ("1.0-1", "1.0-2"),
    ("1.0a", "1.0+"), ("2.36-9", "2.36-9+deb12u10"), ("2.36-9+deb12u9", "2.36-9+deb12u10"), ("1.0~~", "1.0~"), ("0", "00001"), ("1.2.3", "1.2.3.1"),
  ])
  func `versions are ordered as the package manager orders them`(earlier: String, later: String) {
    #expect(DebianVersion(earlier) < DebianVersion(later))
    #expect(!(DebianVersion(later) < DebianVersion(earlier)))
    #expect(DebianVersion("1.00-0") == DebianVersion("1.0"))
  }

  @Test func `the example of the register is one`() async throws {
    let house = try await ObservedHouse()
    try await house.file(VulnerabilityRegister.self, VulnerabilityRegister.example)
    #expect(try await house.documents.register(VulnerabilityRegister.self)?.value.vulnerabilities.count == 1)
  }
}
