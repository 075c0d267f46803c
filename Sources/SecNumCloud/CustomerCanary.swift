internal import Base
internal import Crypto
internal import Keyring
internal import Records
internal import Synchronization

/// A text under a data key that a customer protects who is the platform's own: what becomes of it when the customer says no, says nothing, and says yes again.
///
/// It has a keyring of its own over the platform's records, so that no customer's key is disturbed, and a clock of its own that can be moved.
package struct CustomerCanary {
  let platform: ObservedPlatform

  package struct Look: Sendable {
    /// Whether the text came back while the customer allowed it.
    package var wasReadable = false
    /// Whether the platform's own keyring opens the data key, without a question to anybody.
    package var opensWithoutCustomer = false
    package var isReadableAfterRefusal = false
    /// Whether it is still readable once the customer has not been heard of for longer than a key is lent.
    package var isReadableInSilence = false
    package var comesBack = false
    /// Questions that the customer was asked, and those that did not say what for, for which resource and under which request.
    package var questions = 0
    package var unexplained = 0

    package init() {}
  }

  /// What this look leaves behind where it is cut short; the next one cleans up.
  private struct Left: Record, Codable {
    static let kind = "secnumcloud.customerCanary"
    static let key = RecordKey(tenant: .zero, "canary")
    var dataKey: DataKeyID
    var key: RecordKey { Self.key }
  }

  static let subject = "/canari"
  private static let textBytes = 64

  func look() async throws -> Look {
    try await cleanUp()
    let customer = CanaryCustomer(random: platform.random)
    let clock = ShiftedClock(platform.clock)
    let keyring = Keyring(rootKey: platform.keyring.rootKey, random: platform.random, clock: clock)
    let customers = CustomerKeyring(keyring: keyring, records: platform.records, keys: customer, clock: clock, logger: platform.logger)
    let use = CustomerKeyUse(
      reason: .storageData, tenant: .zero, subject: Self.subject, identity: platform.random.guid(), caller: nil, request: platform.random.guid())
    let prepared = try await customers.prepareNew(tenant: .zero, CustomerKey(vault: "https://canari.invalid", name: "canari"), use)
    let (id, text) = (platform.random.guid(), platform.random.bytes(Self.textBytes))
    let key = try await platform.records.write { transaction in
      let key = try keyring.makeDataKey(prepared, in: transaction)
      try transaction.save(Left(dataKey: key))
      return key
    }
    let payload = try await platform.records.read { try keyring.sealPayload(text, id: id, key: key, tenant: .zero, in: $0) }
    func isReadable() async throws -> Bool {
      do {
        return try await platform.records.read { try keyring.openPayload(payload, id: id, key: key, tenant: .zero, in: $0) } == text
      } catch KeyringError.closed {
        return false
      }
    }
    var look = Look()
    look.wasReadable = try await isReadable()
    look.opensWithoutCustomer = try await opensWithoutCustomer(key)
    customer.mood = .refuses
    await customers.round()
    look.isReadableAfterRefusal = try await isReadable()
    customer.mood = .allows
    try await customers.open(key, tenant: .zero, caller: nil, request: use.request)
    look.comesBack = try await isReadable()
    customer.mood = .isSilent
    clock.advance(seconds: KeyringLimits.customerKeySeconds)
    await customers.round()
    look.isReadableInSilence = try await isReadable()
    let uses = customer.uses
    look.questions = uses.count
    look.unexplained = uses.count { $0.reason != .storageData || $0.subject != Self.subject || $0.request == nil }
    try await cleanUp()
    return look
  }

  private func opensWithoutCustomer(_ key: DataKeyID) async throws -> Bool {
    let keyring = platform.keyring
    do {
      return try await platform.records.read { reader in
        _ = try keyring.dataKey(key, tenant: .zero, in: reader)
        return true
      }
    } catch KeyringError.closed {
      return false
    }
  }

  /// Takes away what a look made, whether it came to its end or not.
  private func cleanUp() async throws {
    let keyring = platform.keyring
    try await platform.records.write { transaction in
      guard let left = try transaction.fetch(Left.self, Left.key) else { return }
      if try Keyring.description(ofDataKey: left.dataKey, tenant: .zero, in: transaction) != nil {
        try keyring.destroyDataKey(left.dataKey, tenant: .zero, in: transaction)
      }
      try transaction.remove(Left.self, Left.key)
    }
  }
}

/// A customer whose key is in memory, and who changes her mind.
private final class CanaryCustomer: CustomerKeys {
  enum Mood: Sendable {
    case allows, refuses, isSilent
  }

  private struct State {
    var mood = Mood.allows
    var uses: [CustomerKeyUse] = []
  }

  private static let version = "1"
  private let key = SymmetricKey(size: .bits256)
  private let random: any RandomSource
  private let state = Mutex(State())

  init(random: any RandomSource) { self.random = random }

  var mood: Mood {
    get { state.withLock { $0.mood } }
    set { state.withLock { $0.mood = newValue } }
  }
  var uses: [CustomerKeyUse] { state.withLock { $0.uses } }

  func wrap(_ content: [UInt8], with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> CustomerWrapping {
    try answer(use)
    do {
      let nonce = try AES.GCM.Nonce(data: random.bytes(12))
      guard let sealed = try AES.GCM.seal(content, using: self.key, nonce: nonce).combined else { throw CustomerKeyError.corrupt }
      return CustomerWrapping(version: Self.version, wrapped: Array(sealed))
    } catch {
      throw .corrupt
    }
  }

  func unwrap(_ wrapping: CustomerWrapping, with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> [UInt8] {
    try answer(use)
    do {
      return Array(try AES.GCM.open(AES.GCM.SealedBox(combined: wrapping.wrapped), using: self.key))
    } catch {
      throw .corrupt
    }
  }

  func check(_ key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String {
    try decide()
    return Self.version
  }

  private func answer(_ use: CustomerKeyUse) throws(CustomerKeyError) {
    state.withLock { $0.uses.append(use) }
    try decide()
  }

  private func decide() throws(CustomerKeyError) {
    switch mood {
    case .allows: return
    case .refuses: throw .refused("CanaryRefusal")
    case .isSilent: throw .unavailable(retryAfterSeconds: 1)
    }
  }
}

/// Another clock, and what was added to it.
private final class ShiftedClock: WallClock {
  private let clock: any WallClock
  private let shift = Mutex(Duration.zero)

  init(_ clock: any WallClock) { self.clock = clock }

  func now() -> Timestamp { clock.now().advanced(by: shift.withLock { $0 }) }
  func steady() -> Timestamp { clock.steady().advanced(by: shift.withLock { $0 }) }
  func advance(seconds: Int64) { shift.withLock { $0 += .seconds(seconds) } }
}
