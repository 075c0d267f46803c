import Base
import Catalogue
import Ledger
import Records
import SecNumCloud
import Simulation
import Synchronization
import Testing
import Wire

/// What keeps observations true: they expire, they fail by themselves, they are signed.
struct ObservatoryTests {
  /// Says what the test wants, as `CTL-IAM-04`, which speaks for 6.2.a and 9.3.f, or as another control.
  private struct Scripted: ControlObservation {
    let control: String
    let test = ""
    let body: @Sendable () async throws -> [Finding]

    init(as control: String = "CTL-IAM-04", _ body: @escaping @Sendable () async throws -> [Finding]) {
      self.control = control
      self.body = body
    }

    func observe(_ platform: ObservedPlatform) async throws -> [Finding] { try await body() }
  }

  private static let subject = Text("le test", "the test")
  private static let gap = Text("affaibli", "weakened")

  private func compliance(_ house: ObservedHouse) async throws -> Compliance {
    try await house.platform.compliance(model: "IaaS")
  }

  @Test func `what was observed holds until it expires, and is then not assessed by itself`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(
      platform: house.platform, observations: [Scripted { [Finding(["9.3.f", "6.2.a"], .compliant, subject: Self.subject)] }])
    #expect(try await compliance(house).state(of: "9.3.f")?.verdict == .notAssessed)
    let observed = try await observatory.observe("CTL-IAM-04")
    #expect(observed.map(\.verdict) == [.compliant])
    #expect(try await compliance(house).state(of: "9.3.f")?.verdict == .compliant)
    house.clock.advance(by: Frequency(try #require(house.platform.requirements.control("CTL-IAM-04"))).validity)
    let expired = try #require(try await compliance(house).state(of: "9.3.f"))
    #expect(expired.verdict == .notAssessed)
    #expect(expired.reason?.french.contains("périmée") == true)
  }

  @Test func `a look is entered in the ledger when a verdict changed, and else once a day`() async throws {
    let house = try await ObservedHouse()
    let isWeak = Mutex(false)
    let observatory = Observatory(
      platform: house.platform,
      observations: [
        Scripted {
          isWeak.withLock { $0 }
            ? [
              Finding(["9.3.f"], .nonCompliant, subject: Self.subject, reason: Self.gap), Finding(["6.2.a"], .compliant, subject: Self.subject),
            ] : [Finding(["9.3.f", "6.2.a"], .compliant, subject: Self.subject)]
        }
      ])
    func entries() async throws -> [LedgerEntry] {
      try await house.records.read { try LedgerEntry.waiting(in: $0) }.filter { $0.subject == "CTL-IAM-04" }
    }
    func look(after: Duration) async throws -> [Observation] {
      house.clock.advance(by: after)
      return try await observatory.observe("CTL-IAM-04")
    }
    let first = try await look(after: .zero)
    let entry = try #require(try await entries().first)
    #expect((entry.kind, entry.tenant, entry.time, entry.personal) == (.observation, .zero, house.clock.now(), [:]))
    #expect(entry.facts["verdict: conforme"] == "6.2.a 9.3.f")
    #expect(entry.facts["statements"] == first.map(\.digest).joined(separator: " "))
    for _ in 0..<20 { _ = try await look(after: .seconds(60)) }
    #expect(try await entries().count == 1)
    isWeak.withLock { $0 = true }
    let second = try await look(after: .seconds(60))
    let changed = try #require(try await entries().last)
    #expect(try await entries().count == 2)
    #expect(changed.facts["verdict: non conforme"] == "9.3.f")
    #expect(changed.facts["verdict: conforme"] == "6.2.a")
    #expect(changed.facts["statements"] == second.map(\.digest).joined(separator: " "))
    // Before it expires: then it would be the first of its verdict again.
    let pace = Frequency(try #require(house.platform.requirements.control("CTL-IAM-04"))).validity / 2
    let nextDay = changed.time.advanced(by: .seconds(86400))
    while house.clock.now().advanced(by: pace) < nextDay { _ = try await look(after: pace) }
    #expect(try await entries().count == 2)
    _ = try await look(after: pace)
    #expect(try await entries().count == 3)
  }

  @Test func `an item is not proven by one control while another has never looked`() async throws {
    let house = try await ObservedHouse()
    let items: [ItemID] = ["10.5.a", "10.5.b", "10.5.c", "10.5.d"]
    let observatory = Observatory(
      platform: house.platform, observations: [Scripted(as: "CTL-CRYPTO-06") { [Finding(items, .compliant, subject: Self.subject)] }])
    _ = try await observatory.observe("CTL-CRYPTO-06")
    #expect(try await compliance(house).state(of: "10.5.a")?.verdict == .compliant)
    let state = try #require(try await compliance(house).state(of: "10.5.c"))
    #expect(state.verdict == .notAssessed)
    #expect(state.reason?.french.contains("CTL-CRYPTO-08") == true)
  }

  @Test func `evidence beyond its bound is not stored, and proves nothing`() async throws {
    let house = try await ObservedHouse()
    let huge = String(repeating: "x", count: ObservationLimits.maximumEvidenceBytes)
    let observatory = Observatory(
      platform: house.platform,
      observations: [Scripted { [Finding(["9.3.f", "6.2.a"], .compliant, subject: Self.subject, evidence: ["text": .string(huge)])] }])
    #expect(try await observatory.observe("CTL-IAM-04").map(\.verdict) == [.notAssessed])
  }

  @Test func `a gap outlives neither its mending nor its time, and says since when it was open`() async throws {
    let house = try await ObservedHouse()
    let isWeak = Mutex(false)
    let observatory = Observatory(
      platform: house.platform,
      observations: [
        Scripted {
          isWeak.withLock { $0 }
            ? [Finding(["9.3.f", "6.2.a"], .nonCompliant, subject: Self.subject, reason: Self.gap)]
            : [Finding(["9.3.f", "6.2.a"], .compliant, subject: Self.subject)]
        }
      ])
    let first = house.clock.now()
    _ = try await observatory.observe("CTL-IAM-04")
    house.clock.advance(by: .seconds(60))
    _ = try await observatory.observe("CTL-IAM-04")
    #expect(try await compliance(house).state(of: "6.2.a")?.since == first)
    isWeak.withLock { $0 = true }
    house.clock.advance(by: .seconds(60))
    let broken = house.clock.now()
    _ = try await observatory.observe("CTL-IAM-04")
    house.clock.advance(by: .seconds(60))
    _ = try await observatory.observe("CTL-IAM-04")
    let state = try #require(try await compliance(house).state(of: "6.2.a"))
    #expect(state.verdict == .nonCompliant)
    #expect(state.since == broken)
    #expect(state.reason == Self.gap)
    isWeak.withLock { $0 = false }
    _ = try await observatory.observe("CTL-IAM-04")
    #expect(try await compliance(house).state(of: "6.2.a")?.verdict == .compliant)
  }

  @Test func `an observation that throws is not assessed, with the reason`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(
      platform: house.platform, observations: [Scripted { throw ObservationFailure("la sonde est cassée", "the probe is broken") }])
    let observed = try await observatory.observe("CTL-IAM-04")
    #expect(observed.map(\.verdict) == [.notAssessed])
    #expect(observed.first?.reason?.french == "la sonde est cassée")
    #expect(Set(observed.flatMap(\.items)) == ["9.3.f", "6.2.a"])
  }

  @Test(.timeLimit(.minutes(1))) func `an observation that hangs is not assessed, and is not begun again while it hangs`() async throws {
    let house = try await ObservedHouse()
    let begun = Mutex(0)
    let (gate, opening) = AsyncStream.makeStream(of: Void.self)
    let observatory = Observatory(
      platform: house.platform,
      observations: [
        Scripted {
          begun.withLock { $0 += 1 }
          // Deaf to cancellation.
          await Task { for await _ in gate { return } }.value
          return [Finding(["9.3.f", "6.2.a"], .compliant, subject: Self.subject)]
        }
      ], maximumDuration: .milliseconds(50))
    let hanging = try await observatory.observe("CTL-IAM-04")
    #expect(hanging.map(\.verdict) == [.notAssessed])
    #expect(hanging.first?.reason?.french.contains("n'a pas répondu") == true)
    let again = try await observatory.observe("CTL-IAM-04")
    #expect(again.first?.reason?.french.contains("précédente") == true)
    #expect(begun.withLock { $0 } == 1)
    opening.finish()
  }

  @Test func `what a control does not speak of is not assessed`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(
      platform: house.platform, observations: [Scripted { [Finding(["9.3.f"], .compliant, subject: Self.subject)] }])
    let observed = try await observatory.observe("CTL-IAM-04")
    #expect(observed.first { $0.items.contains("6.2.a") }?.verdict == .notAssessed)
  }

  @Test func `every statement is signed, and a changed one is seen`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(
      platform: house.platform, observations: [Scripted { [Finding(["9.3.f", "6.2.a"], .compliant, subject: Self.subject)] }])
    let observation = try #require(try await observatory.observe("CTL-IAM-04").first)
    #expect(house.evidenceKey.isValid(observation.signature, over: Array(observation.statement.utf8)))
    let changed = observation.statement.replacing("conforme", with: "non conforme")
    #expect(!house.evidenceKey.isValid(observation.signature, over: Array(changed.utf8)))
  }

  @Test func `an unknown control and one that nothing observes are refused`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(platform: house.platform, observations: [])
    await #expect(throws: ObservationFailure.self) { try await observatory.observe("CTL-IAM-99") }
    await #expect(throws: ObservationFailure.self) { try await observatory.observe("CTL-IAM-04") }
  }

  @Test func `observing by itself takes due controls, and stops when it is cancelled`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(
      platform: house.platform, observations: [Scripted { [Finding(["9.3.f", "6.2.a"], .compliant, subject: Self.subject)] }])
    let work = Task { try await observatory.run() }
    while try await compliance(house).state(of: "9.3.f")?.verdict != .compliant { await Task.yield() }
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
  }
}
