internal import Base
internal import Catalogue
internal import Wire

/// The platform opens no connection that nobody configured: the sockets of its processes lead to itself, to those who came through the front door, or to
/// what the register of the platform names.
package struct ControlSORTANT01: ControlObservation {
  package let control = "CTL-SORTANT-01"
  package let test = "CTL-SORTANT-01Tests: a connection to an address that no register names is a gap until it is gone"

  package init() {}

  private static let maximumNamed = 256

  /// A socket with another end, and where it leads.
  private struct Connection {
    var socket: HostSocket
    var process: HostProcess
    var destination: PlatformRegister.Destination?
    var isTimeSource: Bool

    var isKnown: Bool { destination != nil || isTimeSource }

    var evidence: JSON {
      .object([
        "process": .string(process.name), "transport": .string(socket.transport.rawValue), "remote": .string(socket.remotePlace),
        "purpose": .string(isTimeSource ? "ntp" : destination?.purpose),
      ])
    }
  }

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let site = platform.site
    let register = try await platform.documents.register(PlatformRegister.self)
    let family = try platform.host.processes().family(of: site.processID)
    let subject = Text(
      "les connexions du processus \(site.processID) et de ses descendants",
      "the connections of the process \(site.processID) and of its descendants")
    // Who may not look sees a process without sockets: that would say nothing.
    guard platform.host.socketInodes(of: site.processID) != nil else {
      return [
        Finding(
          ["12.14.a"], .notAssessed, subject: subject,
          reason: Text(
            "les sockets du processus \(site.processID) ne sont pas lisibles.", "the sockets of the process \(site.processID) cannot be read."))
      ]
    }
    let holders = platform.host.socketHolders(family)
    let sockets = try platform.host.sockets(seenBy: site.processID).filter { holders[$0.inode] != nil }
    let local = Set(sockets.map(\.local)).union(site.listeningAddresses.compactMap { InternetAddress($0) })
    let served = Set(sockets.filter { $0.transport == .tcp && $0.isListening }.map(\.localPort)).union([site.address.port])
    let sources = try register.map { try Self.timeSources($0.value) } ?? []
    let outgoing = sockets.compactMap { socket -> Connection? in
      guard socket.isConnected, !socket.remote.isLoopback, !local.contains(socket.remote), let process = holders[socket.inode] else { return nil }
      // Those are the cloud's clients.
      if socket.transport == .tcp, served.contains(socket.localPort) { return nil }
      let isTimeSource = socket.transport == .udp && sources.contains { $0.address == socket.remote && $0.port == socket.remotePort }
      let destination = register?.value.destinations.first {
        $0.range.contains(socket.remote) && ($0.port == nil || $0.port == socket.remotePort)
      }
      return Connection(socket: socket, process: process, destination: destination, isTimeSource: isTimeSource)
    }
    let unknown = outgoing.filter { !$0.isKnown }
    let gaps = unknown.map {
      Text(
        "\($0.process.name) tient une connexion vers \($0.socket.remotePlace) que rien ne configure.",
        "\($0.process.name) holds a connection to \($0.socket.remotePlace) that nothing configures.")
    }
    let figures: [Finding.Figure] = [
      .init("processus regardés", "processes looked at", family.count), .init("sockets regardés", "sockets looked at", sockets.count),
      .init("connexions sortantes", "outgoing connections", outgoing.count),
      .init("dont vers une destination déclarée", "of them to a declared destination", outgoing.count - unknown.count),
    ]
    // Gaps first: they must not be what is cut.
    let listed = (unknown + outgoing.filter(\.isKnown)).prefix(Self.maximumNamed).map(\.evidence)
    let evidence: JSON = .object(["register": register?.evidence, "outgoing": .array(listed)])
    let exported = outgoing.filter { $0.destination != nil && !$0.isTimeSource }
    guard unknown.isEmpty, let first = exported.first else {
      return [
        Finding(
          ["12.14.a"], subject: subject, looked: sockets.count, gaps: gaps,
          nothing: Text("le processus ne tient aucun socket.", "the process holds no socket."), figures: figures, evidence: evidence)
      ]
    }
    return [
      Finding(
        ["12.14.a"], .notAssessed, subject: subject,
        reason: Text(
          "une connexion déclarée sort vers \(first.socket.remotePlace) ; le sas d'inspection (expurgation, copie de ce qui sort) n'existe pas encore.",
          "a declared connection leads to \(first.socket.remotePlace); the gateway of inspection (redaction, a copy of what leaves) does not exist yet."
        ),
        figures: figures, evidence: evidence)
    ]
  }

  /// Sources that are given by address; a name is not looked up here, for that would be a connection of its own.
  private static func timeSources(_ register: PlatformRegister) throws -> [(address: InternetAddress, port: Int)] {
    register.timeSources.compactMap { source in InternetAddress(source.host).map { ($0, source.port) } }
  }
}
