import Base
import Catalogue
import Identity
import Records
import SecNumCloud
import Synchronization
import Testing
import Wire

struct ControlIAM06Tests {
  private static func refusal(_ number: Int) -> OutsideAnswer {
    let body: JSON = ["error": "invalid_grant", "error_codes": [.integer(Int64(number))]]
    return OutsideAnswer(status: 400, headers: [], body: body.bytes)
  }

  private static func isPasswordGrant(_ request: OutsideRequest) -> Bool {
    String(decoding: request.body, as: UTF8.self).contains("grant_type=password")
  }

  @Test func `the real token service locks an account, and lets an administrator in with a password alone`() async throws {
    let house = try await ObservedHouse()
    HouseDoor(house).open(house)
    let findings = try await house.findings(ControlIAM06())
    #expect(
      Set(findings.filter { $0.verdict == .nonCompliant }.flatMap(\.items)) == ["9.5.a", "9.5.c", "9.6.f"])
    let lock = try #require(findings.first { $0.items == ["9.5.b"] })
    #expect(lock.verdict == .compliant)
    #expect(lock.figures.first?.value == Double(IdentityLimits.maximumUserFailures))
    let identity = house.identity
    #expect(try await house.records.read { try identity.tenants(limit: 10, in: $0) }.isEmpty)
  }

  @Test func `a door that lets an account try on and on is found, and one that asks for a second factor is seen`() async throws {
    let house = try await ObservedHouse()
    let door = HouseDoor(house)
    // A lock that is never told of the failures: wrong passwords do not reach it.
    house.outside.onRequest { request in
      let text = String(decoding: request.body, as: UTF8.self)
      return text.contains("password=Faux-") ? Self.refusal(50126) : try await door.answer(request, house)
    }
    let lax = try #require(try await house.findings(ControlIAM06()).first { $0.items == ["9.5.b"] })
    #expect(lax.verdict == .nonCompliant)
    #expect(lax.reason?.french.contains("n'est pas verrouillé") == true)
    door.open(house)
    #expect(try await house.verdicts(ControlIAM06())["9.5.b"] == .compliant)

    let passwords = Mutex(0)
    house.outside.onRequest { request in
      let isFirst =
        Self.isPasswordGrant(request)
        && passwords.withLock { count in
          count += 1
          return count == 1
        }
      return isFirst ? Self.refusal(50076) : try await door.answer(request, house)
    }
    let verdicts = try await house.verdicts(ControlIAM06())
    #expect(verdicts["9.6.f"] == .compliant)
    #expect(verdicts["9.5.a"] == .notAssessed)
    door.open(house)
    #expect(try await house.verdicts(ControlIAM06())["9.6.f"] == .nonCompliant)
  }

  @Test func `a sign-in that fails for another reason proves nothing`() async throws {
    let house = try await ObservedHouse()
    let door = HouseDoor(house)
    house.outside.onRequest { request in Self.isPasswordGrant(request) ? Self.refusal(50034) : try await door.answer(request, house) }
    await #expect(throws: ObservationFailure.self) { try await house.findings(ControlIAM06()) }
  }
}
