public import Base

/// The roles of vaults. Azure's Key Vault Data Access Administrator is none of them: it rests on a condition, and none would be evaluated here.
///
/// Source: Microsoft, "Azure built-in roles for Security", Key Vault.
extension BuiltInRole {
  public static let keyVaultAdministrator = GUID(high: 0x0048_2a5a_887f_4fb3, low: 0xb363_3b7f_e8e7_4483)
  public static let keyVaultReader = GUID(high: 0x2109_0545_7ca7_4776, low: 0xb22c_e363_652d_74d2)
  public static let keyVaultSecretsOfficer = GUID(high: 0xb86a_8fe4_44ce_4948, low: 0xaee5_eccb_2c15_5cd7)
  public static let keyVaultSecretsUser = GUID(high: 0x4633_458b_17de_408a, low: 0xb874_0445_c86b_69e6)
  public static let keyVaultCryptoOfficer = GUID(high: 0x14b4_6e9e_c2b7_41b4, low: 0xb07b_48a6_ebf6_0603)
  public static let keyVaultCryptoUser = GUID(high: 0x1233_8af0_0e69_4776, low: 0xbea7_57ae_8d29_7424)
  public static let keyVaultCryptoServiceEncryptionUser = GUID(high: 0xe147_488a_f6f5_4113, low: 0x8e2d_b224_65e6_5bf6)
  public static let keyVaultCryptoServiceReleaseUser = GUID(high: 0x08bb_d89e_9f13_488c, low: 0xac41_acfc_b10c_90ab)
  public static let keyVaultCertificatesOfficer = GUID(high: 0xa441_7e6f_fecd_4de8, low: 0xb567_7b04_2055_6985)
  public static let keyVaultCertificateUser = GUID(high: 0xdb79_e9a7_68ee_4b58, low: 0x9aeb_b90e_7c24_fcba)
  public static let keyVaultContributor = GUID(high: 0xf25e_0fa2_a7c8_4377, low: 0xa976_5494_3a77_a395)
  public static let keyVaultPurgeOperator = GUID(high: 0xa68e_7c17_0ab2_4c09, low: 0x9a58_125d_ae29_748c)

  static let vaults: [RoleDefinition] = [
    role(
      keyVaultAdministrator, "Key Vault Administrator",
      "Perform all data plane operations on a key vault and all objects in it, including certificates, keys, and secrets. Cannot manage key vault resources or manage role assignments. \(rolesOnly)",
      RolePermissions(actions: vaultReading, dataActions: ["\(vault)/*"])),
    role(
      keyVaultReader, "Key Vault Reader",
      "Read metadata of key vaults and its certificates, keys, and secrets. Cannot read sensitive values such as secret contents or key material. \(rolesOnly)",
      RolePermissions(actions: vaultReading, dataActions: ["\(vault)/*/read", "\(vault)/secrets/readMetadata/action"])),
    role(
      keyVaultSecretsOfficer, "Key Vault Secrets Officer",
      "Perform any action on the secrets of a key vault, except manage permissions. \(rolesOnly)",
      RolePermissions(actions: vaultReading, dataActions: ["\(vault)/secrets/*"])),
    role(
      keyVaultSecretsUser, "Key Vault Secrets User", "Read secret contents. \(rolesOnly)",
      RolePermissions(dataActions: ["\(vault)/secrets/getSecret/action", "\(vault)/secrets/readMetadata/action"])),
    role(
      keyVaultCryptoOfficer, "Key Vault Crypto Officer",
      "Perform any action on the keys of a key vault, except manage permissions. \(rolesOnly)",
      RolePermissions(actions: vaultReading, dataActions: ["\(vault)/keys/*", "\(vault)/keyrotationpolicies/*"])),
    role(
      keyVaultCryptoUser, "Key Vault Crypto User", "Perform cryptographic operations using keys. \(rolesOnly)",
      RolePermissions(dataActions: [
        "\(vault)/keys/read", "\(vault)/keys/update/action", "\(vault)/keys/backup/action", "\(vault)/keys/encrypt/action",
        "\(vault)/keys/decrypt/action", "\(vault)/keys/wrap/action", "\(vault)/keys/unwrap/action", "\(vault)/keys/sign/action",
        "\(vault)/keys/verify/action",
      ])),
    role(
      keyVaultCryptoServiceEncryptionUser, "Key Vault Crypto Service Encryption User",
      "Read metadata of keys and perform wrap/unwrap operations. \(rolesOnly)",
      RolePermissions(
        actions: [
          "Microsoft.EventGrid/eventSubscriptions/write", "Microsoft.EventGrid/eventSubscriptions/read",
          "Microsoft.EventGrid/eventSubscriptions/delete",
        ], dataActions: ["\(vault)/keys/read", "\(vault)/keys/wrap/action", "\(vault)/keys/unwrap/action"])),
    role(
      keyVaultCryptoServiceReleaseUser, "Key Vault Crypto Service Release User",
      "Release keys. \(rolesOnly)", RolePermissions(dataActions: ["\(vault)/keys/release/action"])),
    role(
      keyVaultCertificatesOfficer, "Key Vault Certificates Officer",
      "Perform any action on the certificates of a key vault, except manage permissions. \(rolesOnly)",
      RolePermissions(
        actions: vaultReading, dataActions: ["\(vault)/certificatecas/*", "\(vault)/certificates/*", "\(vault)/certificatecontacts/write"])),
    role(
      keyVaultCertificateUser, "Key Vault Certificate User", "Read certificate contents. \(rolesOnly)",
      RolePermissions(dataActions: [
        "\(vault)/certificates/read", "\(vault)/secrets/getSecret/action", "\(vault)/secrets/readMetadata/action", "\(vault)/keys/read",
      ])),
    role(
      keyVaultContributor, "Key Vault Contributor",
      "Lets you manage key vaults, but not access to them.",
      RolePermissions(
        actions: [
          "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.KeyVault/*",
          "Microsoft.ResourceHealth/availabilityStatuses/read",
          "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
        ],
        notActions: [
          "Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*", "Microsoft.KeyVault/managedHsms/*",
        ])),
    role(
      keyVaultPurgeOperator, "Key Vault Purge Operator", "Allows permanent deletion of soft-deleted vaults.",
      RolePermissions(actions: [
        "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.KeyVault/deletedVaults/read",
        "Microsoft.KeyVault/locations/deletedVaults/read", "Microsoft.KeyVault/locations/deletedVaults/purge/action",
        "Microsoft.KeyVault/locations/operationResults/read",
      ])),
  ]

  private static let vault = "Microsoft.KeyVault/vaults"
  private static let rolesOnly = "Only works for key vaults that use the 'Azure role-based access control' permission model."

  private static let vaultReading = [
    "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*", "Microsoft.KeyVault/checkNameAvailability/read",
    "Microsoft.KeyVault/deletedVaults/read", "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
    "Microsoft.KeyVault/operations/read",
  ]
}
