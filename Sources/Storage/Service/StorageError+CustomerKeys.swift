internal import Base
internal import Keyring

extension StorageError {
  /// Why data under a customer's key cannot be read or written now.
  ///
  /// Source: Microsoft, "Common REST API error codes".
  static func closed(_ error: CustomerKeyError) -> CloudError {
    switch error {
    case .identityNotFound:
      CloudError(
        403, "KeyVaultAccessTokenCannotBeAcquired",
        "Access token for the key vault cannot be acquired from Microsoft Entra using this resource's identity.", cause: error)
    case .vaultNotFound: CloudError(403, "KeyVaultVaultNotFound", "The key vault vault is not found.", cause: error)
    case .unavailable(let seconds):
      .serverBusy("The server is currently unable to receive requests. Please retry your request.", retryAfterSeconds: seconds, cause: error)
    case .keyNotFound, .keyDisabled, .keyNotValid, .accessDenied, .refused, .unsuitable, .unprotectedVault, .corrupt:
      // One code for all that the customer's side says no to.
      CloudError(403, "KeyVaultEncryptionKeyNotFound", "The key vault key is not found to unwrap the encryption key.", cause: error)
    }
  }
}
