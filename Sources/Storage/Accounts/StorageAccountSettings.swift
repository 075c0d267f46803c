internal import Base
internal import Wire

/// The settable properties of a storage account: which there are, what they may be, and what is refused because the platform would not do it.
///
/// Source: Microsoft, "Storage Accounts - Create", REST reference of the storage resource provider.
enum StorageAccountSettings {
  static func invalid(_ path: String) -> CloudError {
    CloudError(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: \(path).", target: path)
  }

  static func unsupported(_ feature: String, _ path: String) -> CloudError {
    CloudError(409, "FeatureNotSupportedForAccount", "\(feature) is not supported for the account.", target: path)
  }

  static func cannotBeUpdated(_ property: String) -> CloudError {
    CloudError(
      409, "AccountPropertyCannotBeUpdated",
      "The property '\(property)' was specified in the input, but it cannot be updated as it is read-only. "
        + "For more information, see - https://aka.ms/storageaccountupdate", target: property)
  }

  /// What a new account has before anything is set.
  static func initial(kind: String) -> JSON.Object {
    var settings = JSON.Object()
    settings["accessTier"] = kind == "Storage" ? nil : kind == "BlockBlobStorage" ? "Premium" : "Hot"
    settings["allowBlobPublicAccess"] = false
    settings["allowCrossTenantReplication"] = false
    settings["allowSharedKeyAccess"] = true
    settings["supportsHttpsTrafficOnly"] = true
    settings["minimumTlsVersion"] = "TLS1_2"
    settings["publicNetworkAccess"] = "Enabled"
    settings["networkAcls"] = ["bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"]
    return settings
  }

  private static let switches = [
    "supportsHttpsTrafficOnly", "allowBlobPublicAccess", "allowSharedKeyAccess", "allowCrossTenantReplication", "defaultToOAuthAuthentication",
  ]
  /// Features that are not there: they can be off only.
  private static let absent: KeyValuePairs<String, String> = [
    "isHnsEnabled": "Hierarchical namespace", "isSftpEnabled": "SFTP", "isLocalUserEnabled": "Local user", "isNfsV3Enabled": "NFSv3",
    "enableExtendedGroups": "Extended group",
  ]
  /// Properties with one value that the platform can honour, among those that Azure knows.
  private static let fixed: [(name: String, value: String, refused: [String], feature: String)] = [
    ("publicNetworkAccess", "Enabled", ["Disabled", "SecuredByPerimeter"], "Restricting public network access"),
    ("dnsEndpointType", "Standard", ["AzureDnsZone"], "Azure DNS zone endpoint"),
    ("largeFileSharesState", "Disabled", ["Enabled"], "File"),
    ("minimumTlsVersion", "TLS1_2", ["TLS1_3"], "Another minimum TLS version"),
  ]
  /// What answers show and requests may repeat without effect.
  private static let readOnly: Set<String> = [
    "provisioningstate", "primaryendpoints", "primarylocation", "statusofprimary", "secondarylocation", "statusofsecondary", "secondaryendpoints",
    "creationtime", "keycreationtime", "privateendpointconnections", "georeplicationstats", "failoverinprogress", "lastgeofailovertime",
    "blobrestorestatus", "accountmigrationinprogress", "isskuconversionblocked", "storageaccountskuconversionstatus",
  ]

  /// `stored` with what `wanted` (the `properties` of a request) changes. What it leaves out, or gives as null, stays.
  static func merging(_ wanted: JSON?, into stored: JSON.Object, kind: String) throws -> JSON.Object {
    guard let wanted, !wanted.isNull else { return stored }
    guard let wanted = wanted.object else { throw invalid("properties") }
    var settings = stored
    for (name, value) in wanted.members where value != .null && !readOnly.contains(name.lowercased()) {
      try set(name, value, in: &settings, kind: kind)
    }
    return settings
  }

  private static func set(_ name: String, _ value: JSON, in settings: inout JSON.Object, kind: String) throws {
    let lowered = name.lowercased()
    if let name = switches.first(where: { $0.lowercased() == lowered }) {
      guard value.boolean != nil else { throw invalid(name) }
      settings[name] = value
    } else if let (name, feature) = absent.first(where: { $0.key.lowercased() == lowered }) {
      guard let isWanted = value.boolean else { throw invalid(name) }
      guard !isWanted else { throw unsupported(feature, "properties.\(name)") }
    } else if let rule = fixed.first(where: { $0.name.lowercased() == lowered }) {
      let text = value.string?.lowercased() ?? ""
      guard text != rule.value.lowercased() else { return settings[rule.name] = .string(rule.value) }
      guard !rule.refused.contains(where: { $0.lowercased() == text }) else { throw unsupported(rule.feature, "properties.\(rule.name)") }
      throw invalid(rule.name)
    } else {
      try setStructured(lowered, name, value, in: &settings, kind: kind)
    }
  }

  private static func setStructured(_ lowered: String, _ name: String, _ value: JSON, in settings: inout JSON.Object, kind: String) throws {
    switch lowered {
    case "accesstier": settings["accessTier"] = .string(try accessTier(value, kind: kind))
    case "networkacls": settings["networkAcls"] = try networkRules(value, settings["networkAcls"])
    case "encryption": try checkEncryption(value)
    case "keypolicy":
      guard let days = value["keyExpirationPeriodInDays"]?.integer, (0...Int64(Int32.max)).contains(days) else {
        throw invalid("keyPolicy.keyExpirationPeriodInDays")
      }
      settings["keyPolicy"] = ["keyExpirationPeriodInDays": .integer(days)]
    case "saspolicy": throw unsupported("SAS expiration policy", "properties.\(name)")
    case "azurefilesidentitybasedauthentication":
      guard value["directoryServiceOptions"]?.string?.lowercased() == "none" else { throw unsupported("File", "properties.\(name)") }
    case "routingpreference":
      let isDefault = value["routingChoice"]?.string?.lowercased() ?? "microsoftrouting" == "microsoftrouting"
      let publishes = value["publishMicrosoftEndpoints"]?.boolean ?? false || value["publishInternetEndpoints"]?.boolean ?? false
      guard isDefault, !publishes else { throw unsupported("Routing preference", "properties.\(name)") }
    case "immutablestoragewithversioning":
      guard !(value["enabled"]?.boolean ?? false) else { throw unsupported("Immutable storage with versioning", "properties.\(name)") }
    case "customdomain":
      guard value["name"]?.string?.isEmpty ?? true else { throw unsupported("Custom domain", "properties.\(name)") }
    case "allowedcopyscope": throw unsupported("Restricting the scope of copies", "properties.\(name)")
    default: throw invalid(name)
    }
  }

  private static func accessTier(_ value: JSON, kind: String) throws -> String {
    let allowed = kind == "BlockBlobStorage" ? ["Premium"] : kind == "Storage" ? [] : ["Hot", "Cool", "Cold"]
    guard let tier = allowed.first(where: { $0.lowercased() == value.string?.lowercased() }) else { throw invalid("accessTier") }
    return tier
  }

  /// Only rules that let everybody in: others would have to be enforced.
  private static func networkRules(_ value: JSON, _ stored: JSON?) throws -> JSON {
    guard let object = value.object else { throw invalid("networkAcls") }
    let action = object.member(ignoringCase: "defaultAction")?.string ?? "Allow"
    guard ["allow", "deny"].contains(action.lowercased()) else { throw invalid("networkAcls.defaultAction") }
    guard action.lowercased() == "allow" else { throw unsupported("Restricting network access", "properties.networkAcls.defaultAction") }
    for list in ["ipRules", "virtualNetworkRules", "resourceAccessRules"] {
      guard let rules = object.member(ignoringCase: list), rules != .null else { continue }
      guard let array = rules.array else { throw invalid("networkAcls.\(list)") }
      guard array.isEmpty else { throw unsupported("Restricting network access", "properties.networkAcls.\(list)") }
    }
    let bypass = object.member(ignoringCase: "bypass")?.string ?? stored?["bypass"]?.string ?? "AzureServices"
    let known: Set<String> = ["none", "logging", "metrics", "azureservices"]
    guard bypass.split(separator: ",").allSatisfy({ known.contains(String($0).trimmingSpaces.lowercased()) }) else {
      throw invalid("networkAcls.bypass")
    }
    return ["bypass": .string(bypass), "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"]
  }

  /// Everything is encrypted under the account's own data key; keys of the customer's vault are not taken.
  private static func checkEncryption(_ value: JSON) throws {
    guard let object = value.object else { throw invalid("encryption") }
    let source = object.member(ignoringCase: "keySource")?.string?.lowercased() ?? "microsoft.storage"
    guard source == "microsoft.storage" || source == "microsoft.keyvault" else { throw invalid("encryption.keySource") }
    let hasVault = ["keyvaultproperties", "identity"].contains { name in
      object.member(ignoringCase: name).map { $0 != .null && $0 != [:] } ?? false
    }
    guard source == "microsoft.storage", !hasVault else { throw unsupported("Customer-managed key", "properties.encryption.keySource") }
    guard !(object.member(ignoringCase: "requireInfrastructureEncryption")?.boolean ?? false) else {
      throw unsupported("Infrastructure encryption", "properties.encryption.requireInfrastructureEncryption")
    }
    for (service, settings) in object.member(ignoringCase: "services")?.object?.members ?? [] {
      guard ["blob", "file", "queue", "table"].contains(service.lowercased()) else { throw invalid("encryption.services.\(service)") }
      guard settings["enabled"]?.boolean ?? true else { throw invalid("encryption.services.\(service).enabled") }
      if service.lowercased() == "queue" || service.lowercased() == "table", settings["keyType"]?.string?.lowercased() == "account" {
        throw unsupported("Account encryption key type for \(service.lowercased())", "properties.encryption.services.\(service).keyType")
      }
    }
  }
}
