internal import Base
internal import Catalogue
internal import Identity
internal import Records
internal import ResourceManager
internal import Wire

/// What is logged, by source and event; that it is kept; that a client can be given its own and nothing else.
///
/// Requests that must be refused are sent through the front door, and looked for in the log.
public struct ControlLOG01: ControlObservation {
  public let control = "CTL-LOG-01"
  public let test = "CTL-LOG-01Tests: an entry that vanishes before its time is seen"

  public init() {}

  /// What must leave a trace, and where it would.
  enum Event: String, CaseIterable, Codable {
    case change = "changement de ressource"
    case right = "changement de droits (rôles)"
    case request = "requête à la porte d'entrée"
    case refusal = "accès refusé"
    case signIn = "connexion, réussie ou refusée, avec son sujet"
    case dataAccess = "accès aux données (blobs)"
    case directory = "changement d'annuaire, avec son auteur"
    case failure = "défaillance du processus"

    var source: String {
      switch self {
      case .change, .right: "journal d'activité"
      default: "journal du processus"
      }
    }
  }

  private static let maximumPlaces = 64
  private static let exportedTenants = 4
  private static let exportedEntries = 500
  private static let rolePrefix = "microsoft.authorization/roleassignments/"

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let probes = try await Self.probes(platform)
    let log = try PlatformLog(platform)
    var seen = try await platform.records.read { try $0.fetch(LogEmissions.self, LogEmissions.key) } ?? LogEmissions()
    let before = seen
    try await activity(platform, &seen)
    Self.note(log, &seen, now: platform.now)
    let changed = seen
    if changed != before { try await platform.records.write { try $0.save(changed) } }
    let retention = try await retention(platform, log)
    try await LogMark.set(platform)
    return [sources(platform, log, seen), events(platform, log, probes, seen)] + retention + (try await exports(platform))
  }

  // MARK: Events

  /// A request that must be refused and must leave a trace.
  private struct Probe {
    var event: Event
    var what: Text
    var status: Int
    /// `x-ms-request-id` of the answer.
    var id: String?
  }

  private static func probes(_ platform: ObservedPlatform) async throws -> [Probe] {
    let address = platform.site.address
    let name = "sonde" + platform.random.text(12, from: Array("abcdefghijklmnopqrstuvwxyz".utf8))
    let form = "grant_type=client_credentials&client_id=\(platform.random.guid())&client_secret=sonde&scope=\(address.url("management"))/.default"
    let requests: [(Event, Text, OutsideRequest)] = [
      (
        .refusal, Text("une requête sans jeton à Resource Manager", "a request without a token to Resource Manager"),
        OutsideRequest(host: address.host("management"), path: "/subscriptions?api-version=2022-12-01")
      ),
      (
        .signIn, Text("une connexion refusée", "a refused sign-in"),
        OutsideRequest(
          "POST", host: address.host("login"), path: "/\(platform.site.tenant)/oauth2/v2.0/token",
          headers: [(name: "content-type", value: "application/x-www-form-urlencoded")], body: Array(form.utf8))
      ),
      (
        .dataAccess, Text("un accès refusé à un blob", "a refused access to a blob"),
        OutsideRequest(host: "\(name).blob.core.\(address.domain)", path: "/conteneur/blob")
      ),
    ]
    var probes: [Probe] = []
    for (event, what, request) in requests {
      let answer = try await platform.outside.request(request)
      probes.append(Probe(event: event, what: what, status: answer.status, id: answer.header("x-ms-request-id")))
    }
    return probes
  }

  /// 12.6.b
  private func events(_ platform: ObservedPlatform, _ log: PlatformLog, _ probes: [Probe], _ seen: LogEmissions) -> Finding {
    let subject = Text(
      "trois refus provoqués par la porte d'entrée et recherchés dans \(log.path) ; journal d'activité",
      "three refusals that were provoked at the front door and looked for in \(log.path); activity log")
    guard log.attributes != nil else {
      return Finding(
        ["12.6.b"], .notAssessed, subject: subject,
        reason: Text(
          "le processus n'écrit pas son journal dans \(log.path) : ce qui l'écrit ailleurs n'est pas observé.",
          "the process does not write its log to \(log.path): what writes it elsewhere is not observed."))
    }
    var gaps: [Text] = []
    for probe in probes {
      guard (400..<500).contains(probe.status), let id = probe.id else {
        gaps.append(
          Text("\(probe.what.french) a reçu \(probe.status) au lieu d'un refus.", "\(probe.what.english) got \(probe.status) and no refusal."))
        continue
      }
      if !log.holds(request: id) {
        gaps.append(Text("\(probe.what.french) ne laisse aucune trace dans le journal.", "\(probe.what.english) leaves no trace in the log."))
      } else if probe.event == .signIn, !log.holds(request: id, where: { $0.message.hasPrefix(Self.signInMessage) }) {
        gaps.append(
          Text(
            "\(probe.what.french) ne laisse que la ligne de sa requête : ni le compte, ni l'adresse.",
            "\(probe.what.english) leaves but its request's line: neither the account nor the address."))
      }
    }
    let writes = log.lines.count { Self.isDirectoryWrite($0, platform.site.address.host("graph")) }
    if writes > 0, seen.times[Event.directory.rawValue] == nil {
      gaps.append(
        Text(
          "\(writes) changements d'annuaire récents (comptes, groupes, rôles) ne disent pas leur auteur.",
          "\(writes) recent changes of the directory (accounts, groups, roles) do not say their author."))
    }
    return Finding(
      ["12.6.b"], subject: subject, looked: probes.count, gaps: gaps, nothing: Text("", ""),
      figures: [
        .init("refus provoqués", "refusals provoked", probes.count),
        .init("refus retrouvés", "refusals found", probes.count { $0.id.map { log.holds(request: $0) } ?? false }),
        .init("lignes récentes lues", "recent lines read", log.lines.count), .init("lignes illisibles", "malformed lines", log.malformed),
        .init("changements d'annuaire récents", "recent changes of the directory", writes),
      ], evidence: ["evenements": seen.json])
  }

  static let signInMessage = "sign-in"
  static let directoryMessage = "directory change"

  private static func isDirectoryWrite(_ line: PlatformLog.Line, _ host: String) -> Bool {
    guard line.message == "request", let method = line.members["method"]?.string, method != "GET", method != "HEAD", method != "OPTIONS" else {
      return false
    }
    let asked = line.members["host"]?.string ?? ""
    return (asked == host || asked.hasPrefix(host + ":")) && line.members["status"]?.string?.first == "2"
  }

  // MARK: Sources

  /// 12.6.a: the matrix of sources and events, and that each source speaks.
  private func sources(_ platform: ObservedPlatform, _ log: PlatformLog, _ seen: LogEmissions) -> Finding {
    let sources = Dictionary(grouping: Event.allCases, by: \.source)
    let silent = sources.filter { $0.value.allSatisfy { seen.times[$0.rawValue] == nil } }.keys.sorted()
    let subject = Text(
      "matrice des sources et des événements, et dernière émission de chacun", "matrix of sources and events, and the latest emission of each")
    let figures: [Finding.Figure] = [
      .init("sources", "sources", sources.count), .init("événements de la matrice", "events of the matrix", Event.allCases.count),
      .init("événements déjà émis", "events emitted so far", seen.times.count),
    ]
    if !silent.isEmpty {
      let names = silent.joined(separator: ", ")
      return Finding(
        ["12.6.a"], .notAssessed, subject: subject,
        reason: Text("sources qui n'ont encore rien émis : \(names).", "sources that have not emitted anything yet: \(names)."), figures: figures,
        evidence: ["matrice": seen.json])
    }
    let period = Duration.seconds(Self.emissionDays * 86400)
    let quiet = sources.filter { source in
      source.value.compactMap { seen.times[$0.rawValue] }.max().map { $0.advanced(by: period) < platform.now } ?? false
    }.keys.sorted()
    return Finding(
      ["12.6.a"], subject: subject, looked: sources.count,
      gaps: quiet.map {
        Text("« \($0) » n'a rien émis depuis \(Self.emissionDays) jours.", "“\($0)” has emitted nothing for \(Self.emissionDays) days.")
      }, nothing: Text("", ""), figures: figures, evidence: ["matrice": seen.json])
  }

  /// A platform that is administered at all changes something within so many days.
  private static let emissionDays = 31

  private func activity(_ platform: ObservedPlatform, _ seen: inout LogEmissions) async throws {
    let (now, random) = (platform.now, platform.random)
    let entries = try await platform.records.read { reader in
      try random.sample(try TenantLog.all(in: reader), Self.maximumPlaces).flatMap {
        try ActivityLog.entries(tenant: $0.tenant, subscription: $0.subscription, until: now, limit: 4, in: reader)
      }
    }
    for entry in entries {
      seen.note(.change, entry.time)
      if entry.operationName.lowercased().hasPrefix(Self.rolePrefix) { seen.note(.right, entry.time) }
    }
  }

  private static func note(_ log: PlatformLog, _ seen: inout LogEmissions, now: Timestamp) {
    for line in log.lines {
      let time = min(line.time ?? now, now)
      if line.message == "request" {
        seen.note(.request, time)
        if let status = line.members["status"]?.string, status == "401" || status == "403" { seen.note(.refusal, time) }
        if line.members["host"]?.string?.contains(".blob.") == true { seen.note(.dataAccess, time) }
      }
      if line.message.hasPrefix(signInMessage) { seen.note(.signIn, time) }
      if line.message.hasPrefix(directoryMessage) { seen.note(.directory, time) }
      if ["warning", "error", "critical"].contains(line.level) { seen.note(.failure, time) }
    }
  }

  // MARK: Retention

  /// 12.6.c
  private func retention(_ platform: ObservedPlatform, _ log: PlatformLog) async throws -> [Finding] {
    let check = try await LogMark.check(platform)
    let today = Int(platform.now.seconds / 86400)
    var gaps: [Text] = []
    if ResourceManagerLimits.activityLogRetentionDays < LogMark.retentionDays {
      gaps.append(
        Text(
          "le journal d'activité est effacé après \(ResourceManagerLimits.activityLogRetentionDays) jours.",
          "the activity log is removed after \(ResourceManagerLimits.activityLogRetentionDays) days."))
    }
    if check.missing > 0 {
      gaps.append(
        Text(
          "\(check.missing) entrées du journal d'activité ont disparu avant \(LogMark.retentionDays) jours.",
          "\(check.missing) entries of the activity log vanished before \(LogMark.retentionDays) days."))
    }
    let age = Int((platform.now.seconds - platform.site.created.seconds) / 86400)
    let activity = Finding(
      ["12.6.c"],
      subject: Text(
        "entrées du journal d'activité relevées les jours passés, et durée de conservation",
        "entries of the activity log that were noted on past days, and time of retention"),
      looked: check.looked, gaps: gaps,
      nothing: Text(
        "aucune entrée n'a encore été relevée : la conservation se verra aux prochaines observations.",
        "no entry was noted yet: the coming observations will see whether it is kept."),
      figures: [
        .init("âge de la plateforme", "age of the platform", age, unit: "jours"),
        .init("plus vieux relevé", "oldest note", check.oldestDay.map { today - $0 } ?? 0, unit: "jours"),
        .init("entrées recherchées", "entries looked for", check.looked), .init("entrées disparues", "entries vanished", check.missing),
        .init("conservation réglée", "retention that is set", ResourceManagerLimits.activityLogRetentionDays, unit: "jours"),
        .init("conservation exigée", "retention that is asked for", LogMark.retentionDays, unit: "jours"),
      ])
    return [activity, try await fileRetention(platform, log)]
  }

  private func fileRetention(_ platform: ObservedPlatform, _ log: PlatformLog) async throws -> Finding {
    let subject = Text("début du fichier \(log.path), comparé à ce qu'il était", "beginning of the file \(log.path), compared with what it was")
    guard let head = try await LogHead.check(log, platform) else {
      return Finding(
        ["12.6.c"], .notAssessed, subject: subject,
        reason: log.attributes == nil
          ? Text("le processus n'écrit pas son journal dans \(log.path).", "the process does not write its log to \(log.path).")
          : Text("le début du fichier vient d'être relevé pour la première fois.", "the beginning of the file was noted for the first time just now.")
      )
    }
    return Finding(
      ["12.6.c"], subject: subject, looked: 1,
      gaps: head.isKept
        ? []
        : [
          Text(
            "le fichier a été tronqué ou remplacé depuis le \(head.since.iso8601), avant \(LogMark.retentionDays) jours.",
            "the file was cut or replaced since \(head.since.iso8601), before \(LogMark.retentionDays) days.")
        ], nothing: Text("", ""),
      figures: [
        .init("suivi depuis", "watched for", Int((platform.now.seconds - head.since.seconds) / 86400), unit: "jours"),
        .init("taille du journal", "size of the log", log.attributes?.bytes ?? 0, unit: "octets"),
      ])
  }

  // MARK: Exports

  /// 12.6.d: what one client would be given.
  private func exports(_ platform: ObservedPlatform) async throws -> [Finding] {
    let (now, random) = (platform.now, platform.random)
    let (tenants, entries, strangers) = try await platform.records.read { reader in
      let logs = Dictionary(grouping: try TenantLog.all(in: reader), by: \.tenant)
      var entries = 0
      var strangers: [Text] = []
      let tenants = random.sample(logs.keys.sorted(), Self.exportedTenants)
      for tenant in tenants {
        let own = logs[tenant] ?? []
        let subscriptions = Set(own.compactMap(\.subscription))
        for log in own {
          for entry in try ActivityLog.entries(
            tenant: tenant, subscription: log.subscription, until: now, limit: Self.exportedEntries / max(1, own.count), in: reader)
          {
            entries += 1
            let named = ResourceID(entry.resourceID)?.subscription
            let isOwn = entry.tenant == tenant && entry.subscription == log.subscription && named.map(subscriptions.contains) ?? true
            if !isOwn {
              strangers.append(
                Text(
                  "l'export du client \(tenant) contient une entrée d'un autre client.",
                  "the export of the tenant \(tenant) holds an entry of another."))
            }
          }
        }
      }
      return (tenants, entries, strangers)
    }
    return [
      Finding(
        ["12.6.d"], subject: Text("export du journal d'activité d'un échantillon de clients", "export of the activity log of a sample of tenants"),
        looked: entries, gaps: strangers, nothing: Text("le journal d'activité est vide.", "the activity log is empty."),
        figures: [
          .init("clients exportés", "tenants exported", tenants.count), .init("entrées exportées", "entries exported", entries),
          .init("entrées étrangères", "foreign entries", strangers.count),
        ]),
      Finding(
        ["12.6.d"], .notAssessed, subject: Text("connexions et accès aux données d'un client", "sign-ins and data accesses of a tenant"),
        reason: Text(
          "seul le journal d'activité s'exporte par client ; connexions et accès aux données ne sont pas encore tenus par client.",
          "the activity log alone can be exported by tenant; sign-ins and data accesses are not kept by tenant yet.")),
    ]
  }
}

/// When each event was last seen.
struct LogEmissions: Record, Codable, Equatable {
  static let kind = "secnumcloud.logEmissions"
  static let key = RecordKey(tenant: .zero, "emissions")

  var times: [String: Timestamp] = [:]
  var key: RecordKey { Self.key }

  /// To the day: a record that is written at every look would be written for nothing.
  mutating func note(_ event: ControlLOG01.Event, _ time: Timestamp) {
    let day = Timestamp(seconds: time.seconds / 86400 * 86400)
    times[event.rawValue] = max(times[event.rawValue] ?? day, day)
  }

  var json: JSON {
    .array(
      ControlLOG01.Event.allCases.map { event in
        .object([
          "source": .string(event.source), "evenement": .string(event.rawValue), "dernier_jour": times[event.rawValue].map { .string($0.iso8601) },
        ])
      })
  }
}
