/// The bounds of keys.
enum KeyLimits {
  /// Bytes of a message to encrypt or decrypt with AES, or to authenticate.
  static let maximumMessageBytes = 128 << 10
  /// Bytes of a key to wrap.
  static let maximumWrappedBytes = 4096
  /// Bytes of any other binary member of a request.
  static let maximumMemberBytes = 4096
  /// Random bytes that one request gets.
  static let randomBytes = 1...128
  /// Keys that are being made, and private operations, that wait for a thread.
  static let maximumWaitingMakings = 64
  static let maximumWaitingUses = 1024
  /// One tenant has at most one part in so many of them, and of the calls of the hardware security module, under way.
  static let tenantShare = 4
  /// Private keys that stay open in memory, and how long.
  static let maximumOpenKeys = 256
  static let openSeconds = 300
  /// Rotations and removals of one background round.
  static let maximumRound = 16
  /// Keys of the module that are named as what is left of a tenant.
  static let maximumListedRemovals = 100
  /// How long a key that was made in a module waits for its record before it is taken for an orphan.
  static let orphanSeconds = 900
  /// How long after a failed try a rotation or a removal is tried again.
  static let retrySeconds = 60
  /// How long the background work rests at most: a rotation that is planned meanwhile waits no longer.
  static let longestRestSeconds = 60
  /// Actions of a rotation policy.
  static let maximumLifetimeActions = 2
  /// The least that a rotation policy's times may be.
  static let minimumExpiryDays = 28
  static let minimumTriggerDays = 7
}
