import Base
import Catalogue
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Synchronization
import Testing

struct ControlLOG01Tests {
  /// A front door that logs what it is told to.
  private final class Door: Sendable {
    let house: ObservedHouse
    private let state = Mutex(
      (number: 0, lines: ["{\"time\":\"2027-01-15T08:00:00.0Z\",\"level\":\"notice\",\"label\":\"cocagne\",\"message\":\"start\"}"]))
    let isSilent = Mutex(false)
    let namesSubjects = Mutex(true)

    init(_ house: ObservedHouse) throws {
      self.house = house
      save()
      house.outside.onRequest { [self] request in
        let id = state.withLock { state in
          state.number += 1
          return "00000000-0000-0000-0000-\(100_000_000_000 + state.number)"
        }
        let isSignIn = request.host.hasPrefix("login.")
        if !isSilent.withLock({ $0 }) {
          line(#""message":"request","method":"\#(request.method)","host":"\#(request.host)","path":"/","status":"401","request":"\#(id)""#)
        }
        if isSignIn, namesSubjects.withLock({ $0 }) { line(#""message":"sign-in refused","address":"127.0.0.1","request":"\#(id)""#) }
        return OutsideAnswer(status: 401, headers: [(name: "x-ms-request-id", value: id)], body: [])
      }
    }

    func line(_ members: String) {
      state.withLock { $0.lines.append(#"{"time":"2027-01-15T08:00:00.0Z","level":"info","label":"edge",\#(members)}"#) }
      save()
    }

    func cut() {
      state.withLock { $0.lines = [$0.lines.last ?? ""] }
      save()
    }

    private func save() {
      let bytes = Array((state.withLock { $0.lines }.joined(separator: "\n") + "\n").utf8)
      house.host.files[house.platform.site.log] = bytes
      house.host.attributes[house.platform.site.log] = FileAttributes(
        mode: 0o600, owner: 0, bytes: bytes.count, isFolder: false, isLink: false, modified: 0, device: 1)
    }
  }

  @Test func `a refusal that leaves no trace is seen, and one that leaves no subject`() async throws {
    let house = try await ObservedHouse()
    let door = try Door(house)
    #expect(try await house.verdicts(ControlLOG01())["12.6.b"] == .compliant)
    door.isSilent.withLock { $0 = true }
    #expect(try await house.verdicts(ControlLOG01())["12.6.b"] == .nonCompliant)
    door.isSilent.withLock { $0 = false }
    door.namesSubjects.withLock { $0 = false }
    let weak = try #require(try await house.findings(ControlLOG01()).first { $0.items == ["12.6.b"] })
    #expect(weak.reason?.french.contains("ni le compte") == true)
    door.namesSubjects.withLock { $0 = true }
    #expect(try await house.verdicts(ControlLOG01())["12.6.b"] == .compliant)
    let host = house.platform.site.address.host("graph")
    door.line(#""message":"request","method":"POST","host":"\#(host)","path":"/v1.0/users","status":"201""#)
    #expect(try await house.verdicts(ControlLOG01())["12.6.b"] == .nonCompliant)
    door.line(#""message":"directory change","principal":"x""#)
    #expect(try await house.verdicts(ControlLOG01())["12.6.b"] == .compliant)
  }

  @Test func `without a log file the process's events are not assessed`() async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlLOG01())["12.6.b"] == .notAssessed)
  }

  @Test func `a source that falls silent is seen`() async throws {
    let house = try await ObservedHouse()
    _ = try Door(house)
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    #expect(try await house.verdicts(ControlLOG01())["12.6.a"] == .notAssessed)
    try await house.log(subscription)
    #expect(try await house.verdicts(ControlLOG01())["12.6.a"] == .compliant)
    house.clock.advance(by: .seconds(33 * 86400))
    #expect(try await house.verdicts(ControlLOG01())["12.6.a"] == .nonCompliant)
    try await house.log(subscription)
    #expect(try await house.findings(ControlLOG01()).first { $0.items == ["12.6.a"] }?.reason?.french.contains("journal d'activité") != true)
  }

  private func kept(_ house: ObservedHouse) async throws -> Finding {
    try #require(try await house.findings(ControlLOG01()).about("entries of the activity log"))
  }

  @Test func `an entry that vanishes before its time is seen`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    #expect(try await kept(house).verdict == .notAssessed)
    let entry = try await house.log(subscription)
    #expect(try await kept(house).verdict == .notAssessed)
    #expect(try await kept(house).verdict == .compliant)
    house.clock.advance(by: .seconds(100 * 86400))
    try await house.log(subscription)
    _ = try await kept(house)
    #expect(try await kept(house).verdict == .compliant)
    try await house.records.write { _ = try $0.remove(ActivityLogEntry.self, entry.key) }
    #expect(try await kept(house).verdict == .nonCompliant)
    try await house.records.write { try $0.save(entry) }
    #expect(try await kept(house).verdict == .compliant)
    // After its time it may go.
    house.clock.advance(by: .seconds(84 * 86400))
    try await house.records.write { _ = try $0.remove(ActivityLogEntry.self, entry.key) }
    #expect(try await kept(house).verdict == .compliant)
  }

  @Test func `a log that was cut is seen`() async throws {
    let house = try await ObservedHouse()
    let door = try Door(house)
    func file() async throws -> Verdict? { try await house.findings(ControlLOG01()).about("beginning of the file")?.verdict }
    #expect(try await file() == .notAssessed)
    #expect(try await file() == .compliant)
    door.cut()
    #expect(try await file() == .nonCompliant)
    house.clock.advance(by: .seconds(184 * 86400))
    #expect(try await file() == .notAssessed)
    #expect(try await file() == .compliant)
  }

  @Test func `an export that holds another tenant's entry is seen`() async throws {
    let house = try await ObservedHouse()
    func export() async throws -> Verdict? { try await house.findings(ControlLOG01()).about("export of the activity log")?.verdict }
    let one = try await house.makeTenant(house.platform.site.tenant, "un")
    let other = try await house.makeTenant(house.random.guid(), "deux")
    #expect(try await export() == .notAssessed)
    try await house.log(one)
    try await house.log(other)
    #expect(try await export() == .compliant)
    let stray = try await house.log(one, resource: "\(other.path)/resourceGroups/secret")
    #expect(try await export() == .nonCompliant)
    try await house.records.write { _ = try $0.remove(ActivityLogEntry.self, stray.key) }
    #expect(try await export() == .compliant)
  }
}
