internal import ResourceManager

/// The permissions of `Microsoft.KeyVault`, as `az provider operation show` lists them.
///
/// Source: Microsoft, "Azure permissions for Security", Microsoft.KeyVault.
enum VaultProviderOperations {
  static let all: [ProviderOperation] = management + data

  private static func operation(_ name: String, isDataAction: Bool = false, _ resource: String, _ operation: String, _ text: String)
    -> ProviderOperation
  {
    ProviderOperation(name: "Microsoft.KeyVault/\(name)", isDataAction: isDataAction, resource: resource, operation: operation, description: text)
  }

  private static let management = [
    operation("register/action", "Resource Provider", "Register Subscription", "Registers a subscription"),
    operation("unregister/action", "Resource Provider", "Unregister Subscription", "Unregisters a subscription"),
    operation(
      "operations/read", "Available Key Vault Operations", "List operations", "Lists operations available on Microsoft.KeyVault resource provider"),
    operation(
      "checkNameAvailability/read", "Resource Provider", "Check Name Availability", "Checks that a key vault name is valid and is not in use"),
    operation(
      "checkMhsmNameAvailability/read", "Resource Provider", "Check Managed HSM Name Availability",
      "Checks that a Managed HSM name is valid and is not in use"),
    operation("deletedVaults/read", "Soft Deleted Vault", "View Soft Deleted Vaults", "View the properties of soft deleted key vaults"),
    operation("locations/deletedVaults/read", "Soft Deleted Vault", "View Soft Deleted Key Vault", "View the properties of a soft deleted key vault"),
    operation("locations/deletedVaults/purge/action", "Soft Deleted Vault", "Purge Soft Deleted Key Vault", "Purge a soft deleted key vault"),
    operation(
      "deletedManagedHsms/read", "Soft Deleted Managed HSM", "View Soft Deleted Managed HSMs", "View the properties of soft deleted managed hsms"),
    operation(
      "locations/deletedManagedHsms/read", "Soft Deleted Managed HSM", "View Soft Deleted Managed HSM",
      "View the properties of a soft deleted managed hsm"),
    operation(
      "locations/deletedManagedHsms/purge/action", "Soft Deleted Managed HSM", "Purge Soft Deleted Managed HSM", "Purge a soft deleted managed hsm"),
    operation("vaults/read", "Key Vault", "View Key Vault", "View the properties of a key vault"),
    operation("vaults/write", "Key Vault", "Update Key Vault", "Creates a new key vault or updates the properties of an existing key vault"),
    operation("vaults/delete", "Key Vault", "Delete Key Vault", "Deletes a key vault"),
    operation(
      "vaults/deploy/action", "Key Vault", "Use Vault for Azure Deployments",
      "Enables access to secrets in a key vault when deploying Azure resources"),
    operation(
      "vaults/accessPolicies/write", "Access Policy", "Update Access Policy",
      "Updates an existing access policy by merging or replacing, or adds a new access policy to the key vault."),
    operation("managedHSMs/read", "Managed HSM", "View Managed HSM", "View the properties of a Managed HSM"),
    operation(
      "managedHSMs/write", "Managed HSM", "Create or Update Managed HSM",
      "Creates a new Managed HSM or updates the properties of an existing Managed HSM"),
    operation("managedHSMs/delete", "Managed HSM", "Delete Managed HSM", "Deletes a Managed HSM"),
  ]

  private static let data = secrets + keys + certificates + externalKeys

  private static let secrets = [
    operation(
      "vaults/secrets/readMetadata/action", isDataAction: true, "Secret", "Read Secret Properties",
      "List or view the properties of a secret, but not its value."),
    operation("vaults/secrets/getSecret/action", isDataAction: true, "Secret", "Get Secret Value", "Gets the value of a secret."),
    operation("vaults/secrets/setSecret/action", isDataAction: true, "Secret", "Set Secret", "Creates a new secret."),
    operation("vaults/secrets/update/action", isDataAction: true, "Secret", "Update Secret", "Updates the properties of a secret."),
    operation("vaults/secrets/delete", isDataAction: true, "Secret", "Delete Secret", "Deletes a secret."),
    operation("vaults/secrets/purge/action", isDataAction: true, "Secret", "Purge Secret", "Purges a secret."),
    operation("vaults/secrets/recover/action", isDataAction: true, "Secret", "Recover Secret", "Recovers a deleted secret."),
    operation("vaults/secrets/backup/action", isDataAction: true, "Secret", "Backup Secret", "Creates a backup of a secret."),
    operation("vaults/secrets/restore/action", isDataAction: true, "Secret", "Restore Secret", "Restores a secret from a backup."),
  ]

  private static let keys = [
    operation(
      "vaults/keys/read", isDataAction: true, "Key", "Read Key Properties",
      "List keys in the specified vault, or read properties and public material of a key."),
    operation("vaults/keys/create/action", isDataAction: true, "Key", "Create Key", "Creates a new key."),
    operation("vaults/keys/import/action", isDataAction: true, "Key", "Import Key", "Imports an externally created key."),
    operation("vaults/keys/update/action", isDataAction: true, "Key", "Update Key", "Updates the specified attributes of the given key."),
    operation("vaults/keys/delete", isDataAction: true, "Key", "Delete Key", "Deletes a key."),
    operation("vaults/keys/purge/action", isDataAction: true, "Key", "Purge Key", "Purges a key."),
    operation("vaults/keys/recover/action", isDataAction: true, "Key", "Recover Key", "Recovers a deleted key."),
    operation("vaults/keys/backup/action", isDataAction: true, "Key", "Backup Key", "Creates the backup file of a key."),
    operation("vaults/keys/restore/action", isDataAction: true, "Key", "Restore Key", "Creates a new key from a backup file."),
    operation("vaults/keys/encrypt/action", isDataAction: true, "Key", "Encrypt using Key", "Encrypts plaintext with a key."),
    operation("vaults/keys/decrypt/action", isDataAction: true, "Key", "Decrypt using Key", "Decrypts ciphertext with a key."),
    operation("vaults/keys/sign/action", isDataAction: true, "Key", "Sign using Key", "Signs a message digest (hash) with a key."),
    operation(
      "vaults/keys/verify/action", isDataAction: true, "Key", "Verify using Key", "Verifies the signature of a message digest (hash) with a key."),
    operation("vaults/keys/wrap/action", isDataAction: true, "Key", "Wrap using Key", "Wraps a symmetric key with a Key Vault key."),
    operation("vaults/keys/unwrap/action", isDataAction: true, "Key", "Unwrap using Key", "Unwraps a symmetric key with a Key Vault key."),
    operation(
      "vaults/keys/release/action", isDataAction: true, "Key", "Release Key", "Release a key using public part of KEK from attestation token."),
    operation("vaults/keys/rotate/action", isDataAction: true, "Key", "Rotate Key", "Creates a new version of an existing key."),
    operation(
      "vaults/keyrotationpolicies/read", isDataAction: true, "Key Rotation Policy", "Read Key Rotation Policy",
      "Retrieves the rotation policy of a given key."),
    operation(
      "vaults/keyrotationpolicies/write", isDataAction: true, "Key Rotation Policy", "Write Key Rotation Policy",
      "Updates the rotation policy of a given key."),
  ]

  private static let externalKeys = [
    operation(
      "vaults/ekm/read", isDataAction: true, "External Key Manager", "Read EKM Connection",
      "Reads or checks the connection to an external key manager, or reads the client certificate for it."),
    operation(
      "vaults/ekm/write", isDataAction: true, "External Key Manager", "Write EKM Connection",
      "Creates or updates the connection to an external key manager."),
    operation(
      "vaults/ekm/delete", isDataAction: true, "External Key Manager", "Delete EKM Connection", "Deletes the connection to an external key manager."),
  ]

  private static let certificates = [
    operation(
      "vaults/certificates/read", isDataAction: true, "Certificate", "Read Certificate Properties",
      "List certificates in a specified key vault, or get information about a certificate."),
    operation("vaults/certificates/create/action", isDataAction: true, "Certificate", "Create Certificate", "Creates a new certificate."),
    operation(
      "vaults/certificates/import/action", isDataAction: true, "Certificate", "Import Certificate",
      "Imports an existing valid certificate, containing a private key."),
    operation(
      "vaults/certificates/update/action", isDataAction: true, "Certificate", "Update Certificate",
      "Updates the specified attributes associated with the given certificate."),
    operation("vaults/certificates/delete", isDataAction: true, "Certificate", "Delete Certificate", "Deletes a certificate."),
    operation(
      "vaults/certificates/purge/action", isDataAction: true, "Certificate", "Purge Certificate", "Purges a certificate, making it unrecoverable."),
    operation("vaults/certificates/recover/action", isDataAction: true, "Certificate", "Recover Certificate", "Recovers a deleted certificate."),
    operation(
      "vaults/certificates/backup/action", isDataAction: true, "Certificate", "Backup Certificate", "Creates the backup file of a certificate."),
    operation(
      "vaults/certificates/restore/action", isDataAction: true, "Certificate", "Restore Certificate", "Restores a certificate from a backup file."),
    operation("vaults/certificatecas/read", isDataAction: true, "Certificate Issuer", "Read Certificate Issuer", "Reads a certificate issuer."),
    operation("vaults/certificatecas/write", isDataAction: true, "Certificate Issuer", "Write Certificate Issuer", "Writes a certificate issuer."),
    operation("vaults/certificatecas/delete", isDataAction: true, "Certificate Issuer", "Delete Certificate Issuer", "Deletes a certificate issuer."),
    operation(
      "vaults/certificatecontacts/write", isDataAction: true, "Certificate Contact", "Write Certificate Contact", "Manages certificate contacts."),
  ]
}
