internal import Base
internal import Edge
internal import Wire

/// Who may come to a vault at all, by where it comes from. It is asked before anybody is asked who they are.
enum VaultAdmission {
  /// Throws 403 `Forbidden` with inner code `ForbiddenByFirewall`, or `ForbiddenByConnection` where nobody comes from outside.
  ///
  /// Source: Microsoft, "Common error codes for Azure Key Vault".
  static func require(_ request: EdgeRequest, _ vault: Vault) throws(CloudError) {
    guard let rules = vault.networkRules, !rules.admits(request.remoteAddress) else { return }
    guard rules.isPublic else {
      throw VaultError.forbidden(
        "ForbiddenByConnection",
        "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nVault: "
          + "\(vault.name);location=\(vault.location)")
    }
    throw VaultError.forbidden(
      "ForbiddenByFirewall",
      "Client address is not authorized and caller is not a trusted service.\r\nClient address: \(request.remoteAddress)\r\nVault: \(vault.name);"
        + "location=\(vault.location)")
  }
}
