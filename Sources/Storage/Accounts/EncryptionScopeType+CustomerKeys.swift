internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// A scope under a key of the customer's, which the account's identity uses.
extension EncryptionScopeType {
  enum Source: String {
    case storage = "Microsoft.Storage"
    case vault = "Microsoft.KeyVault"
  }

  /// What a body wants of a scope. What it leaves out stays.
  struct Wanted {
    var isEnabled: Bool?
    var source: Source?
    var key: CustomerKey?

    init(_ properties: JSON) throws {
      for (name, value) in properties.object?.members ?? [] where value != .null {
        switch name.lowercased() {
        case "source":
          switch value.string?.lowercased() {
          case Source.storage.rawValue.lowercased(): source = .storage
          case Source.vault.rawValue.lowercased(): source = .vault
          default: throw StorageAccountSettings.invalid("source")
          }
        case "state":
          switch value.string?.lowercased() {
          case "enabled": isEnabled = true
          case "disabled": isEnabled = false
          default: throw StorageAccountSettings.invalid("state")
          }
        case "keyvaultproperties":
          guard let url = value.object?.member(ignoringCase: "keyUri"), url != .null else { continue }
          guard let found = url.string.flatMap({ CustomerKey(url: $0) }) else {
            throw StorageAccountSettings.invalid("keyVaultProperties.keyUri")
          }
          key = found
        case "requireinfrastructureencryption":
          guard value.boolean == false else {
            throw StorageAccountSettings.unsupported("Infrastructure encryption", "properties.requireInfrastructureEncryption")
          }
        case "creationtime", "lastmodifiedtime": break
        default: throw StorageAccountSettings.invalid(name)
        }
      }
    }
  }

  /// How a scope's data key is to be protected, where `present` is how it is.
  static func wish(
    _ wanted: Wanted, _ present: CustomerProtection?, _ account: StorageAccount, in reader: any RecordReader
  ) throws -> DataKeyProtection.Wish? {
    guard wanted.source ?? (present == nil ? .storage : .vault) == .vault else {
      guard wanted.key == nil else { throw StorageAccountSettings.invalid("keyVaultProperties") }
      return nil
    }
    if wanted.key == nil, wanted.source == nil, let present { return DataKeyProtection.Wish(key: present.key, identity: present.identity) }
    guard let key = wanted.key ?? present?.key else { throw StorageAccountSettings.invalid("keyVaultProperties.keyUri") }
    guard let identity = try identity(of: account, in: reader) else { throw StorageAccountSettings.refused(.identityNotFound) }
    return DataKeyProtection.Wish(key: key, identity: identity)
  }

  /// The principal as which the account uses customers' keys.
  private static func identity(of account: StorageAccount, in reader: any RecordReader) throws -> GUID? {
    guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: account.tenant, account.id)) else { return nil }
    let encryption = AccountEncryption(resource.properties.object ?? JSON.Object())
    return ManagedServiceIdentity.principal(of: resource.identity, userAssigned: encryption.userAssignedIdentity)
  }

  func prepare(_ change: ResourceChange) async throws -> (any Sendable)? {
    let wanted = try Wanted(change.body["properties"] ?? [:])
    let tenant = change.context.tenant
    let found = try await accounts.records.read { reader -> (DataKeyID?, DataKeyProtection.Wish?, GUID?)? in
      guard let account = try BlobServiceType.account(above: change.id, tenant: tenant, in: reader) else { return nil }
      let scope = try reader.fetch(EncryptionScope.self, EncryptionScope.key(account, name: change.id.name))
      let present = try scope.flatMap { try Keyring.protection(of: $0.dataKey, tenant: tenant, in: reader) }
      let wish = try Self.wish(wanted, present, account, in: reader)
      if wish == nil, present == nil { return nil }
      return (scope?.dataKey, wish, try Self.identity(of: account, in: reader))
    }
    guard let (dataKey, wish, identity) = found else { return nil }
    return try await accounts.protection.prepare(dataKey, wish, identity: identity, subject: change.id, change.context)
  }
}
