internal import Base
internal import Keyring
internal import Records

/// A name under which blobs of an account are encrypted with a data key of their own.
///
/// Source: Microsoft, "Encryption scopes for Blob storage" and "Encryption Scopes", REST reference of the storage resource provider.
struct EncryptionScope: Record, Codable, Equatable, Sendable {
  static let kind = "storage.encryptionScope"
  /// How answers name the key of the account itself.
  static let account = "$account-encryption-key"

  var tenant: GUID
  /// The account's (`StorageAccount.partition`).
  var partition: String
  var name: String
  /// Seals the bytes of the blobs of this scope.
  var dataKey: DataKeyID
  /// A scope that is disabled lets nothing be read or written until it is enabled again.
  var isEnabled = true
  var createdTime: Timestamp
  var changedTime: Timestamp

  var key: RecordKey { RecordKey(tenant: tenant, partition, name) }

  static func key(_ account: StorageAccount, name: String) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition, name)
  }

  /// Scopes of one account. All of their keys go in the transaction that deletes it.
  static let maximumPerAccount = 5000

  /// The data keys of an account's scopes that customers' keys protect, by name.
  static func underCustomerKeys(of account: StorageAccount, in reader: any RecordReader) throws -> [String: DataKeyID] {
    let scopes = try reader.list(EncryptionScope.self, under: RecordKey(tenant: account.tenant, account.partition), limit: maximumPerAccount)
    var keys: [String: DataKeyID] = [:]
    for scope in scopes where try Keyring.protection(of: scope.dataKey, tenant: account.tenant, in: reader) != nil {
      keys[scope.name] = scope.dataKey
    }
    return keys
  }

  /// The scope of a blob that is to be read or written. Throws where it is not there or disabled.
  static func require(_ name: String, of account: StorageAccount, in reader: any RecordReader) throws -> EncryptionScope {
    guard let scope = try reader.fetch(EncryptionScope.self, key(account, name: name)) else { throw StorageError.encryptionScopeNotFound }
    guard scope.isEnabled else { throw StorageError.encryptionScopeDisabled }
    return scope
  }
}
