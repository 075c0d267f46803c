import Base
import NIOHTTP1
import Testing
import Wire

@Suite struct SecurityProviderTests {
  @Test func theLocationIsTheClouds() async throws {
    let cloud = try await SecurityCloud()
    let list = await cloud.get("\(cloud.provider)/locations")
    #expect(
      list.json == [
        "value": [
          [
            "id": .string("\(cloud.provider)/locations/paris"), "name": "paris", "type": "Microsoft.Security/locations",
            "properties": ["homeRegionName": "paris"],
          ]
        ]
      ])
    #expect((await cloud.get("\(cloud.provider)/locations/Paris")).json == list.items.first)
    #expect((await cloud.get("\(cloud.provider)/locations/centralus")).code == "ResourceNotFound")
    try await cloud.close()
  }

  @Test(arguments: ["secureScores", "alerts", "settings/MCAS", "locations/paris/tasks", "regulatoryComplianceStandard", "securityContacts/default"])
  func whatIsNotServedIsNoType(path: String) async throws {
    let cloud = try await SecurityCloud()
    let answer = await cloud.get("\(cloud.provider)/\(path)")
    #expect(answer.status == 404)
    #expect(answer.code == "InvalidResourceType")
    try await cloud.close()
  }

  @Test func theProviderListsWhatItServes() async throws {
    let cloud = try await SecurityCloud()
    let types = (await cloud.get(cloud.provider)).json["resourceTypes"]?.array?.compactMap { $0["resourceType"]?.string } ?? []
    #expect(
      types == [
        "pricings", "regulatoryComplianceStandards", "regulatoryComplianceStandards/regulatoryComplianceControls",
        "regulatoryComplianceStandards/regulatoryComplianceControls/regulatoryComplianceAssessments", "assessments", "assessmentMetadata",
        "locations",
        "operations",
      ])
    let operations = await cloud.get("/providers/Microsoft.Security/operations")
    #expect(operations.names.contains("Microsoft.Security/regulatoryComplianceStandards/read"))
    try await cloud.close()
  }

  @Test func everyPathAsksForItsPermissionWhereItStands() async throws {
    let cloud = try await SecurityCloud()
    let group = "\(cloud.subscriptionPath)/resourceGroups/rg"
    let standards = "Microsoft.Security/regulatoryComplianceStandards"
    for (path, action, place) in [
      ("\(cloud.provider)/regulatoryComplianceStandards", "\(standards)/read", cloud.subscriptionPath),
      ("\(cloud.standard)/regulatoryComplianceControls/9.1", "\(standards)/regulatoryComplianceControls/read", cloud.subscriptionPath),
      (
        "\(cloud.standard)/regulatoryComplianceControls/9.1/regulatoryComplianceAssessments",
        "\(standards)/regulatoryComplianceControls/regulatoryComplianceAssessments/read", cloud.subscriptionPath
      ),
      ("\(cloud.provider)/assessments", "Microsoft.Security/assessments/read", cloud.subscriptionPath),
      ("\(group)/providers/Microsoft.Security/assessments", "Microsoft.Security/assessments/read", group),
      ("\(cloud.provider)/assessmentMetadata", "Microsoft.Security/assessmentMetadata/read", cloud.subscriptionPath),
      ("\(cloud.provider)/locations", "Microsoft.Security/locations/read", cloud.subscriptionPath),
      ("\(cloud.provider)/pricings/Arm", "Microsoft.Security/pricings/read", "\(cloud.provider)/pricings/Arm"),
    ] {
      _ = cloud.authorizer.takeAsked()
      #expect((await cloud.get(path)).status == 200, "\(path)")
      #expect(cloud.authorizer.takeAsked() == [.init(action: action, path: place)], "\(path)")
    }
    try await cloud.close()
  }

  @Test(arguments: [
    (Callers.Caller.owner, 200, 200), (.reader, 200, 403), (.securityReader, 200, 403), (.securityAdmin, 200, 200), (.groupReader, 403, 403),
    (.rootReader, 200, 403), (.stranger, 404, 404),
  ])
  func rolesDecide(caller: Callers.Caller, reading: Int, writing: Int) async throws {
    let cloud = try await SecurityCloud()
    for path in [
      cloud.standard, "\(cloud.standard)/regulatoryComplianceControls", "\(cloud.provider)/assessments", "\(cloud.provider)/assessmentMetadata",
      "\(cloud.provider)/locations", "\(cloud.provider)/pricings/Arm",
    ] {
      #expect((await cloud.get(path, as: caller)).status == reading, "\(path)")
    }
    let change = await cloud.send(.PUT, "\(cloud.provider)/pricings/Arm", body: ["properties": ["pricingTier": "Free"]], as: caller)
    #expect(change.status == writing)
    try await cloud.close()
  }

  @Test func nobodyReadsWithoutAToken() async throws {
    let cloud = try await SecurityCloud()
    for path in [cloud.standard, "\(cloud.provider)/assessments", "/providers/Microsoft.Security/assessmentMetadata"] {
      #expect((await cloud.get(path, as: nil)).status == 401, "\(path)")
    }
    #expect((await cloud.get("/providers/Microsoft.Security/assessmentMetadata", as: .stranger)).items.count == 4)
    try await cloud.close()
  }
}
