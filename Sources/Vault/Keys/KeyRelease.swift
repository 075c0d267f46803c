internal import Base
internal import Wire

/// Release of keys to attested machines, which this cloud does not have: no key is exportable.
///
/// Source: Microsoft, "Azure Key Vault secure key release policy grammar", and its errors `AKV.SKR.1001` and following.
enum KeyRelease {
  /// Source: Microsoft, "Release", Key Vault REST reference.
  static let notReleasable = VaultError.badParameter("The target key must be marked exportable.")
  static let notExportable = VaultError.badParameter("AKV.SKR.1005: Non-exportable keys must not have release policy.")

  /// Throws 400 where a body asks for a key that can be exported.
  static func refuse(_ call: VaultCall, isHardware: Bool) throws {
    let isExportable = call.body.member("attributes", "exportable")?.boolean == true
    guard isExportable else {
      guard call.body.member("release_policy") == nil else { throw notExportable }
      return
    }
    guard call.vault.isPremium, isHardware else {
      throw VaultError.badParameter("AKV.SKR.1001: The exportable attribute is only supported with premium vaults and API version >= '7.3-preview'.")
    }
    guard call.body.member("release_policy") != nil else { throw VaultError.badParameter("AKV.SKR.1004: Exportable keys must have release policy.") }
    throw VaultError.badParameter("The exportable attribute is not supported: this cloud has no attested machines that a key could be released to.")
  }
}
