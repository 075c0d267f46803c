internal import Base
internal import Keyring
internal import Wire

/// Under which key an account is encrypted: the `encryption` of its settings, as it rests among them. What an account without one has is the default.
///
/// Source: Microsoft, "Storage Accounts - Create", `Encryption`, REST reference of the storage resource provider.
struct AccountEncryption: Equatable {
  static let member = "encryption"

  /// Nil: the platform's key alone.
  var customerKey: CustomerKey?
  /// The user-assigned identity that uses the key; nil for the account's own.
  var userAssignedIdentity: String?
  /// Services whose key was asked to be the account's. It is so for all.
  var accountServices: Set<String> = []

  private static let storage = "Microsoft.Storage"
  private static let vault = "Microsoft.Keyvault"
  private static let services = ["blob", "file", "queue", "table"]
  /// Their `keyType` is chosen when an account is made.
  private static let choosingServices = ["queue", "table"]

  /// What stored settings say.
  init(_ settings: JSON.Object) {
    guard let stored = settings[Self.member] else { return }
    if let key = stored["keyvaultproperties"], let vault = key["keyvaulturi"]?.string, let name = key["keyname"]?.string {
      customerKey = CustomerKey(vault: vault, name: name, version: key["keyversion"]?.string)
    }
    userAssignedIdentity = stored["identity"]?["userAssignedIdentity"]?.string
    accountServices = Set(stored["services"]?.array?.compactMap(\.string) ?? [])
  }

  /// How it rests; nil for the default.
  var setting: JSON? {
    var members = JSON.Object()
    if let key = customerKey {
      members["keyvaultproperties"] = .object([
        "keyname": .string(key.name), "keyvaulturi": .string(key.vault), "keyversion": JSON.string(key.version),
      ])
    }
    if let userAssignedIdentity { members["identity"] = ["userAssignedIdentity": .string(userAssignedIdentity)] }
    if !accountServices.isEmpty { members["services"] = .array(accountServices.sorted().map { .string($0) }) }
    return members.members.isEmpty ? nil : .object(members)
  }

  /// `stored` with what `wanted` (the `encryption` of a request) changes. What it leaves out stays.
  static func merging(_ wanted: JSON, into settings: JSON.Object) throws -> AccountEncryption {
    guard let wanted = wanted.object else { throw StorageAccountSettings.invalid(member) }
    var encryption = AccountEncryption(settings)
    guard !(wanted.member(ignoringCase: "requireInfrastructureEncryption")?.boolean ?? false) else {
      throw StorageAccountSettings.unsupported("Infrastructure encryption", "properties.encryption.requireInfrastructureEncryption")
    }
    try encryption.takeServices(wanted.member(ignoringCase: "services"))
    try encryption.takeIdentity(wanted.member(ignoringCase: "identity"))
    let isVault =
      switch wanted.member(ignoringCase: "keySource")?.string?.lowercased() {
      case nil: encryption.customerKey != nil
      case storage.lowercased(): false
      case vault.lowercased(): true
      default: throw StorageAccountSettings.invalid("encryption.keySource")
      }
    let key = wanted.member(ignoringCase: "keyvaultproperties").flatMap { $0 == .null || $0 == [:] ? nil : $0 }
    if isVault {
      try encryption.takeKey(key)
    } else {
      guard key == nil else { throw StorageAccountSettings.invalid("encryption.keyvaultproperties") }
      encryption.customerKey = nil
      encryption.userAssignedIdentity = nil
    }
    return encryption
  }

  private mutating func takeKey(_ wanted: JSON?) throws {
    let members = wanted?.object
    let name = members?.member(ignoringCase: "keyname")?.string ?? customerKey?.name
    let vault = members?.member(ignoringCase: "keyvaulturi")?.string ?? customerKey?.vault
    guard let name, CustomerKey.isName(name) else { throw StorageAccountSettings.invalid("encryption.keyvaultproperties.keyname") }
    guard let vault = vault.flatMap({ CustomerKey.address($0) }) else {
      throw StorageAccountSettings.invalid("encryption.keyvaultproperties.keyvaulturi")
    }
    var version: String?
    if let given = members?.member(ignoringCase: "keyversion"), given != .null {
      guard let text = given.string, text.isEmpty || CustomerKey.isName(text) else {
        throw StorageAccountSettings.invalid("encryption.keyvaultproperties.keyversion")
      }
      version = text.isEmpty ? nil : text
    } else if members?.member(ignoringCase: "keyversion") == nil, name == customerKey?.name, vault == customerKey?.vault {
      version = customerKey?.version
    }
    customerKey = CustomerKey(vault: vault, name: name, version: version)
  }

  private mutating func takeIdentity(_ wanted: JSON?) throws {
    guard let wanted, wanted != .null else { return }
    guard let object = wanted.object else { throw StorageAccountSettings.invalid("encryption.identity") }
    if let client = object.member(ignoringCase: "federatedIdentityClientId")?.string, !client.isEmpty, client.lowercased() != "none" {
      throw StorageAccountSettings.unsupported("Cross-tenant customer-managed key", "properties.encryption.identity.federatedIdentityClientId")
    }
    guard let given = object.member(ignoringCase: "userAssignedIdentity") else { return }
    guard given == .null || given.string != nil else { throw StorageAccountSettings.invalid("encryption.identity.userAssignedIdentity") }
    userAssignedIdentity = given.string.flatMap { $0.isEmpty ? nil : $0 }
  }

  private mutating func takeServices(_ wanted: JSON?) throws {
    for (name, settings) in wanted?.object?.members ?? [] where settings != .null {
      let service = name.lowercased()
      guard Self.services.contains(service) else { throw StorageAccountSettings.invalid("encryption.services.\(name)") }
      guard settings["enabled"]?.boolean ?? true else { throw StorageAccountSettings.invalid("encryption.services.\(name).enabled") }
      guard Self.choosingServices.contains(service), let type = settings["keyType"]?.string?.lowercased() else { continue }
      switch type {
      case "account": accountServices.insert(service)
      case "service": accountServices.remove(service)
      default: throw StorageAccountSettings.invalid("encryption.services.\(name).keyType")
      }
    }
  }

  // MARK: Showing

  func json(_ protection: CustomerProtection?, created: Timestamp) -> JSON {
    let service: JSON = ["keyType": "Account", "enabled": true, "lastEnabledTime": .string(created.iso8601Fractional)]
    var shown = JSON.Object()
    shown["keySource"] = .string(customerKey == nil ? Self.storage : Self.vault)
    shown["services"] = .object(JSON.Object((["blob"] + accountServices.sorted()).map { ($0, service) }))
    if let key = customerKey {
      var properties: JSON.Object = JSON.Object()
      properties["keyname"] = .string(key.name)
      properties["keyversion"] = .string(key.version ?? "")
      properties["keyvaulturi"] = .string(key.vault)
      protection?.show(in: &properties)
      shown["keyvaultproperties"] = .object(properties)
    }
    if let userAssignedIdentity { shown["identity"] = ["userAssignedIdentity": .string(userAssignedIdentity)] }
    return .object(shown)
  }
}

extension CustomerProtection {
  /// What answers tell of the version in use, for accounts and scopes alike.
  func show(in properties: inout JSON.Object) {
    properties["currentVersionedKeyIdentifier"] = .string(key.at(version).url)
    properties["lastKeyRotationTimestamp"] = .string(since.iso8601Fractional)
  }
}
