import Base
import Fabric
import Logging
import Testing
import Wire

/// What the rules of a network say; that packets obey them is shown by real guests.
@Suite struct NetworkRulesTests {
  private static let group = FabricRules(
    inbound: [
      FabricRule(name: "web \"quoted\"", allows: true, transport: .tcp, source: .internet, destinationPorts: [80...80, 8080...8090, 8085...8100]),
      FabricRule(name: "nobody", allows: true, source: .prefixes([])),
      FabricRule(
        name: "some", allows: false, transport: .any, source: .prefixes([prefix("10.0.0.0/8"), prefix("10.1.0.0/16")]), destinationPorts: [53...53]),
    ], outbound: [])

  private static func prefix(_ text: String) -> IPv4Prefix { IPv4Prefix(text) ?? IPv4Prefix(IPv4Address(bits: 0), length: 0) }

  private func rules(_ interface: FabricInterface) -> String {
    let network = FabricNetwork(
      name: NetworkName(GUID(high: 1, low: 1)), identifier: 7, prefixes: [Self.prefix("10.0.0.0/16")],
      subnets: [FabricSubnet(name: "a", prefix: Self.prefix("10.0.0.0/24"))], interfaces: [interface], domain: "x.test")
    return LinuxFabric.rules(of: network, cloud: "t")
  }

  private func interface(own: FabricRules? = nil, subnet: FabricRules? = nil, forwards: Bool = false) -> FabricInterface {
    FabricInterface(
      name: InterfaceName(GUID(high: 2, low: 2)), mac: MACAddress(bits: 0x02_00_00_00_00_09),
      addresses: [FabricAddress(privateAddress: IPv4Address(10, 0, 0, 4), publicAddress: IPv4Address(203, 0, 113, 5))], subnet: "a",
      forwards: forwards,
      subnetRules: subnet, interfaceRules: own)
  }

  @Test func aGroupBecomesAListThatEndsInARefusal() {
    let text = rules(interface(own: Self.group))
    #expect(
      text.contains(
        "ip saddr != { 10.0.0.0/16, 168.63.129.16/32, 169.254.169.254/32 } meta l4proto tcp th dport { 80, 8080-8100 } counter return comment \"web quoted\""
      ))
    #expect(text.contains("ip saddr { 10.0.0.0/8 } meta l4proto { tcp, udp } th dport { 53 } counter drop comment \"some\""))
    #expect(!text.contains("nobody"))
  }

  @Test func aPacketMeetsTheInterfacesGroupFirstOnItsWayOutAndTheSubnetsFirstOnItsWayIn() throws {
    let text = rules(interface(own: Self.group, subnet: Self.group))
    let (own, subnet) = (try #require(text.firstRange(of: "jump own-out")), try #require(text.firstRange(of: "jump subnet-out")))
    #expect(own.lowerBound < subnet.lowerBound)
    let (first, second) = (try #require(text.firstRange(of: "jump subnet-in")), try #require(text.firstRange(of: "jump own-in")))
    #expect(first.lowerBound < second.lowerBound)
  }

  @Test func aPublicAddressWithoutAGroupIsClosed() {
    #expect(rules(interface()).contains("iifname \"up0\" counter drop\n  }"))
    #expect(rules(interface()).contains("dnat to ip daddr map { 203.0.113.5 : 10.0.0.4 }"))
  }

  @Test func whoForwardsMaySendForOthersButNotWithAnothersHardwareAddress() {
    #expect(rules(interface()).contains("ip saddr != { 10.0.0.4 } counter drop"))
    let text = rules(interface(forwards: true))
    #expect(!text.contains("ip saddr != { 10.0.0.4 } counter drop"))
    #expect(text.contains("ether saddr != 02:00:00:00:00:09 counter drop"))
  }
}
