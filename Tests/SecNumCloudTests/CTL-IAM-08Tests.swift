import Catalogue
import SecNumCloud
import Testing

struct ControlIAM08Tests {
  private static let door = ListedSocket(local: "127.0.0.1", port: 443, inode: 100)
  private static let shell = ListedSocket(local: "0.0.0.0", port: 22, inode: 101)
  private static let both: [ItemID: Verdict] = ["9.6.d": .compliant, "13.2.e": .compliant]
  private static let neither: [ItemID: Verdict] = ["9.6.d": .nonCompliant, "13.2.e": .nonCompliant]

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.host.list([Self.door])
    setMode(0o600, house)
    return house
  }

  private func setMode(_ mode: UInt32, _ house: ObservedHouse) {
    house.host.attributes[house.platform.site.controlSocket] = FileAttributes(
      mode: mode, owner: 0, bytes: 0, isFolder: false, isLink: false, modified: 0, device: 1)
  }

  @Test func `a port on every address of the host is a gap until the matrix of flows names it`() async throws {
    let house = try await house()
    #expect(try await house.verdicts(ControlIAM08()) == ["9.6.d": .compliant, "13.2.e": .notAssessed])
    try await house.filePlatformRegister()
    #expect(try await house.verdicts(ControlIAM08()) == Self.both)
    house.host.list([Self.door, ListedSocket(local: "0.0.0.0", port: 9100, inode: 102)])
    #expect(try await house.verdicts(ControlIAM08()) == Self.neither)
    try await house.filePlatformRegister("ecoutes: [{protocole: tcp, port: 9100, administration: false, objet: Mesures}]")
    #expect(try await house.verdicts(ControlIAM08()) == Self.both)
  }

  @Test func `an administration port is a gap until it is bound to the administration network`() async throws {
    let house = try await house()
    try await house.filePlatformRegister("ecoutes: [{protocole: tcp, port: 22, administration: true, objet: SSH}]")
    house.host.list([Self.door, Self.shell])
    #expect(try await house.verdicts(ControlIAM08()) == Self.neither)
    house.host.list([Self.door, ListedSocket(local: "10.20.0.4", port: 22, inode: 101)])
    #expect(try await house.verdicts(ControlIAM08()) == Self.both)
  }

  @Test func `a control socket that others may open is a gap until its mode is put right`() async throws {
    let house = try await house()
    setMode(0o666, house)
    let findings = try await house.findings(ControlIAM08())
    #expect(findings.first { $0.items == ["9.6.d"] }?.reason?.french.contains("666") == true)
    setMode(0o600, house)
    #expect(try await house.verdicts(ControlIAM08())["9.6.d"] == .compliant)
    house.host.attributes[house.platform.site.controlSocket] = nil
    #expect(try await house.verdicts(ControlIAM08())["9.6.d"] == .notAssessed)
  }

  @Test func `where a client of UDP waits nothing is offered, and a tunnel is`() async throws {
    let house = try await house()
    try await house.filePlatformRegister()
    house.host.files["/proc/sys/net/ipv4/ip_local_port_range"] = Array("32768\t60999\n".utf8)
    house.host.list([Self.door, ListedSocket(transport: "udp", local: "0.0.0.0", port: 40_000, inode: 103)])
    #expect(try await house.verdicts(ControlIAM08()) == Self.both)
    // Held by nobody, it is a tunnel's wherever its port is.
    house.host.folders["/proc/1/fd"] = ["100"]
    #expect(try await house.verdicts(ControlIAM08()) == Self.neither)
    house.host.list([Self.door, ListedSocket(transport: "udp", local: "0.0.0.0", port: 4789, inode: 0)])
    #expect(try await house.verdicts(ControlIAM08()) == Self.neither)
  }

  @Test func `a port of the cloud's own beside the front door is a gap on the loopback too`() async throws {
    let house = try await house()
    try await house.filePlatformRegister()
    house.host.list([Self.door, ListedSocket(local: "127.0.0.1", port: 10_000, inode: 104)])
    let findings = try await house.findings(ControlIAM08())
    #expect(findings.verdict("13.2.e") == .nonCompliant)
    #expect(findings.reasons("13.2.e").contains("127.0.0.1:10000"))
    // The same port of a program that is none of the cloud's is not the cloud's to close.
    house.host.folders["/proc/1/fd"] = ["100"]
    #expect(try await house.verdicts(ControlIAM08()) == Self.both)
    house.host.list([Self.door])
    #expect(try await house.verdicts(ControlIAM08()) == Self.both)
  }
}
