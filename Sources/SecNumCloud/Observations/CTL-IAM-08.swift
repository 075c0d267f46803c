internal import Base
internal import Catalogue
internal import Wire

/// The provider's own administration cannot be reached from a public network: nothing listens but the front door, what the matrix of flows names, and
/// other programs' loopback; the control socket is a file that its owner alone opens. A port of the cloud's own beside the front door, such as those of
/// development storage, is named or is a gap on the loopback too.
package struct ControlIAM08: ControlObservation {
  package let control = "CTL-IAM-08"
  package let test = "CTL-IAM-08Tests: a port on every address of the host is a gap until the matrix of flows names it"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let register = try await platform.documents.register(PlatformRegister.self)?.value
    let look = try ListenerLook(platform, register)
    let subject = Text(
      "la prise d'administration \(platform.site.controlSocket) et les sockets d'écoute de l'hôte (/proc/\(platform.site.processID)/net)",
      "the control socket \(platform.site.controlSocket) and the listening sockets of the host (/proc/\(platform.site.processID)/net)")
    let administration = Finding(
      ["9.6.d"], subject: subject, looked: look.hasControlSocket ? look.listening.count : 0, gaps: look.controlSocketGaps + look.listenerGaps,
      nothing: Text("la prise d'administration n'est pas là.", "the control socket is not there."), figures: look.figures, evidence: look.evidence)
    if register == nil, look.listenerGaps.isEmpty {
      return [administration, .unfiled(PlatformRegister.self, ["13.2.e"], subject: subject)]
    }
    let flows = Finding(
      ["13.2.e"], subject: subject, looked: look.listening.count, gaps: look.listenerGaps,
      nothing: Text("aucun socket d'écoute n'a été trouvé.", "no listening socket was found."), figures: look.figures, evidence: look.evidence)
    return [administration, flows]
  }
}

/// What listens on the host, and what of it should not.
private struct ListenerLook {
  /// One socket that listens, and why it may.
  struct Listener {
    var socket: HostSocket
    var holder: HostProcess?
    var isOfCloud: Bool
    var standing: Standing

    var evidence: JSON {
      .object([
        "socket": .string(socket.place), "process": .string(holder?.name), "cloud": .boolean(isOfCloud), "standing": .string(standing.rawValue),
      ])
    }
  }

  enum Standing: String {
    case loopback
    case frontDoor = "entrée du nuage"
    case declared = "matrice des flux"
    case undeclared = "non déclarée"
    case misplaced = "administration hors de son réseau"

    var isGap: Bool { self == .undeclared || self == .misplaced }
  }

  let listening: [Listener]
  let hasControlSocket: Bool
  let controlSocketGaps: [Text]

  private static let maximumNamed = 256

  init(_ platform: ObservedPlatform, _ register: PlatformRegister?) throws {
    let site = platform.site
    let processes = try platform.host.processes()
    let family = Set(processes.family(of: site.processID).map(\.id))
    let holders = platform.host.socketHolders(processes)
    let ephemeral = try Self.ephemeralPorts(platform.host)
    let door = Set(site.listeningAddresses.compactMap { InternetAddress($0) })
    listening = try platform.host.sockets(seenBy: site.processID).compactMap { socket in
      guard socket.isListening else { return nil }
      let holder = holders[socket.inode]
      // Where a client of UDP waits for its answer, nothing is offered. A tunnel is no client: nobody holds it.
      if socket.transport == .udp, ephemeral.contains(socket.localPort), holder != nil { return nil }
      let ports = [site.address.port, site.operatorsPort]
      let isFrontDoor = socket.transport == .tcp && ports.contains(socket.localPort) && door.contains(socket.local)
      let isForeignLoopback = socket.local.isLoopback && !(socket.transport == .tcp && holder?.id == site.processID)
      let standing = isFrontDoor ? .frontDoor : isForeignLoopback ? .loopback : Self.standing(of: socket, register)
      return Listener(socket: socket, holder: holder, isOfCloud: holder.map { family.contains($0.id) } ?? false, standing: standing)
    }
    let attributes = try platform.host.attributes(of: site.controlSocket)
    hasControlSocket = attributes != nil
    controlSocketGaps =
      attributes.map { attributes in
        guard attributes.mode & 0o077 != 0 else { return [] }
        let mode = String(attributes.mode, radix: 8)
        return [
          Text(
            "la prise d'administration \(site.controlSocket) est ouverte à d'autres que son propriétaire (mode \(mode)).",
            "the control socket \(site.controlSocket) is open to others than its owner (mode \(mode)).")
        ]
      } ?? []
  }

  private static func standing(of socket: HostSocket, _ register: PlatformRegister?) -> Standing {
    guard
      let declared = register?.listeners.first(where: { $0.transport == socket.transport.rawValue && $0.port == socket.localPort })
    else { return .undeclared }
    guard declared.isAdministration else { return .declared }
    return register?.administrationNetworks.contains { $0.range.contains(socket.local) } == true ? .declared : .misplaced
  }

  private static func ephemeralPorts(_ host: any HostView) throws -> ClosedRange<Int> {
    let words = try host.text(of: "/proc/sys/net/ipv4/ip_local_port_range")?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
    guard words.count == 2, words[0] <= words[1] else {
      throw ObservationFailure("l'étendue des ports éphémères n'est pas lisible.", "the range of ephemeral ports cannot be read.")
    }
    return words[0]...words[1]
  }

  var listenerGaps: [Text] {
    listening.filter(\.standing.isGap).map { listener in
      let holder = listener.holder.map { " (\($0.name))" } ?? ""
      if listener.standing == .misplaced {
        return Text(
          "\(listener.socket.place)\(holder) est un port d'administration hors des réseaux d'administration.",
          "\(listener.socket.place)\(holder) is an administration port outside of the administration networks.")
      }
      return Text(
        "\(listener.socket.place)\(holder) est à l'écoute sans que la matrice des flux (registre « plateforme », ecoutes) le nomme.",
        "\(listener.socket.place)\(holder) listens and the matrix of flows (register “plateforme”, ecoutes) does not name it.")
    }
  }

  var figures: [Finding.Figure] {
    [
      .init("sockets d'écoute", "listening sockets", listening.count),
      .init("dont du nuage", "of them the cloud's", listening.count { $0.isOfCloud }),
      .init("dont en boucle locale", "of them on loopback", listening.count { $0.socket.local.isLoopback }),
      .init("hors matrice", "outside of the matrix", listening.count { $0.standing.isGap }),
    ]
  }

  var evidence: JSON {
    // Gaps first: they must not be what is cut.
    let sorted = listening.filter(\.standing.isGap) + listening.filter { !$0.standing.isGap }
    let omitted = max(0, listening.count - Self.maximumNamed)
    return ["listening": .array(sorted.prefix(Self.maximumNamed).map(\.evidence)), "omitted": .integer(Int64(omitted))]
  }
}
