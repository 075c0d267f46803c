internal import Base
internal import Crypto
internal import Synchronization

/// Data keys that customers' keys have opened, each for `KeyringLimits.customerKeySeconds` after the customer's side last allowed it.
final class LentKeys: Sendable {
  struct Loan: Sendable {
    var protection: CustomerProtection
    var confirmed: Timestamp
    var used: Timestamp
  }

  private let clock: any WallClock
  private let keys = KeyCache<Keyring.DataKeyEntry>(limit: KeyringLimits.maximumCachedDataKeys)
  private let loans = Mutex<[Keyring.DataKeyEntry: Loan]>([:])

  init(clock: any WallClock) {
    self.clock = clock
  }

  /// The key while it is lent; notes that it is used.
  subscript(entry: Keyring.DataKeyEntry) -> SymmetricKey? {
    let isLent = loans.withLock { loans in
      guard !loans.isEmpty, let loan = loans[entry] else { return false }
      let now = clock.steady()
      guard loan.confirmed.duration(to: now) < .seconds(KeyringLimits.customerKeySeconds) else { return false }
      loans[entry]?.used = now
      return true
    }
    return isLent ? keys[entry] : nil
  }

  /// `asked` is when the customer's side was asked that now has allowed it.
  func lend(_ key: SymmetricKey, _ entry: Keyring.DataKeyEntry, _ protection: CustomerProtection, asked: Timestamp) {
    keys.insert(key, for: entry, of: entry.tenant)
    loans.withLock { $0[entry] = Loan(protection: protection, confirmed: asked, used: clock.steady()) }
  }

  /// The customer's side was asked about this loan, and has allowed it.
  func confirm(_ entry: Keyring.DataKeyEntry, _ protection: CustomerProtection, asked: Timestamp) {
    loans.withLock { loans in
      guard loans[entry]?.protection == protection else { return }
      loans[entry]?.confirmed = asked
    }
  }

  /// Ends a loan; the key may be lent again.
  func end(_ entry: Keyring.DataKeyEntry) {
    loans.withLock { _ = $0.removeValue(forKey: entry) }
    keys.remove(entry)
  }

  /// Ends a loan, if it is still one under that protection.
  func end(_ entry: Keyring.DataKeyEntry, under protection: CustomerProtection) {
    let isEnded = loans.withLock { loans in
      guard loans[entry]?.protection == protection else { return false }
      loans[entry] = nil
      return true
    }
    if isEnded { keys.remove(entry) }
  }

  /// Ends a loan for good.
  func destroy(_ entry: Keyring.DataKeyEntry) {
    loans.withLock { _ = $0.removeValue(forKey: entry) }
    keys.destroy(entry)
  }

  func destroyAll(of tenant: GUID) {
    loans.withLock { loans in loans = loans.filter { $0.key.tenant != tenant } }
    keys.destroyAll(of: tenant) { $0.tenant == tenant }
  }

  /// The loans that are in use and about which to ask. Those that ran out or that nobody uses leave memory.
  func toConfirm() -> [(entry: Keyring.DataKeyEntry, loan: Loan)] {
    let now = clock.steady()
    let (live, gone) = loans.withLock { loans in
      let gone = loans.filter { _, loan in
        loan.confirmed.duration(to: now) >= .seconds(KeyringLimits.customerKeySeconds)
          || loan.used.duration(to: now) >= .seconds(KeyringLimits.customerKeyIdleSeconds)
      }
      for entry in gone.keys { loans[entry] = nil }
      return (loans.map { ($0.key, $0.value) }, Array(gone.keys))
    }
    for entry in gone { keys.remove(entry) }
    return live
  }
}
