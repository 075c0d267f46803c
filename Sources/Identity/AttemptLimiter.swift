internal import Base
internal import Crypto
internal import Synchronization

/// Counts failed attempts of each principal and refuses further ones for a while when there are too many.
///
/// The same wrong secret again does not count again: it is a machine with an old password, not somebody who guesses (Entra's smart lockout). Attempts
/// under way when the limit is reached still finish; `IdentityLimits.maximumQueuedHashes` bounds them. The counts live in memory: a restart, which nobody
/// outside can cause, forgets them.
final class AttemptLimiter: Sendable {
  private struct Entry {
    var failures = 0
    var lastFailure: Timestamp
    var lockedUntil: Timestamp?
    /// Digests of the last wrong secrets.
    var recent: [[UInt8]] = []
  }

  private static let rememberedSecrets = 3

  private let maximumFailures: Int
  private let clock: any WallClock
  private let digestKey = SymmetricKey(size: .bits256)
  private let entries = Mutex<[GUID: Entry]>([:])

  init(maximumFailures: Int, clock: any WallClock) {
    self.maximumFailures = maximumFailures
    self.clock = clock
  }

  /// How many seconds a principal must still wait; nil when it may try.
  func lockedSeconds(_ principal: GUID) -> Int64? {
    let now = clock.now()
    return entries.withLock { entries in
      guard let until = entries[principal]?.lockedUntil, until > now else { return nil }
      return until.seconds - now.seconds + 1
    }
  }

  func failed(_ principal: GUID, secret: String) {
    let now = clock.now()
    let digest = Array(HMAC<SHA256>.authenticationCode(for: Array(secret.utf8), using: digestKey).prefix(16))
    entries.withLock { entries in
      var entry = entries[principal] ?? Entry(lastFailure: now)
      if now.seconds - entry.lastFailure.seconds > IdentityLimits.maximumLockoutSeconds { entry = Entry(lastFailure: now) }
      entry.lastFailure = now
      if !entry.recent.contains(digest) {
        entry.failures += 1
        entry.recent = (entry.recent + [digest]).suffix(Self.rememberedSecrets)
        if entry.failures >= maximumFailures {
          let doublings = min(entry.failures - maximumFailures, 16)
          let seconds = min(IdentityLimits.lockoutSeconds << Int64(doublings), IdentityLimits.maximumLockoutSeconds)
          entry.lockedUntil = now.advanced(by: .seconds(seconds))
        }
      }
      entries[principal] = entry
      if entries.count > IdentityLimits.maximumTrackedPrincipals { Self.forgetOldest(&entries) }
    }
  }

  func succeeded(_ principal: GUID) {
    entries.withLock { _ = $0.removeValue(forKey: principal) }
  }

  /// An eighth at a time, so that a flood of new names does not sort the table for each.
  private static func forgetOldest(_ entries: inout [GUID: Entry]) {
    let oldest = entries.sorted { $0.value.lastFailure < $1.value.lastFailure }.prefix(IdentityLimits.maximumTrackedPrincipals / 8)
    for entry in oldest { entries.removeValue(forKey: entry.key) }
  }
}

extension GUID {
  /// An id for what has none of its own, such as a name or a client at an address.
  init(digestOf text: String) {
    self.init(randomBytes: Array(SHA256.hash(data: Array(text.utf8)).prefix(16)))
  }
}
