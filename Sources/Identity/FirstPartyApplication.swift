public import Base

/// A program that every tenant has without registering it, under the id that Azure's clients know.
public struct FirstPartyApplication: Sendable {
  public var appID: GUID
  public var displayName: String
  /// Whether it signs users in without a credential of its own. The others are only asked for by their tokens.
  public var isPublicClient: Bool

  public static let azureCLI = GUID(high: 0x04b0_7795_8ddb_461a, low: 0xbbee_02f9_e1bf_7b46)
  public static let azurePowerShell = GUID(high: 0x1950_a258_227b_4e31, low: 0xa9cf_7174_9594_5fc2)
  public static let resourceManager = GUID(high: 0x797f_4846_ba00_4fd7, low: 0xba43_dac1_f8f6_3013)
  public static let graph = GUID(high: 0x0000_0003_0000_0000, low: 0xc000_0000_0000_0000)
  public static let storage = GUID(high: 0xe406_a681_f3d4_42a8, low: 0x90b6_c2b0_2949_7af1)
  public static let keyVault = GUID(high: 0xcfa8_b339_82a2_471a, low: 0xa3c9_0fe0_be7a_4093)
  public static let confidentialLedger = GUID(high: 0x4353_526e_1c33_4fcf, low: 0x9e82_9683_edf5_2848)

  /// What Graph shows as the owner of these: Microsoft's own tenant, as in Azure, since scripts compare with it.
  public static let ownerTenant = GUID(high: 0xf8cd_ef31_a31e_4b4a, low: 0x93e4_5f57_1e91_255a)

  public static let all: [FirstPartyApplication] = [
    FirstPartyApplication(appID: azureCLI, displayName: "Microsoft Azure CLI", isPublicClient: true),
    FirstPartyApplication(appID: azurePowerShell, displayName: "Microsoft Azure PowerShell", isPublicClient: true),
    FirstPartyApplication(appID: resourceManager, displayName: "Windows Azure Service Management API", isPublicClient: false),
    FirstPartyApplication(appID: graph, displayName: "Microsoft Graph", isPublicClient: false),
    FirstPartyApplication(appID: storage, displayName: "Azure Storage", isPublicClient: false),
    FirstPartyApplication(appID: keyVault, displayName: "Azure Key Vault", isPublicClient: false),
    FirstPartyApplication(appID: confidentialLedger, displayName: "ConfidentialLedger", isPublicClient: false),
  ]

  public static func application(_ appID: GUID) -> FirstPartyApplication? {
    all.first { $0.appID == appID }
  }
}
