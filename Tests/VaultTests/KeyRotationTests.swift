import Base
import Crypto
import NIOHTTP1
import SecurityModule
import Simulation
import Testing
import Vault
import Wire

/// Keys get their next versions when somebody asks, and by themselves when their policies say so.
struct KeyRotationTests {
  private static let day = Duration.seconds(86_400)

  private static func policy(_ trigger: JSON, expiry: String? = nil) -> JSON {
    .object([
      "lifetimeActions": [.object(["trigger": trigger, "action": ["type": "rotate"]])],
      "attributes": expiry.map { .object(["expiryTime": .string($0)]) },
    ])
  }

  @Test(arguments: KeyPlace.allCases)
  func theNextVersionIsAnotherKeyOfTheSameKind(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    let first = try await keys.make("k", "EC", [("crv", "P-384"), ("key_ops", ["sign"]), ("tags", ["a": "b"])])
    #expect(try await keys.send(.PUT, "/keys/k/rotationpolicy", Self.policy(["timeAfterCreate": "P90D"], expiry: "P1Y")).status == 200)
    let second = try await keys.send(.POST, "/keys/k/rotate")
    #expect(second.status == 200 && second.keyVersion != first.keyVersion, "\(second)")
    #expect(second["key"]?["crv"] == "P-384" && second["key"]?["key_ops"] == ["sign"] && second["tags"] == ["a": "b"])
    #expect(second["key"]?["kty"] == first["key"]?["kty"] && second["key"]?["x"] != first["key"]?["x"])
    // 1 800 000 000 is 15 January 2027; a year later is 365 days.
    #expect(second["attributes"]?["exp"]?.integer == keys.cloud.clock.now().seconds + 365 * 86_400)
    #expect(try await keys.send(.POST, "/keys/other/rotate").status == 404)
  }

  @Test func aPolicyThatNobodySetNotifies() async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.make("k", "EC").status == 200)
    let unset = try await keys.send(.GET, "/keys/k/rotationpolicy")
    #expect(unset["lifetimeActions"] == [["trigger": ["timeBeforeExpiry": "P30D"], "action": ["type": "Notify"]]], "\(unset)")
    #expect(unset["id"]?.string == "https://keys1.vault.cloud.test/keys/k/rotationpolicy")
    let set = try await keys.send(.PUT, "/keys/k/rotationpolicy", Self.policy(["timeBeforeExpiry": "P10D"], expiry: "P40D"))
    #expect(set["lifetimeActions"] == [["trigger": ["timeBeforeExpiry": "P10D"], "action": ["type": "Rotate"]]], "\(set)")
    #expect(set["attributes"]?["expiryTime"] == "P40D" && set["attributes"]?["created"]?.integer == keys.cloud.clock.now().seconds)
    #expect(try await keys.send(.GET, "/keys/k/rotationpolicy").json == set.json)
  }

  private static let impossible: [JSON] = [
    policy(["timeAfterCreate": "P6D"]), policy(["timeAfterCreate": "90 days"]), policy([:]),
    policy(["timeAfterCreate": "P90D", "timeBeforeExpiry": "P30D"]), policy(["timeBeforeExpiry": "P30D"]),
    policy(["timeAfterCreate": "P90D"], expiry: "P27D"), policy(["timeAfterCreate": "P90D"], expiry: "P91D"),
    policy(["timeAfterCreate": "P"]), policy(["timeAfterCreate": "PT"]), policy(["timeAfterCreate": "P1D1Y"]),
    policy(["timeAfterCreate": "P999999Y"]),
    ["lifetimeActions": [["trigger": ["timeAfterCreate": "P30D"], "action": ["type": "Notify"]]]],
    ["lifetimeActions": [["trigger": ["timeAfterCreate": "P30D"], "action": ["type": "Dance"]]]], ["lifetimeActions": "none"],
    ["attributes": ["expiryTime": 28]],
  ]

  @Test(arguments: impossible)
  func aPolicyThatCannotBeIsRefused(_ policy: JSON) async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.make("k", "EC").status == 200)
    let reply = try await keys.send(.PUT, "/keys/k/rotationpolicy", policy)
    #expect(reply.status == 400 && reply.code == "BadParameter", "\(policy.text) \(reply)")
  }

  @Test(arguments: KeyPlace.allCases)
  func aKeyRotatesByItselfWhenItsTimeHasCome(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    let first = try await keys.make("k", "EC")
    #expect(try await keys.send(.PUT, "/keys/k/rotationpolicy", Self.policy(["timeAfterCreate": "P30D"], expiry: "P60D")).status == 200)
    keys.cloud.clock.advance(by: Self.day * 30 - .seconds(1))
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/k").keyVersion == first.keyVersion)
    keys.cloud.clock.advance(by: .seconds(1))
    try await keys.cloud.endpoint.tendKeys()
    let second = try await keys.send(.GET, "/keys/k")
    #expect(second.keyVersion != first.keyVersion)
    #expect(second["attributes"]?["exp"]?.integer == keys.cloud.clock.now().seconds + 60 * 86_400)
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/k").keyVersion == second.keyVersion)
    keys.cloud.clock.advance(by: Self.day * 30)
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/k").keyVersion != second.keyVersion)
    #expect(try await keys.send(.GET, "/keys/k/versions")["value"]?.array?.count == 3)
  }

  @Test func aKeyRotatesBeforeItExpires() async throws {
    let keys = try await KeyFixture()
    let now = keys.cloud.clock.now().seconds
    let first = try await keys.make("k", "EC", [("attributes", ["exp": .integer(now + 40 * 86_400)])])
    #expect(try await keys.send(.PUT, "/keys/k/rotationpolicy", Self.policy(["timeBeforeExpiry": "P10D"], expiry: "P40D")).status == 200)
    keys.cloud.clock.advance(by: Self.day * 30)
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/k").keyVersion != first.keyVersion)
  }

  @Test func neitherADisabledNorADeletedKeyRotates() async throws {
    let keys = try await KeyFixture()
    for name in ["off", "gone", "purged"] {
      #expect(try await keys.make(name, "EC").status == 200)
      #expect(try await keys.send(.PUT, "/keys/\(name)/rotationpolicy", Self.policy(["timeAfterCreate": "P30D"])).status == 200)
    }
    let off = try await keys.send(.PATCH, "/keys/off", ["attributes": ["enabled": false]])
    #expect(try await keys.send(.DELETE, "/keys/gone").status == 200)
    #expect(try await keys.send(.DELETE, "/keys/purged").status == 200)
    #expect(try await keys.send(.DELETE, "/deletedkeys/purged").status == 204)
    keys.cloud.clock.advance(by: Self.day * 31)
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.cloud.count("vault.keyRotation") == 0)
    let gone = try await keys.send(.POST, "/deletedkeys/gone/recover")
    #expect(try await keys.send(.PATCH, "/keys/off", ["attributes": ["enabled": true]]).keyVersion == off.keyVersion)
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/off").keyVersion != off.keyVersion)
    #expect(try await keys.send(.GET, "/keys/gone").keyVersion != gone.keyVersion)
  }

  @Test func aKeyWhoseModuleIsAwayRotatesWhenItIsBack() async throws {
    let keys = try await KeyFixture(.module)
    let first = try await keys.make("k", "EC")
    #expect(try await keys.send(.PUT, "/keys/k/rotationpolicy", Self.policy(["timeAfterCreate": "P30D"])).status == 200)
    keys.cloud.clock.advance(by: Self.day * 30)
    keys.token?.takeAway()
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/k").keyVersion == first.keyVersion)
    keys.token?.bringBack()
    try await Task.sleep(for: .milliseconds(ModuleLimits.reopenPauseMilliseconds + 100))
    keys.cloud.clock.advance(by: .seconds(61))
    try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/k").keyVersion != first.keyVersion)
  }
}
