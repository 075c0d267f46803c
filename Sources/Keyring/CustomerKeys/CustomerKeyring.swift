public import Base
internal import Crypto
public import Logging
public import Records
internal import Synchronization

/// Opens data keys that customers protect, for as long as the customers allow it.
///
/// An operation calls `open` before it begins; within it the keyring finds the key in memory. A key that is in use is asked about again and again: one that
/// the customer disables, deletes or forbids ends at once when the customer's side says so, and within `KeyringLimits.customerKeySeconds` when it
/// says nothing.
public final class CustomerKeyring: Sendable {
  public let keyring: Keyring
  let records: any RecordStore
  let keys: any CustomerKeys
  let clock: any WallClock
  let logger: Logger
  private let questions = Mutex(Questions())

  private struct Questions {
    var running: [Keyring.DataKeyEntry: Task<Void, any Error>] = [:]
    /// What was answered lately, so that a busy client of a closed key does not become a flood of questions.
    var refused: [Keyring.DataKeyEntry: (error: CustomerKeyError, time: Timestamp)] = [:]
  }

  public init(keyring: Keyring, records: any RecordStore, keys: any CustomerKeys, clock: any WallClock, logger: Logger) {
    self.keyring = keyring
    self.records = records
    self.keys = keys
    self.clock = clock
    self.logger = logger
  }

  // MARK: Protecting

  /// A new data key, wrapped by a customer's key, for `Keyring.makeDataKey`.
  public func prepareNew(
    tenant: GUID, _ key: CustomerKey, _ use: CustomerKeyUse
  ) async throws(CustomerKeyError) -> Keyring.PreparedDataKey {
    try await prepare(nil, SymmetricKey(random: keyring.random), tenant: tenant, key, use)
  }

  /// A data key that exists, wrapped by a customer's key, for `Keyring.protect`. Where another customer's key protects it now, that one must open it: for
  /// the identity that it was wrapped for or, where that one may not or is no more, for the one that is to use the new key.
  ///
  /// Throws `CustomerKeyError`, and `KeyringError.noSuchKey`.
  public func prepare(_ id: DataKeyID, tenant: GUID, _ key: CustomerKey, _ use: CustomerKeyUse) async throws -> Keyring.PreparedDataKey {
    try await openForChange(id, tenant: tenant, identity: use.identity, caller: use.caller, request: use.request)
    let dataKey = try await records.read { [keyring] in try keyring.dataKey(id, tenant: tenant, in: $0) }
    return try await prepare(id, dataKey, tenant: tenant, key, use)
  }

  /// Makes a data key usable for a change of its protection, as `prepare` does; for `Keyring.unprotect`. `identity` is who may open it besides the one
  /// that it was wrapped for.
  public func openForChange(_ id: DataKeyID, tenant: GUID, identity: GUID?, caller: GUID?, request: GUID?) async throws {
    if isOpen(id, tenant: tenant) { return }
    let entry = Keyring.DataKeyEntry(tenant: tenant, id: id)
    do {
      try await ask(entry, caller: caller, request: request)
    } catch CustomerKeyError.identityNotFound where identity != nil {
      try await ask(entry, identity: identity, caller: caller, request: request)
    } catch CustomerKeyError.accessDenied where identity != nil {
      try await ask(entry, identity: identity, caller: caller, request: request)
    }
  }

  private func prepare(
    _ id: DataKeyID?, _ dataKey: SymmetricKey, tenant: GUID, _ key: CustomerKey, _ use: CustomerKeyUse
  ) async throws(CustomerKeyError) -> Keyring.PreparedDataKey {
    let asked = clock.steady()
    let content = dataKey.withUnsafeBytes { Array($0) }
    let wrapping = try await keys.wrap(content, with: key, use)
    // What takes the place of a wrapping that opens must have been seen to open.
    guard constantTimeEqual(try await keys.unwrap(wrapping, with: key.at(wrapping.version), use), content) else { throw .corrupt }
    return Keyring.PreparedDataKey(
      id: id, tenant: tenant, key: dataKey, wrapping: wrapping,
      protection: CustomerProtection(key: key, version: wrapping.version, use: use, since: clock.now()), asked: asked)
  }

  /// How a customer's key protects a data key; nil where none does, and for nil. Throws `KeyringError.noSuchKey`.
  public func protection(of id: DataKeyID?, tenant: GUID) async throws -> CustomerProtection? {
    guard let id else { return nil }
    return try await records.read { try Keyring.protection(of: id, tenant: tenant, in: $0) }
  }

  // MARK: Opening

  /// Whether a data key can be used now without asking anybody.
  public func isOpen(_ id: DataKeyID, tenant: GUID) -> Bool { keyring.cachedDataKey(id, tenant: tenant) != nil }

  /// Makes a data key usable, whoever protects it. Throws `CustomerKeyError`, and `KeyringError.noSuchKey`.
  ///
  /// Callers that come together share one question; `caller` and `request` of the first of them stand for all. A no stands for
  /// `KeyringLimits.customerKeyRefusalSeconds`, for work of the platform's own for `customerKeyBackgroundSeconds`.
  public func open(_ id: DataKeyID, tenant: GUID, caller: GUID?, request: GUID?) async throws {
    if isOpen(id, tenant: tenant) { return }
    let entry = Keyring.DataKeyEntry(tenant: tenant, id: id)
    let now = clock.steady()
    let task = try questions.withLock { questions in
      if let task = questions.running[entry] { return task }
      if let refused = questions.refused[entry] {
        let seconds = request == nil ? KeyringLimits.customerKeyBackgroundSeconds : KeyringLimits.customerKeyRefusalSeconds
        guard refused.time.duration(to: now) >= .seconds(seconds) else { throw refused.error }
        questions.refused[entry] = nil
      }
      let task = Task {
        do {
          try await ask(entry, caller: caller, request: request)
          end(entry, nil)
        } catch {
          end(entry, error as? CustomerKeyError)
          throw error
        }
      }
      questions.running[entry] = task
      return task
    }
    try await task.value
  }

  private func end(_ entry: Keyring.DataKeyEntry, _ error: CustomerKeyError?) {
    let now = clock.steady()
    questions.withLock { questions in
      questions.running[entry] = nil
      guard let error else { return }
      if questions.refused.count >= KeyringLimits.maximumCachedDataKeys { questions.refused.removeAll() }
      questions.refused[entry] = (error, now)
    }
  }

  private func ask(_ entry: Keyring.DataKeyEntry, identity: GUID? = nil, caller: GUID?, request: GUID?) async throws {
    let found = try await records.read { [keyring] reader -> (protection: CustomerProtection, content: [UInt8])? in
      guard let record = try reader.fetch(WrappedDataKey.self, WrappedDataKey.key(tenant: entry.tenant, entry.id)) else {
        throw KeyringError.noSuchKey
      }
      guard let protection = record.protection else {
        _ = try keyring.dataKey(entry.id, tenant: entry.tenant, in: reader)
        return nil
      }
      return (protection, try keyring.openOuter(record, in: reader))
    }
    guard let (protection, content) = found else { return }
    var use = protection.use(tenant: entry.tenant, caller: caller, request: request)
    if let identity { use.identity = identity }
    let asked = clock.steady()
    let plain = try await keys.unwrap(
      CustomerWrapping(version: protection.version, wrapped: content), with: protection.key.at(protection.version), use)
    guard plain.count == 32 else { throw CustomerKeyError.corrupt }
    keyring.lent.lend(SymmetricKey(data: plain), entry, protection, asked: asked)
  }

  // MARK: In the background

  /// Asks about keys in use, and follows new versions of all keys, until its task is cancelled.
  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: .seconds(KeyringLimits.customerKeyCheckSeconds))
          await self.round()
        }
      }
      // By itself: it may wait for long, and keys in use must not.
      group.addTask {
        while true {
          try await Task.sleep(for: .seconds(KeyringLimits.customerKeyFollowSeconds))
          do {
            try await self.followAll()
          } catch let error where !(error is CancellationError) {
            self.logger.warning("new versions of customers' keys were not all looked for", metadata: ["cause": "\(error)"])
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Asks once about each key in use, and follows those that have a newer version.
  package func round() async {
    let tenants = Dictionary(grouping: keyring.lent.toConfirm()) { $0.entry.tenant }
    await withTaskGroup(of: Void.self) { group in
      for loans in tenants.values { group.addTask { await self.confirm(loans) } }
    }
  }

  /// Asks about one tenant's keys, for a while: who keeps silent holds up nobody else's.
  private func confirm(_ loans: [(entry: Keyring.DataKeyEntry, loan: LentKeys.Loan)]) async {
    let begin = clock.steady()
    await withTaskGroup(of: Void.self) { group in
      for (index, (entry, loan)) in loans.enumerated() {
        if index >= KeyringLimits.maximumConcurrentChecks { await group.next() }
        guard begin.duration(to: clock.steady()) < .seconds(KeyringLimits.customerKeyCheckSeconds) else { return }
        group.addTask { await self.confirm(entry, loan.protection) }
      }
    }
  }

  /// Looks once for newer versions of all keys, so that a version may be disabled that only data at rest was under.
  package func followAll() async throws {
    var last: WrappedDataKey?
    // Vaults that do not answer have their turn the next time.
    var silent: Set<String> = []
    repeat {
      let page = try await records.read { [last] in
        try Keyring.protectedDataKeys(after: last, limit: KeyringLimits.followPage, in: $0)
      }
      for record in page {
        try Task.checkCancellation()
        guard let protection = record.protection, protection.key.version == nil, !silent.contains(protection.key.vault) else { continue }
        do throws(CustomerKeyError) {
          let use = protection.use(tenant: record.tenant, caller: nil, request: nil)
          let newest = try await keys.check(protection.key.at(protection.version), use)
          if newest != protection.version { await follow(Keyring.DataKeyEntry(tenant: record.tenant, id: record.id), protection) }
        } catch {
          if !error.isRefusal { silent.insert(protection.key.vault) }
        }
      }
      last = page.count == KeyringLimits.followPage ? page.last : nil
    } while last != nil
  }

  private func confirm(_ entry: Keyring.DataKeyEntry, _ protection: CustomerProtection) async {
    let asked = clock.steady()
    do {
      let present = try await records.read { try Keyring.protection(of: entry.id, tenant: entry.tenant, in: $0) }
      // Who asked before a change of the protection may have had the answer after it: then this loan is not what the customer has chosen.
      guard present == protection else { return keyring.lent.end(entry, under: protection) }
      let newest = try await keys.check(protection.key.at(protection.version), protection.use(tenant: entry.tenant, caller: nil, request: nil))
      keyring.lent.confirm(entry, protection, asked: asked)
      if protection.key.version == nil, newest != protection.version { await follow(entry, protection) }
    } catch let error as CustomerKeyError where !error.isRefusal {
      // It runs out by itself, if nothing else is heard.
    } catch let error as CustomerKeyError {
      keyring.lent.end(entry, under: protection)
      logger.notice("a customer's key is withdrawn", metadata: metadata(protection, error))
    } catch KeyringError.noSuchKey {
      keyring.lent.end(entry, under: protection)
    } catch {
      logger.warning("a customer's key cannot be asked about", metadata: metadata(protection, error))
    }
  }

  private func metadata(_ protection: CustomerProtection, _ error: any Error) -> Logger.Metadata {
    ["key": "\(protection.key.url)", "subject": "\(protection.subject)", "cause": "\(error)"]
  }

  /// Wraps a data key with the newest version. Where that is not possible the present one goes on to serve.
  private func follow(_ entry: Keyring.DataKeyEntry, _ protection: CustomerProtection) async {
    let use = protection.use(tenant: entry.tenant, caller: nil, request: nil)
    do {
      let prepared = try await prepare(entry.id, tenant: entry.tenant, protection.key, use)
      try await records.write { [keyring] transaction in
        // Not where the customer has chosen another key meanwhile.
        guard try Keyring.protection(of: entry.id, tenant: entry.tenant, in: transaction) == protection else { return }
        try keyring.protect(prepared, in: transaction)
      }
    } catch {
      logger.info("a customer's key cannot be followed to its newest version", metadata: metadata(protection, error))
    }
  }
}
