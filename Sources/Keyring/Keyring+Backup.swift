public import Base
public import Crypto

extension RootKey {
  /// The key that one backup's archives are encrypted under: who has the root key of its day can restore it, nobody else.
  ///
  /// Throws `KeyringError.rootKeyUnavailable`.
  public func backupKey(_ backup: GUID) throws -> SymmetricKey { try derived(for: "backup \(backup)") }
}

extension Keyring {
  /// The same, of the root key in use.
  public func backupKey(_ backup: GUID) throws -> SymmetricKey { try rootKey.backupKey(backup) }
}
