package import Base
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Hashes and compares secrets on threads of its own, a bounded number of them at a time: neither the event loops nor Swift's own threads wait.
package final class SecretHasher: Sendable {
  /// How much work a hash is.
  package struct Parameters: Sendable {
    package var passwordRounds = IdentityLimits.passwordRounds
    package var secretRounds = IdentityLimits.secretRounds

    package init() {}

    /// Weaker ones, for tests that are not about them.
    package init(passwordRounds: Int, secretRounds: Int) {
      self.passwordRounds = passwordRounds
      self.secretRounds = secretRounds
    }
  }

  enum Kind {
    case password
    case secret
  }

  private let parameters: Parameters
  private let random: any RandomSource
  private let pool: NIOThreadPool
  private let waiting = Mutex(0)
  /// What an unknown user's password is compared with, so that the answer takes as long as for a known one.
  private let decoy: SecretHash?

  package init(parameters: Parameters, random: any RandomSource) {
    self.parameters = parameters
    self.random = random
    let text = "pbkdf2-sha256$\(parameters.passwordRounds)$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    decoy = SecretHash(text)
    pool = NIOThreadPool(numberOfThreads: max(1, System.coreCount / 2))
    pool.start()
  }

  deinit {
    pool.shutdownGracefully { _ in }
  }

  /// The text form of a new hash. Throws 503 when too many are under way.
  func hash(_ secret: String, kind: Kind) async throws -> String {
    let rounds = kind == .password ? parameters.passwordRounds : parameters.secretRounds
    let salt = random.bytes(IdentityLimits.saltBytes)
    return try await run { try SecretHash(of: secret, rounds: rounds, salt: salt).text }
  }

  /// Whether a stored hash is that of a secret. Nil, for a user who is not there or has none, costs the same and is false.
  func matches(_ secret: String, _ stored: String?) async throws -> Bool {
    guard let hash = stored.flatMap({ SecretHash($0) }) ?? decoy else { return false }
    let matches = try await run { try hash.matches(secret) }
    return matches && stored != nil
  }

  /// Whether a password's hash was made with less work than is asked today.
  func isOutdated(_ stored: String) -> Bool {
    SecretHash(stored).map { $0.rounds < parameters.passwordRounds } ?? true
  }

  /// Runs long work, such as making a key pair, on the hasher's threads.
  func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    let admitted = waiting.withLock { count in
      guard count < IdentityLimits.maximumQueuedHashes else { return false }
      count += 1
      return true
    }
    guard admitted else { throw CloudError.serverBusy() }
    defer { waiting.withLock { $0 -= 1 } }
    return try await pool.runIfActive(body)
  }
}
