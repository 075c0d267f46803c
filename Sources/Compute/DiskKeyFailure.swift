internal import Base
internal import Keyring
internal import Records
internal import Wire

/// Why a disk's data cannot be opened or protected: what the customer's side says of the key.
struct DiskKeyFailure: Error {
  var reason: CustomerKeyError
  /// The URL of the key.
  var key: String
  /// The name of the disk encryption set.
  var set: String

  /// As Azure tells it. Below 500, so that an operation ends with it and can be asked for again.
  ///
  /// Source: answers of management.azure.com, and Microsoft, "Azure Disk Storage server-side encryption".
  var cloudError: CloudError {
    switch reason {
    case .vaultNotFound:
      CloudError(409, "KeyVaultNotFound", "The key vault of the key '\(key)' used for disk encryption set '\(set)' was not found.")
    case .unprotectedVault:
      CloudError(
        400, "KeyVaultPurgeProtectionNotEnabled",
        "The key vault of the key '\(key)' used for disk encryption set '\(set)' must have soft delete and purge protection enabled.")
    case .keyNotFound:
      CloudError(409, "KeyVaultKeyNotFound", "The key vault key '\(key)' used for disk encryption set '\(set)' was not found.")
    case .keyDisabled:
      CloudError(409, "KeyVaultKeyNotEnabled", "The key vault key '\(key)' used for disk encryption set '\(set)' must be enabled state.")
    case .keyNotValid: CloudError(409, "KeyVaultKeyNotValid", "Unable to access key '\(key)'. Key is expired or not yet valid.")
    case .identityNotFound, .accessDenied: forbidden("")
    case .refused(let code): forbidden(" The owner of the key refuses this use of it: \(code).")
    case .unsuitable(let text):
      CloudError(400, "KeyVaultKeyNotSupported", "The key vault key '\(key)' cannot be used for disk encryption set '\(set)'. \(text)")
    case .corrupt:
      CloudError(
        409, "KeyVaultUnwrapFailure",
        "The key vault key '\(key)' used for disk encryption set '\(set)' does not open what it has wrapped.")
    case .unavailable:
      CloudError(
        409, "KeyVaultUnavailable",
        "The key vault key '\(key)' used for disk encryption set '\(set)' cannot be reached now. Please try again later.")
    }
  }

  private func forbidden(_ more: String) -> CloudError {
    CloudError(
      400, "KeyVaultAccessForbidden",
      "Unable to access key vault resource '\(key)' to enable encryption at rest. Please grant get, wrap and unwrap key permissions to disk "
        + "encryption set '\(set)'. Please visit https://aka.ms/keyvaultaccessssecmk for more information.\(more)")
  }
}
