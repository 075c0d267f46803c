internal import Base
internal import Catalogue
internal import Declarations
internal import Identity
internal import Records
internal import Storage
internal import Wire

/// Ends of contracts: a whole one is tried, notices are not overstayed, and of who was erased nothing has come back.
public struct ControlFIN01: ControlObservation {
  public let control = "CTL-FIN-01"
  public let test = "CTL-FIN-01Tests: a record of an erased client that is back is seen, and its removal too"

  public init() {}

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    // First, so that what it leaves behind is seen below.
    let probe = try await ErasureProbe(platform: platform).look()
    var findings = [self.probe(probe)]
    if let finding = try await notices(platform) { findings.append(finding) }
    let certificates = try await platform.records.read { try ErasureCertificate.all(in: $0) }
    guard !certificates.isEmpty else { return findings }
    findings += try await remains(platform, certificates)
    findings += try await backups(platform, certificates)
    return findings
  }

  private static let maximumNamed = 20

  // MARK: The trial

  private func probe(_ look: ErasureProbe.Look) -> Finding {
    Finding(
      ["19.4.a", "19.4.b"],
      subject: Text(
        "fin de contrat d'un locataire d'essai, fait et effacé pour l'occasion par les étapes qui effacent un client : destruction des clés, porte "
          + "d'entrée, extent et secret, enregistrements, certificat signé",
        "end of contract of a tenant that was made and erased for the occasion, by the steps that erase a client: destruction of keys, front door, "
          + "extent and secret, records, signed certificate"),
      looked: look.attempts, gaps: look.gaps, nothing: Text("rien n'a pu être essayé.", "nothing could be tried."),
      figures: [
        .init("essais après la destruction des clés", "attempts after the destruction of the keys", look.attempts),
        .init("clés détruites nommées au certificat", "destroyed keys named in the certificate", look.destroyedKeys),
        .init("octets bruts examinés", "raw bytes looked at", look.rawBytes, unit: "octets"),
      ],
      evidence: ["efface": .object(JSON.Object(look.erased.sorted { $0.key < $1.key }.map { (name: $0.key, value: .integer(Int64($0.value))) }))])
  }

  // MARK: Notices

  /// An erasure that lasts longer is stuck.
  private static let maximumErasure: Duration = .seconds(86400)

  /// 19.4.a: what is announced is done. Nil where no contract is ending.
  private func notices(_ platform: ObservedPlatform) async throws -> Finding? {
    let now = platform.now
    let ends = try await platform.records.read { try ContractEnd.all(in: $0) }.filter { !$0.isProbe }
    guard !ends.isEmpty else { return nil }
    let gaps = ends.compactMap { end -> Text? in
      guard let erasure = end.erasure else {
        guard end.isOver(at: now) else { return nil }
        return Text(
          "le préavis du client \(end.tenant) est échu depuis le \(end.lastDay) et rien n'est effacé.",
          "the notice of the client \(end.tenant) has been over since \(end.lastDay) and nothing is erased.")
      }
      guard erasure.begun.advanced(by: Self.maximumErasure) < now else { return nil }
      return Text(
        "l'effacement du client \(end.tenant) dure depuis le \(erasure.begun.iso8601) : \(erasure.waitsFor?.french ?? "?")",
        "the erasure of the client \(end.tenant) has been going on since \(erasure.begun.iso8601): \(erasure.waitsFor?.english ?? "?")")
    }
    return Finding(
      ["19.4.a"], subject: Text("préavis de fin de contrat et effacements en cours", "notices of contracts' ends and erasures under way"),
      looked: ends.count, gaps: gaps, nothing: Text("", ""),
      figures: [
        .init("préavis en cours", "notices", ends.count { $0.erasure == nil }),
        .init("effacements en cours", "erasures", ends.count { $0.erasure != nil }),
      ],
      evidence: [
        "preavis": .array(
          ends.prefix(Self.maximumNamed).map {
            ["client": .string($0.tenant.description), "notifie": .string($0.notified.iso8601), "dernierJour": .string($0.lastDay.description)]
          })
      ])
  }

  // MARK: Who was erased

  private static let sampledCertificates = 256

  /// What of erased clients is there again, or still.
  private struct Remains {
    /// Of certificates.
    var gaps: [Text] = []
    /// Of whatever kind.
    var data: [Text] = []
    /// Of directory, names, subscriptions: what is no client's content.
    var technical: [Text] = []
    var looked = 0

    mutating func add(_ kind: String, of tenant: GUID) {
      let gap = Text("il reste du client effacé \(tenant) : \(kind).", "of the erased client \(tenant) there is left: \(kind).")
      data.append(gap)
      if !Self.contentKinds.contains(where: { kind.hasPrefix($0) }) { technical.append(gap) }
    }

    private static let contentKinds = [
      "extent", "keyring.", "storage.blob", "storage.block", "storage.payload", "storage.uncommitted", "compute.disk",
    ]
  }

  private func remains(_ platform: ObservedPlatform, _ certificates: [ErasureCertificate]) async throws -> [Finding] {
    let sample = platform.random.sample(certificates, Self.sampledCertificates)
    var remains = Remains()
    for certificate in sample {
      check(certificate, platform, &remains)
      try await look(for: certificate.tenant, platform, &remains)
      for file in certificate.diskFiles where try platform.host.attributes(of: file) != nil {
        remains.add("compute.disk (\(file))", of: certificate.tenant)
      }
    }
    let tenants = Set(sample.map(\.tenant))
    let disks = try await platform.machines?.disks().filter { tenants.contains($0.tenant) } ?? []
    for disk in disks { remains.add("compute.disk (\(disk.path))", of: disk.tenant) }
    for account in try await platform.records.read({ try StorageAccounts.keyHolders(limit: ObservationLimits.maximumListed, in: $0) })
    where tenants.contains(account.tenant) {
      remains.add("storage.account", of: account.tenant)
    }
    try await search(tenants, platform, &remains)
    return findings(remains, sample, of: certificates.count)
  }

  private func findings(_ remains: Remains, _ sample: [ErasureCertificate], of total: Int) -> [Finding] {
    let subject = Text(
      "enregistrements, clés, extents, fichiers de disques, identités, domaines, souscriptions et noms de comptes des clients effacés ; leurs certificats",
      "records, keys, extents, disk files, identities, domains, subscriptions and account names of erased clients; their certificates")
    let figures: [Finding.Figure] = [
      .init(
        sample.count == total ? "clients effacés" : "échantillon de clients effacés sur \(total)",
        sample.count == total ? "erased clients" : "sample of erased clients of \(total)", sample.count),
      .init("entrées de la plateforme examinées (par tranches)", "entries of the platform looked through (by slices)", remains.looked),
    ]
    let evidence: JSON = [
      "certificats": .array(
        sample.prefix(Self.maximumNamed).map {
          [
            "client": .string($0.tenant.description), "efface": .string($0.completed.iso8601),
            "empreinte": .string(sha256Hexadecimal($0.statement.utf8)),
          ]
        })
    ]
    let nothing = Text("", "")
    return [
      Finding(
        ["19.4.a"], subject: subject, looked: sample.count, gaps: remains.gaps + remains.data, nothing: nothing, figures: figures, evidence: evidence),
      Finding(["19.4.b"], subject: subject, looked: sample.count, gaps: remains.technical, nothing: nothing, figures: figures, evidence: evidence),
    ]
  }

  private func check(_ certificate: ErasureCertificate, _ platform: ObservedPlatform, _ remains: inout Remains) {
    if !certificate.isValid(platform.evidenceKey) {
      remains.gaps.append(
        Text(
          "le certificat d'effacement du client \(certificate.tenant) n'est pas celui que la plateforme a signé.",
          "the certificate of erasure of the client \(certificate.tenant) is not the one that the platform signed."))
    }
    if !ContractEnd.isLongEnough(certificate.lastDay, from: certificate.notified) || CalendarDate(certificate.begun) <= certificate.lastDay {
      remains.gaps.append(
        Text(
          "le client \(certificate.tenant) a été effacé sans ses \(ContractEnd.noticeDays) jours de préavis.",
          "the client \(certificate.tenant) was erased without its \(ContractEnd.noticeDays) days of notice."))
    }
  }

  private func look(for tenant: GUID, _ platform: ObservedPlatform, _ remains: inout Remains) async throws {
    let identity = platform.identity
    let (kinds, isThere, guests) = try await platform.records.read { reader in
      (
        Set(try reader.entries(of: tenant, limit: Self.maximumNamed).map(\.kind)), try identity.isTenant(tenant, in: reader),
        try identity.guests(ofHome: tenant, limit: 1, in: reader).count
      )
    }
    for kind in kinds.sorted() { remains.add(kind, of: tenant) }
    if isThere { remains.add("identity.tenant", of: tenant) }
    if guests > 0 { remains.add("identity.user", of: tenant) }
  }

  // MARK: What the platform itself keeps

  /// How far the slices of earlier looks came.
  private struct Place: Record, Codable {
    static let kind = "secnumcloud.erasureSearch"
    static let key = RecordKey(tenant: .zero, "place")
    var records: [UInt8]?
    var indexEntries: [UInt8]?
    var key: RecordKey { Self.key }
  }

  /// Entries of one slice. A platform that has fewer is looked through as a whole each day, one that has more in turns.
  private static let slice = 50_000
  private static let page = 5000

  private func search(_ tenants: Set<GUID>, _ platform: ObservedPlatform, _ remains: inout Remains) async throws {
    let search = TenantSearch(tenants)
    var place = try await platform.records.read { try $0.fetch(Place.self, Place.key) } ?? Place()
    place.records = try await slice(from: place.records, platform, &remains) { try search.records(after: $0, limit: Self.page, in: $1) }
    place.indexEntries = try await slice(from: place.indexEntries, platform, &remains) {
      try search.indexEntries(after: $0, limit: Self.page, in: $1)
    }
    let reached = place
    try await platform.records.write { try $0.save(reached) }
  }

  /// Looks through the next slice, and gives where the one after it begins.
  private func slice(
    from start: [UInt8]?, _ platform: ObservedPlatform, _ remains: inout Remains,
    _ page: @escaping @Sendable (KeyBytes?, any RecordReader) throws -> TenantSearch.Page
  ) async throws -> [UInt8]? {
    var position = start.map { KeyBytes($0) }
    var looked = 0
    repeat {
      let found = try await platform.records.read { [position] in try page(position, $0) }
      looked += found.looked
      for hit in found.found where !hit.entry.kind.hasPrefix(TenantErasure.ownKinds) { remains.add(hit.entry.kind, of: hit.tenant) }
      position = found.next
    } while position != nil && looked < Self.slice
    remains.looked += looked
    return position?.bytes
  }

  // MARK: Backups

  /// 19.4.a: a backup from before an erasure holds what was erased, keys and all.
  private func backups(_ platform: ObservedPlatform, _ certificates: [ErasureCertificate]) async throws -> [Finding] {
    guard let latest = certificates.map(\.completed).max() else { return [] }
    let catalogue = try await BackupCatalogue(platform)
    let earlier = catalogue.backups.filter { $0.time < latest }
    guard !earlier.isEmpty else { return [] }
    let subject = Text("sauvegardes faites avant un effacement", "backups from before an erasure")
    let visible = try earlier.filter { try platform.host.attributes(of: $0.folder) != nil }
    let gaps = visible.map {
      Text(
        "la sauvegarde \($0.id) du \($0.time.iso8601) contient encore un client effacé depuis : \($0.folder).",
        "the backup \($0.id) of \($0.time.iso8601) still holds a client that was erased since: \($0.folder).")
    }
    var findings = [
      Finding(
        ["19.4.a"], subject: subject, looked: earlier.count, gaps: gaps, nothing: Text("", ""),
        figures: [
          .init("sauvegardes antérieures connues", "earlier backups known", earlier.count), .init("dont présentes", "of which there", visible.count),
        ])
    ]
    // Of its own, too: a medium that is not mounted is not destroyed.
    let destroyed = catalogue.register?.value.destroyed ?? []
    let unseen = earlier.filter { !visible.contains($0) && !destroyed.contains($0.id) }
    if let first = unseen.first {
      findings.append(
        Finding(
          ["19.4.a"], .notAssessed, subject: subject,
          reason: Text(
            "\(unseen.count) sauvegarde(s) ne se voient pas d'ici (\(first.id)) : déclarez au registre, sous « detruites », celles qui le sont.",
            "\(unseen.count) backup(s) cannot be seen from here (\(first.id)): declare those that are destroyed under “detruites”.")))
    }
    return findings
  }
}
