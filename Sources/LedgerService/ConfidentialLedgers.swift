public import Base
public import Keyring
internal import Ledger
public import Records
internal import Wire

/// The tenants' ledgers: what the provider and the data plane do with them in a transaction.
public final class ConfidentialLedgers: Sendable {
  package let records: any RecordStore
  package let keyring: Keyring
  let random: any RandomSource
  /// Wakes the purger.
  let deletions = LedgerDeletions()

  public init(records: any RecordStore, keyring: Keyring, random: any RandomSource) {
    self.records = records
    self.keyring = keyring
    self.random = random
  }

  /// The ledger of a name. Throws 404.
  func ledger(named name: some StringProtocol, in reader: any RecordReader) throws -> ConfidentialLedger {
    guard let ledger = try reader.fetch(ConfidentialLedger.self, ConfidentialLedger.key(String(name))) else {
      throw LedgerServiceError.ledgerNotFound(name)
    }
    return ledger
  }

  // MARK: Transactions

  /// What is to be written. What is drawn at random is drawn once, though its transaction may run again.
  struct Draft: Sendable {
    /// Nil for what is no entry.
    var collection: String?
    var contents: LedgerContents
    var payload: GUID
    var nonce: [UInt8]
  }

  func draft(entry contents: String, collection: String, tags: [String]) -> Draft {
    Draft(
      collection: collection, contents: LedgerContents(collection: collection, tags: tags, contents: contents, secretKey: random.bytes(32)),
      payload: random.guid(), nonce: random.bytes(32))
  }

  /// A transaction that is no entry, of which the ledger keeps what happened.
  func draft(event: JSON) -> Draft {
    Draft(
      collection: nil, contents: LedgerContents(collection: "", contents: String(decoding: event.bytes, as: UTF8.self), secretKey: []),
      payload: random.guid(), nonce: random.bytes(32))
  }

  /// Writes transactions behind those that there are, in this order, and gives the id of the first. Throws 404 for a ledger that is gone.
  @discardableResult
  func append(_ drafts: [Draft], to ledger: ConfidentialLedger, in transaction: RecordTransaction) throws -> TransactionID {
    guard try self.ledger(named: ledger.name, in: transaction).log == ledger.log else { throw LedgerServiceError.ledgerNotFound(ledger.name) }
    let first = try ledger.merkleLog.size(in: transaction) + 1
    var leaves: [MerkleHash] = []
    var newest: [String: Int] = [:]
    for (offset, draft) in drafts.enumerated() {
      let id = TransactionID(first + offset)
      let sealed = try keyring.sealPayload(
        draft.contents.bytes, id: draft.payload, key: ledger.dataKey, tenant: ledger.tenant, in: transaction)
      let leaf = LedgerLeaf(
        writeSetDigest: MerkleHash(of: sealed), commitEvidence: "ce:\(id):\(draft.nonce.hexadecimal)",
        claimsDigest: draft.collection == nil ? .zero : EntryClaims.digest(of: draft.contents))
      try transaction.save(
        LedgerTransaction(
          tenant: ledger.tenant, log: ledger.log, sequence: id.sequence, collection: draft.collection, tags: draft.contents.tags, leaf: leaf,
          payload: draft.payload, sealed: sealed))
      leaves.append(leaf.hash)
      if let collection = draft.collection { newest[collection] = id.sequence }
    }
    for (name, sequence) in newest {
      try transaction.save(LedgerCollection(tenant: ledger.tenant, log: ledger.log, name: name, newest: sequence))
    }
    try ledger.merkleLog.append(leaves, in: transaction)
    return TransactionID(first)
  }

  /// The transaction of an id. Throws 404.
  func transaction(_ id: TransactionID, of ledger: ConfidentialLedger, in reader: any RecordReader) throws -> LedgerTransaction {
    let key = LedgerTransaction.key(tenant: ledger.tenant, log: ledger.log, id.sequence)
    guard let found = try reader.fetch(LedgerTransaction.self, key) else { throw LedgerServiceError.unknownTransaction(id) }
    return found
  }

  func contents(of transaction: LedgerTransaction, ledger: ConfidentialLedger, in reader: any RecordReader) throws -> LedgerContents {
    let bytes = try keyring.openPayload(
      transaction.sealed, id: transaction.payload, key: ledger.dataKey, tenant: ledger.tenant, in: reader)
    return try LedgerContents(bytes: bytes)
  }

  // MARK: The ledger itself

  /// Makes a ledger with its users, its identity and its first transaction.
  func make(
    _ name: String, id: ResourceID, tenant: GUID, users: [LedgerUser.Wanted], now: Timestamp, in transaction: RecordTransaction
  ) throws -> ConfidentialLedger {
    let ledger = ConfidentialLedger(
      name: name, tenant: tenant, id: id, log: random.guid(), dataKey: try keyring.makeDataKey(tenant: tenant, in: transaction), createdTime: now)
    guard try transaction.insert(ledger) else { throw LedgerName.taken(name) }
    for user in users { try transaction.save(user.user(of: ledger)) }
    _ = try identity(of: ledger, now: now, in: transaction)
    let event: JSON = ["ledger": .string(name), "users": .array(users.map { $0.user(of: ledger).jsonWithRoles })]
    try append([draft(event: event)], to: ledger, in: transaction)
    return ledger
  }

  /// Who signs the ledger's roots.
  func identity(of ledger: ConfidentialLedger, now: Timestamp, in transaction: RecordTransaction) throws -> LedgerIdentity {
    try LedgerIdentity.ready(ledger.merkleLog, owner: ledger.tenant, name: ledger.name, keyring: keyring, now: now, in: transaction)
  }

  /// Ends a ledger: its keys go at once, and with them what its records say; the records follow in the background.
  func destroy(_ ledger: ConfidentialLedger, in transaction: RecordTransaction) throws {
    try keyring.destroyDataKey(ledger.dataKey, tenant: ledger.tenant, in: transaction)
    try LedgerIdentity.remove(of: ledger.merkleLog, in: transaction)
    try transaction.remove(ConfidentialLedger.self, ledger.key)
    try transaction.save(LedgerPurge(tenant: ledger.tenant, log: ledger.log))
    transaction.afterCommit { [deletions] in deletions.ring() }
  }
}

extension LedgerUser {
  /// A user as somebody wants it, before the ledger is there.
  struct Wanted: Sendable, Equatable {
    var userID: GUID
    var roles: [LedgerRole]
    var isFromResource: Bool

    func user(of ledger: ConfidentialLedger) -> LedgerUser {
      LedgerUser(tenant: ledger.tenant, log: ledger.log, userID: userID, roles: roles, isFromResource: isFromResource)
    }
  }
}
