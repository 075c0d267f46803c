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

  @Test func `a socket on which nobody listens proves nothing`() async throws {
    let (house, _, socket) = try await house()
    try await socket.close()
    let verdicts = try await house.verdicts(ControlIAM07())
    #expect(verdicts["9.6.a"] == .notAssessed)
    #expect(verdicts["9.6.b"] == .notAssessed)
    #expect(verdicts["9.6.c"] == .compliant)
  }
}
