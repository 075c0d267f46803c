internal import Access
public import Base
public import Declarations
internal import Identity
internal import Keyring
internal import Ledger
internal import Logging
internal import Records

/// The end of tenants' contracts: a formal notice, then an erasure that begins with the destruction of the tenant's keys and goes on, after any crash,
/// until nothing is left and a certificate says so.
public struct TenantErasure: Sendable {
  let platform: ObservedPlatform
  let resources: any TenantResources

  public init(platform: ObservedPlatform, resources: any TenantResources) {
    self.platform = platform
    self.resources = resources
  }

  /// Why a command is refused.
  public struct Refusal: Error, CustomStringConvertible {
    public var text: Text

    init(_ french: String, _ english: String) { text = Text(french, english) }

    public var description: String { "\(text.french) — \(text.english)" }
  }

  // MARK: Who

  /// A tenant as the operator's commands show it.
  public struct Entry: Sendable {
    public enum State: String, Sendable {
      case active, notice, erasing, erased
    }

    public var tenant: GUID
    /// Nil of one that was erased.
    public var name: String?
    public var state: State
    /// The last day of the notice.
    public var lastDay: CalendarDate?
    public var erased: Timestamp?
    public var waitsFor: Text?
  }

  /// Every tenant that is there, those whose erasure is under way, and those that were erased.
  public func list() async throws -> [Entry] {
    let identity = platform.identity
    return try await platform.records.read { reader in
      let probes = try own(in: reader)
      let ends = Dictionary(try ContractEnd.all(in: reader).filter { !$0.isProbe }.map { ($0.tenant, $0) }) { first, _ in first }
      var entries = try identity.tenants(limit: ObservationLimits.maximumListed, in: reader).filter { !probes.contains($0.id) }.map { tenant in
        Entry(
          tenant: tenant.id, name: name(of: tenant), state: ends[tenant.id] == nil ? .active : .notice, lastDay: ends[tenant.id]?.lastDay)
      }
      entries += ends.values.filter { $0.erasure != nil }.sorted { $0.name < $1.name }.map {
        Entry(tenant: $0.tenant, name: $0.name, state: .erasing, lastDay: $0.lastDay, waitsFor: $0.erasure?.waitsFor)
      }
      entries += try ErasureCertificate.all(in: reader).map { Entry(tenant: $0.tenant, state: .erased, lastDay: $0.lastDay, erased: $0.completed) }
      return entries
    }
  }

  /// The name that `tenant add` was given: the first label of the domain. For another tenant, its first domain.
  private func name(of tenant: Tenant) -> String {
    let (domain, suffix) = (tenant.domains.first ?? "", "." + platform.site.address.domain)
    return domain.hasSuffix(suffix) ? String(domain.dropLast(suffix.count)) : domain
  }

  /// The tenant of a name, a domain or an id, which must not be the platform's own.
  private func tenant(_ name: String, in reader: any RecordReader) throws -> Tenant {
    let identity = platform.identity
    let found =
      try GUID(name).flatMap { try identity.tenant($0, in: reader) }
      ?? identity.tenant(domain: "\(name).\(platform.site.address.domain)", in: reader) ?? identity.tenant(domain: name, in: reader)
    let first = try identity.tenant(platform.site.tenant, in: reader)
    guard let tenant = found ?? (first?.displayName.lowercased() == name.lowercased() ? first : nil) else {
      throw Refusal("Il n'y a pas de locataire « \(name) ».", "There is no tenant “\(name)”.")
    }
    guard tenant.id != platform.site.tenant, try !own(in: reader).contains(tenant.id) else {
      throw Refusal(
        "« \(name) » est un locataire de la plateforme elle-même : il finit avec elle.",
        "“\(name)” is one of the platform's own tenants: it ends with it.")
    }
    return tenant
  }

  /// Tenants that the platform made to look at itself with.
  private func own(in reader: any RecordReader) throws -> Set<GUID> {
    let probes = try reader.list(ProbeTenant.self, under: RecordKey(tenant: .zero), limit: ProbeTenant.names.count)
    return try ThrowawayTenant.all(in: reader).union(probes.map(\.tenant))
  }

  /// The end under way of a tenant, by its name or id.
  private func ending(_ name: String, in reader: any RecordReader) throws -> ContractEnd? {
    if let id = GUID(name) { return try reader.fetch(ContractEnd.self, ContractEnd.key(id)) }
    return try ContractEnd.all(in: reader).first { $0.name == name && !$0.isProbe }
  }

  // MARK: Notice

  /// Records that a tenant was told, today, of the last day of its contract. Throws `Refusal` where that day is less than 21 days off.
  @discardableResult
  public func giveNotice(_ name: String, lastDay: CalendarDate) async throws -> ContractEnd {
    let now = platform.now
    let end = try await platform.records.write { transaction in
      if let end = try ending(name, in: transaction) {
        throw Refusal(
          "« \(name) » a déjà un préavis, jusqu'au \(end.lastDay) : annulez-le d'abord (--cancel).",
          "“\(name)” has a notice already, until \(end.lastDay): cancel it first (--cancel).")
      }
      let tenant = try tenant(name, in: transaction)
      guard ContractEnd.isLongEnough(lastDay, from: now) else {
        let first = CalendarDate(now).adding(days: ContractEnd.noticeDays)
        throw Refusal(
          "Le préavis est de \(ContractEnd.noticeDays) jours calendaires au moins : jusqu'au \(first) ou plus tard.",
          "The notice is of \(ContractEnd.noticeDays) calendar days at least: until \(first) or later.")
      }
      let end = ContractEnd(tenant: tenant.id, name: self.name(of: tenant), notified: now, lastDay: lastDay)
      try transaction.save(end)
      return end
    }
    platform.logger.notice("notice of a contract's end", metadata: ["tenant": "\(end.tenant)", "lastDay": "\(lastDay)"])
    return end
  }

  /// Takes a notice back. Nothing brings back what is being erased.
  @discardableResult
  public func cancelNotice(_ name: String) async throws -> ContractEnd {
    let end = try await platform.records.write { transaction in
      guard let end = try ending(name, in: transaction) else {
        throw Refusal("« \(name) » n'a pas de préavis.", "“\(name)” has no notice.")
      }
      guard end.erasure == nil else {
        throw Refusal(
          "L'effacement de « \(name) » est commencé : ses clés sont détruites.", "The erasure of “\(name)” has begun: its keys are destroyed.")
      }
      try transaction.remove(ContractEnd.self, end.key)
      return end
    }
    platform.logger.notice("notice of a contract's end cancelled", metadata: ["tenant": "\(end.tenant)"])
    return end
  }

  // MARK: Beginning

  /// Begins the erasure of a tenant whose notice is over, and gives its id; of one that was begun already, too. From the commit on nobody signs in to
  /// the tenant and nothing of it can be read; `run` does the rest. Throws `Refusal`.
  public func begin(_ name: String) async throws -> GUID {
    let now = platform.now
    let end = try await platform.records.read { reader in
      if let end = try ending(name, in: reader) { return end }
      _ = try tenant(name, in: reader)
      throw Refusal(
        "« \(name) » n'a pas de préavis : « cocagne tenant end \(name) --notice DATE » d'abord.",
        "“\(name)” has no notice: “cocagne tenant end \(name) --notice DATE” first.")
    }
    guard end.erasure == nil else { return end.tenant }
    guard end.isOver(at: now) else {
      throw Refusal(
        "Le préavis de « \(name) » court jusqu'au \(end.lastDay) inclus.", "The notice of “\(name)” runs until \(end.lastDay) inclusive.")
    }
    let unserved = try await resources.unserved(of: end.tenant)
    guard unserved.isEmpty else {
      let listed = unserved.prefix(Self.maximumNamed).joined(separator: ", ")
      throw Refusal(
        "Ce nuage tourne sans ce qui ferait disparaître \(unserved.count) ressource(s) de « \(name) » : \(listed).",
        "This cloud runs without what would take \(unserved.count) resource(s) of “\(name)” away: \(listed).")
    }
    try await begin(end)
    platform.logger.notice("tenant's erasure begun", metadata: ["tenant": "\(end.tenant)"])
    return end.tenant
  }

  /// Begins the erasure of a tenant that the platform made to try this with.
  func begin(_ probe: ThrowawayTenant) async throws {
    let now = platform.now
    try await begin(ContractEnd(tenant: probe.id, name: probe.id.description, notified: now, lastDay: CalendarDate(now), isProbe: true))
  }

  private static let maximumNamed = 10

  /// One transaction: the tenant is out of the cloud, its keys are destroyed, and its erasure is recorded.
  private func begin(_ end: ContractEnd) async throws {
    let (identity, access, keyring, resources) = (platform.identity, platform.access, platform.keyring, resources)
    let found = try await inventory(end.tenant)
    let files = try await platform.machines?.disks().filter { $0.tenant == end.tenant }.map(\.path) ?? []
    let (now, entryID) = (platform.now, platform.random.guid())
    try await platform.records.write { transaction in
      if !end.isProbe {
        // It may have been cancelled, or begun, meanwhile.
        guard let current = try transaction.fetch(ContractEnd.self, end.key), current.notified == end.notified else {
          throw Refusal("Le préavis de « \(end.name) » vient d'être annulé.", "The notice of “\(end.name)” has just been cancelled.")
        }
        guard current.erasure == nil else { return }
      }
      try identity.closeTenant(end.tenant, in: transaction)
      for guest in try identity.removeGuests(ofHome: end.tenant, limit: Self.batch, in: transaction) {
        try access.unassignAll(of: guest.id, tenant: guest.tenant, in: transaction)
      }
      try resources.forget(end.tenant, in: transaction)
      let keys = try keyring.destroyTenantKeys(end.tenant, in: transaction)
      var begun = end
      begun.erasure = ContractEnd.Erasure(
        begun: now, keys: keys.keys, tenantKeyCount: keys.tenantKeyCount, dataKeyCount: keys.dataKeyCount, found: found,
        diskFiles: Array(files.prefix(Self.maximumDiskFiles)))
      try transaction.save(begun)
      if !end.isProbe { try begun.entry(id: entryID, at: now).append(in: transaction) }
    }
  }

  /// Records of one kind that one transaction removes.
  static let batch = 256
  /// Disks' paths that an erasure remembers.
  private static let maximumDiskFiles = 10_000
  private static let inventoryPage = 1000

  /// How many records there are of each kind: filed under the tenant, or filed under the platform and naming it.
  private func inventory(_ tenant: GUID) async throws -> [String: Int] {
    var counts: [String: Int] = [:]
    var position: KeyBytes?
    repeat {
      let page = try await platform.records.read { [position] in try $0.entries(of: tenant, after: position, limit: Self.inventoryPage) }
      for entry in page where !entry.isIndexEntry { counts[entry.kind, default: 0] += 1 }
      position = page.count < Self.inventoryPage ? nil : page.last?.key
    } while position != nil
    for kind in try await platformRecords(of: tenant) { counts[kind, default: 0] += 1 }
    return counts
  }

  /// Kinds of the platform's records that name a tenant, once for each record. What SecNumCloud keeps is about the tenant and is not the tenant's.
  func platformRecords(of tenant: GUID) async throws -> [String] {
    let search = TenantSearch([tenant])
    var kinds: [String] = []
    var position: KeyBytes?
    repeat {
      let page = try await platform.records.read { [position] in try search.records(after: position, limit: Self.inventoryPage, in: $0) }
      kinds += page.found.map(\.entry.kind).filter { !$0.hasPrefix(Self.ownKinds) }
      position = page.next
    } while position != nil
    return kinds
  }

  static let ownKinds = "secnumcloud."
}
