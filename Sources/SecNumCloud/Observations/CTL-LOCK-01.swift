internal import Base
internal import Catalogue
internal import Declarations
internal import Edge
internal import Ledger
internal import Lockbox
internal import Operators
internal import Records
internal import Synchronization
internal import Wire

/// Nobody of the provider's looks into what is a tenant's but by the tenant's consent, for a while that ends by itself, and with an entry for every look.
package struct ControlLOCK01: ControlObservation {
  package let control = "CTL-LOCK-01"
  package let test = "CTL-LOCK-01Tests: a look outside of what the tenant approved is a gap, and so is a grant whose end is not told"

  package init() {}

  private static let items: [ItemID] = ["9.7.d", "12.13.a"]

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let requests = try await Self.requests(platform)
    return [try await Self.doors(platform), Self.windows(requests, platform), try await Self.uses(requests, platform), Self.abroad].compactMap(\.self)
  }

  // MARK: Without a grant

  /// Each route that shows what is a tenant's, asked by an operator whom nobody has granted anything.
  private static func doors(_ platform: ObservedPlatform) async throws -> Finding {
    let eyes = ShutEyes()
    let lockbox = Lockbox(records: platform.records, clock: platform.clock, random: platform.random, logger: platform.logger)
    let routes = LockboxRoutes(lockbox: lockbox, eyes: eyes).routes.filter { if case .grant = $0.access { true } else { false } }
    let now = platform.now
    let group = "/subscriptions/\(platform.random.guid())/resourceGroups/canari"
    let account = "\(group)/providers/Microsoft.Storage/storageAccounts/canari"
    let query = Query(items: [("id", account), ("group", group), ("account", account), ("container", "canari"), ("blob", "canari")])
    let caller = OperatorPrincipal(
      id: platform.random.guid(), name: "Sonde SecNumCloud", email: "sonde@\(platform.site.address.domain)", roles: Set(OperatorRole.allCases))
    var gaps: [Text] = []
    for route in routes {
      let request = EdgeRequest(
        method: route.method, path: route.pattern, query: query, host: platform.site.address.host("operations"),
        identifiers: RequestIdentifiers(request: platform.random.guid()))
      let call = OperatorCall(request: request, parameters: ["id": platform.random.guid().description], caller: caller, now: now)
      do {
        _ = try await route.run(call)
        gaps.append(
          Text("\(route.method) \(route.pattern) a répondu sans accord.", "\(route.method) \(route.pattern) answered without a grant."))
      } catch let error as CloudError {
        // Another error would not be a refusal.
        guard ![403, 404].contains(error.status) else { continue }
        throw ObservationFailure(
          "\(route.pattern) a répondu \(error.status) à la sonde : cela ne prouve rien.",
          "\(route.pattern) answered \(error.status) to the probe: that proves nothing.")
      }
    }
    if eyes.count > 0 {
      gaps.append(Text("\(eyes.count) regards ont eu lieu sans accord.", "\(eyes.count) looks took place without a grant."))
    }
    return Finding(
      items,
      subject: Text(
        "les routes des opérateurs qui montrent des données de clients, demandées sans accord",
        "the operators' routes that show tenants' data, asked for without a grant"),
      looked: routes.count, gaps: gaps, nothing: Text("aucune route n'a été trouvée.", "no route was found."),
      figures: [.init("routes à accord", "routes with a grant", routes.count)],
      evidence: ["routes": .array(routes.map { .string("\($0.method) \($0.pattern)") })])
  }

  // MARK: Windows

  private static let maximumRequests = 5000
  /// How long after its end a window may stay untold.
  private static let tellingSeconds: Int64 = 300

  private static func requests(_ platform: ObservedPlatform) async throws -> [LockboxRequest] {
    let lockbox = Lockbox(records: platform.records, clock: platform.clock, random: platform.random, logger: platform.logger)
    var (all, after): ([LockboxRequest], String?) = ([], nil)
    while all.count < maximumRequests {
      let page = try await lockbox.requests(of: nil, after: after)
      all += page.requests
      guard let next = page.next else { break }
      after = next
    }
    return all
  }

  /// Nil where nobody ever asked.
  private static func windows(_ requests: [LockboxRequest], _ platform: ObservedPlatform) -> Finding? {
    guard !requests.isEmpty else { return nil }
    var gaps: [Text] = []
    for request in requests {
      if let decision = request.decision, let ends = request.ends,
        decision.time.advanced(by: .seconds(LockboxLimits.maximumHours * 3600)) < ends || ends < decision.time
      {
        gaps.append(
          Text(
            "l'accord \(request.id) dépasse \(LockboxLimits.maximumHours) heures.",
            "the grant \(request.id) is for more than \(LockboxLimits.maximumHours) hours."))
      }
      if request.ends != nil, request.decision == nil {
        gaps.append(Text("l'accord \(request.id) n'a pas de décision.", "the grant \(request.id) has no decision."))
      }
      if let due = request.due, due.advanced(by: .seconds(tellingSeconds)) < platform.now {
        gaps.append(
          Text(
            "la demande \(request.id) a pris fin le \(due.iso8601) et son retrait n'est pas inscrit.",
            "the request \(request.id) ended at \(due.iso8601), and that is not entered."))
      }
    }
    let now = platform.now
    return Finding(
      items, subject: Text("les demandes d'accès des opérateurs, et leur fin", "the operators' requests for access, and their ends"),
      looked: requests.count, gaps: gaps, nothing: Text("", ""),
      figures: LockboxRequest.Status.allCases.map { status in
        .init(Text("demandes : \(status.rawValue)", "requests: \(status.rawValue)"), Double(requests.count { $0.status(at: now) == status }))
      })
  }

  // MARK: Looks

  /// Entries of the ledger that are looked at, the newest.
  package static let maximumEntries = 2000

  /// Each look lies within what a tenant approved, and its operator is vetted. Nil where nobody has looked.
  private static func uses(_ requests: [LockboxRequest], _ platform: ObservedPlatform) async throws -> Finding? {
    let byID = Dictionary(requests.map { ($0.id, $0) }) { first, _ in first }
    let entries = try await platform.records.read { try Ledger.newestEntries(maximumEntries, in: $0) }
    let register = try await platform.documents.register(AttestationsRegister.self)?.value
    let day = CalendarDate(platform.now)
    var (looked, gaps): (Int, [Text]) = (0, [])
    for entry in entries {
      let json = entry.json
      guard json["kind"]?.string == LedgerEntry.Kind.lockbox.rawValue, json["facts"]?["operation"]?.string == "use" else { continue }
      looked += 1
      let id = json["facts"]?["lockboxRequest"]?.string.flatMap { GUID($0) }
      guard let request = id.flatMap({ byID[$0] }), let time = json["time"]?.string.flatMap({ Timestamp(iso8601: $0) }),
        let target = json["subject"]?.string.flatMap({ ResourceID($0) })
      else {
        gaps.append(
          Text(
            "l'entrée \(entry.sequence) du registre est un regard sans demande.",
            "entry \(entry.sequence) of the ledger is a look without a request."))
        continue
      }
      let end = [request.ends, request.ended].compactMap(\.self).min()
      let isWithin = request.decision.map { $0.time <= time } ?? false && end.map { time <= $0 } ?? false
      if !isWithin || !request.covers(target) || entry.tenant != request.tenant {
        gaps.append(
          Text(
            "l'entrée \(entry.sequence) du registre est un regard hors de ce que le client a approuvé.",
            "entry \(entry.sequence) of the ledger is a look outside of what the tenant approved."))
      }
      let account = request.operatorID.description.lowercased()
      let isVetted = register?.people.contains { $0.accounts.contains(account) && $0.vetting.holds(on: day) } ?? false
      if !isVetted {
        gaps.append(
          Text(
            "l'opérateur \(account) a regardé, et son habilitation n'est pas au registre « \(AttestationsRegister.name) ».",
            "the operator \(account) has looked, and no vetting of this person is in the register “\(AttestationsRegister.name)”."))
      }
    }
    guard looked > 0 else { return nil }
    return Finding(
      items,
      subject: Text(
        "les regards des opérateurs dans les \(entries.count) dernières entrées du registre, et l'accord qui les permet",
        "the operators' looks in the last \(entries.count) entries of the ledger, and the grant that permits them"),
      looked: looked, gaps: gaps, nothing: Text("", ""), figures: [.init("regards", "looks", looked)])
  }

  // MARK: 19.2.e

  private static var abroad: Finding {
    Finding(
      ["19.2.e"], .notAssessed, subject: Text("le lieu d'où un opérateur regarde", "the place from which an operator looks"),
      reason: Text(
        "la plateforme ne connaît pas le lieu d'un opérateur, et n'a pas de superviseur en direct : un support hors de l'Union n'est pas observé.",
        "the platform does not know where an operator is, and has no supervisor on line: support from outside of the Union is not observed."))
  }
}

/// Eyes that see nothing, and count who would have looked.
private final class ShutEyes: TenantEyes {
  private let looks = Mutex(0)

  var count: Int { looks.withLock { $0 } }

  func resource(_ id: ResourceID, tenant: GUID) async throws -> JSON { throw look() }

  func resources(in group: ResourceID, tenant: GUID, after: String?, limit: Int) async throws -> (resources: [JSON], next: String?) { throw look() }

  func blobs(_ look: BlobLook, tenant: GUID) async throws -> EdgeResponse { throw self.look() }

  private func look() -> CloudError {
    looks.withLock { $0 += 1 }
    return CloudError(404, "ResourceNotFound", "The probe sees nothing.")
  }
}
