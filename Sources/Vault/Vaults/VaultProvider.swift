public import Base
internal import Records
public import ResourceManager
internal import Wire

/// `Microsoft.KeyVault`: vaults, their access policies, and vaults that are deleted.
public struct VaultProvider: ResourceProvider {
  public let namespace = "Microsoft.KeyVault"
  private let vaults: Vaults
  private let random: any RandomSource
  private let address: CloudAddress
  private let hasSecurityModule: Bool

  /// Newest first: what clients of the last years ask for. Others are accepted too.
  static let apiVersions = [
    "2026-05-15", "2026-02-01", "2025-05-01", "2024-11-01", "2023-07-01", "2023-02-01", "2022-11-01", "2022-07-01", "2021-10-01", "2019-09-01",
    "2018-02-14", "2016-10-01", "2015-06-01",
  ]

  /// `vaults` is the one that the endpoint has too; `hasSecurityModule` tells whether there can be vaults of SKU `premium`.
  public init(vaults: Vaults, random: any RandomSource, address: CloudAddress, hasSecurityModule: Bool) {
    self.vaults = vaults
    self.random = random
    self.address = address
    self.hasSecurityModule = hasSecurityModule
  }

  public var types: [any ResourceType] {
    [VaultType(vaults: vaults, address: address, hasSecurityModule: hasSecurityModule), AccessPolicyType(vaults: vaults), ManagedHSMType()]
  }

  public var actions: [ProviderAction] {
    [
      ProviderAction(
        method: .post, path: "checkNameAvailability", permission: "Microsoft.KeyVault/checkNameAvailability/read",
        run: { _, body, _, reader in try VaultResourceName.availability(body, in: reader) })
    ] + DeletedVaults(vaults: vaults, random: random).actions + ManagedHSMType.actions
  }

  public var operations: [ProviderOperation] { VaultProviderOperations.all }
}
