internal import Base
internal import Keyring

/// Azure has no key over a tenant's records. These are the codes and the words with which its storage service refuses what a customer's key protects.
///
/// Source: Microsoft, "Common REST API error codes" and "Blob service error codes", Azure Storage.
extension CustomerKeyError {
  /// What a request is answered whose records the key would have to open.
  var closedRecords: CloudError { cloudError(status: 403) }

  /// What is answered to who wants to put records under the key.
  var refusedChoice: CloudError { cloudError(status: 400) }

  private func cloudError(status: Int) -> CloudError {
    switch self {
    case .vaultNotFound: CloudError(status, "KeyVaultVaultNotFound", "Key vault vault is not found.")
    case .keyNotFound: CloudError(status, "KeyVaultEncryptionKeyNotFound", "Key vault key is not found to unwrap the encryption key.")
    case .keyDisabled:
      CloudError(status, "KeyVaultEncryptionKeyNotFound", "Key vault key is not found to unwrap the encryption key: it is disabled.")
    case .keyNotValid:
      CloudError(
        status, "KeyVaultEncryptionKeyNotFound", "Key vault key is not found to unwrap the encryption key: it is not yet or no longer valid.")
    case .corrupt: CloudError(status, "KeyVaultEncryptionKeyNotFound", "Key vault key does not unwrap the encryption key.")
    case .identityNotFound, .accessDenied:
      CloudError(status, "KeyVaultAccessTokenCannotBeAcquired", "Key vault access token cannot be acquired: the identity may not use the key.")
    case .refused(let code):
      CloudError(status, "KeyVaultAccessTokenCannotBeAcquired", "The key's owner refuses its use: \(code).")
    case .unprotectedVault:
      CloudError(status, "KeyVaultNotPurgeProtected", "The key vault must have soft delete and purge protection enabled.")
    case .unsuitable(let reason): CloudError(status, "KeyVaultKeyTypeNotSupported", reason)
    case .unavailable(let seconds):
      .serverBusy("The key vault does not answer. Please retry your request.", retryAfterSeconds: seconds, cause: self)
    }
  }
}
