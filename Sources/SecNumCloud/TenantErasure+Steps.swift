internal import Access
public import Base
internal import Extents
internal import Identity
internal import Keyring
internal import Ledger
internal import Logging
internal import Records
public import Wire

/// The erasure itself, step by step. Each step looks at what is left and takes some of it away in one transaction: after a crash it is simply begun again.
extension TenantErasure {
  /// How far an erasure has come.
  public enum Progress: Sendable {
    /// What it waits for; nil while it works.
    case erasing(waitsFor: Text?)
    case erased(ErasureCertificate)
    /// Nothing is known of such a tenant's end.
    case none
  }

  public func progress(of tenant: GUID) async throws -> Progress {
    try await platform.records.read { reader in
      if let erasure = try reader.fetch(ContractEnd.self, ContractEnd.key(tenant))?.erasure { return .erasing(waitsFor: erasure.waitsFor) }
      return try reader.fetch(ErasureCertificate.self, ErasureCertificate.key(tenant)).map { .erased($0) } ?? .none
    }
  }

  /// What is given to the client: the statement, its signature, and the key that checks it.
  public func document(of certificate: ErasureCertificate) -> JSON { certificate.document(platform.evidenceKey) }

  /// Carries erasures on until it is cancelled: those that a command begins, and those that an earlier run left.
  public func run() async throws {
    while !Task.isCancelled {
      do {
        try await carryOn()
      } catch let error where !(error is CancellationError) {
        platform.logger.error("ends of contracts could not be read", metadata: ["error": "\(error)"])
      }
      try await Task.sleep(for: Self.pause)
    }
  }

  private static let pause: Duration = .seconds(1)
  /// An erasure of a probe's tenant is carried on by the look that began it, unless that was cut short.
  private static let probeAge: Duration = .seconds(600)

  /// Takes every erasure as far as it goes now.
  public func carryOn() async throws {
    let ends = try await platform.records.read { try ContractEnd.all(in: $0) }
    let old = platform.now.advanced(by: .zero - Self.probeAge)
    for end in ends {
      guard let erasure = end.erasure, !end.isProbe || erasure.begun < old else { continue }
      do {
        if let certificate = try await advance(end.tenant), !end.isProbe {
          platform.logger.notice("tenant erased", metadata: ["tenant": "\(certificate.tenant)"])
        }
      } catch let error where !(error is CancellationError) {
        platform.logger.error("tenant's erasure failed for now", metadata: ["tenant": "\(end.tenant)", "error": "\(error)"])
        try await wait(end.tenant, for: Text("une étape a échoué : \(error)", "a step failed: \(error)"))
      }
    }
  }

  /// Takes one erasure as far as it goes now; gives the certificate once nothing is left, nil where it has to wait. `maximumLooked` bounds the search
  /// through the platform's index entries for a tenant of which it is known that no other step leaves any.
  @discardableResult
  func advance(_ tenant: GUID, maximumLooked: Int = .max) async throws -> ErasureCertificate? {
    let left = try await resources.clear(tenant)
    guard left.isEmpty else {
      // What waits may be signed: a resource's type, no name that a client gave.
      let type = Self.type(ofResource: left[0])
      try await wait(tenant, for: Text("\(left.count) suppression(s) en cours : \(type)…", "\(left.count) deletion(s) under way: \(type)…"))
      return nil
    }
    try await removeDirectory(tenant)
    try await removeExtents(tenant)
    let kinds = Set(try await platformRecords(of: tenant)).sorted()
    guard kinds.isEmpty else {
      let listed = kinds.joined(separator: ", ")
      try await wait(tenant, for: Text("enregistrements en cours de suppression : \(listed).", "records that are being removed: \(listed)."))
      return nil
    }
    // Before what they lead to.
    try await removeIndexEntries(tenant, maximumLooked: maximumLooked)
    while try await platform.records.write({ try $0.removeEntries(of: tenant, limit: Self.batch) }) == Self.batch {}
    return try await certify(tenant, maximumLooked: maximumLooked)
  }

  /// The type alone of a resource whose id is `/…/providers/namespace/type/name/type/name`, or `/subscriptions/id/resourceGroups/name`.
  private static func type(ofResource id: String) -> String {
    let parts = id.split(separator: "/")
    guard let start = parts.indices.last(where: { $0.isMultiple(of: 2) && parts[$0].lowercased() == "providers" }), start + 1 < parts.count else {
      return parts.count > 2 ? "resourceGroups" : "subscriptions"
    }
    let pairs = parts[(start + 2)...]
    return ([parts[start + 1]] + pairs.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)).joined(separator: "/")
  }

  /// Accounts, applications, groups, sessions, roles, and guests' accounts elsewhere.
  private func removeDirectory(_ tenant: GUID) async throws {
    let (identity, access) = (platform.identity, platform.access)
    var isDone = false
    while !isDone {
      isDone = try await platform.records.write { transaction in
        let guests = try identity.removeGuests(ofHome: tenant, limit: Self.batch, in: transaction)
        for guest in guests { try access.unassignAll(of: guest.id, tenant: guest.tenant, in: transaction) }
        try access.unassignAll(under: AccessScope(tenant: tenant, path: "/"), in: transaction)
        try access.unassignAll(under: AccessScope(tenant: tenant, path: AccessScope.directory), in: transaction)
        try identity.removePendingSignIns(of: tenant, in: transaction)
        return try identity.removeDirectory(of: tenant, limit: Self.batch, in: transaction) && guests.count < Self.batch
      }
    }
  }

  /// What no deletion of an account released. Compaction gives the space back.
  private func removeExtents(_ tenant: GUID) async throws {
    let (extents, keyring) = (platform.extents, platform.keyring)
    while try await platform.records.write({ try extents.releaseAll(of: tenant, limit: Self.batch, in: $0).extents }) == Self.batch {}
    // Of a request that was under way when the keys were destroyed, and made one again.
    _ = try await platform.records.write { try keyring.destroyTenantKeys(tenant, in: $0).tenantKeyCount }
  }

  private static let indexPage = 5000

  /// Index entries that the platform has for records of the tenant, at most the first `maximumLooked` of all that it has.
  private func removeIndexEntries(_ tenant: GUID, maximumLooked: Int) async throws {
    try await forIndexEntries(of: tenant, maximumLooked: maximumLooked) { entries in
      try await platform.records.write { try $0.remove(entries) }
    }
  }

  private func forIndexEntries(of tenant: GUID, maximumLooked: Int, _ body: ([TenantEntry]) async throws -> Void) async throws {
    let search = TenantSearch([tenant])
    var position: KeyBytes?
    var looked = 0
    repeat {
      let page = try await platform.records.read { [position] in try search.indexEntries(after: position, limit: Self.indexPage, in: $0) }
      looked += page.looked
      if !page.found.isEmpty { try await body(page.found.map(\.entry)) }
      position = page.next
    } while position != nil && looked < maximumLooked
  }

  /// Looks once more for whatever may be left, and says under the platform's signature that nothing is.
  private func certify(_ tenant: GUID, maximumLooked: Int) async throws -> ErasureCertificate? {
    var leftEntries = 0
    try await forIndexEntries(of: tenant, maximumLooked: maximumLooked) { leftEntries += $0.count }
    let kinds = try await platformRecords(of: tenant)
    guard leftEntries == 0, kinds.isEmpty else { return nil }
    let end = try await platform.records.read { try $0.fetch(ContractEnd.self, ContractEnd.key(tenant)) }
    guard let end, let erasure = end.erasure else { return nil }
    if let file = try erasure.diskFiles.first(where: { try platform.host.attributes(of: $0) != nil }) {
      try await wait(tenant, for: Text("le fichier de disque \(file) est encore là.", "the disk file \(file) is still there."))
      return nil
    }
    let (now, site, key, identity) = (platform.now, platform.site, platform.evidenceKey, platform.identity)
    let entryID = platform.random.guid()
    return try await platform.records.write { transaction in
      guard try transaction.entries(of: tenant, limit: 1).isEmpty, try !identity.isTenant(tenant, in: transaction),
        try identity.guests(ofHome: tenant, limit: 1, in: transaction).isEmpty,
        try transaction.remove(ContractEnd.self, ContractEnd.key(tenant))
      else { return nil }
      let certificate = try ErasureCertificate(end, erasure, completed: now, site: site, key: key)
      if !end.isProbe {
        try transaction.save(certificate)
        try certificate.entry(id: entryID).append(in: transaction)
      }
      return certificate
    }
  }

  private func wait(_ tenant: GUID, for text: Text) async throws {
    try await platform.records.write { transaction in
      guard var end = try transaction.fetch(ContractEnd.self, ContractEnd.key(tenant)), end.erasure?.waitsFor != text else { return }
      end.erasure?.waitsFor = text
      try transaction.save(end)
    }
  }
}
