internal import Base
internal import Wire

/// The settable properties of a vault: which there are, what they may be, and what is refused because the platform would not do it. Access policies are
/// not among them: the data plane's record of the vault has those.
///
/// Source: Microsoft, "Vaults - Create Or Update", REST reference of the Key Vault resource provider.
enum VaultSettings {
  static func invalid(_ path: String) -> CloudError {
    CloudError(400, "BadRequest", "An invalid value was provided for '\(path)'.", target: path)
  }

  static func missing(_ name: String) -> CloudError {
    CloudError(400, "BadRequest", "The parameter \(name) is not specified.", target: name)
  }

  static func unsupported(_ feature: String, _ path: String) -> CloudError {
    CloudError(400, "BadRequest", "\(feature) is not supported in this cloud.", target: path)
  }

  private static let switches = ["enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment", "enableRbacAuthorization"]
  /// What answers show and requests may repeat without effect.
  private static let readOnly: Set<String> = [
    "provisioningstate", "vaulturi", "hsmpoolresourceid", "privateendpointconnections", "accesspolicies", "createmode",
  ]

  /// The api-version from which on roles decide where a request says nothing; before, access policies did.
  ///
  /// Source: Microsoft, "Prepare for Key Vault API version 2026-02-01 and later: Azure RBAC as default access control".
  private static let firstVersionWithRoles = "2026-02-01"

  /// What a new vault has before anything is set.
  static func initial(apiVersion: String) -> JSON.Object {
    var settings = JSON.Object()
    settings["enabledForDeployment"] = false
    settings["enabledForDiskEncryption"] = false
    settings["enabledForTemplateDeployment"] = false
    settings["enableSoftDelete"] = true
    settings["softDeleteRetentionInDays"] = 90
    settings["enableRbacAuthorization"] = .boolean(apiVersion >= firstVersionWithRoles)
    settings["publicNetworkAccess"] = "Enabled"
    return settings
  }

  /// `stored` with what `wanted` (the `properties` of a request) changes. What it leaves out, or gives as null, stays.
  static func merging(_ wanted: JSON?, into stored: JSON.Object, tenant: GUID, isNew: Bool) throws -> JSON.Object {
    guard let wanted, !wanted.isNull else { return stored }
    guard let wanted = wanted.object else { throw invalid("properties") }
    var settings = stored
    for (name, value) in wanted.members where value != .null && !readOnly.contains(name.lowercased()) {
      try set(name, value, in: &settings, tenant: tenant, isNew: isNew)
    }
    return settings
  }

  private static func set(_ name: String, _ value: JSON, in settings: inout JSON.Object, tenant: GUID, isNew: Bool) throws {
    if let name = switches.first(where: { $0.equalsIgnoringASCIICase(name) }) {
      guard value.boolean != nil else { throw invalid(name) }
      return settings[name] = value
    }
    switch name.lowercased() {
    case "tenantid":
      guard value.string.flatMap({ GUID($0) }) == tenant else { throw invalid("tenantId") }
      settings["tenantId"] = .string(tenant.description)
    case "sku": settings["sku"] = try sku(value)
    case "enablesoftdelete":
      guard let isWanted = value.boolean else { throw invalid("enableSoftDelete") }
      guard isWanted else {
        throw irreversible(
          "The property \"enableSoftDelete\" can be set to false only for creating new vault. Enabling the 'soft delete' functionality is an "
            + "irreversible action.", "enableSoftDelete")
      }
    case "enablepurgeprotection":
      guard let isWanted = value.boolean else { throw invalid("enablePurgeProtection") }
      guard isWanted else {
        throw irreversible(
          "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.",
          "enablePurgeProtection")
      }
      settings["enablePurgeProtection"] = true
    case "softdeleteretentionindays":
      guard let days = value.integer, (7...90).contains(days) else { throw invalid("softDeleteRetentionInDays") }
      guard isNew || settings["softDeleteRetentionInDays"]?.integer == days else {
        throw irreversible("The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.", "softDeleteRetentionInDays")
      }
      settings["softDeleteRetentionInDays"] = .integer(days)
    case "publicnetworkaccess":
      guard let word = ["Enabled", "Disabled"].first(where: { $0.equalsIgnoringASCIICase(value.string ?? "") }) else {
        throw invalid("publicNetworkAccess")
      }
      settings["publicNetworkAccess"] = .string(word)
    case "networkacls": settings["networkAcls"] = try NetworkRules.vaultSetting(value, over: settings["networkAcls"])
    default: throw invalid(name)
    }
  }

  private static func irreversible(_ message: String, _ path: String) -> CloudError { CloudError(400, "BadRequest", message, target: path) }

  private static func sku(_ value: JSON) throws -> JSON {
    guard value.object != nil else { throw invalid("sku") }
    guard value.member("family")?.string?.equalsIgnoringASCIICase("A") ?? false else { throw invalid("sku.family") }
    guard let name = ["standard", "premium"].first(where: { $0.equalsIgnoringASCIICase(value.member("name")?.string ?? "") }) else {
      throw invalid("sku.name")
    }
    return ["family": "A", "name": .string(name)]
  }
}
