import Base
import Catalogue
import SecNumCloud
import Testing

struct ControlRES02Tests {
  private static let none = (status: 0, output: "[]")
  private static let tunnel = (status: 0, output: #"[{"ifname":"vx0","linkinfo":{"info_kind":"vxlan","info_data":{"local":"192.0.2.1"}}}]"#)

  private func register(_ separation: String) -> String {
    """
    environnements: []
    zones: []
    reseau_interne: {separation: \(separation), moyen: "essai"}
    """
  }

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.host.list([])
    house.host.folders["/run/netns"] = ["c-1"]
    house.machines.set(networks: [
      NetworkOnHost(namespace: "host", resource: nil, tenant: .zero, differences: []),
      NetworkOnHost(namespace: "c-1", resource: "/n", tenant: GUID(high: 1, low: 1), differences: []),
    ])
    house.host.programs["ip -d -j link show type vxlan"] = Self.none
    house.host.programs["ip -n c-1 -d -j link show type vxlan"] = Self.none
    house.host.programs["ip xfrm policy"] = (0, "")
    setLink("device", house)
    return house
  }

  private func setLink(_ kind: String, _ house: ObservedHouse) {
    house.host.programs["ip -d -j addr show"] = (
      0, #"[{"ifname":"wg0","linkinfo":{"info_kind":"\#(kind)"},"addr_info":[{"local":"192.0.2.1"}]}]"#
    )
  }

  @Test func `a tunnel over a network that nobody separated is a gap`() async throws {
    let house = try await house()
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .notApplicable)
    house.host.programs["ip -n c-1 -d -j link show type vxlan"] = Self.tunnel
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .notAssessed)
    try await house.file(EnvironmentRegister.self, register("aucune"))
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .nonCompliant)
    try await house.file(EnvironmentRegister.self, register("physique"))
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .compliant)
  }

  @Test func `a network that is declared encrypted and is not is a gap`() async throws {
    let house = try await house()
    house.host.programs["ip -n c-1 -d -j link show type vxlan"] = Self.tunnel
    try await house.file(EnvironmentRegister.self, register("chiffrement"))
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .nonCompliant)
    setLink("wireguard", house)
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .compliant)
    setLink("device", house)
    house.host.programs["ip xfrm policy"] = (0, "src 192.0.2.11/32 dst 192.0.2.2/32")
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .nonCompliant)
    house.host.programs["ip xfrm policy"] = (0, "src 192.0.2.1/32 dst 192.0.2.2/32")
    #expect(try await house.verdicts(ControlRES02())["13.2.b"] == .compliant)
  }

  @Test func `a connection of administration in clear is a gap until it is gone`() async throws {
    let house = try await house()
    #expect(try await house.verdicts(ControlRES02())["13.2.c"] == .notAssessed)
    try await house.filePlatformRegister()
    #expect(try await house.verdicts(ControlRES02())["13.2.c"] == .notAssessed)
    let door = [
      ListedSocket(local: "10.30.0.4", port: 443, inode: 1),
      ListedSocket(local: "10.30.0.4", port: 443, remote: "10.20.0.9", remotePort: 50000, inode: 2),
    ]
    house.host.list(door)
    #expect(try await house.verdicts(ControlRES02())["13.2.c"] == .compliant)
    house.host.list(
      door + [
        ListedSocket(local: "10.30.0.4", port: 23, inode: 3),
        ListedSocket(local: "10.30.0.4", port: 23, remote: "10.20.0.9", remotePort: 50001, inode: 4),
      ])
    let clear = try await house.findings(ControlRES02())
    #expect(clear.verdict("13.2.c") == .nonCompliant)
    #expect(clear.reason("13.2.c").contains("10.30.0.4:23"))
    house.host.list(door)
    #expect(try await house.verdicts(ControlRES02())["13.2.c"] == .compliant)
  }

  @Test func `the example of the register is one`() async throws {
    let house = try await ObservedHouse()
    try await house.file(EnvironmentRegister.self, EnvironmentRegister.example)
    #expect(try await house.documents.register(EnvironmentRegister.self)?.value.environments.count == 2)
  }
}
