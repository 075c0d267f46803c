internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// One rule of a network security group, read and checked.
///
/// Source: Microsoft, "Security Rules", REST reference, and "Network security groups".
struct SecurityRule {
  enum Direction: String, CaseIterable {
    case inbound = "Inbound"
    case outbound = "Outbound"
  }

  /// Who a rule speaks of.
  enum Endpoint {
    case any
    case prefix(IPv4Prefix)
    case virtualNetwork
    case internet
    case loadBalancer
  }

  var name: String
  var direction: Direction
  var priority: Int
  var allows: Bool
  var transport: FabricRule.TransportProtocol
  var source: [Endpoint]
  var destination: [Endpoint]
  var sourceGroups: [ResourceID]
  var destinationGroups: [ResourceID]
  var sourcePorts: [ClosedRange<UInt16>]
  var destinationPorts: [ClosedRange<UInt16>]

  private static let members = [
    "protocol", "sourcePortRange", "sourcePortRanges", "destinationPortRange", "destinationPortRanges", "sourceAddressPrefix",
    "sourceAddressPrefixes", "destinationAddressPrefix", "destinationAddressPrefixes", "sourceApplicationSecurityGroups",
    "destinationApplicationSecurityGroups", "access", "priority", "direction", "description",
  ]
  static let maximumDescriptionCharacters = 140
  private static let protocols: [String: (text: String, transport: FabricRule.TransportProtocol)] = [
    "*": ("*", .any), "tcp": ("Tcp", .tcp), "udp": ("Udp", .udp), "icmp": ("Icmp", .icmp), "esp": ("Esp", .esp), "ah": ("Ah", .ah),
  ]

  /// The properties in their kept form and what they mean. Throws Azure's `SecurityRule…` errors.
  static func parse(_ name: String, _ json: JSON?, of group: ResourceID) throws -> (rule: SecurityRule, properties: JSON.Object) {
    guard var properties = json?.object?.respelled(members + ["provisioningState"]) else { throw CloudError.missing("properties", of: group) }
    properties["provisioningState"] = nil
    let directionText = try word(properties, "direction", name, ["Inbound", "Outbound"])
    let accessText = try word(properties, "access", name, ["Allow", "Deny"])
    properties["direction"] = .string(directionText)
    properties["access"] = .string(accessText)
    guard let transportText = properties["protocol"]?.string, let transport = protocols[transportText.lowercased()] else {
      throw unsupported(name, "Protocol", properties["protocol"]?.string ?? "", "Tcp, Udp, Icmp, Esp, Ah, *")
    }
    properties["protocol"] = .string(transport.text)
    guard let priority = properties["priority"]?.integer, (100...4096).contains(priority) else {
      throw CloudError(
        400, "SecurityRuleInvalidPriority",
        "Security rule has invalid Priority. Value provided: \(properties["priority"]?.text ?? "null") Allowed range 100-4096.")
    }
    if let text = properties["description"]?.string, text.count > maximumDescriptionCharacters {
      throw unsupported(name, "Description", text, "up to \(maximumDescriptionCharacters) characters")
    }
    let rule = SecurityRule(
      name: name, direction: directionText == "Inbound" ? .inbound : .outbound, priority: Int(priority), allows: accessText == "Allow",
      transport: transport.transport, source: try endpoints(properties, "source", name), destination: try endpoints(properties, "destination", name),
      sourceGroups: try groups(properties, "sourceApplicationSecurityGroups", name),
      destinationGroups: try groups(properties, "destinationApplicationSecurityGroups", name),
      sourcePorts: try ports(properties, "source", name), destinationPorts: try ports(properties, "destination", name))
    for (side, prefixes, asgs) in [("source", rule.source, rule.sourceGroups), ("destination", rule.destination, rule.destinationGroups)] {
      guard prefixes.isEmpty != asgs.isEmpty else {
        throw CloudError(
          400, "SecurityRuleInvalidAddressPrefix",
          "Security rule \(name) must name exactly one kind of \(side): address prefixes or application security groups.")
      }
    }
    for list in ["sourceAddressPrefixes", "destinationAddressPrefixes", "sourcePortRanges", "destinationPortRanges"] where properties[list] == nil {
      properties[list] = []
    }
    return (rule, properties)
  }

  private static func word(_ properties: JSON.Object, _ member: String, _ name: String, _ allowed: [String]) throws -> String {
    let given = properties[member]?.string ?? ""
    guard let word = allowed.first(where: { $0.lowercased() == given.lowercased() }) else {
      throw unsupported(name, member.prefix(1).uppercased() + member.dropFirst(), given, allowed.joined(separator: ", "))
    }
    return word
  }

  private static func unsupported(_ name: String, _ parameter: String, _ value: String, _ allowed: String) -> CloudError {
    CloudError(
      400, "SecurityRuleParameterContainsUnsupportedValue",
      "Security rule parameter \(parameter) for rule with Id \(name) cannot be specified. Value provided: '\(value)'. Supported values: \(allowed).")
  }

  private static func strings(_ properties: JSON.Object, _ single: String, _ plural: String) throws -> [String] {
    let several = properties[plural]?.array?.compactMap(\.string) ?? []
    if let one = properties[single]?.string, !one.isEmpty { return [one] + several }
    return several
  }

  private static func endpoints(_ properties: JSON.Object, _ side: String, _ name: String) throws -> [Endpoint] {
    try strings(properties, "\(side)AddressPrefix", "\(side)AddressPrefixes").map { text in
      switch text.lowercased() {
      case "*", "any", "0.0.0.0/0": return .any
      case "virtualnetwork": return .virtualNetwork
      case "internet": return .internet
      case "azureloadbalancer": return .loadBalancer
      default:
        guard let prefix = IPv4Prefix(text) else {
          throw CloudError(
            400, "SecurityRuleInvalidAddressPrefix",
            "Security rule has invalid Address prefix. Value provided: \(text). It must be an IPv4 address, a CIDR prefix, '*', or one of the "
              + "service tags VirtualNetwork, Internet, AzureLoadBalancer.")
        }
        return .prefix(prefix)
      }
    }
  }

  private static func groups(_ properties: JSON.Object, _ member: String, _ name: String) throws -> [ResourceID] {
    try (properties[member]?.array ?? []).map { reference in
      guard let text = reference.member("id")?.string, let id = ResourceID(text) else {
        throw unsupported(name, member, reference.text, "ids of application security groups")
      }
      return id
    }
  }

  private static func ports(_ properties: JSON.Object, _ side: String, _ name: String) throws -> [ClosedRange<UInt16>] {
    let texts = try strings(properties, "\(side)PortRange", "\(side)PortRanges")
    guard !texts.isEmpty else { throw invalidPort("", name) }
    var ranges: [ClosedRange<UInt16>] = []
    for text in texts {
      if text == "*" { return [] }
      let words = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
      guard (1...2).contains(words.count), let first = words[0], let last = words[words.count - 1], first <= last else {
        throw invalidPort(text, name)
      }
      ranges.append(first...last)
    }
    return ranges
  }

  private static func invalidPort(_ text: String, _ name: String) -> CloudError {
    CloudError(
      400, "SecurityRuleInvalidPortRange",
      "Security rule has invalid Port range. Value provided: \(text). Value should be an integer OR integer range with '-' delimiter. "
        + "Valid range 0-65535.")
  }

  // MARK: Default rules

  /// What every group ends with.
  static let defaults: [(name: String, properties: JSON)] = [
    standard("AllowVnetInBound", 65000, .inbound, "Allow", "VirtualNetwork", "VirtualNetwork", "Allow inbound traffic from all VMs in VNET"),
    standard(
      "AllowAzureLoadBalancerInBound", 65001, .inbound, "Allow", "AzureLoadBalancer", "*", "Allow inbound traffic from azure load balancer"),
    standard("DenyAllInBound", 65500, .inbound, "Deny", "*", "*", "Deny all inbound traffic"),
    standard(
      "AllowVnetOutBound", 65000, .outbound, "Allow", "VirtualNetwork", "VirtualNetwork", "Allow outbound traffic from all VMs to all VMs in VNET"),
    standard("AllowInternetOutBound", 65001, .outbound, "Allow", "*", "Internet", "Allow outbound traffic from all VMs to Internet"),
    standard("DenyAllOutBound", 65500, .outbound, "Deny", "*", "*", "Deny all outbound traffic"),
  ]

  private static func standard(
    _ name: String, _ priority: Int, _ direction: Direction, _ access: String, _ source: String, _ destination: String, _ description: String
  ) -> (name: String, properties: JSON) {
    (
      name,
      [
        "description": .string(description), "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*",
        "sourceAddressPrefix": .string(source), "destinationAddressPrefix": .string(destination), "access": .string(access),
        "priority": .integer(Int64(priority)), "direction": .string(direction.rawValue), "sourcePortRanges": [], "destinationPortRanges": [],
        "sourceAddressPrefixes": [], "destinationAddressPrefixes": [],
      ]
    )
  }

  static let defaultRules: [SecurityRule] = [
    SecurityRule(plain: "AllowVnetInBound", .inbound, 65000, true, .virtualNetwork, .virtualNetwork),
    SecurityRule(plain: "AllowAzureLoadBalancerInBound", .inbound, 65001, true, .loadBalancer, .any),
    SecurityRule(plain: "DenyAllInBound", .inbound, 65500, false, .any, .any),
    SecurityRule(plain: "AllowVnetOutBound", .outbound, 65000, true, .virtualNetwork, .virtualNetwork),
    SecurityRule(plain: "AllowInternetOutBound", .outbound, 65001, true, .any, .internet),
    SecurityRule(plain: "DenyAllOutBound", .outbound, 65500, false, .any, .any),
  ]

  private init(
    name: String, direction: Direction, priority: Int, allows: Bool, transport: FabricRule.TransportProtocol, source: [Endpoint],
    destination: [Endpoint], sourceGroups: [ResourceID], destinationGroups: [ResourceID], sourcePorts: [ClosedRange<UInt16>],
    destinationPorts: [ClosedRange<UInt16>]
  ) {
    self.name = name
    self.direction = direction
    self.priority = priority
    self.allows = allows
    self.transport = transport
    self.source = source
    self.destination = destination
    self.sourceGroups = sourceGroups
    self.destinationGroups = destinationGroups
    self.sourcePorts = sourcePorts
    self.destinationPorts = destinationPorts
  }

  private init(plain name: String, _ direction: Direction, _ priority: Int, _ allows: Bool, _ source: Endpoint, _ destination: Endpoint) {
    self.init(
      name: name, direction: direction, priority: priority, allows: allows, transport: .any, source: [source], destination: [destination],
      sourceGroups: [], destinationGroups: [], sourcePorts: [], destinationPorts: [])
  }

  // MARK: Meaning

  /// What the rule means in a network of these prefixes, its peers' among them. `members` gives the addresses of an application group.
  func fabricRule(network: [IPv4Prefix], members: (ResourceID) throws -> [IPv4Prefix]) rethrows -> FabricRule {
    FabricRule(
      name: name, allows: allows, transport: transport, source: try Self.endpoint(source, sourceGroups, network, members),
      destination: try Self.endpoint(destination, destinationGroups, network, members), sourcePorts: sourcePorts,
      destinationPorts: destinationPorts)
  }

  private static func endpoint(
    _ endpoints: [Endpoint], _ groups: [ResourceID], _ network: [IPv4Prefix], _ members: (ResourceID) throws -> [IPv4Prefix]
  ) rethrows -> FabricRule.Endpoint {
    var prefixes: [IPv4Prefix] = []
    for endpoint in endpoints {
      switch endpoint {
      case .any: return .any
      // A list that has the tag and prefixes besides is wider than the tag: the outside is what is not the network.
      case .internet: if endpoints.count == 1 { return .internet } else { prefixes += Self.outside(network) }
      case .prefix(let prefix): prefixes.append(prefix)
      case .virtualNetwork: prefixes += network
      case .loadBalancer: prefixes.append(IPv4Prefix(IPv4Address(168, 63, 129, 16), length: 32))
      }
    }
    for group in groups { prefixes += try members(group) }
    return .prefixes(prefixes)
  }

  /// Everything but the given prefixes, as prefixes.
  static func outside(_ prefixes: [IPv4Prefix]) -> [IPv4Prefix] {
    var rest = [IPv4Prefix(IPv4Address(bits: 0), length: 0)]
    for prefix in prefixes { rest = rest.flatMap { subtract(prefix, from: $0) } }
    return rest
  }

  private static func subtract(_ hole: IPv4Prefix, from whole: IPv4Prefix) -> [IPv4Prefix] {
    guard whole.overlaps(hole) else { return [whole] }
    guard !hole.contains(whole) else { return [] }
    let length = whole.length + 1
    let halves = [
      IPv4Prefix(whole.first, length: length), IPv4Prefix(IPv4Address(bits: whole.first.bits | UInt32(1) << UInt32(32 - length)), length: length),
    ]
    return halves.flatMap { subtract(hole, from: $0) }
  }
}
