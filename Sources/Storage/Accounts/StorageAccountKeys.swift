internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The two keys of a storage account and the secret behind its user delegation keys: how they are made, shown, renewed and used to sign.
///
/// Source: Microsoft, "Storage Accounts - List Keys", "Regenerate Key", "Revoke User Delegation Keys", REST reference.
struct StorageAccountKeys: Sendable {
  let accounts: StorageAccounts
  let random: any RandomSource

  var actions: [ResourceAction] {
    let account = "Microsoft.Storage/storageAccounts"
    return [
      // Handing keys out changes nothing, and yet belongs in the activity log.
      ResourceAction(name: "listKeys", permission: "\(account)/listkeys/action", isWrite: true, givesSecret: true) {
        resource, _, _, transaction in
        try list(StorageAccountType.account(of: resource, in: transaction), in: transaction)
      },
      ResourceAction(name: "regenerateKey", permission: "\(account)/regeneratekey/action", isWrite: true, givesSecret: true) {
        resource, body, context, transaction in
        try regenerate(StorageAccountType.account(of: resource, in: transaction), body, now: context.now, in: transaction)
      },
      ResourceAction(
        name: "revokeUserDelegationKeys", permission: "\(account)/revokeUserDelegationKeys/action", isWrite: true
      ) { resource, _, _, transaction in
        var account = try StorageAccountType.account(of: resource, in: transaction)
        account.delegationSecret = try makeDelegationSecret(account, in: transaction)
        try transaction.save(account)
        accounts.invalidate(account.name, after: transaction)
        return [:]
      },
      ResourceAction(name: "ListAccountSas", permission: "\(account)/listAccountSas/action", isWrite: true, givesSecret: true) {
        resource, body, _, transaction in
        try StorageAccountSignature(keys: self).accountSignature(
          StorageAccountType.account(of: resource, in: transaction), body, in: transaction)
      },
      ResourceAction(name: "ListServiceSas", permission: "\(account)/listServiceSas/action", isWrite: true, givesSecret: true) {
        resource, body, _, transaction in
        try StorageAccountSignature(keys: self).serviceSignature(
          StorageAccountType.account(of: resource, in: transaction), body, in: transaction)
      },
    ]
  }

  func make(_ name: String, _ account: StorageAccount, now: Timestamp, in transaction: RecordTransaction) throws -> StorageAccount.AccessKey {
    try seal(random.bytes(StorageAccountType.keyBytes), as: name, account, now: now, in: transaction)
  }

  func seal(
    _ bytes: [UInt8], as name: String, _ account: StorageAccount, now: Timestamp, in transaction: RecordTransaction
  ) throws -> StorageAccount.AccessKey {
    let context = StorageAccount.sealingContext(account.name, name)
    let sealed = try accounts.keyring.seal(bytes, context: context, tenant: account.tenant, in: transaction)
    return StorageAccount.AccessKey(name: name, sealed: sealed, createdTime: now)
  }

  func makeDelegationSecret(_ account: StorageAccount, in transaction: RecordTransaction) throws -> [UInt8] {
    let context = StorageAccount.sealingContext(account.name, StorageAccount.delegation)
    return try accounts.keyring.seal(
      random.bytes(StorageAccountType.delegationSecretBytes), context: context, tenant: account.tenant, in: transaction)
  }

  /// A key's bytes.
  func open(_ key: StorageAccount.AccessKey, _ account: StorageAccount, in reader: any RecordReader) throws -> [UInt8] {
    try accounts.keyring.open(
      key.sealed, context: StorageAccount.sealingContext(account.name, key.name), tenant: account.tenant, in: reader)
  }

  private func list(_ account: StorageAccount, in reader: any RecordReader) throws -> JSON {
    let keys: [JSON] = try account.keys.map { key in
      [
        "creationTime": .string(key.createdTime.iso8601Fractional), "keyName": .string(key.name),
        "value": .string(Data(try open(key, account, in: reader)).base64EncodedString()), "permissions": "FULL",
      ]
    }
    return ["keys": .array(keys)]
  }

  private func regenerate(_ account: StorageAccount, _ body: JSON, now: Timestamp, in transaction: RecordTransaction) throws -> JSON {
    let name = body.object?.member(ignoringCase: "keyName")?.string?.lowercased()
    guard let index = account.keys.firstIndex(where: { $0.name == name }) else { throw StorageAccountSettings.invalid("keyName") }
    var account = account
    account.keys[index] = try make(account.keys[index].name, account, now: now, in: transaction)
    try transaction.save(account)
    accounts.invalidate(account.name, after: transaction)
    return try list(account, in: transaction)
  }
}
