import Catalogue
import SecNumCloud
import Synchronization
import Testing

struct ControlLANG01Tests {
  private static let help = """
    {"command":{"commandName":"cocagne","abstract":"Un cloud souverain. — A sovereign cloud.","arguments":[{"abstract":"Show the version."}],
    "subcommands":[{"commandName":"up","abstract":"Démarre le nuage. — Starts the cloud.","arguments":[{"abstract":"Le port. — The port."}]}]}}
    """

  /// The real sign-in pages, behind what a test makes of them.
  private func house(_ change: @escaping @Sendable (inout OutsideAnswer) -> Void = { _ in }) async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    let door = HouseDoor(house)
    house.outside.onRequest { request in
      var answer = try await door.request(request)
      change(&answer)
      return answer
    }
    house.host.programs[house.platform.site.executable] = (0, Self.help)
    return house
  }

  private func finding(_ house: ObservedHouse) async throws -> Finding { try #require(try await house.findings(ControlLANG01()).first) }

  @Test func `a page that has lost its French is a gap until it is back`() async throws {
    let isWeak = Mutex(false)
    let house = try await house { answer in
      guard isWeak.withLock({ $0 }) else { return }
      answer.body = Array(String(decoding: answer.body, as: UTF8.self).replacing("Mot de passe", with: "Password").utf8)
    }
    #expect(try await finding(house).verdict == .compliant)
    isWeak.withLock { $0 = true }
    let weak = try await finding(house)
    #expect(weak.verdict == .nonCompliant)
    #expect(weak.reason?.french.contains("Password") == true)
    isWeak.withLock { $0 = false }
    #expect(try await finding(house).verdict == .compliant)
  }

  @Test func `a page that says to be of another language is a gap`() async throws {
    let house = try await house { answer in
      answer.body = Array(String(decoding: answer.body, as: UTF8.self).replacing("<html lang=\"fr\"", with: "<html lang=\"en\"").utf8)
    }
    #expect(try await finding(house).verdict == .nonCompliant)
  }

  @Test func `a line of help in one language is a gap, and no help at all says nothing`() async throws {
    let house = try await house()
    let program = house.platform.site.executable
    house.host.programs[program] = (0, Self.help.replacing("Le port. — The port.", with: "The port."))
    let finding = try await finding(house)
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains("cocagne up") == true)
    house.host.programs[program] = (64, "")
    #expect(try await self.finding(house).verdict == .notAssessed)
  }
}
