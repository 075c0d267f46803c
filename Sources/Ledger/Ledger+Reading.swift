public import Base
internal import Keyring
internal import Records
internal import Wire

extension Ledger {
  /// An entry with what is still known of the persons in it.
  public struct ListedEntry: Sendable, Equatable {
    public var entry: FiledEntry
    /// Empty once it was erased.
    public var personal: [String: String]
  }

  /// Entries in the order of the log, of one tenant or of all, behind a sequence number.
  public func entries(tenant: GUID? = nil, after: Int = 0, limit: Int) async throws -> [ListedEntry] {
    let limit = min(limit, LedgerLimits.maximumPageEntries)
    return try await records.read { [self] reader in
      let entries: [FiledEntry]
      if let tenant {
        let position = RecordIndexPosition(components: [tenant.description, LedgerNumber.text(after)], key: FiledEntry.key(after))
        entries = try reader.list(
          FiledEntry.self, index: FiledEntry.tenantIndex, [tenant.description], tenant: Self.partition, after: position, limit: limit)
      } else {
        entries = try reader.list(FiledEntry.self, under: FiledEntry.all, after: FiledEntry.key(after), limit: limit)
      }
      return try entries.map { entry in
        let values = try known(of: entry, in: reader)
        return ListedEntry(entry: entry, personal: Dictionary(values.map { ($0.name, $0.value) }) { $1 })
      }
    }
  }

  /// Entries as they are in the log, behind a sequence number, without anything personal.
  public func filedEntries(after: Int, limit: Int) async throws -> [FiledEntry] {
    try await records.read {
      try $0.list(FiledEntry.self, under: FiledEntry.all, after: FiledEntry.key(after), limit: min(limit, LedgerLimits.maximumPageEntries))
    }
  }

  /// Signed heads in the order of their sizes, behind a size.
  public func heads(after: Int, limit: Int) async throws -> [LedgerHead] {
    try await records.read {
      try $0.list(LedgerHead.self, under: LedgerHead.all, after: LedgerHead.key(after), limit: min(limit, LedgerLimits.maximumPageEntries))
    }
  }

  /// The certificate that receipts lead to, in PEM.
  public func serviceCertificate() async throws -> String {
    guard let certificate = try await records.read({ try LedgerIdentity.serviceCertificate(of: Self.log, in: $0) }) else {
      throw LedgerError.damaged("identity")
    }
    return certificate
  }

  /// Every certificate under which heads were signed, in PEM by its id.
  public func nodeCertificates() async throws -> [String: String] {
    let certificates = try await records.read {
      try $0.list(NodeCertificate.self, under: NodeCertificate.all, limit: NodeCertificate.maximumCount)
    }
    return Dictionary(certificates.map { ($0.id, $0.pem) }) { $1 }
  }

  /// What an operator is shown.
  public struct Status: Sendable {
    public var size: Int
    /// Entries without a place yet, counted up to a bound.
    public var drafts: Int
    public var head: LedgerHead?
    public var witnesses: [WitnessState]
  }

  public func status() async throws -> Status {
    try await records.read { [witnesses] reader in
      Status(
        size: try Self.log.size(in: reader),
        drafts: try reader.count(LedgerDraft.self, under: LedgerDraft.all, limit: LedgerLimits.maximumCountedDrafts),
        head: try reader.last(LedgerHead.self, under: LedgerHead.all),
        witnesses: try witnesses.map { try reader.fetch(WitnessState.self, WitnessState.key($0.name)) ?? WitnessState(name: $0.name) })
    }
  }

  /// What is still known of persons. Between the destruction of a tenant's keys and the removal of its records, that is nothing.
  private func known(of entry: FiledEntry, in reader: any RecordReader) throws -> [PersonalData.Value] {
    guard let data = try Self.personalData(of: entry, in: reader) else { return [] }
    do {
      return try data.open(keyring: keyring, in: reader)
    } catch KeyringError.corrupt {
      guard data.partition != Self.partition, try !isTenant(data.partition, reader) else { throw KeyringError.corrupt }
      return []
    }
  }

  private static func personalData(of entry: FiledEntry, in reader: any RecordReader) throws -> PersonalData? {
    if entry.tenant != .zero, let data = try reader.fetch(PersonalData.self, PersonalData.key(entry.tenant, entry.sequence)) { return data }
    return try reader.fetch(PersonalData.self, PersonalData.key(partition, entry.sequence))
  }

  // MARK: Erasure

  /// Erases what names persons in some entries of a tenant (`GUID.zero`: of the platform), and says so in an entry of its own. Gives in how many there was
  /// something. The log itself, its tree and its receipts stay as they are.
  public func erasePersonal(of tenant: GUID, sequences: [Int]) async throws -> Int {
    let (id, now) = (random.guid(), clock.now())
    return try await records.write { transaction in
      var erased: [Int] = []
      for sequence in sequences {
        if try transaction.remove(PersonalData.self, PersonalData.key(Self.personalPartition(tenant), sequence)) { erased.append(sequence) }
      }
      guard !erased.isEmpty else { return 0 }
      // Which they were is told, what they said is not.
      let facts = ["operation": "ledger erase", "sequences": erased.map(String.init).joined(separator: " ")]
      try LedgerEntry(id: id, time: now, tenant: tenant, kind: .operatorAction, subject: "ledger", outcome: .succeeded, facts: facts)
        .append(in: transaction)
      return erased.count
    }
  }

  /// The same for every entry of the tenant in which one of the personal values is this one: a person's name, id or address.
  public func erasePersonal(of tenant: GUID, naming value: String) async throws -> Int {
    var (erased, after) = (0, 0)
    let parent = PersonalData.all(Self.personalPartition(tenant))
    while true {
      let (page, found) = try await records.read { [keyring, after] reader in
        let page = try reader.list(
          PersonalData.self, under: parent, after: PersonalData.key(parent.tenant, after), limit: LedgerLimits.maximumErasedAtOnce)
        let found = try page.filter { data in try data.open(keyring: keyring, in: reader).contains { $0.value == value } }
        return (page.map(\.sequence), found.map(\.sequence))
      }
      if !found.isEmpty { erased += try await erasePersonal(of: tenant, sequences: found) }
      guard page.count == LedgerLimits.maximumErasedAtOnce, let last = page.last else { return erased }
      after = last
    }
  }

  /// Erases all that names persons in a tenant's entries.
  @discardableResult
  public func erasePersonal(of tenant: GUID) async throws -> Int {
    try await records.removeAll(PersonalData.self, under: PersonalData.all(Self.personalPartition(tenant)))
  }

  private static func personalPartition(_ tenant: GUID) -> GUID { tenant == .zero ? partition : tenant }
}
