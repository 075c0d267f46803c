import Base
import Catalogue
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Synchronization
import Testing

struct ControlHORL01Tests {
  /// Servers of time that are so many seconds ahead, by host.
  private final class Clocks: Sendable {
    let ahead = Mutex<[String: Double]>(["10.20.0.5": 0, "10.20.0.6": 0.01])

    func set(_ host: String, _ seconds: Double?) { ahead.withLock { $0[host] = seconds } }

    func answer(_ question: [UInt8], _ host: String, now: Timestamp, stratum: UInt8 = 2, leap: UInt8 = 0) -> [UInt8]? {
      guard let ahead = ahead.withLock({ $0[host] }) else { return nil }
      var answer = [UInt8](repeating: 0, count: 48)
      answer[0] = leap << 6 | 4 << 3 | 4
      answer[1] = stratum
      answer.replaceSubrange(24..<32, with: question[40..<48])
      let seconds = Double(now.microseconds) / 1e6 + ahead + 2_208_988_800
      let word = UInt64(UInt32(truncatingIfNeeded: Int64(seconds))) << 32 | UInt64((seconds - seconds.rounded(.down)) * 4_294_967_296)
      for start in [32, 40] { for index in 0..<8 { answer[start + index] = UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64(index))) } }
      return answer
    }
  }

  private func house(_ clocks: Clocks) async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    let clock = house.clock
    house.outside.onExchange { question, host, _ in clocks.answer(question, host, now: clock.now()) }
    try await house.filePlatformRegister()
    return house
  }

  private func clocksVerdict(_ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlHORL01())["12.8.a"] }

  @Test func `a source that is five seconds ahead is a gap until it is right again`() async throws {
    let clocks = Clocks()
    let house = try await house(clocks)
    #expect(try await clocksVerdict(house) == .compliant)
    clocks.set("10.20.0.6", 5)
    let finding = try #require(try await house.findings(ControlHORL01()).first { $0.items == ["12.8.a"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.figures.first { $0.name.french == "plus grand écart" }.map { abs($0.value - 5) < 0.001 } == true)
    clocks.set("10.20.0.6", 0)
    #expect(try await clocksVerdict(house) == .compliant)
  }

  @Test func `a source that is silent, or that is not set itself, is a gap`() async throws {
    let clocks = Clocks()
    let house = try await house(clocks)
    clocks.set("10.20.0.5", nil)
    #expect(try await clocksVerdict(house) == .nonCompliant)
    clocks.set("10.20.0.5", 0)
    let clock = house.clock
    house.outside.onExchange { question, host, _ in clocks.answer(question, host, now: clock.now(), stratum: 16, leap: 3) }
    #expect(try await clocksVerdict(house) == .nonCompliant)
  }

  @Test func `an answer to another question is none`() async throws {
    let clocks = Clocks()
    let house = try await house(clocks)
    let clock = house.clock
    house.outside.onExchange { question, host, _ in
      var other = question
      other[47] ^= 1
      return clocks.answer(other, host, now: clock.now())
    }
    #expect(try await clocksVerdict(house) == .nonCompliant)
  }

  @Test func `one source alone is a gap, none is not assessed`() async throws {
    let clocks = Clocks()
    let house = try await house(clocks)
    try await house.filePlatformRegister(sources: ["10.20.0.5"])
    #expect(try await clocksVerdict(house) == .nonCompliant)
    try await house.filePlatformRegister(sources: [])
    #expect(try await clocksVerdict(house) == .notAssessed)
  }

  @Test func `an event without a time is a gap until it is gone from the latest`() async throws {
    let house = try await house(Clocks())
    func events() async throws -> Verdict? { try await house.verdicts(ControlHORL01())["12.8.b"] }
    #expect(try await events() == .notAssessed)
    let good = #"{"time":"2026-11-25T20:27:15.8162050Z","level":"info","message":"started"}"#
    func log(_ lines: [String]) {
      let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
      house.host.files[house.platform.site.log] = bytes
      house.host.attributes[house.platform.site.log] = FileAttributes(
        mode: 0o600, owner: 0, bytes: bytes.count, isFolder: false, isLink: false, modified: 0, device: 1)
    }
    log([good, good])
    #expect(try await events() == .compliant)
    log([good, #"{"level":"info","message":"started"}"#])
    #expect(try await events() == .nonCompliant)
    log([good, "Fatal error: Index out of range"])
    #expect(try await events() == .nonCompliant)
    log([good])
    #expect(try await events() == .compliant)
  }

  @Test func `an entry of the activity log that is dated ahead is a gap`() async throws {
    let house = try await house(Clocks())
    let subscription = Subscription(id: house.random.guid(), tenant: house.random.guid(), displayName: "s", createdTime: house.clock.now())
    try await house.records.write { try $0.save(subscription) }
    func enter(_ time: Timestamp) async throws {
      let entry = ActivityLogEntry(
        id: house.random.guid(), tenant: subscription.tenant, subscription: subscription.id, time: time, operationName: "o", resourceID: "/",
        status: .succeeded, statusCode: 200, caller: "c", principalID: .zero, claims: [:], correlationID: .zero, operationID: .zero,
        clientAddress: "127.0.0.1", method: "PUT")
      try await house.records.write { try $0.save(entry) }
    }
    try await enter(house.clock.now())
    #expect(try await house.verdicts(ControlHORL01())["12.8.b"] == .compliant)
    try await enter(house.clock.now().advanced(by: .seconds(3600)))
    #expect(try await house.verdicts(ControlHORL01())["12.8.b"] == .nonCompliant)
  }
}
