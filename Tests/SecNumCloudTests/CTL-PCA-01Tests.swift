import Base
import Catalogue
import SecNumCloud
import Simulation
import Synchronization
import Testing

struct ControlPCA01Tests {
  private func house(promised: String = "disponibilite_promise: 99.0") async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    try await house.filePlatformRegister(promised)
    open(house)
    return house
  }

  private func open(_ house: ObservedHouse) {
    house.outside.onRequest { request in
      request.host.contains(".blob.")
        ? OutsideAnswer(status: 404, headers: [(name: "x-ms-request-id", value: "1")], body: []) : OutsideAnswer(status: 200, headers: [], body: [])
    }
  }

  private func close(_ house: ObservedHouse) { house.outside.onRequest { _ in throw ObservationFailure("refusé.", "refused.") } }

  private func availability(_ house: ObservedHouse) async throws -> Finding {
    try #require(try await house.findings(ControlPCA01()).first { $0.items == ["17.4.a"] })
  }

  /// Looks so often for so long, and gives the last finding.
  private func watch(_ house: ObservedHouse, hours: Int, every pause: Duration = .seconds(300)) async throws -> Finding {
    let end = house.clock.now().advanced(by: .seconds(hours * 3600))
    var last = try await availability(house)
    while house.clock.now() < end {
      house.clock.advance(by: pause)
      last = try await availability(house)
    }
    return last
  }

  private func figure(_ name: String, _ finding: Finding) -> Double? { finding.figures.first { $0.name.french == name }?.value }

  @Test func `hours in which the front door does not answer are a gap until thirty days have passed`() async throws {
    let house = try await house()
    #expect(try await availability(house).verdict == .notAssessed)
    let good = try await watch(house, hours: 25)
    #expect(good.verdict == .compliant)
    #expect(figure("disponibilité", good) == 100)
    close(house)
    #expect(try await watch(house, hours: 2).verdict == .nonCompliant)
    open(house)
    #expect(try await watch(house, hours: 1).verdict == .nonCompliant)
    // As rarely as a look may come.
    let later = try await watch(house, hours: 31 * 24, every: .seconds(1200))
    #expect(later.verdict == .compliant)
    #expect(figure("disponibilité", later) == 100)
  }

  @Test func `the time of a restart counts as unavailable and is told`() async throws {
    let house = try await house()
    _ = try await watch(house, hours: 24)
    house.clock.advance(by: .seconds(240))
    let platform = house.platform { $0.started = house.clock.now() }
    house.clock.advance(by: .seconds(60))
    let finding = try #require(try await ControlPCA01().observe(platform).first { $0.items == ["17.4.a"] })
    #expect(figure("redémarrages", finding) == 1)
    #expect(figure("indisponibilité", finding) == 240)
  }

  @Test func `a look that comes too late proves nothing of the time before it`() async throws {
    let house = try await house()
    _ = try await watch(house, hours: 24)
    house.clock.advance(by: .seconds(3 * 3600))
    let finding = try await availability(house)
    #expect(figure("indisponibilité", finding) == 10_800)
    #expect(finding.verdict == .nonCompliant)
  }

  @Test func `a promise that is not stated is a gap`() async throws {
    let house = try await house(promised: "")
    #expect(try await house.verdicts(ControlPCA01())["19.1.j"] == .nonCompliant)
    try await house.filePlatformRegister("disponibilite_promise: 99.9")
    #expect(try await house.verdicts(ControlPCA01())["19.1.j"] == .compliant)
  }

  @Test func `an exercise that is old or took too long is a gap until another is held`() async throws {
    let house = try await house()
    #expect(try await house.verdicts(ControlPCA01())["17.3.a"] == .notAssessed)
    // The clock of the tests stands on 2027-01-15.
    func file(_ date: String, took minutes: Int) async throws {
      let text = """
        exercices:
          - {id: ex-1, date: \(date), objet: "Perte d'un hôte", proces_verbal: PV-1, rto_promis: 240, rto_mesure: \(minutes), rpo_promis: 60, rpo_mesure: 15}
        """
      try await house.documents.set(ExerciseRegister.self, text: text, file: "exercices.yaml", author: "test")
      house.clock.advance(by: .seconds(1))
    }
    func verdicts() async throws -> [Verdict?] {
      let all = try await house.verdicts(ControlPCA01())
      return [all["17.2.a"], all["17.3.a"]]
    }
    try await file("2026-06-12", took: 95)
    #expect(try await verdicts() == [.compliant, .compliant])
    try await file("2026-06-12", took: 300)
    #expect(try await verdicts() == [.nonCompliant, .compliant])
    try await file("2025-06-12", took: 95)
    #expect(try await verdicts() == [.compliant, .nonCompliant])
    try await file("2026-12-01", took: 95)
    #expect(try await verdicts() == [.compliant, .compliant])
  }
}
