internal import Access
internal import Base
internal import Catalogue
internal import Identity
internal import Records
internal import Wire

/// Two domains of identity: operators come in by a socket of the host's system and by a door of their own with tokens of an issuer of their own,
/// tenants by tokens of theirs alone.
package struct ControlIAM07: ControlObservation {
  package let control = "CTL-IAM-07"
  package let test = "CTL-IAM-07Tests: a control socket that others may open is found, and a door that takes a stranger's token"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let socket = try OperatorSocket.look(platform)
    let (door, operators) = try await ThrowawayTenant.with(platform) {
      (try await TenantDoor.look($0), try await OperatorDoor.look($0, services: TenantDoor.services))
    }
    let accounts = try await platform.records.read { reader in
      let none = AccountsOfNobody(
        users: try platform.identity.users(tenant: .zero, limit: 1, in: reader).count,
        applications: try platform.identity.servicePrincipals(tenant: .zero, limit: 1, in: reader).count,
        rights: try platform.access.assignments(at: .init(tenant: .zero, path: "/"), in: reader).count)
      return (none, try platform.identity.tenants(limit: ObservationLimits.maximumListed, in: reader).count)
    }
    let (platformAccounts, tenants) = accounts
    return [
      Finding(
        ["9.6.a"],
        subject: Text(
          "l'accès de l'exploitant (prise Unix, comptes du système) et l'annuaire des clients",
          "the operator's way in (Unix socket, accounts of the system) and the directory of customers"),
        looked: socket.looked * tenants, gaps: socket.gaps + platformAccounts.gaps, nothing: OperatorSocket.nothing,
        figures: socket.figures + [Finding.Figure("annuaires de clients", "directories of customers", tenants)], evidence: socket.evidence),
      Finding(
        ["9.6.b"],
        subject: Text(
          "la prise de contrôle ; les commandes de l'exploitant et l'API des opérateurs, demandées avec un jeton d'administrateur client",
          "the control socket; the operator's commands and the operators' API, asked for with the token of a customer's administrator"),
        looked: min(socket.looked, door.commands), gaps: socket.gaps + door.commandGaps + operators.crossingGaps, nothing: OperatorSocket.nothing,
        figures: [
          Finding.Figure("commandes demandées", "commands asked for", door.commands),
          Finding.Figure("requêtes d'une porte à l'autre", "requests from one door to the other", operators.crossings),
        ]),
      Finding(
        ["9.6.c"],
        subject: Text(
          "des jetons de l'émetteur des opérateurs, d'un autre, d'une autre clé et sans signature, présentés aux interfaces des clients",
          "tokens of the operators' issuer, of another, of another key and without a signature, presented to the customers' interfaces"),
        looked: door.forgeries, gaps: door.forgeryGaps + operators.operatorGaps + platformAccounts.gaps,
        nothing: Text("aucun jeton n'a pu être présenté.", "no token could be presented."),
        figures: [
          Finding.Figure("jetons étrangers présentés", "foreign tokens presented", door.forgeries),
          Finding.Figure("jetons d'opérateur présentés", "operators' tokens presented", operators.operatorTokens),
        ],
        evidence: ["issuer": .string(platform.site.address.url("login")), "answers": .array(door.answers)]),
      Finding(
        ["9.6.g"], .notAssessed,
        subject: Text("les interfaces offertes aux utilisateurs finaux", "the interfaces that end users are offered"),
        reason: Text("aucun service SaaS n'est servi.", "no SaaS is served.")),
    ]
  }
}

/// Accounts that would be the platform's own in the directory of tenants: there are none.
private struct AccountsOfNobody: Sendable {
  var users: Int
  var applications: Int
  var rights: Int

  var gaps: [Text] {
    guard users + applications + rights > 0 else { return [] }
    return [
      Text(
        "l'annuaire des clients contient un compte de la plateforme elle-même.", "the directory of customers holds an account of the platform itself."
      )
    ]
  }
}

/// How the operator's commands reach the platform.
private struct OperatorSocket: Sendable {
  var looked = 0
  var gaps: [Text] = []
  var figures: [Finding.Figure] = []
  var evidence: JSON = [:]

  static let nothing = Text("la prise de contrôle n'a pas été trouvée.", "the control socket was not found.")

  static func look(_ platform: ObservedPlatform) throws -> OperatorSocket {
    var socket = OperatorSocket()
    let (path, folder) = (platform.site.controlSocket, platform.site.folder)
    guard let own = try platform.host.attributes(of: path), let parent = try platform.host.attributes(of: folder) else { return socket }
    guard try platform.host.isListening(onSocket: path) else { return socket }
    socket.looked = 2
    for (name, attributes) in [(path, own), (folder, parent)] {
      if attributes.mode & 0o077 != 0 {
        let mode = String(attributes.mode & 0o7777, radix: 8)
        socket.gaps.append(
          Text(
            "\(name) est ouvert à d'autres que son propriétaire (mode \(mode)).", "\(name) is open to others than its owner (mode \(mode))."))
      }
      if attributes.isLink {
        socket.gaps.append(Text("\(name) est un lien symbolique.", "\(name) is a symbolic link."))
      }
    }
    if own.owner != parent.owner {
      socket.gaps.append(
        Text("la prise et son répertoire n'ont pas le même propriétaire.", "the socket and its folder have different owners."))
    }
    socket.figures = [Finding.Figure("entrées regardées", "entries looked at", socket.looked)]
    socket.evidence = [
      "socketMode": .string(String(own.mode & 0o7777, radix: 8)), "folderMode": .string(String(parent.mode & 0o7777, radix: 8)),
      "owner": .integer(Int64(own.owner)),
    ]
    return socket
  }
}

extension HostView {
  /// Whether a process listens on a Unix socket of a path. Source: proc(5), `/proc/net/unix`: flags `00010000` are those of one that accepts.
  fileprivate func isListening(onSocket path: String) throws -> Bool {
    (try text(of: "/proc/net/unix") ?? "").split(separator: "\n").contains { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      return fields.count >= 8 && fields[3] == "00010000" && fields[7...].joined(separator: " ") == path
    }
  }
}

/// What the customers' door says to tokens that are not theirs, and to who asks it for the operator's commands.
private struct TenantDoor: Sendable {
  var forgeries = 0
  var forgeryGaps: [Text] = []
  var answers: [JSON] = []
  var commands = 0
  var commandGaps: [Text] = []

  /// Services with a path that any token of theirs opens.
  static let services = [("management", "/subscriptions?api-version=2022-12-01"), ("graph", "/v1.0/organization")]
  /// The operator's commands, as somebody would look for them.
  private static let commandPaths = ["/status", "/tenant/add", "/machines/stop", "/secnumcloud/observe", "/control.sock"]

  static func look(_ probe: ThrowawayTenant) async throws -> TenantDoor {
    var door = TenantDoor()
    for (service, path) in services {
      let token = try await probe.administratorToken(for: service)
      guard try await probe.send("GET", service: service, path: path, token: token) == 200 else {
        throw ObservationFailure(
          "\(service) ne sert pas le jeton de la sonde : un refus ne prouverait rien.",
          "\(service) does not serve the probe's token: a refusal would prove nothing.")
      }
      for (name, forged) in try IdentityService.forgeries(of: token) {
        let status = try await probe.send("GET", service: service, path: path, token: forged)
        door.forgeries += 1
        door.answers.append(["service": .string(service), "token": .string(name), "status": .integer(Int64(status))])
        guard status != 401 else { continue }
        door.forgeryGaps.append(
          Text("\(service) a répondu \(status) à un jeton étranger (\(name)).", "\(service) answered \(status) to a foreign token (\(name))."))
      }
      for path in commandPaths {
        let status = try await probe.send("POST", service: service, path: path, token: token, body: [:])
        door.commands += 1
        guard (200..<400).contains(status) else { continue }
        door.commandGaps.append(
          Text("\(service) a répondu \(status) à POST \(path).", "\(service) answered \(status) to POST \(path)."))
      }
    }
    return door
  }
}
