internal import Base
internal import Records

/// What becomes, in a security module, of the keys that versions in backups refer to. Nothing but `settle` runs inside of a transaction.
protocol VaultModuleKeys: Sendable {
  /// A key in the form in which it may leave the module: wrapped, so that the module alone can take it back.
  func backUp(_ moduleKey: GUID, of vault: Vault) async throws -> [UInt8]

  /// Takes back what `backUp` gave and names it anew; it goes again unless `settle` follows. Throws 400 for anything else, 503 where the module is away.
  func restore(_ wrapped: [UInt8], into vault: Vault) async throws -> GUID

  /// Says that a record holds the key, in the transaction of that record.
  func settle(_ moduleKey: GUID?, _ transaction: RecordTransaction) throws

  /// Lets those keys of `restore` go at once that no record came to hold.
  func abandon(_ moduleKeys: [GUID]) async throws
}
