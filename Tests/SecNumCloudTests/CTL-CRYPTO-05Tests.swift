import Base
import Catalogue
import Identity
import Records
import SecNumCloud
import Simulation
import Testing

struct ControlCRYPTO05Tests {
  /// The latest look at a control, as the observatory keeps it.
  private struct Latest: Record, Codable {
    static let kind = "secnumcloud.latest"
    var control: String
    var time: Timestamp
    var duration: Double
    var observations: [Observation]
    var key: RecordKey { RecordKey(tenant: .zero, control) }
  }

  private func tampered(_ house: ObservedHouse, _ change: @escaping @Sendable (inout Observation) -> Void) async throws {
    try await house.records.write { transaction in
      var latest = try #require(try transaction.fetch(Latest.self, RecordKey(tenant: .zero, "CTL-CRYPTO-05")))
      change(&latest.observations[0])
      try transaction.save(latest)
    }
  }

  private static let changes: [@Sendable (inout Observation) -> Void] = [
    { $0.verdict = .compliant }, { $0.items = ["16.6.a"] }, { $0.signature[8] ^= 1 }, { $0.statement += " " }, { $0.figures = [] },
    { $0.validUntil = $0.validUntil.advanced(by: .seconds(1)) }, { $0.reason = Text("autre", "other") }, { $0.since = [:] },
  ]

  @Test(arguments: changes.indices) func `an observation that was changed after it was signed is seen`(_ index: Int) async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlCRYPTO05())["10.4.a"] == .notAssessed)
    let observatory = Observatory(platform: house.platform, observations: [ControlCRYPTO05()])
    _ = try await observatory.observe("CTL-CRYPTO-05")
    #expect(try await house.verdicts(ControlCRYPTO05())["10.4.a"] == .compliant)
    try await tampered(house, Self.changes[index])
    let verdicts = try await house.verdicts(ControlCRYPTO05())
    #expect(verdicts["10.4.a"] == .nonCompliant)
    #expect(verdicts["16.6.a"] == .nonCompliant)
    _ = try await observatory.observe("CTL-CRYPTO-05")
    house.clock.advance(by: .seconds(2 * 86400))
    _ = try await observatory.observe("CTL-CRYPTO-05")
    #expect(try await house.verdicts(ControlCRYPTO05())["10.4.a"] == .compliant)
  }

  @Test func `a signing key that is long enough today is too short from 2031 on`() async throws {
    let house = try await ObservedHouse()
    let observatory = Observatory(platform: house.platform, observations: [ControlCRYPTO05()])
    _ = try await observatory.observe("CTL-CRYPTO-05")
    let signing = try await house.records.read { try IdentityService.signingKeys(in: $0) }
    let isLong = signing.allSatisfy { $0.bits >= 3072 }
    #expect(try await house.verdicts(ControlCRYPTO05())["10.4.a"] == .compliant)
    #expect(try await house.verdicts(ControlCRYPTO05())["10.4.b"] == (isLong ? .compliant : .nonCompliant))
    house.move(to: ObservedHouse.day("2031-01-01"))
    #expect(try await house.verdicts(ControlCRYPTO05())["10.4.a"] == (isLong ? .compliant : .nonCompliant))
  }
}
