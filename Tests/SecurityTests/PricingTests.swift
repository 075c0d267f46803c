import Base
import NIOHTTP1
import Testing
import Wire

@Suite struct PricingTests {
  private static let plans = ["Arm", "CloudPosture", "StorageAccounts", "VirtualMachines"]

  @Test func everyPlanIsFree() async throws {
    let cloud = try await SecurityCloud()
    let list = await cloud.get("\(cloud.provider)/pricings")
    #expect(list.names == Self.plans)
    #expect(list.items.allSatisfy { $0["properties"]?["pricingTier"] == "Free" && $0["properties"]?["freeTrialRemainingTime"] == "PT0S" })
    let one = await cloud.get("\(cloud.provider)/pricings/virtualmachines")
    #expect(one.json == list.items.last)
    #expect(one.json["id"]?.string == "\(cloud.provider)/pricings/VirtualMachines")
    #expect((await cloud.get("\(cloud.provider)/pricings/KeyVaults")).code == "ResourceNotFound")
    try await cloud.close()
  }

  @Test func aPlanStaysFreeWhateverIsAskedFor() async throws {
    let cloud = try await SecurityCloud()
    let path = "\(cloud.provider)/pricings/VirtualMachines"
    let same = await cloud.send(.PUT, path, body: ["properties": ["pricingTier": "free"]])
    #expect(same.status == 200)
    #expect(same.properties["pricingTier"] == "Free")
    for (name, body, code, word) in [
      ("VirtualMachines", ["properties": ["pricingTier": "Standard"]], "BadRequest", "'Standard' is not available"),
      ("VirtualMachines", ["properties": ["pricingTier": "Gold"]], "BadRequest", "Possible values: Free, Standard"),
      ("VirtualMachines", [:], "BadRequest", "Possible values: Free, Standard"),
      ("default", ["properties": ["pricingTier": "Free"]], "InvalidResourceName", "Possible pricing bundle names: Arm, CloudPosture"),
    ] as [(String, JSON, String, String)] {
      let answer = await cloud.send(.PUT, "\(cloud.provider)/pricings/\(name)", body: body)
      #expect(answer.status == 400, "\(name) \(body)")
      #expect(answer.code == code, "\(name) \(body)")
      #expect(answer.message.contains(word), "\(answer.message)")
    }
    #expect((await cloud.send(.DELETE, path)).status == 400)
    let list = await cloud.get("\(cloud.provider)/pricings")
    #expect(list.names == Self.plans)
    #expect(list.items.allSatisfy { $0["properties"]?["pricingTier"] == "Free" })
    try await cloud.close()
  }

  @Test func plansStandInNoListOverAllTypes() async throws {
    let cloud = try await SecurityCloud()
    _ = await cloud.send(.PUT, "\(cloud.provider)/pricings/Arm", body: ["properties": ["pricingTier": "Free"]])
    #expect((await cloud.get("\(cloud.subscriptionPath)/resources")).items.isEmpty)
    try await cloud.close()
  }

  @Test func aSubscriptionThatIsNotThereHasNoPlans() async throws {
    let cloud = try await SecurityCloud()
    let elsewhere = "/subscriptions/\(GUID(high: 9, low: 9))/providers/Microsoft.Security/pricings"
    for path in [elsewhere, "\(elsewhere)/Arm"] {
      let answer = await cloud.get(path, as: .rootReader)
      #expect(answer.status == 404, "\(path)")
      #expect(answer.code == "SubscriptionNotFound", "\(path)")
    }
    #expect((await cloud.get("\(cloud.provider)/pricings/Arm", as: .rootReader)).status == 200)
    try await cloud.close()
  }
}
