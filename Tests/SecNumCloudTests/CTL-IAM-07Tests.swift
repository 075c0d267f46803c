import Base
import Catalogue
import NIOCore
import NIOPosix
import SecNumCloud
import Testing

#if canImport(Glibc)
  import Glibc
#endif

struct ControlIAM07Tests {
  private static let compliant: [ItemID: Verdict] = [
    "9.6.a": .compliant, "9.6.b": .compliant, "9.6.c": .compliant, "9.6.g": .notAssessed,
  ]

  /// A house whose control socket really listens, and whose door is open.
  private func house() async throws -> (ObservedHouse, HouseDoor, any Channel) {
    let house = try await ObservedHouse()
    _ = try await house.makeTenant("contoso")
    let door = HouseDoor(house)
    door.open(house)
    let path = house.platform.site.controlSocket
    let socket = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(unixDomainSocketPath: path).get()
    #expect(chmod(path, 0o600) == 0)
    return (house, door, socket)
  }

  @Test func `two domains that are apart are seen as such`() async throws {
    let (house, _, socket) = try await house()
    let findings = try await house.findings(ControlIAM07())
    #expect(try await house.verdicts(ControlIAM07()) == Self.compliant, "\(findings.compactMap(\.reason))")
    #expect(findings.first { $0.items == ["9.6.c"] }?.figures.first?.value == 8)
    try await socket.close()
  }

  @Test func `a control socket that others may open is found, and a door that takes a stranger's token`() async throws {
    let (house, door, socket) = try await house()
    let path = house.platform.site.controlSocket
    #expect(chmod(path, 0o666) == 0)
    var verdicts = try await house.verdicts(ControlIAM07())
    #expect(verdicts["9.6.a"] == .nonCompliant)
    #expect(verdicts["9.6.b"] == .nonCompliant)
    #expect(verdicts["9.6.c"] == .compliant)
    #expect(chmod(path, 0o600) == 0)
    #expect(chmod(house.platform.site.folder, 0o755) == 0)
    #expect(try await house.verdicts(ControlIAM07())["9.6.a"] == .nonCompliant)
    #expect(chmod(house.platform.site.folder, 0o700) == 0)
    #expect(try await house.verdicts(ControlIAM07()) == Self.compliant)

    house.outside.onRequest { request in
      let answer = try await door.answer(request, house)
      let isRefused = answer.status == 401 && request.host.hasPrefix("management.")
      return isRefused ? OutsideAnswer(status: 200, headers: [], body: []) : answer
    }
    let finding = try #require(try await house.findings(ControlIAM07()).first { $0.items == ["9.6.c"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains("jeton étranger") == true)

    house.outside.onRequest { request in
      request.path == "/tenant/add" ? OutsideAnswer(status: 200, headers: [], body: []) : try await door.answer(request, house)
    }
    verdicts = try await house.verdicts(ControlIAM07())
    #expect(verdicts["9.6.b"] == .nonCompliant)
    #expect(verdicts["9.6.c"] == .compliant)
    door.open(house)
    #expect(try await house.verdicts(ControlIAM07()) == Self.compliant)
    try await socket.close()
  }

  @Test func `a door that takes the other door's token is found, and one that serves the other door's hosts`() async throws {
    let (house, door, socket) = try await house()
    let operators = 8444
    let platform = house.platform { $0.operatorsPort = operators }
    func verdict(_ item: String) async throws -> Verdict? { try await ControlIAM07().observe(platform).verdict(item) }
    /// The operators' door, which here says to everybody whom it does not know what it has to say.
    func open(_ answer: @escaping @Sendable (OutsideRequest) -> Int) {
      house.outside.onRequest { request in
        guard request.port == operators else { return try await door.answer(request, house) }
        return OutsideAnswer(status: answer(request), headers: [], body: [])
      }
    }
    @Sendable func refuse(_ request: OutsideRequest) -> Int { request.host.hasPrefix("operations.") ? 401 : 404 }
    open(refuse)
    #expect(try await verdict("9.6.b") == .compliant)
    #expect(try await verdict("9.6.c") == .compliant)
    open { $0.path == "/tenants" ? 200 : refuse($0) }
    #expect(try await verdict("9.6.b") == .nonCompliant)
    open { $0.host.hasPrefix("management.") ? 200 : refuse($0) }
    #expect(try await verdict("9.6.b") == .nonCompliant)
    house.outside.onRequest { request in
      if request.port == operators { return OutsideAnswer(status: refuse(request), headers: [], body: []) }
      return request.host.hasPrefix("operations.") ? OutsideAnswer(status: 200, headers: [], body: []) : try await door.answer(request, house)
    }
    #expect(try await verdict("9.6.b") == .nonCompliant)
    open(refuse)
    #expect(try await verdict("9.6.b") == .compliant)
    try await socket.close()
  }

  @Test func `a socket on which nobody listens proves nothing`() async throws {
    let (house, _, socket) = try await house()
    try await socket.close()
    let verdicts = try await house.verdicts(ControlIAM07())
    #expect(verdicts["9.6.a"] == .notAssessed)
    #expect(verdicts["9.6.b"] == .notAssessed)
    #expect(verdicts["9.6.c"] == .compliant)
  }
}
