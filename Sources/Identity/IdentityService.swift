public import Base
public import Keyring
public import Ledger
public import Logging
public import Records

/// The directory of every tenant and the issuer of its tokens.
///
/// What changes the directory comes as functions over a transaction, so that others compose them with their own records, and, where hashing is
/// involved, as asynchronous ones beside them.
public final class IdentityService: Sendable {
  public let records: any RecordStore
  public let address: CloudAddress
  public let clock: any WallClock
  public let random: any RandomSource
  let keyring: Keyring
  /// Where failures to sign in are noted for the ledger.
  let notes: LedgerNotes?
  let logger: Logger
  let hasher: SecretHasher
  let keyRing: SigningKeyRing
  let tokens = TokenCache()
  let userAttempts: AttemptLimiter
  let unknownUserAttempts: AttemptLimiter
  let applicationAttempts: AttemptLimiter
  let userCodeAttempts: AttemptLimiter
  let polls = PollTimes()

  /// Makes the first signing key where there is none.
  public convenience init(
    records: any RecordStore, keyring: Keyring, address: CloudAddress, notes: LedgerNotes? = nil, clock: any WallClock, random: any RandomSource,
    logger: Logger
  ) async throws {
    try await self.init(
      records: records, keyring: keyring, address: address, notes: notes, clock: clock, random: random, logger: logger,
      hashing: SecretHasher.Parameters())
  }

  package init(
    records: any RecordStore, keyring: Keyring, address: CloudAddress, notes: LedgerNotes? = nil, clock: any WallClock, random: any RandomSource,
    logger: Logger, hashing: SecretHasher.Parameters
  ) async throws {
    self.records = records
    self.keyring = keyring
    self.address = address
    self.clock = clock
    self.random = random
    self.notes = notes
    self.logger = logger
    hasher = SecretHasher(parameters: hashing, random: random)
    keyRing = SigningKeyRing(
      owner: nil, bits: IdentityLimits.signingKeyBits, records: records, keyring: keyring, clock: clock, hasher: hasher, logger: logger)
    userAttempts = AttemptLimiter(maximumFailures: IdentityLimits.maximumUserFailures, clock: clock)
    unknownUserAttempts = AttemptLimiter(maximumFailures: IdentityLimits.maximumUserFailures, clock: clock)
    applicationAttempts = AttemptLimiter(maximumFailures: IdentityLimits.maximumApplicationFailures, clock: clock)
    userCodeAttempts = AttemptLimiter(maximumFailures: IdentityLimits.maximumUserCodeFailures, clock: clock)
    try await keyRing.load()
  }

  /// Removes what has expired and rotates the signing key when it is due, until the task is cancelled.
  public func run() async throws {
    while !Task.isCancelled {
      do {
        try await removeExpired()
        try await keyRing.maintain()
      } catch {
        logger.error("identity maintenance failed", metadata: ["error": "\(error)"])
      }
      do {
        try await Task.sleep(for: .seconds(IdentityLimits.sweepSeconds))
      } catch is CancellationError {
        return
      }
    }
  }
}
