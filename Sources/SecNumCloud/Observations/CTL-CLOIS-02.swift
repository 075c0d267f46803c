internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import Wire

/// Zones: the rules that the kernel has are those that are wanted, no host stands in another of the provider's networks, none serves two environments.
package struct ControlCLOIS02: ControlObservation {
  package let control = "CTL-CLOIS-02"
  package let test = "CTL-CLOIS-02Tests: a rule that the kernel has and nobody wants is a gap until it is gone"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let register = try await platform.documents.register(EnvironmentRegister.self)
    let inventory = try await Inventory.read(platform)
    return [
      otherSystems(inventory, register), administration(inventory), environments(inventory, register),
    ]
  }

  private static func drift(_ inventory: Inventory) -> [Text] {
    inventory.networks.flatMap { network in
      network.differences.map { Text("\(network.namespace) : \($0)", "\(network.namespace): \($0)") }
    }
  }

  private static func figures(_ inventory: Inventory) -> [Finding.Figure] {
    [
      .init("espaces réseau comparés", "namespaces compared", inventory.networks.count),
      .init("différences", "differences", inventory.networks.reduce(0) { $0 + $1.differences.count }),
    ]
  }

  private static func evidence(_ inventory: Inventory, _ more: (name: String, value: JSON)...) -> JSON {
    .object(
      JSON.Object(
        [
          (
            name: "namespaces",
            value: .array(
              inventory.networks.prefix(500).map {
                ["namespace": .string($0.namespace), "differences": .array($0.differences.map { .string($0) })]
              })
          )
        ] + more))
  }

  // MARK: 9.7.b

  /// Rules as wanted, and no address of the host in a network of another system of the provider's.
  private func otherSystems(_ inventory: Inventory, _ register: FiledRegister<EnvironmentRegister>?) -> Finding {
    let subject = Text(
      "les règles du noyau face à celles qui sont voulues, les adresses de l'hôte face aux zones du registre « \(EnvironmentRegister.name) »",
      "the kernel's rules beside those that are wanted, the host's addresses beside the zones of the register “\(EnvironmentRegister.name)”")
    var gaps = Self.drift(inventory)
    guard let register else {
      return gaps.isEmpty
        ? .unfiled(EnvironmentRegister.self, ["9.7.b"], subject: subject)
        : Finding(
          ["9.7.b"], .nonCompliant, subject: subject, reason: gaps[0], figures: Self.figures(inventory), evidence: Self.evidence(inventory))
    }
    let addresses = inventory.links.flatMap { link in
      link.addresses.compactMap { text in
        text.split(separator: "/").first.flatMap { InternetAddress(String($0)) }.map { (link: link.name, address: $0) }
      }
    }.filter { !$0.address.isLoopback && !$0.address.isLinkLocal }
    for zone in register.value.zones where zone.kind == .other {
      for (link, address) in addresses where zone.range.contains(address) {
        gaps.append(
          Text(
            "l'hôte a l'adresse \(address) (\(link)) dans la zone « \(zone.name) ».",
            "the host has the address \(address) (\(link)) in the zone “\(zone.name)”."))
      }
    }
    let others = register.value.zones.count { $0.kind == .other }
    guard others > 0 || !gaps.isEmpty else {
      return Finding(
        ["9.7.b"], .notAssessed, subject: subject,
        reason: Text(
          "le registre « \(EnvironmentRegister.name) » ne nomme aucun autre SI du prestataire.",
          "the register “\(EnvironmentRegister.name)” names no other system of the provider's."), figures: Self.figures(inventory))
    }
    return Finding(
      ["9.7.b"], subject: subject, looked: addresses.count, gaps: gaps,
      nothing: Text("l'hôte n'a aucune adresse hors de la boucle locale.", "the host has no address but loopback."),
      figures: Self.figures(inventory) + [.init("zones d'autres SI", "zones of other systems", others)],
      evidence: Self.evidence(
        inventory, ("register", register.evidence), ("addresses", .array(addresses.prefix(500).map { .string("\($0.link) \($0.address)") }))))
  }

  // MARK: 9.7.c

  /// What guests may reach of the host and of what administers it is in the rules of the host and of the edge.
  private func administration(_ inventory: Inventory) -> Finding {
    let subject = Text(
      "les règles de l'hôte, de la bordure et de chaque réseau, telles que le noyau les a",
      "the rules of the host, the edge and each network, as the kernel has them")
    guard inventory.hasMachines else {
      return Finding(
        ["9.7.c"], .notApplicable, subject: subject,
        reason: Text(
          "cet hôte ne porte ni machines ni réseaux de clients.", "this host bears neither machines nor networks of tenants."))
    }
    return Finding(
      ["9.7.c"], subject: subject, looked: inventory.networks.count, gaps: Self.drift(inventory),
      nothing: Text("aucun réseau n'est sur cet hôte.", "no network is on this host."), figures: Self.figures(inventory),
      evidence: Self.evidence(inventory))
  }

  // MARK: 12.3.a

  private func environments(_ inventory: Inventory, _ register: FiledRegister<EnvironmentRegister>?) -> Finding {
    let subject = Text(
      "les hôtes de chaque environnement, tels que le registre « \(EnvironmentRegister.name) » les déclare",
      "the hosts of each environment, as the register “\(EnvironmentRegister.name)” declares them")
    guard let register else { return .unfiled(EnvironmentRegister.self, ["12.3.a"], subject: subject) }
    let environments = register.value.environments
    var gaps: [Text] = []
    if !environments.contains(where: { $0.isProduction && $0.hosts.contains(inventory.host) }) {
      gaps.append(
        Text(
          "l'hôte \(inventory.host) n'est dans aucun environnement de production.", "the host \(inventory.host) is in no environment of production."))
    }
    let production = Set(environments.filter(\.isProduction).flatMap(\.hosts))
    for environment in environments where !environment.isProduction {
      for host in environment.hosts where production.contains(host) {
        gaps.append(
          Text(
            "l'hôte \(host) sert la production et « \(environment.name) ».", "the host \(host) serves production and “\(environment.name)”."))
      }
    }
    return Finding(
      ["12.3.a"], subject: subject, looked: environments.count, gaps: gaps,
      nothing: Text("aucun environnement n'est déclaré.", "no environment is declared."),
      figures: [.init("environnements", "environments", environments.count)],
      evidence: [
        "register": register.evidence, "host": .string(inventory.host),
        "environments": .array(
          environments.map { ["name": .string($0.name), "production": .boolean($0.isProduction), "hosts": .array($0.hosts.map { .string($0) })] }),
      ])
  }
}
