import Base
import Catalogue
import SecNumCloud
import Simulation
import Synchronization
import Testing

struct ControlCONF01Tests {
  private static let subject = Text("le test", "the test")

  /// Says of 9.3.f and 6.2.a what the test wants.
  private final class Scripted: ControlObservation {
    let control = "CTL-IAM-04"
    let test = ""
    private let verdict = Mutex(Verdict.compliant)

    func say(_ verdict: Verdict) { self.verdict.withLock { $0 = verdict } }

    func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
      let verdict = verdict.withLock { $0 }
      return [
        Finding(
          ["9.3.f", "6.2.a"], verdict, subject: ControlCONF01Tests.subject, reason: verdict == .compliant ? nil : Text("affaibli", "weakened"))
      ]
    }
  }

  private static func plan(due: String, done: String = "null", items: String = #""9.3.f", "6.2.a""#) -> String {
    """
    actions:
      - id: pa-1
        alineas: [\(items)]
        action: "Réparer"
        responsable: "Exploitation"
        ouverte: 2027-01-10
        echeance: \(due)
        achevee: \(done)
    """
  }

  private let control = ControlCONF01(observed: ["CTL-IAM-04", "CTL-CONF-01"])

  @Test func `a control that was not observed in time is a gap until it is`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(platform: house.platform, observations: [Scripted()])
    try await house.file(ActionPlanRegister.self, "actions: []")
    #expect(try await house.verdicts(control) == ["18.2.1.b": .notAssessed, "18.3.a": .notAssessed, "18.4.a": .notAssessed])
    _ = try await observatory.observe("CTL-IAM-04")
    #expect(try await house.verdicts(control)["18.2.1.b"] == .compliant)
    #expect(try await house.verdicts(control)["18.4.a"] == .compliant)
    house.clock.advance(by: Frequency(try #require(house.platform.requirements.control("CTL-IAM-04"))).validity)
    #expect(try await house.verdicts(control) == ["18.2.1.b": .nonCompliant, "18.3.a": .notAssessed, "18.4.a": .notAssessed])
    _ = try await observatory.observe("CTL-IAM-04")
    #expect(try await house.verdicts(control)["18.2.1.b"] == .compliant)
  }

  @Test func `a control that was never observed is late once its time is over`() async throws {
    let house = try await ObservedHouse()
    house.clock.advance(by: .seconds(30 * 86400))
    #expect(try await house.verdicts(control)["18.2.1.b"] == .nonCompliant)
  }

  @Test func `an open gap needs an action that is not overdue`() async throws {
    let house = try await ObservedHouse()
    let scripted = Scripted()
    let observatory = Observatory(platform: house.platform, observations: [scripted])
    scripted.say(.nonCompliant)
    _ = try await observatory.observe("CTL-IAM-04")
    #expect(try await house.verdicts(control)["18.4.a"] == .notAssessed)
    func verdict(_ plan: String) async throws -> Verdict? {
      try await house.file(ActionPlanRegister.self, plan)
      let verdicts = try await house.verdicts(control)
      #expect(verdicts["18.3.a"] == verdicts["18.4.a"])
      return verdicts["18.4.a"]
    }
    #expect(try await verdict("actions: []") == .nonCompliant)
    #expect(try await verdict(Self.plan(due: "2027-01-31")) == .compliant)
    #expect(try await verdict(Self.plan(due: "2027-01-14")) == .nonCompliant)
    #expect(try await verdict(Self.plan(due: "2027-01-31", done: "2027-01-12")) == .nonCompliant)
    #expect(try await verdict(Self.plan(due: "2027-01-31", items: #""9.3.f""#)) == .nonCompliant)
    let gaps = try await house.platform.openGaps()
    #expect(gaps.map(\.item) == ["6.2.a", "9.3.f"])
    scripted.say(.compliant)
    _ = try await observatory.observe("CTL-IAM-04")
    #expect(try await verdict("actions: []") == .compliant)
  }

  @Test func `the example of the register is one`() async throws {
    let house = try await ObservedHouse()
    try await house.file(ActionPlanRegister.self, ActionPlanRegister.example)
    #expect(try await house.documents.register(ActionPlanRegister.self)?.value.actions.count == 1)
  }
}
