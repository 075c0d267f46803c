internal import Base
internal import Declarations
internal import Wire

/// What one listening address agrees to, tried from outside.
struct TLSScan: Sendable {
  /// An address and port of the cloud, and the hosts that are reached there.
  struct Endpoint: Hashable, Sendable {
    var address: String
    var port: Int
    var hosts: [String]

    var place: String { "\(address.contains(":") ? "[\(address)]" : address):\(port)" }
  }

  let endpoint: Endpoint
  /// The versions that a client got who knows no other.
  private(set) var agreedVersions: Set<TLSVersion> = []
  /// Suites up to TLS 1.2 that were tried, and those that were agreed to.
  private(set) var offered: [String] = []
  private(set) var agreed: [String] = []
  /// The certificate that each host shows, and those that it sends with it.
  private(set) var certificates: [(host: String, leaf: InfrastructureCertificate, others: [InfrastructureCertificate])] = []
  private(set) var attempts = 0

  init(_ endpoint: Endpoint, _ outside: any OutsideView, versions: [TLSVersion] = TLSVersion.allCases, suites: [String]) async throws {
    self.endpoint = endpoint
    guard let name = endpoint.hosts.first else { return }
    for version in versions {
      attempts += 1
      let offer = HandshakeOffer(address: endpoint.address, port: endpoint.port, serverName: name, minimum: version, maximum: version)
      if try await outside.handshake(offer) != nil { agreedVersions.insert(version) }
    }
    for suite in suites {
      offered.append(suite)
      attempts += 1
      let offer = HandshakeOffer(
        address: endpoint.address, port: endpoint.port, serverName: name, minimum: .tls10, maximum: .tls12, cipherSuites: suite)
      if try await outside.handshake(offer) != nil { agreed.append(suite) }
    }
    for host in endpoint.hosts {
      attempts += 1
      let offer = HandshakeOffer(address: endpoint.address, port: endpoint.port, serverName: host, minimum: .tls12, maximum: .tls13)
      guard let handshake = try await outside.handshake(offer) else { continue }
      let chain = try handshake.certificates.map { try InfrastructureCertificate(der: $0) }
      if let leaf = chain.first { certificates.append((host, leaf, Array(chain.dropFirst()))) }
    }
  }

  var evidence: JSON {
    var seen: Set<String> = []
    let distinct = certificates.map(\.leaf).filter { seen.insert($0.sha256).inserted }
    let hosts: [JSON] = certificates.map { ["host": .string($0.host), "certificate": .string($0.leaf.sha256)] }
    let versions: [JSON] = agreedVersions.sorted().map { .string($0.name) }
    return [
      "endpoint": .string(endpoint.place), "versions": .array(versions), "offered": .array(offered.map { .string($0) }),
      "agreed": .array(agreed.map { .string($0) }), "hosts": .array(hosts), "certificates": .array(distinct.map(\.evidence)),
    ]
  }
}

extension ObservedPlatform {
  /// Every address and port on which this cloud listens for strangers, with the names that it answers to there.
  func endpoints() throws -> [TLSScan.Endpoint] {
    let address = site.address
    let names =
      ["management", "login", "graph"].map { address.host($0) } + ["sonde.blob.core.\(address.domain)", "localhost"]
      + (machines == nil ? [] : [address.host("diagnostics"), "md-sonde.blob.core.\(address.domain)"])
    let door = site.listeningAddresses.map { listening in
      // By its address a cloud is called on its own host alone.
      let isLocal = InternetAddress(listening)?.isLoopback == true
      return TLSScan.Endpoint(address: listening, port: address.port, hosts: names + (isLocal ? [listening] : []))
    }
    let known = Set(site.listeningAddresses.compactMap { InternetAddress($0) })
    let family = try host.processes().family(of: site.processID)
    let holders = host.socketHolders(family)
    let further = try host.sockets(seenBy: site.processID).filter { socket in
      socket.transport == .tcp && socket.isListening && holders[socket.inode] != nil
        && !(socket.localPort == address.port && known.contains(socket.local))
    }
    return door
      + further.prefix(Self.maximumFurtherEndpoints).map { socket in
        let place = socket.local.isUnspecified ? (socket.local.bytes.count == 4 ? "127.0.0.1" : "::1") : socket.local.description
        let names = socket.localPort == site.operatorsPort ? ["operators", "operations"] : ["management"]
        return TLSScan.Endpoint(address: place, port: socket.localPort, hosts: names.map { address.host($0) })
      }
  }

  private static let maximumFurtherEndpoints = 16
}
