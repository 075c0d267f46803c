internal import Base
internal import Keyring
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

  /// Why a customer's key does not become an account's.
  ///
  /// Source: Microsoft, "Customer-managed keys for Azure Storage encryption".
  static func refused(_ error: CustomerKeyError) -> CloudError {
    switch error {
    case .unprotectedVault:
      CloudError(400, "KeyVaultPolicyError", "Keyvault policy recoverable is not set", target: "encryption.keyvaultproperties.keyvaulturi")
    case .identityNotFound, .accessDenied:
      CloudError(
        403, "KeyVaultAuthenticationFailure", "The operation failed because of authentication issue on the keyvault.",
        target: "encryption.keyvaultproperties")
    case .unsuitable(let why):
      CloudError(
        400, "InvalidValuesForRequestParameters",
        "Values for request parameters are invalid: encryption.keyvaultproperties.keyname. \(why)", target: "encryption.keyvaultproperties.keyname")
    case .vaultNotFound, .keyNotFound, .keyDisabled, .keyNotValid, .refused, .corrupt, .unavailable: StorageError.closed(error)
    }
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
    ("dnsEndpointType", "Standard", ["AzureDnsZone"], "Azure DNS zone endpoint"),
    ("largeFileSharesState", "Disabled", ["Enabled"], "File"),
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
    case "networkacls": settings["networkAcls"] = try NetworkRules.setting(value, over: settings["networkAcls"])
    case "encryption": settings[AccountEncryption.member] = try AccountEncryption.merging(value, into: settings).setting
    case "keypolicy":
      guard let days = value["keyExpirationPeriodInDays"]?.integer, (0...Int64(Int32.max)).contains(days) else {
        throw invalid("keyPolicy.keyExpirationPeriodInDays")
      }
      settings["keyPolicy"] = ["keyExpirationPeriodInDays": .integer(days)]
    case "saspolicy": settings["sasPolicy"] = try signaturePolicy(value)
    case "minimumtlsversion": settings["minimumTlsVersion"] = .string(try choice(value, ["TLS1_2", "TLS1_3"], "minimumTlsVersion"))
    case "publicnetworkaccess":
      let wanted = try choice(value, ["Enabled", "Disabled", "SecuredByPerimeter"], "publicNetworkAccess")
      guard wanted != "SecuredByPerimeter" else { throw unsupported("Network security perimeter", "properties.publicNetworkAccess") }
      settings["publicNetworkAccess"] = .string(wanted)
    case "azurefilesidentitybasedauthentication":
      guard value["directoryServiceOptions"]?.string?.lowercased() == "none" else { throw unsupported("File", "properties.\(name)") }
    case "routingpreference":
      let isDefault = value["routingChoice"]?.string?.lowercased() ?? "microsoftrouting" == "microsoftrouting"
      let publishes = value["publishMicrosoftEndpoints"]?.boolean ?? false || value["publishInternetEndpoints"]?.boolean ?? false
      guard isDefault, !publishes else { throw unsupported("Routing preference", "properties.\(name)") }
    case "immutablestoragewithversioning":
      guard value["immutabilityPolicy"] == nil else {
        throw unsupported("A default immutability policy", "properties.immutableStorageWithVersioning.immutabilityPolicy")
      }
      guard let isEnabled = value["enabled"]?.boolean else { throw invalid("immutableStorageWithVersioning.enabled") }
      settings["immutableStorageWithVersioning"] = isEnabled ? ["enabled": true] : nil
    case "customdomain":
      guard value["name"]?.string?.isEmpty ?? true else { throw unsupported("Custom domain", "properties.\(name)") }
    case "allowedcopyscope":
      let wanted = try choice(value, ["AAD", "PrivateLink"], "allowedCopyScope")
      guard wanted == "AAD" else { throw unsupported("Private link", "properties.allowedCopyScope") }
      settings["allowedCopyScope"] = .string(wanted)
    default: throw invalid(name)
    }
  }

  private static func accessTier(_ value: JSON, kind: String) throws -> String {
    let allowed = kind == "BlockBlobStorage" ? ["Premium"] : kind == "Storage" ? [] : ["Hot", "Cool", "Cold"]
    guard let tier = allowed.first(where: { $0.lowercased() == value.string?.lowercased() }) else { throw invalid("accessTier") }
    return tier
  }

  private static func choice(_ value: JSON, _ known: [String], _ path: String) throws -> String {
    guard let found = known.first(where: { $0.lowercased() == value.string?.lowercased() }) else { throw invalid(path) }
    return found
  }

  private static func signaturePolicy(_ value: JSON) throws -> JSON {
    guard let period = value["sasExpirationPeriod"]?.string, SignaturePolicy.seconds(period) != nil else {
      throw invalid("sasPolicy.sasExpirationPeriod")
    }
    let action = try choice(value["expirationAction"] ?? "Log", ["Log", "Block"], "sasPolicy.expirationAction")
    return ["sasExpirationPeriod": .string(period), "expirationAction": .string(action)]
  }
}
