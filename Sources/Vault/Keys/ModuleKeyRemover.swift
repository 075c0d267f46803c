internal import Base
internal import Logging
internal import Records
internal import SecurityModule

/// Destroys the keys of the hardware security module that no record holds.
struct ModuleKeyRemover: Sendable {
  let keys: VaultKeys

  private var services: VaultServices { keys.services }

  /// Destroys keys whose time has come, a bounded number of them. Gives whether there may be more.
  func round(now: Timestamp) async throws -> Bool {
    guard let next = try await next(), next <= now else { return false }
    // Durable before the module is told, so that no record takes over a key that is about to go.
    let due = try await services.records.write { transaction in
      try transaction.list(ModuleKeyRemoval.self, index: ModuleKeyRemoval.dueIndex, [], tenant: .zero, limit: KeyLimits.maximumRound)
        .filter { $0.due <= now }
        .map { removal in
          var doomed = removal
          doomed.isDoomed = true
          try transaction.save(doomed)
          return doomed
        }
    }
    for removal in due {
      do {
        guard let module = keys.module?.module else { throw SecurityModuleError.unavailable("none is configured") }
        try await module.destroy(removal.id)
      } catch SecurityModuleError.noSuchKey {
        // It was never made, or an earlier round destroyed it.
      } catch {
        services.logger.warning("a key stays in the hardware security module for now", metadata: ["key": "\(removal.id)", "cause": "\(error)"])
        try await postpone(removal, now: now)
        continue
      }
      try await services.records.write { _ = try $0.remove(ModuleKeyRemoval.self, removal.key) }
    }
    return due.count == KeyLimits.maximumRound
  }

  /// When the next one falls due; nil where none does.
  func next() async throws -> Timestamp? {
    try await services.records.read { reader in
      try reader.list(ModuleKeyRemoval.self, index: ModuleKeyRemoval.dueIndex, [], tenant: .zero, limit: 1).first?.due
    }
  }

  private func postpone(_ removal: ModuleKeyRemoval, now: Timestamp) async throws {
    var later = removal
    later.due = now.advanced(by: .seconds(KeyLimits.retrySeconds))
    let postponed = later
    try await services.records.write { transaction in
      guard try transaction.fetch(ModuleKeyRemoval.self, removal.key) == removal else { return }
      try transaction.save(postponed)
    }
  }
}
