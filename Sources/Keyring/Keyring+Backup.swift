public import Base
public import Crypto
internal import Synchronization

extension RootKey {
  /// The key that one backup's archives are encrypted under: who has the root key of its day can restore it, nobody else.
  public func backupKey(_ backup: GUID) -> SymmetricKey { wrappingKey.derived(for: "backup \(backup)") }
}

extension Keyring {
  /// The same, of the root key in use.
  public func backupKey(_ backup: GUID) -> SymmetricKey { roots.withLock { $0.current.backupKey(backup) } }
}
