import Base
import Crypto
import Keyring
import Logging
import SecurityModule
import Simulation
import Synchronization
import Testing

@Suite struct AvailabilityTests {
  private let digest = Array(SHA256.hash(data: Array("message".utf8)))

  private static func isUnavailable(_ error: any Error) -> Bool {
    guard case .unavailable? = error as? SecurityModuleError else { return false }
    return (error as? SecurityModuleError)?.retryAfterSeconds != nil
  }

  @Test func aTokenThatIsTakenAwayIsUnavailableAndComesBackWithItsKeys() async throws {
    let fixture = try ModuleFixture()
    let (id, cipher) = (try await fixture.make(.ec(.p256)), try await fixture.make(.aes(bits: 256)))
    for _ in 0..<2 {
      #expect(try await fixture.module.sign(digest, key: id, .ecdsa).count == 64)
      fixture.token.takeAway()
      await #expect { try await fixture.module.sign(digest, key: id, .ecdsa) } throws: { Self.isUnavailable($0) }
      await #expect { try await fixture.module.exists(id) } throws: { Self.isUnavailable($0) }
      await #expect { try await fixture.module.open() } throws: { Self.isUnavailable($0) }
      await #expect { try await fixture.module.publicKey(id) } throws: { Self.isUnavailable($0) }
      await #expect {
        try await fixture.module.generate(.aes(bits: 256), id: SystemRandom().guid(), label: "k", canBeExported: false)
      } throws: { Self.isUnavailable($0) }
      fixture.token.bringBack()
      try await Task.sleep(for: .milliseconds(ModuleLimits.reopenPauseMilliseconds + 50))
      try await fixture.module.open()
      #expect(try await fixture.module.sign(digest, key: id, .ecdsa).count == 64)
      #expect(try await fixture.module.exists(cipher))
    }
  }

  /// Whatever the first call is that meets the missing token: it never says that the key is not there.
  @Test(arguments: 0..<7)
  func noCallTakesAMissingTokenForAMissingKey(call: Int) async throws {
    let fixture = try ModuleFixture()
    let (pair, cipher) = (try await fixture.make(.rsa(bits: 2048)), try await fixture.make(.aes(bits: 256), canBeExported: true))
    let module = fixture.module
    fixture.token.takeAway()
    await #expect {
      switch call {
      case 0: _ = try await module.exists(pair)
      case 1: try await module.destroy(pair)
      case 2: _ = try await module.keys(labelled: "vault/key")
      case 3: _ = try await module.decrypt([UInt8](repeating: 1, count: 256), key: pair, .oaep(.sha1))
      case 4: _ = try await module.wrap([UInt8](repeating: 1, count: 16), by: cipher, padded: false)
      case 5: _ = try await module.export(cipher)
      default: _ = try await module.encrypt([1], key: cipher, .cbcPadded(initializationVector: [UInt8](repeating: 0, count: 16)))
      }
    } throws: { Self.isUnavailable($0) }
    fixture.token.bringBack()
    try await Task.sleep(for: .milliseconds(ModuleLimits.reopenPauseMilliseconds + 50))
    #expect(try await module.exists(pair))
  }

  @Test func callsThatAreUnderWayWhenTheTokenGoesLoseNothingElse() async throws {
    let fixture = try ModuleFixture()
    let id = try await fixture.make(.rsa(bits: 2048))
    let (module, digest) = (fixture.module, digest)
    let (good, bad) = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<64 {
        group.addTask {
          do {
            return try await module.sign(digest, key: id, .pkcs1(.sha256)).count == 256
          } catch {
            guard Self.isUnavailable(error) else { throw error }
            return false
          }
        }
      }
      group.addTask {
        fixture.token.takeAway()
        return true
      }
      return try await group.reduce(into: (0, 0)) { if $1 { $0.0 += 1 } else { $0.1 += 1 } }
    }
    #expect(good + bad == 65)
    fixture.token.bringBack()
    try await Task.sleep(for: .milliseconds(ModuleLimits.reopenPauseMilliseconds + 50))
    #expect(try await module.sign(digest, key: id, .pkcs1(.sha256)).count == 256)
  }

  @Test func manyMoreTasksThanSessionsAreAllServed() async throws {
    let fixture = try ModuleFixture()
    let id = try await fixture.make(.ec(.p256))
    let (module, digest) = (fixture.module, digest)
    let key = try P256.Signing.PublicKey(x963Representation: try #require(try await fixture.point(id)))
    let signatures = try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<ModuleLimits.maximumSessions * 30 { group.addTask { try await module.sign(digest, key: id, .ecdsa) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(signatures.count == ModuleLimits.maximumSessions * 30)
    let hash = SHA256.hash(data: Array("message".utf8))
    for signature in signatures { #expect(key.isValidSignature(try .init(rawRepresentation: signature), for: hash)) }
  }

  @Test func tasksBeyondTheQueueAreRefusedAsBusy() async throws {
    let fixture = try ModuleFixture()
    let id = try await fixture.make(.rsa(bits: 2048))
    let (module, digest) = (fixture.module, digest)
    let count = ModuleLimits.maximumWaitingCalls + 4 * ModuleLimits.maximumConcurrentCalls
    let outcomes = await withTaskGroup(of: SecurityModuleError?.self) { group in
      for _ in 0..<count {
        group.addTask {
          do {
            _ = try await module.sign(digest, key: id, .pkcs1(.sha256))
            return nil
          } catch { return error as? SecurityModuleError }
        }
      }
      return await group.reduce(into: [SecurityModuleError?]()) { $0.append($1) }
    }
    #expect(outcomes.allSatisfy { $0 == nil || $0 == .busy })
    #expect(outcomes.count { $0 == nil } >= ModuleLimits.maximumWaitingCalls)
    #expect(try await module.sign(digest, key: id, .pkcs1(.sha256)).count == 256)
  }

  @Test func aRefusedPINIsTriedOnceAndANewOneWorks() async throws {
    let token = SoftToken()
    let pin = PIN()
    let module = try SecurityModule(library: token.library, token: token.label, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
      pin.bytes
    }
    await #expect(throws: SecurityModuleError.pinRefused) { try await module.open() }
    await #expect(throws: SecurityModuleError.pinRefused) { try await module.open() }
    pin.bytes = SoftToken.pin
    try await Task.sleep(for: .milliseconds(ModuleLimits.reopenPauseMilliseconds + 50))
    try await module.open()
  }

  /// A PIN that somebody changes.
  private final class PIN: Sendable {
    private let value = Mutex(Array("000000".utf8))

    var bytes: [UInt8] {
      get { value.withLock { $0 } }
      set { value.withLock { $0 = newValue } }
    }
  }

  @Test func aWrongLibraryOrTokenIsToldApart() async throws {
    let token = SoftToken()
    let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    for library in ["/nowhere/libhsm.so", "libhsm.so", "/bin/true", "/etc/passwd", "/lib/x86_64-linux-gnu/libc.so.6"] {
      #expect { try SecurityModule(library: library, token: "t", logger: silent) { [] } } throws: { Self.isUnavailable($0) }
    }
    let module = try SecurityModule(library: token.library, token: "another", logger: silent) { SoftToken.pin }
    await #expect { try await module.open() } throws: { Self.isUnavailable($0) }
    struct Unreadable: Error {}
    let closed = try SecurityModule(library: token.library, token: token.label, logger: silent) { throw Unreadable() }
    await #expect { try await closed.open() } throws: { Self.isUnavailable($0) }
  }
}
