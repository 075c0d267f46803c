import Base
import Catalogue
import SecNumCloud
import Testing

struct ControlCLOIS02Tests {
  private static let register = """
    environnements:
      - {nom: production, production: true, hotes: [hv-1]}
      - {nom: preproduction, production: false, hotes: [pp-1]}
    zones:
      - {nom: Bureautique, nature: autre SI, cidr: 10.1.0.0/16}
    reseau_interne: {separation: physique, moyen: "Commutateurs propres"}
    """

  private func house(address: String = "10.30.0.4") async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.host.files["/proc/sys/kernel/hostname"] = Array("hv-1\n".utf8)
    setAddress(address, house)
    setRules([], house)
    return house
  }

  private func setAddress(_ address: String, _ house: ObservedHouse) {
    house.host.programs["ip -j addr show"] = (
      0, #"[{"ifname":"eth0","address":"02:00:00:00:00:01","flags":["UP"],"addr_info":[{"local":"\#(address)","prefixlen":24}]}]"#
    )
  }

  private func setRules(_ differences: [String], _ house: ObservedHouse) {
    house.machines.set(networks: [
      NetworkOnHost(namespace: "c-edge", resource: nil, tenant: .zero, differences: []),
      NetworkOnHost(namespace: "c-1", resource: "/n1", tenant: GUID(high: 1, low: 1), differences: differences),
    ])
  }

  @Test func `a rule that the kernel has and nobody wants is a gap until it is gone`() async throws {
    let house = try await house()
    try await house.file(EnvironmentRegister.self, Self.register)
    let all: [ItemID: Verdict] = ["9.7.b": .compliant, "9.7.c": .compliant, "12.3.a": .compliant]
    #expect(try await house.verdicts(ControlCLOIS02()) == all)
    setRules(["+ tcp dport 22 accept"], house)
    let weakened = try await house.findings(ControlCLOIS02())
    #expect(weakened.verdict("9.7.b") == .nonCompliant && weakened.verdict("9.7.c") == .nonCompliant)
    #expect(weakened.reason("9.7.c").contains("c-1 : + tcp dport 22 accept"))
    setRules([], house)
    #expect(try await house.verdicts(ControlCLOIS02()) == all)
  }

  @Test func `a host in the offices' network is a gap`() async throws {
    let house = try await house(address: "10.1.2.3")
    try await house.file(EnvironmentRegister.self, Self.register)
    let findings = try await house.findings(ControlCLOIS02())
    #expect(findings.verdict("9.7.b") == .nonCompliant)
    #expect(findings.reason("9.7.b").contains("10.1.2.3 (eth0) dans la zone « Bureautique »"))
    setAddress("10.30.0.4", house)
    #expect(try await house.findings(ControlCLOIS02()).verdict("9.7.b") == .compliant)
  }

  @Test func `a host that serves production and another environment is a gap`() async throws {
    let house = try await house()
    #expect(try await house.findings(ControlCLOIS02()).verdict("12.3.a") == .notAssessed)
    try await house.file(EnvironmentRegister.self, Self.register.replacing("[pp-1]", with: "[pp-1, hv-1]"))
    #expect(try await house.findings(ControlCLOIS02()).verdict("12.3.a") == .nonCompliant)
    try await house.file(EnvironmentRegister.self, Self.register.replacing("[hv-1]", with: "[hv-2]"))
    #expect(try await house.findings(ControlCLOIS02()).verdict("12.3.a") == .nonCompliant)
    try await house.file(EnvironmentRegister.self, Self.register)
    #expect(try await house.findings(ControlCLOIS02()).verdict("12.3.a") == .compliant)
  }

  @Test func `rules that differ are a gap even where nothing is declared`() async throws {
    let house = try await house()
    #expect(try await house.findings(ControlCLOIS02()).verdict("9.7.b") == .notAssessed)
    setRules(["- table bridge cocagne {"], house)
    #expect(try await house.findings(ControlCLOIS02()).verdict("9.7.b") == .nonCompliant)
  }
}
