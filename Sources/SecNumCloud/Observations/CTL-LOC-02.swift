internal import Base
internal import Catalogue
internal import Records
internal import ResourceManager
internal import Wire

/// From where the platform is administered: addresses of what administrators changed, and of sessions on the host.
public struct ControlLOC02: ControlObservation {
  public let control = "CTL-LOC-02"
  public let test = "CTL-LOC-02Tests: a change that an administrator made from outside of the declared networks is seen"

  public init() {}

  private static let daySeconds = 86400
  private static let maximumEntries = 2000
  private static let maximumNamed = 50
  private static let shellPort = 22
  private static let openConnection = 1

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let register = try await platform.documents.register(PlatformRegister.self)
    let changes = try await changes(platform)
    let shells = try platform.host.sockets(seenBy: platform.site.processID).filter {
      $0.transport == .tcp && $0.localPort == Self.shellPort && $0.state == Self.openConnection
    }
    return [sessions(platform, changes, shells, register), try signIns(platform), mobility]
  }

  // MARK: Sessions

  /// How many changes came from an address in the last day.
  private func changes(_ platform: ObservedPlatform) async throws -> [String: Int] {
    let administrators = Set(try await ProviderAdministrators.read(platform).accounts.map(\.name))
    let tenant = platform.site.tenant
    let (now, start) = (platform.now, platform.now.advanced(by: .seconds(-Self.daySeconds)))
    return try await platform.records.read { reader in
      var addresses: [String: Int] = [:]
      for log in try TenantLog.all(in: reader) where log.tenant == tenant {
        let entries = try ActivityLog.entries(tenant: tenant, subscription: log.subscription, until: now, limit: Self.maximumEntries, in: reader)
        for entry in entries where entry.time >= start && administrators.contains(entry.principalID.description) && !entry.clientAddress.isEmpty {
          addresses[entry.clientAddress, default: 0] += 1
        }
      }
      return addresses
    }
  }

  /// 19.2.c
  private func sessions(
    _ platform: ObservedPlatform, _ changes: [String: Int], _ shells: [HostSocket], _ register: FiledRegister<PlatformRegister>?
  ) -> Finding {
    let subject = Text(
      "adresses des changements faits par les administrateurs en 24 heures, et des sessions SSH ouvertes sur l'hôte",
      "addresses of changes that administrators made in 24 hours, and of SSH sessions that are open on the host")
    guard let register else { return .unfiled(PlatformRegister.self, ["19.2.c"], subject: subject) }
    var gaps: [Text] = []
    var evidence: [JSON] = []
    let all =
      changes.keys.sorted().map { ($0, Text("changement d'administration", "administrative change")) }
      + Set(shells.map(\.remote.description)).sorted().map { ($0, Text("session SSH", "SSH session")) }
    for (text, what) in all {
      let (country, network) = Self.country(text, register.value)
      evidence.append(
        .object(["adresse": .string(text), "quoi": .string(what.french), "reseau": network.map { .string($0) }, "pays": country.map { .string($0) }]))
      if let country {
        guard !OfferVocabulary.europeanUnion.contains(country) else { continue }
        gaps.append(Text("\(what.french) depuis \(text), en \(country).", "\(what.english) from \(text), in \(country)."))
      } else {
        gaps.append(
          Text(
            "\(what.french) depuis \(text), hors des réseaux d'administration déclarés.",
            "\(what.english) from \(text), outside of the declared networks of administration."))
      }
    }
    return Finding(
      ["19.2.c"], subject: subject, looked: all.count, gaps: gaps,
      nothing: Text("aucune session d'administration dans les dernières 24 heures.", "no session of administration in the last 24 hours."),
      figures: [
        .init("adresses d'administration", "addresses of administration", changes.count),
        .init("changements d'administration", "administrative changes", changes.values.reduce(0, +)),
        .init("sessions SSH", "SSH sessions", shells.count),
      ], evidence: ["adresses": .array(Array(evidence.prefix(Self.maximumNamed))), "registre": register.evidence])
  }

  /// Where an address is; the host itself is where the site is.
  private static func country(_ text: String, _ register: PlatformRegister) -> (country: String?, network: String?) {
    guard let address = InternetAddress(text) else { return (nil, nil) }
    if address.isLoopback { return (register.site.country, register.site.name) }
    let network = register.administrationNetworks.first { $0.range.contains(address) }
    return (network?.country, network?.name)
  }

  /// 19.2.c: who signs in and changes nothing leaves no address but that of the sign-in.
  private func signIns(_ platform: ObservedPlatform) throws -> Finding {
    let subject = Text("adresses des connexions dans le journal du processus", "addresses of sign-ins in the process's log")
    let log = try PlatformLog(platform)
    let signIns = log.lines.filter { $0.message.hasPrefix(ControlLOG01.signInMessage) }
    let figures: [Finding.Figure] = [
      .init("connexions récentes", "recent sign-ins", signIns.count),
      .init("avec leur adresse", "with their address", signIns.count { $0.members["address"] != nil }),
    ]
    return Finding(
      ["19.2.c"], .notAssessed, subject: subject,
      reason: Text(
        "le journal ne dit pas l'adresse de chaque connexion : une session qui ne fait que lire n'est pas localisée.",
        "the log does not say the address of every sign-in: a session that only reads is not located."), figures: figures)
  }

  /// 12.12.c
  private var mobility: Finding {
    Finding(
      ["12.12.c"], .notAssessed, subject: Text("postes d'administration nomades", "mobile workstations of administration"),
      reason: Text(
        "la plateforme ne connaît pas encore les postes d'administration : ni leur tunnel ni le chiffrement de leur disque ne sont attestés.",
        "the platform does not know the workstations of administration yet: neither their tunnel nor the encryption of their disk is attested."))
  }
}
