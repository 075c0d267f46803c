import Base
import Records
import ResourceManager
import Storage
import Testing
import Wire

@Suite struct ManagementPolicyTests {
  private func put(_ fixture: AccountFixture, _ rules: JSON) async throws -> JSON {
    let type = try #require(fixture.provider.types.first { $0.descriptor.type == "Microsoft.Storage/storageAccounts/managementPolicies" })
    var id = fixture.id("acct")
    id.provided[id.provided.count - 1].segments.append((type: "managementPolicies", name: "default"))
    let change = ResourceChange(
      method: .put, id: id, body: ["properties": ["policy": ["rules": rules]]], existing: nil, context: fixture.context())
    return try await fixture.records.write { transaction in
      try type.render(try type.put(change, in: transaction), in: transaction)
    }
  }

  private static func rule(_ name: String = "r", filters: JSON = ["blobTypes": ["blockBlob"]], actions: JSON) -> JSON {
    ["name": .string(name), "type": "Lifecycle", "definition": ["filters": filters, "actions": actions]]
  }

  private static let deletion: JSON = ["baseBlob": ["delete": ["daysAfterModificationGreaterThan": 7]]]

  @Test func aPolicyComesBackAsItWasSet() async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    let filters: JSON = [
      "blobTypes": ["blockBlob", "appendBlob"], "prefixMatch": ["con/logs"], "blobIndexMatch": [["name": "stage", "op": "==", "value": "old"]],
    ]
    let actions: JSON = [
      "baseBlob": ["tierToCool": ["daysAfterModificationGreaterThan": .number(30.0)], "delete": ["daysAfterCreationGreaterThan": 365]],
      "snapshot": ["delete": ["daysAfterCreationGreaterThan": 90]], "version": ["tierToArchive": ["daysAfterCreationGreaterThan": 10]],
    ]
    let rule = try await put(fixture, [Self.rule(filters: filters, actions: actions)])["policy"]?["rules"]?.array?.first
    #expect(rule?["enabled"]?.boolean == true)
    #expect(rule?["definition"]?["filters"] == filters)
    #expect(rule?["definition"]?["actions"]?["baseBlob"]?["tierToCool"]?["daysAfterModificationGreaterThan"]?.integer == 30)
    #expect(rule?["definition"]?["actions"]?["snapshot"] == actions["snapshot"])
  }

  @Test(arguments: [
    rule(actions: [:]), rule(actions: ["baseBlob": ["delete": [:]]]),
    rule(actions: ["baseBlob": ["delete": ["daysAfterModificationGreaterThan": -1]]]),
    rule(actions: ["baseBlob": ["delete": ["daysAfterModificationGreaterThan": .number(1.5)]]]),
    rule(actions: ["baseBlob": ["delete": ["daysAfterModificationGreaterThan": 1, "daysAfterCreationGreaterThan": 1]]]),
    rule(actions: ["baseBlob": ["tierToCool": ["daysAfterModificationGreaterThan": 1, "daysAfterLastTierChangeGreaterThan": 1]]]),
    rule(actions: ["baseBlob": ["explode": ["daysAfterModificationGreaterThan": 1]]]),
    rule(actions: ["snapshot": ["delete": ["daysAfterModificationGreaterThan": 1]]]),
    rule(actions: ["baseBlob": ["delete": ["daysAfterModificationGreaterThan": 1], "enableAutoTierToHotFromCool": true]]),
    rule(filters: [:], actions: deletion), rule(filters: ["blobTypes": ["pageBlob"]], actions: deletion), rule("", actions: deletion),
    ["name": "r", "type": "Other", "definition": ["filters": ["blobTypes": ["blockBlob"]], "actions": deletion]],
  ])
  func whatCouldNotBeCarriedOutIsRefused(rule: JSON) async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    let error = await #expect(throws: CloudError.self) { try await put(fixture, [rule]) }
    #expect(error?.code == "InvalidValuesForRequestParameters")
  }

  @Test func twoRulesCannotShareAName() async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    await #expect(throws: CloudError.self) {
      try await put(fixture, [Self.rule("a", actions: Self.deletion), Self.rule("a", actions: Self.deletion)])
    }
    _ = try await put(fixture, [Self.rule("a", actions: Self.deletion), Self.rule("A", actions: Self.deletion)])
    await #expect(throws: CloudError.self) { try await put(fixture, []) }
  }

  @Test func ageSinceTheLastAccessNeedsItsTracking() async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    let rule = Self.rule(actions: ["baseBlob": ["delete": ["daysAfterLastAccessTimeGreaterThan": 7]]])
    let error = await #expect(throws: CloudError.self) { try await put(fixture, [rule]) }
    #expect(error?.status == 409)
  }
}
