import Catalogue
import SecNumCloud
import Testing

struct ControlSORTANT01Tests {
  private static let door = ListedSocket(local: "127.0.0.1", port: 443, inode: 100)
  private static let client = ListedSocket(local: "127.0.0.1", port: 443, remote: "203.0.113.9", remotePort: 50_000, inode: 101)
  private static let outgoing = ListedSocket(local: "10.20.0.4", port: 41_000, remote: "198.51.100.7", remotePort: 443, inode: 102)

  private func verdict(_ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlSORTANT01())["12.14.a"] }

  @Test func `a connection to an address that no register names is a gap until it is gone`() async throws {
    let house = try await ObservedHouse()
    house.host.list([Self.door, Self.client])
    #expect(try await verdict(house) == .compliant)
    house.host.list([Self.door, Self.client, Self.outgoing])
    let finding = try #require(try await house.findings(ControlSORTANT01()).first)
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains("198.51.100.7:443") == true)
    house.host.list([Self.door, Self.client])
    #expect(try await verdict(house) == .compliant)
  }

  @Test func `a connection that is declared is no gap, and no proof while nothing inspects it`() async throws {
    let house = try await ObservedHouse()
    house.host.list([Self.door, Self.outgoing])
    try await house.filePlatformRegister("sortants: [{cidr: 198.51.100.0/24, port: 443, objet: Journaux}]")
    #expect(try await verdict(house) == .notAssessed)
    try await house.filePlatformRegister("sortants: [{cidr: 198.51.100.0/24, port: 6514, objet: Journaux}]")
    #expect(try await verdict(house) == .nonCompliant)
  }

  @Test func `a question to a declared source of time is in order`() async throws {
    let house = try await ObservedHouse()
    let question = ListedSocket(transport: "udp", local: "10.20.0.4", port: 45_000, remote: "10.20.0.5", remotePort: 123, inode: 103)
    house.host.list([Self.door, question])
    #expect(try await verdict(house) == .nonCompliant)
    try await house.filePlatformRegister()
    #expect(try await verdict(house) == .compliant)
  }

  @Test func `a child of the process is looked at too`() async throws {
    let house = try await ObservedHouse()
    house.host.list([Self.door, Self.outgoing])
    house.host.folders["/proc"] = ["1", "7"]
    house.host.files["/proc/7/stat"] = Array("7 (helper (x) y) S 1 1 1 0".utf8)
    house.host.folders["/proc/1/fd"] = ["100"]
    house.host.folders["/proc/7/fd"] = ["3"]
    house.host.destinations["/proc/7/fd/3"] = "socket:[102]"
    let finding = try #require(try await house.findings(ControlSORTANT01()).first)
    #expect(finding.reason?.french.contains("helper (x) y") == true)
  }
}
