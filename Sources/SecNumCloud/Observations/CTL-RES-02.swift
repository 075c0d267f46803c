internal import Base
internal import Catalogue
internal import Wire

/// Internal flows: tunnels between hosts run over a network of their own or an encrypted one, and nobody administers in clear.
package struct ControlRES02: ControlObservation {
  package let control = "CTL-RES-02"
  package let test = "CTL-RES-02Tests: a connection of administration in clear is a gap until it is gone"

  /// Namespaces whose tunnels are looked for.
  private static let maximumNamespaces = 256
  private static let maximumShown = 200

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    [try await internalFlows(platform), try await administration(platform)]
  }

  // MARK: 13.2.b

  private struct Tunnel {
    var namespace: String
    var name: String
    /// This host's address on the network that carries it.
    var local: String
  }

  private func internalFlows(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "les tunnels VXLAN de l'hôte et de chaque espace réseau, le réseau qui les porte",
      "the VXLAN tunnels of the host and of each namespace, the network that carries them")
    let namespaces = try await platform.machines?.networks().map(\.namespace) ?? []
    let host = platform.host
    var tunnels = try await Self.tunnels(in: nil, host)
    // What the list of networks calls the host has no namespace of that name.
    let named = Set(try host.names(in: "/run/netns") ?? [])
    for namespace in namespaces.filter({ named.contains($0) }).prefix(Self.maximumNamespaces) {
      tunnels += try await Self.tunnels(in: namespace, host)
    }
    let figures: [Finding.Figure] = [
      .init("tunnels", "tunnels", tunnels.count),
      .init("espaces réseau regardés", "namespaces looked at", min(namespaces.count, Self.maximumNamespaces)),
    ]
    guard !tunnels.isEmpty else {
      return Finding(
        ["13.2.b"], .notApplicable, subject: subject,
        reason: Text(
          "la plateforme tient sur un hôte : aucun flux interne n'en sort.",
          "the platform is one host: no internal flow leaves it."), figures: figures)
    }
    guard let register = try await platform.documents.register(EnvironmentRegister.self) else {
      return .unfiled(EnvironmentRegister.self, ["13.2.b"], subject: subject)
    }
    let declared = register.value.internalNetwork
    var gaps: [Text] = []
    switch declared.separation {
    case .physical: break
    case .none:
      gaps.append(
        Text(
          "le réseau entre les hôtes est déclaré sans séparation.", "the network between the hosts is declared without separation."))
    case .encrypted:
      for local in Set(tunnels.map(\.local)).sorted() where try await !Self.isEncrypted(local, host) {
        gaps.append(
          Text(
            "le réseau de \(local) est déclaré chiffré ; ni WireGuard ni IPsec n'y sont.",
            "the network of \(local) is declared encrypted; neither WireGuard nor IPsec is there."))
      }
    }
    return Finding(
      ["13.2.b"], subject: subject, looked: tunnels.count, gaps: gaps, nothing: Text("", ""), figures: figures,
      evidence: [
        "register": register.evidence, "separation": .string(declared.separation.rawValue), "means": .string(declared.means),
        "tunnels": .array(
          tunnels.prefix(Self.maximumShown).map { ["namespace": .string($0.namespace), "name": .string($0.name), "local": .string($0.local)] }),
      ])
  }

  private static func tunnels(in namespace: String?, _ host: any HostView) async throws -> [Tunnel] {
    let (status, output) = try await host.run("ip", (namespace.map { ["-n", $0] } ?? []) + ["-d", "-j", "link", "show", "type", "vxlan"])
    // A namespace may have gone since it was listed.
    guard status == 0 else {
      guard namespace == nil else { return [] }
      throw ObservationFailure("« ip link » a répondu \(status).", "“ip link” answered \(status).")
    }
    guard output.contains("[") else { return [] }
    return (try JSON(parsing: output).array ?? []).compactMap { link in
      guard let name = link["ifname"]?.string else { return nil }
      return Tunnel(namespace: namespace ?? "", name: name, local: link.member("linkinfo", "info_data", "local")?.string ?? "")
    }
  }

  /// Whether an address is on a WireGuard link, or the kernel has IPsec policies for it.
  private static func isEncrypted(_ address: String, _ host: any HostView) async throws -> Bool {
    let links = try await host.run("ip", ["-d", "-j", "addr", "show"]).output
    let bearer = (try JSON(parsing: links).array ?? []).first { link in
      (link["addr_info"]?.array ?? []).contains { $0["local"]?.string == address }
    }
    if bearer?.member("linkinfo", "info_kind")?.string == "wireguard" { return true }
    let policies = try await host.run("ip", ["xfrm", "policy"]).output.split(whereSeparator: \.isWhitespace)
    return policies.contains { word in word.prefix { $0 != "/" } == address }
  }

  // MARK: 13.2.c

  /// Open connections from the networks of administration, as a sample: each is of the front door's TLS or of SSH.
  private func administration(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "les connexions ouvertes depuis les réseaux d'administration (/proc/net/tcp)",
      "the open connections from the administration networks (/proc/net/tcp)")
    guard let register = try await platform.documents.register(PlatformRegister.self) else {
      return .unfiled(PlatformRegister.self, ["13.2.c"], subject: subject)
    }
    let networks = register.value.administrationNetworks
    let processes = try platform.host.processes()
    let holders = platform.host.socketHolders(processes)
    let sockets = try platform.host.sockets(seenBy: platform.site.processID)
    let own = Set(sockets.filter(\.isListening).map(\.localPort))
    let connections = sockets.filter { socket in
      socket.transport == .tcp && socket.isConnected && own.contains(socket.localPort) && networks.contains { $0.range.contains(socket.remote) }
    }
    var gaps: [Text] = []
    var shown: [JSON] = []
    for connection in connections {
      let program = holders[connection.inode]?.name ?? ""
      let isEncrypted = connection.localPort == platform.site.address.port || program.hasPrefix("sshd")
      if !isEncrypted {
        gaps.append(
          Text(
            "\(connection.remotePlace) administre par \(connection.place) (\(program)), qui n'est ni TLS de l'entrée ni SSH.",
            "\(connection.remotePlace) administers by \(connection.place) (\(program)), which is neither the front door's TLS nor SSH."))
      }
      guard shown.count < Self.maximumShown else { continue }
      shown.append(["local": .string(connection.place), "program": .string(program), "encrypted": .boolean(isEncrypted)])
    }
    return Finding(
      ["13.2.c"], subject: subject, looked: connections.count, gaps: gaps,
      nothing: Text(
        "aucune connexion d'administration n'est ouverte en ce moment.", "no connection of administration is open at this moment."),
      figures: [
        .init("réseaux d'administration", "administration networks", networks.count), .init("connexions", "connections", connections.count),
      ], evidence: ["register": register.evidence, "connections": .array(shown)])
  }
}
