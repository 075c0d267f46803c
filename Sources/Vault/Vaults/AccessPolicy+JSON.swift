internal import Base
internal import Wire

/// Access policies as Resource Manager takes and shows them.
///
/// Source: Microsoft, "Vaults - Create Or Update", REST reference of the Key Vault resource provider, `AccessPolicyEntry` and `Permissions`.
extension AccessPolicy {
  private static let keyPermissions = [
    "all", "encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify", "get", "list", "create", "update", "import", "delete", "backup", "restore",
    "recover", "purge", "release", "rotate", "getrotationpolicy", "setrotationpolicy",
  ]
  private static let secretPermissions = ["all", "get", "list", "set", "delete", "backup", "restore", "recover", "purge"]
  private static let certificatePermissions = [
    "all", "get", "list", "delete", "create", "import", "update", "managecontacts", "getissuers", "listissuers", "setissuers", "deleteissuers",
    "manageissuers", "recover", "purge", "backup", "restore",
  ]
  private static let storagePermissions = [
    "all", "get", "list", "delete", "set", "update", "regeneratekey", "recover", "purge", "backup", "restore", "setsas", "listsas", "getsas",
    "deletesas",
  ]

  /// The policies of a request for a vault of a tenant. Throws 400, also for a policy of another tenant.
  static func list(_ value: JSON, tenant: GUID) throws -> [AccessPolicy] {
    guard let array = value.array, array.count <= VaultLimits.maximumAccessPolicies else { throw VaultSettings.invalid("accessPolicies") }
    return try array.map { try AccessPolicy($0, tenant: tenant) }
  }

  private init(_ value: JSON, tenant: GUID) throws {
    guard value.member("tenantId")?.string.flatMap({ GUID($0) }) == tenant else { throw VaultSettings.invalid("accessPolicies[*].tenantId") }
    guard let objectID = value.member("objectId")?.string.flatMap({ GUID($0) }) else { throw VaultSettings.invalid("accessPolicies[*].objectId") }
    var applicationID: GUID?
    if let wanted = value.member("applicationId") {
      guard let id = wanted.string.flatMap({ GUID($0) }) else { throw VaultSettings.invalid("accessPolicies[*].applicationId") }
      applicationID = id
    }
    guard let permissions = value.member("permissions"), permissions.object != nil else {
      throw VaultSettings.invalid("accessPolicies[*].permissions")
    }
    func names(_ collection: String, _ known: [String]) throws -> [String] {
      guard let value = permissions.member(collection) else { return [] }
      let path = "accessPolicies[*].permissions.\(collection)"
      guard let array = value.array, array.count <= 2 * known.count else { throw VaultSettings.invalid(path) }
      var names: [String] = []
      for name in array {
        guard let text = name.string, known.contains(where: { $0.equalsIgnoringASCIICase(text) }) else { throw VaultSettings.invalid(path) }
        if !names.contains(where: { $0.equalsIgnoringASCIICase(text) }) { names.append(text) }
      }
      return names
    }
    self.init(
      tenant: tenant, objectID: objectID, applicationID: applicationID, keys: try names("keys", Self.keyPermissions),
      secrets: try names("secrets", Self.secretPermissions), certificates: try names("certificates", Self.certificatePermissions),
      storage: try names("storage", Self.storagePermissions))
  }

  var json: JSON {
    func names(_ permissions: [String]) -> JSON { .array(permissions.map { .string($0) }) }
    return .object([
      "tenantId": .string(tenant.description), "objectId": .string(objectID.description),
      "applicationId": JSON.string(applicationID?.description),
      "permissions": ["keys": names(keys), "secrets": names(secrets), "certificates": names(certificates), "storage": names(storage)],
    ])
  }

  private func isOfSamePrincipal(as other: AccessPolicy) -> Bool { objectID == other.objectID && applicationID == other.applicationID }

  private var isEmpty: Bool { keys.isEmpty && secrets.isEmpty && certificates.isEmpty && storage.isEmpty }

  /// What `PUT …/accessPolicies/<kind>` does to the policies of a vault.
  enum Change: String {
    case add
    case replace
    case remove

    /// The policies with `given` added, put in place of those of the same principals, or taken away. Throws 400 where they become too many.
    func apply(_ given: [AccessPolicy], to policies: [AccessPolicy]) throws -> [AccessPolicy] {
      var result = policies
      for policy in given {
        let index = result.firstIndex { $0.isOfSamePrincipal(as: policy) }
        switch (self, index) {
        case (.add, let index?): result[index] = result[index].combined(policy) { $0 + $1 }
        case (.replace, let index?): result[index] = policy
        case (.add, nil), (.replace, nil): result.append(policy)
        case (.remove, let index?):
          result[index] = result[index].combined(policy) { held, taken in held.filter { name in !taken.contains { $0.equalsIgnoringASCIICase(name) } }
          }
          if result[index].isEmpty { result.remove(at: index) }
        case (.remove, nil): break
        }
      }
      guard result.count <= VaultLimits.maximumAccessPolicies else { throw VaultSettings.invalid("accessPolicies") }
      return result
    }
  }

  private func combined(_ other: AccessPolicy, _ combine: ([String], [String]) -> [String]) -> AccessPolicy {
    func names(_ path: KeyPath<AccessPolicy, [String]>) -> [String] {
      var seen: Set<String> = []
      return combine(self[keyPath: path], other[keyPath: path]).filter { seen.insert($0.lowercased()).inserted }
    }
    return AccessPolicy(
      tenant: tenant, objectID: objectID, applicationID: applicationID, keys: names(\.keys), secrets: names(\.secrets),
      certificates: names(\.certificates), storage: names(\.storage))
  }
}
