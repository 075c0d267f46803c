public import Base
public import Keyring
public import Logging
public import Records
internal import Wire

/// The platform's audit log: gives entries their places, keeps the tree over them, signs its heads and hands them to witnesses.
///
/// Two trees stand over the same leaves: one of CCF's hashing, for receipts, and one of RFC 6962's, for checkpoints and witnesses.
public final class Ledger: Sendable {
  /// Under which the log's records are filed: apart from the platform's own, which are searched when a tenant ends.
  public static let partition = GUID(high: 0, low: 1)
  /// The tree of receipts.
  public static let log = MerkleLog(id: .zero, tenant: partition)
  /// The tree of checkpoints.
  public static let transparencyLog = MerkleLog(id: .zero, tenant: partition, hashing: .rfc6962)

  /// The log's name among witnesses.
  public let origin: String
  /// What checks the log's checkpoints.
  public var verifier: NoteVerifier { noteKey.verifier }

  let records: any RecordStore
  let keyring: Keyring
  let clock: any WallClock
  let random: any RandomSource
  let logger: Logger
  let witnesses: [any LedgerWitness]
  let isTenant: @Sendable (GUID, any RecordReader) throws -> Bool
  private let noteKey: NoteKey

  /// The key that signs checkpoints.
  private struct StoredNoteKey: Record, Codable {
    static let kind = "ledger.noteKey"
    static let key = RecordKey(tenant: Ledger.partition, "noteKey")
    static let context = "ledger.noteKey"

    var name: String
    var sealed: [UInt8]

    var key: RecordKey { Self.key }
  }

  /// Opens the log, and begins it where there is none: its first entry names its keys.
  ///
  /// `isTenant` says whether there is such a tenant now: personal data of one that is no more are not kept.
  public convenience init(
    origin: String, records: any RecordStore, keyring: Keyring, witnesses: [any LedgerWitness] = [], clock: any WallClock, random: any RandomSource,
    logger: Logger, isTenant: @escaping @Sendable (GUID, any RecordReader) throws -> Bool
  ) async throws {
    let known = try await records.read { reader in
      try reader.fetch(StoredNoteKey.self, StoredNoteKey.key).map { stored in
        let bytes = try keyring.open(stored.sealed, context: StoredNoteKey.context, tenant: .zero, in: reader)
        return try NoteKey(name: stored.name, bytes: bytes)
      }
    }
    self.init(
      noteKey: known ?? NoteKey(name: origin), records: records, keyring: keyring, witnesses: witnesses, clock: clock, random: random, logger: logger,
      isTenant: isTenant)
    if known == nil { try await begin() }
  }

  private init(
    noteKey: NoteKey, records: any RecordStore, keyring: Keyring, witnesses: [any LedgerWitness], clock: any WallClock, random: any RandomSource,
    logger: Logger, isTenant: @escaping @Sendable (GUID, any RecordReader) throws -> Bool
  ) {
    origin = noteKey.name
    self.noteKey = noteKey
    self.records = records
    self.keyring = keyring
    self.witnesses = witnesses
    self.clock = clock
    self.random = random
    self.logger = logger
    self.isTenant = isTenant
  }

  /// One transaction: there are the keys and the entry that names them, or nothing.
  private func begin() async throws {
    let (id, now) = (random.guid(), clock.now())
    try await records.write { [self] transaction in
      let sealed = try keyring.seal(noteKey.bytes, context: StoredNoteKey.context, tenant: .zero, in: transaction)
      try transaction.save(StoredNoteKey(name: origin, sealed: sealed))
      let identity = try identity(now, in: transaction)
      let facts = ["origin": origin, "noteKey": noteKey.verifier.description, "serviceKey": identity.serviceKeyFingerprint ?? ""]
      let entry = LedgerEntry(id: id, time: now, tenant: .zero, kind: .ledgerKey, subject: "ledger", outcome: .succeeded, facts: facts)
      try file([entry], in: transaction)
    }
  }

  /// Gives places, signs and publishes until it is cancelled.
  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.fileDrafts() }
      group.addTask { try await self.publishHeads() }
      try await group.waitForAll()
    }
  }

  // MARK: Places

  private func fileDrafts() async throws {
    // Before the first look, so that no ring is missed.
    var rings = LedgerSignal.drafts.rings().makeAsyncIterator()
    while !Task.isCancelled {
      do {
        try await fileAll()
        guard await rings.next() != nil else { return }
        try await Task.sleep(for: LedgerLimits.gathering)
      } catch let error where !(error is CancellationError) {
        logger.error("entries of the ledger wait for their places", metadata: ["error": "\(error)"])
        try await Task.sleep(for: LedgerLimits.retry)
      }
    }
  }

  /// Gives every entry that was filed before the call its place.
  public func fileAll() async throws {
    while try await fileBatch() == LedgerLimits.maximumBatchEntries {}
  }

  /// Gives some entries their places, and gives their count.
  ///
  /// They are listed beside the transaction, in which each is read by itself: who files another meanwhile makes nobody run again.
  package func fileBatch() async throws -> Int {
    let keys = try await records.read {
      try $0.list(LedgerDraft.self, under: LedgerDraft.all, limit: LedgerLimits.maximumBatchEntries).map(\.key)
    }
    guard !keys.isEmpty else { return 0 }
    try await records.write { [self] transaction in
      var entries: [LedgerEntry] = []
      for key in keys {
        guard let draft = try transaction.fetch(LedgerDraft.self, key) else { continue }
        try transaction.remove(LedgerDraft.self, key)
        entries.append(draft.entry)
      }
      try file(entries, in: transaction)
    }
    return keys.count
  }

  private func file(_ entries: [LedgerEntry], in transaction: RecordTransaction) throws {
    var sequence = try Self.log.size(in: transaction)
    var leaves: [MerkleHash] = []
    for entry in entries {
      sequence += 1
      let values = PersonalData.salted(entry.personal, random: random)
      let filed = FiledEntry(entry, sequence: sequence, commitments: Dictionary(values.map { ($0.name, $0.commitment) }) { $1 })
      guard try transaction.insert(filed) else { throw LedgerError.damaged("entry \(sequence)") }
      if !values.isEmpty, let partition = try partition(of: entry, in: transaction) {
        try keep(values, partition: partition, sequence: sequence, in: transaction)
      }
      leaves.append(filed.leaf.hash)
    }
    try Self.log.append(leaves, in: transaction)
    try Self.transparencyLog.append(leaves.map { MerkleHashing.rfc6962.leaf(of: $0.bytes) }, in: transaction)
  }

  /// One tenant's damaged key may not hold up everybody's log: what cannot be sealed is not kept.
  private func keep(_ values: [PersonalData.Value], partition: GUID, sequence: Int, in transaction: RecordTransaction) throws {
    do {
      try transaction.save(PersonalData(values, partition: partition, sequence: sequence, keyring: keyring, in: transaction))
    } catch KeyringError.corrupt, KeyringError.wrongRootKey, KeyringError.noSuchKey {
      logger.error("personal data of an entry could not be sealed", metadata: ["tenant": "\(partition)", "sequence": "\(sequence)"])
    }
  }

  /// Where personal data of an entry lie: with its tenant, whose end takes them along, or with the platform; nil where they may not be kept.
  private func partition(of entry: LedgerEntry, in reader: any RecordReader) throws -> GUID? {
    // Who erased a tenant is not the tenant's to forget.
    if entry.tenant == .zero || entry.kind == .erasure { return Self.partition }
    return try isTenant(entry.tenant, reader) ? entry.tenant : nil
  }

  // MARK: Heads

  private func identity(_ now: Timestamp, in transaction: RecordTransaction) throws -> LedgerIdentity {
    try LedgerIdentity.ready(Self.log, owner: .zero, name: "Cocagne \(origin)", keyring: keyring, now: now, in: transaction)
  }

  /// The newest signed head; signed now where the log has grown since. `isNew` says so.
  @discardableResult
  public func signHead() async throws -> (head: LedgerHead, isNew: Bool) {
    let now = clock.now()
    return try await records.write { [self] transaction in
      let size = try Self.log.size(in: transaction)
      if let newest = try transaction.last(LedgerHead.self, under: LedgerHead.all), newest.size == size { return (newest, false) }
      let identity = try identity(now, in: transaction)
      let root = try Self.log.root(at: size, in: transaction)
      let checkpoint = Checkpoint(origin: origin, size: size, root: try Self.transparencyLog.root(at: size, in: transaction))
      let note = SignedNote(text: checkpoint.text, signatures: [try noteKey.sign(checkpoint.text)])
      let certificate = NodeCertificate(identity.nodeCertificate)
      if try !transaction.exists(NodeCertificate.self, certificate.key) { try transaction.save(certificate) }
      let head = LedgerHead(
        size: size, time: now, root: root.hexadecimal, signature: Base64.encode(try identity.sign(root)), nodeCertificate: certificate.id,
        nodeID: identity.nodeID, note: note.description)
      try transaction.save(head)
      return (head, true)
    }
  }

  /// The proof that an entry stands in the log; nil where there is none of this number.
  public func receipt(for sequence: Int) async throws -> (entry: FiledEntry, receipt: LedgerReceipt)? {
    try await fileAll()
    guard try await records.read({ try $0.exists(FiledEntry.self, FiledEntry.key(sequence)) }) else { return nil }
    let newest = try await records.read { try $0.last(LedgerHead.self, under: LedgerHead.all) }
    let head = if let newest, newest.size >= sequence { newest } else { try await signHead().head }
    return try await records.read { reader in
      guard let entry = try reader.fetch(FiledEntry.self, FiledEntry.key(sequence)) else { return nil }
      let proof = try Self.log.path(of: sequence - 1, at: head.size, in: reader)
      guard let certificate = try reader.fetch(NodeCertificate.self, NodeCertificate.key(head.nodeCertificate)) else {
        throw LedgerError.damaged("certificate of head \(head.size)")
      }
      let receipt = LedgerReceipt(
        certificate: certificate.pem, nodeID: head.nodeID, leaf: entry.leaf, proof: proof, signature: Base64.decode(head.signature) ?? [])
      return (entry, receipt)
    }
  }
}
