internal import Base
internal import Crypto
public import Keyring
public import Records
internal import Synchronization
internal import Wire

/// The storage accounts of the cloud, found by name and kept in memory with their opened keys for the data plane.
///
/// One instance is shared by the provider, which changes accounts, and the endpoint, which looks them up at every request.
public final class StorageAccounts: Sendable {
  let records: any RecordStore
  let keyring: Keyring
  /// Nil: no account can be under a customer's key.
  let customers: CustomerKeyring?
  private let cache = Mutex(Cache())

  /// Accounts kept in memory.
  static let maximumCached = 4096

  private struct Cache {
    var accounts: [String: OpenAccount] = [:]
    /// Grows with every invalidation, so that what was read before one is not cached after it.
    var generation = 0
  }

  /// Accounts whose records are in `records` and whose keys rest sealed by `keyring`. `customers` opens what customers' keys protect.
  public init(records: any RecordStore, keyring: Keyring, customers: CustomerKeyring? = nil) {
    self.records = records
    self.keyring = keyring
    self.customers = customers
  }

  var protection: DataKeyProtection { DataKeyProtection(customers: customers, keyring: keyring) }

  /// The account of a name, or nil.
  func account(named name: String) async throws -> OpenAccount? {
    let (cached, generation) = cache.withLock { ($0.accounts[name], $0.generation) }
    if let cached { return cached }
    let keyring = keyring
    let opened = try await records.read { reader -> OpenAccount? in
      try reader.fetch(StorageAccount.self, StorageAccount.key(name)).map { try OpenAccount($0, keyring: keyring, in: reader) }
    }
    if let opened {
      cache.withLock { cache in
        guard cache.generation == generation else { return }
        if cache.accounts.count >= Self.maximumCached { cache.accounts.removeAll() }
        cache.accounts[name] = opened
      }
    }
    return opened
  }

  /// Forgets an account once the transaction that changes it is durable.
  func invalidate(_ name: String, after transaction: RecordTransaction) {
    transaction.afterCommit { [self] in
      cache.withLock { cache in
        cache.accounts[name] = nil
        cache.generation += 1
      }
    }
  }
}

/// An account with its keys unsealed. It stays in memory and is never written anywhere.
final class OpenAccount: Sendable {
  /// What requests carry with them.
  let state: AccountState
  /// The account's ARM id, as decisions name it.
  let path: String
  let keys: [SymmetricKey]
  let delegationSecret: SymmetricKey
  let knownSignatures = KnownSignatures()
  /// Whether a customer's key protects the account's data key.
  let hasCustomerKey: Bool
  /// The data keys of its encryption scopes that customers' keys protect, by the scopes' names.
  let customerScopes: [String: DataKeyID]
  private let queueProperties: ServiceProperties
  private let tableProperties: ServiceProperties

  init(_ account: StorageAccount, keyring: Keyring, in reader: any RecordReader) throws {
    state = AccountState(account, try BlobServiceProperties.of(account, in: reader))
    path = account.id.description
    keys = try account.keys.map { key in
      let context = StorageAccount.sealingContext(account.name, key.name)
      return SymmetricKey(data: try keyring.open(key.sealed, context: context, tenant: account.tenant, in: reader))
    }
    let context = StorageAccount.sealingContext(account.name, StorageAccount.delegation)
    delegationSecret = SymmetricKey(data: try keyring.open(account.delegationSecret, context: context, tenant: account.tenant, in: reader))
    hasCustomerKey = try Keyring.protection(of: account.dataKey, tenant: account.tenant, in: reader) != nil
    customerScopes = account.hasCustomerScopes == true ? try EncryptionScope.underCustomerKeys(of: account, in: reader) : [:]
    queueProperties = try ServiceProperties.of(account, .queue, in: reader)
    tableProperties = try ServiceProperties.of(account, .table, in: reader)
  }

  var account: StorageAccount { state.account }
  var properties: BlobServiceProperties { state.properties }

  func crossOriginRules(of service: StorageService) -> [CrossOriginRule] {
    switch service {
    case .blob, .web: properties.crossOriginRules
    case .queue: queueProperties.crossOriginRules
    case .table: tableProperties.crossOriginRules
    }
  }

  /// Nil where nothing is to be written down.
  func analytics(of service: StorageService) -> ServiceAnalytics? {
    switch service {
    case .blob, .web: properties.recorded.flatMap { $0.isEnabled ? $0 : nil }
    case .queue: queueProperties.analytics.isEnabled ? queueProperties.analytics : nil
    case .table: tableProperties.analytics.isEnabled ? tableProperties.analytics : nil
    }
  }

  /// The path of a container below the account, as decisions name it.
  func path(container: String) -> String {
    "\(path)/blobServices/default/containers/\(container)"
  }

  /// The path of the container, queue or table that a request names, or of the account where it names none.
  func path(to target: StorageTarget) -> String {
    guard !target.container.isEmpty else { return path }
    return switch target.service {
    case .blob, .web: path(container: target.container)
    case .queue: "\(path)/queueServices/default/queues/\(target.container)"
    case .table: "\(path)/tableServices/default/tables/\(target.container)"
    }
  }
}

/// An account and the settings of its blob service, in one object: what is handed on with a request is a reference.
final class AccountState: Sendable {
  let account: StorageAccount
  let properties: BlobServiceProperties

  init(_ account: StorageAccount, _ properties: BlobServiceProperties) {
    self.account = account
    self.properties = properties
  }
}
