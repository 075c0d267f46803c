internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// Entries, their receipts and their collections.
struct EntryOperations: Sendable {
  let ledgers: ConfidentialLedgers
  let appender: LedgerAppender

  var operations: [LedgerOperation] {
    [
      LedgerOperation("Create Ledger Entry", .POST, "/app/transactions", .contributor, run: create),
      LedgerOperation("List Ledger Entries", .GET, "/app/transactions", .reader, run: list),
      LedgerOperation("Get Current Ledger Entry", .GET, "/app/transactions/current", .reader, run: current),
      LedgerOperation("Get Ledger Entry", .GET, "/app/transactions/{transactionId}", .reader, run: get),
      LedgerOperation("Get Receipt", .GET, "/app/transactions/{transactionId}/receipt", .reader, run: receipt),
      LedgerOperation("Get Transaction Status", .GET, "/app/transactions/{transactionId}/status", .reader, run: status),
      LedgerOperation("List Collections", .GET, "/app/collections", .reader, run: collections),
    ]
  }

  /// Source: Microsoft, "Create Ledger Entry", REST reference.
  @Sendable private func create(_ call: LedgerCall) async throws -> LedgerAnswer {
    let collection = try call.collection()
    guard let contents = call.body["contents"]?.string else {
      throw LedgerServiceError.invalidInput("The entry has no 'contents', which is a string.")
    }
    guard contents.utf8.count <= LedgerServiceLimits.maximumContentBytes else {
      throw LedgerServiceError.tooLarge(LedgerServiceLimits.maximumContentBytes)
    }
    for hooks in ["preHooks", "postHooks"] where call.body[hooks]?.array?.isEmpty == false {
      throw LedgerServiceError.notImplemented("User defined functions")
    }
    let draft = ledgers.draft(entry: contents, collection: collection, tags: try Self.tags(call.query["tags"]))
    let id = try await appender.append(draft, to: call.ledger)
    return LedgerAnswer(json: ["collectionId": .string(collection)], transaction: id)
  }

  /// Parted by commas.
  private static func tags(_ text: String?) throws -> [String] {
    guard let text, !text.isEmpty else { return [] }
    let tags = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard tags.count <= LedgerServiceLimits.maximumTags else {
      throw LedgerServiceError.invalidQuery("tags", "there are more than \(LedgerServiceLimits.maximumTags) tags.")
    }
    guard tags.allSatisfy({ (1...LedgerServiceLimits.maximumTagBytes).contains($0.utf8.count) }) else {
      throw LedgerServiceError.invalidQuery("tags", "a tag has to have 1 to \(LedgerServiceLimits.maximumTagBytes) bytes.")
    }
    return tags
  }

  /// Source: Microsoft, "Get Current Ledger Entry", REST reference.
  @Sendable private func current(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (collection, ledger) = (try call.collection(), call.ledger)
    let entry = try await ledgers.records.read { [ledgers] reader -> JSON in
      let key = LedgerCollection.key(tenant: ledger.tenant, log: ledger.log, collection)
      guard let newest = try reader.fetch(LedgerCollection.self, key)?.newest else {
        throw CloudError(404, "ResourceNotFound", "The collection '\(collection)' has no entry.")
      }
      let transaction = try ledgers.transaction(TransactionID(newest), of: ledger, in: reader)
      return Self.json(transaction, try ledgers.contents(of: transaction, ledger: ledger, in: reader))
    }
    return LedgerAnswer(json: entry)
  }

  /// Source: Microsoft, "Get Ledger Entry", REST reference. Whatever was answered is on the disk: no entry is ever `Loading`.
  @Sendable private func get(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (id, collection, ledger) = (try call.transactionID(), try call.collection(), call.ledger)
    let entry = try await ledgers.records.read { [ledgers] reader -> JSON in
      let transaction = try ledgers.transaction(id, of: ledger, in: reader)
      guard transaction.collection == collection else {
        throw CloudError(404, "ResourceNotFound", "Transaction \(id) wrote no entry in the collection '\(collection)'.")
      }
      return Self.json(transaction, try ledgers.contents(of: transaction, ledger: ledger, in: reader))
    }
    return LedgerAnswer(json: ["state": "Ready", "entry": entry])
  }

  private static func json(_ transaction: LedgerTransaction, _ contents: LedgerContents) -> JSON {
    var entry = JSON.Object([
      ("collectionId", .string(contents.collection)), ("contents", .string(contents.contents)),
      ("transactionId", .string(transaction.id.description)),
    ])
    if !contents.tags.isEmpty { entry["tags"] = .string(contents.tags.joined(separator: ",")) }
    return .object(entry)
  }

  /// Source: Microsoft, "List Ledger Entries", REST reference.
  @Sendable private func list(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (collection, ledger) = (try call.collection(), call.ledger)
    let first = try call.query["fromTransactionId"].map { try TransactionID(parsing: $0) } ?? TransactionID(1)
    let last = try call.query["toTransactionId"].map { try TransactionID(parsing: $0) }
    if let last, last.sequence < first.sequence {
      throw LedgerServiceError.invalidQuery("toTransactionId", "\(last) lies before \(first).")
    }
    let tag = call.query["tag"]
    if let tag, tag.contains(",") { throw LedgerServiceError.invalidQuery("tag", "only one tag can be asked for.") }
    let (entries, next) = try await ledgers.records.read { [ledgers] reader -> ([JSON], TransactionID?) in
      let size = try ledger.merkleLog.size(in: reader)
      if let last, last.sequence > size { throw LedgerServiceError.unknownTransaction(last) }
      var entries: [JSON] = []
      var bytes = 0
      let components = [ledger.log.description, collection] + (tag.map { [$0] } ?? [])
      let index = tag == nil ? LedgerTransaction.collectionIndex : LedgerTransaction.tagIndex
      var before = first.sequence - 1
      while true {
        let position = RecordIndexPosition(
          components: components + [TransactionID.sortable(before)], key: LedgerTransaction.key(tenant: ledger.tenant, log: ledger.log, before))
        let found = try reader.list(
          LedgerTransaction.self, index: index, components, tenant: ledger.tenant, after: position, limit: LedgerServiceLimits.pageStep)
        for transaction in found {
          guard transaction.sequence <= last?.sequence ?? size else { return (entries, nil) }
          let isFull =
            entries.count == LedgerServiceLimits.maximumPageEntries || bytes + transaction.sealed.count > LedgerServiceLimits.maximumPageBytes
          guard entries.isEmpty || !isFull else { return (entries, transaction.id) }
          entries.append(Self.json(transaction, try ledgers.contents(of: transaction, ledger: ledger, in: reader)))
          bytes += transaction.sealed.count
          before = transaction.sequence
        }
        guard found.count == LedgerServiceLimits.pageStep else { return (entries, nil) }
      }
    }
    let link = next.map { call.nextLink([("fromTransactionId", $0.description)]) }
    return LedgerAnswer(json: .object(["state": "Ready", "entries": .array(entries), "nextLink": link]))
  }

  /// Source: Microsoft, "Get Receipt", REST reference.
  @Sendable private func receipt(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (id, ledger, now) = (try call.transactionID(), call.ledger, call.now)
    // A write, as a node's certificate that is about to end is made anew.
    let answer = try await ledgers.records.write { [ledgers] reader -> JSON in
      let transaction = try ledgers.transaction(id, of: ledger, in: reader)
      let identity = try ledgers.identity(of: ledger, now: now, in: reader)
      let path = try ledger.merkleLog.path(of: id.sequence - 1, in: reader)
      let signature = try identity.sign(MerkleProof.root(of: transaction.leaf.hash, path))
      let receipt = identity.receipt(transaction.leaf, proof: path, signature: signature)
      let claims = try transaction.collection.map { _ in EntryClaims.json(of: try ledgers.contents(of: transaction, ledger: ledger, in: reader)) }
      return .object([
        "applicationClaims": claims, "receipt": receipt.json, "state": "Ready", "transactionId": .string(id.description),
      ])
    }
    return LedgerAnswer(json: answer)
  }

  /// Source: Microsoft, "Get Transaction Status", REST reference. What has an id is durable.
  @Sendable private func status(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (id, ledger) = (try call.transactionID(), call.ledger)
    let size = try await ledgers.records.read { try ledger.merkleLog.size(in: $0) }
    guard id.sequence <= size else { throw LedgerServiceError.unknownTransaction(id) }
    return LedgerAnswer(json: ["state": "Committed", "transactionId": .string(id.description)])
  }

  /// Source: Microsoft, "List Collections", REST reference.
  @Sendable private func collections(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (ledger, limit, after) = (call.ledger, LedgerServiceLimits.maximumPageCollections, call.query[Self.marker])
    let found = try await ledgers.records.read { reader in
      try reader.list(
        LedgerCollection.self, under: RecordKey(tenant: ledger.tenant, ledger.log.description),
        after: after.map { LedgerCollection.key(tenant: ledger.tenant, log: ledger.log, $0) }, limit: limit + 1)
    }
    let page = found.prefix(limit)
    let link = found.count > limit ? page.last.map { call.nextLink([(Self.marker, $0.name)]) } : nil
    return LedgerAnswer(json: .object(["collections": .array(page.map { ["collectionId": .string($0.name)] }), "nextLink": link]))
  }

  /// The parameter of a `nextLink` that names the last collection of the page before.
  private static let marker = "afterCollectionId"
}
