import Base
import NIOHTTP1
import Security
import Simulation
import Testing
import Wire

@Suite struct StandardTests {
  @Test func aStandardIsShownWithAzuresMembers() async throws {
    let cloud = try await SecurityCloud()
    let answer = await cloud.get(cloud.standard)
    #expect(answer.status == 200)
    #expect(
      answer.json == [
        "id": .string(cloud.standard), "name": "Standard-1.0", "type": "Microsoft.Security/regulatoryComplianceStandards",
        "properties": ["state": "Failed", "passedControls": 1, "failedControls": 1, "skippedControls": 57, "unsupportedControls": 1],
      ])
    let list = await cloud.get("\(cloud.provider)/regulatoryComplianceStandards")
    #expect(list.names == ["Standard-1.0", "Empty-1.0"])
    #expect(list.items.first == answer.json)
    #expect(list.json.object?.names == ["value"])
    try await cloud.close()
  }

  @Test func aControlIsShownWithAzuresMembers() async throws {
    let cloud = try await SecurityCloud()
    let answer = await cloud.get("\(cloud.standard)/regulatoryComplianceControls/9.1")
    #expect(
      answer.json == [
        "id": .string("\(cloud.standard)/regulatoryComplianceControls/9.1"), "name": "9.1",
        "type": "Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls",
        "properties": [
          "description": "Exigence 9.1", "state": "Failed", "passedAssessments": 0, "failedAssessments": 1, "skippedAssessments": 1,
        ],
      ])
    try await cloud.close()
  }

  @Test func anItemCountsWhatWasLookedAtAndLinksToWhatDecides() async throws {
    let cloud = try await SecurityCloud()
    let items = "\(cloud.standard)/regulatoryComplianceControls/9.1/regulatoryComplianceAssessments"
    let answer = await cloud.get("\(items)/9.1.a")
    let link = try #require(answer.properties["assessmentDetailsLink"]?.string)
    #expect(
      answer.json == [
        "id": .string("\(items)/9.1.a"), "name": "9.1.a",
        "type": "Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls/regulatoryComplianceAssessments",
        "properties": [
          "description": "Alinéa 9.1.a", "assessmentType": "Automated", "assessmentDetailsLink": .string(link), "state": "Failed",
          "passedResources": 1, "failedResources": 1, "skippedResources": 0, "unsupportedResources": 0,
        ],
      ])
    #expect((await cloud.follow(link)).properties["additionalData"]?["control"] == "CTL-IAM-04")
    let list = await cloud.get(items)
    #expect(list.names == ["9.1.a", "9.1.b"])
    let manual = try #require(list.items.last?["properties"])
    #expect(manual["assessmentType"] == "Manual")
    #expect(manual["skippedResources"] == 1)
    #expect(manual["assessmentDetailsLink"] == nil)
    try await cloud.close()
  }

  @Test func theCountsOfAStandardAreTheSumsOverAllPagesOfItsControls() async throws {
    let cloud = try await SecurityCloud()
    let (controls, pages) = await cloud.all("\(cloud.standard)/regulatoryComplianceControls")
    #expect(pages == 2)
    #expect(controls.compactMap { $0["name"]?.string } == ["9.1", "10.1", "10.2"] + (1...57).map { "11.\($0)" })
    let standard = (await cloud.get(cloud.standard)).properties
    for (state, member) in [
      ("Passed", "passedControls"), ("Failed", "failedControls"), ("Skipped", "skippedControls"), ("Unsupported", "unsupportedControls"),
    ] {
      #expect(Int(standard[member]?.integer ?? -1) == controls.count { $0["properties"]?["state"]?.string == state }, "\(state)")
    }
    try await cloud.close()
  }

  @Test func whatHasExpiredNoLongerPasses() async throws {
    let cloud = try await SecurityCloud()
    cloud.clock.advance(by: .seconds(KnownCompliance.validSeconds - 1))
    #expect((await cloud.get("\(cloud.standard)/regulatoryComplianceControls/10.1")).properties["state"] == "Passed")
    cloud.clock.advance(by: .seconds(1))
    #expect((await cloud.get("\(cloud.standard)/regulatoryComplianceControls/10.1")).properties["state"] == "Unsupported")
    #expect((await cloud.get(cloud.standard)).properties["passedControls"] == 0)
    try await cloud.close()
  }

  @Test(
    arguments: [
      ([], ComplianceState.unsupported), ([.passed], .passed), ([.passed, .skipped], .passed), ([.skipped], .skipped),
      ([.passed, .unsupported], .unsupported), ([.skipped, .unsupported], .unsupported), ([.passed, .unsupported, .failed], .failed),
    ] as [([ComplianceState], ComplianceState)])
  func aGapOutweighsDoubtAndDoubtOutweighsProof(states: [ComplianceState], expected: ComplianceState) {
    #expect(ComplianceState.combined(states) == expected)
    #expect(ComplianceState.combined(states.reversed()) == expected)
  }

  @Test(
    arguments: [
      ("properties/state eq 'Passed'", ["10.1"]), ("properties/state ne 'Skipped'", ["9.1", "10.1", "10.2"]), ("state eq 'failed'", ["9.1"]),
      ("name eq '10.2' or properties/failedAssessments gt 0", ["9.1", "10.2"]),
      ("Properties/State eq 'Unsupported' and startswith(name,'10')", ["10.2"]), ("properties/state eq 'Unknown'", []), (" ", nil),
    ] as [(String, [String]?)])
  func aFilterChooses(filter: String, names: [String]?) async throws {
    let cloud = try await SecurityCloud()
    let found = (await cloud.all("\(cloud.standard)/regulatoryComplianceControls", [("$filter", filter)])).items
    if let names { #expect(found.compactMap { $0["name"]?.string } == names) } else { #expect(found.count == 60) }
    try await cloud.close()
  }

  @Test func aFilterHoldsOnEveryPage() async throws {
    let cloud = try await SecurityCloud()
    let (skipped, pages) = await cloud.all("\(cloud.standard)/regulatoryComplianceControls", [("$filter", "properties/state eq 'Skipped'")])
    #expect(pages == 2)
    #expect(skipped.compactMap { $0["name"]?.string } == (1...57).map { "11.\($0)" })
    try await cloud.close()
  }

  @Test(arguments: ["properties/colour eq 'red'", "state eq", "properties eq 'x'", "sound(name)", "name gt 3"])
  func aBadFilterIsRefused(filter: String) async throws {
    let cloud = try await SecurityCloud()
    let answer = await cloud.get("\(cloud.standard)/regulatoryComplianceControls", [("$filter", filter)])
    #expect(answer.status == 400)
    #expect(answer.code == "InvalidFilterInQueryString")
    try await cloud.close()
  }

  @Test func aTokenOfAnotherListIsRefused() async throws {
    let cloud = try await SecurityCloud()
    let next = try #require((await cloud.get("\(cloud.standard)/regulatoryComplianceControls")).json["nextLink"]?.string)
    let token = try #require(Query(parsing: next.split(separator: "?").last ?? "")?["$skiptoken"])
    let answer = await cloud.get("\(cloud.provider)/regulatoryComplianceStandards", [("$skiptoken", token)])
    #expect(answer.status == 400)
    #expect(answer.code == "InvalidSkipToken")
    try await cloud.close()
  }

  @Test func whatIsNotThereIsNotFoundByItsType() async throws {
    let cloud = try await SecurityCloud()
    let other = "\(cloud.provider)/regulatoryComplianceStandards/Other-1.0"
    let controls = "\(cloud.standard)/regulatoryComplianceControls"
    for (path, type) in [
      (other, "regulatoryComplianceStandards/Other-1.0"), ("\(other)/regulatoryComplianceControls", "regulatoryComplianceStandards/Other-1.0"),
      ("\(controls)/1.1", "regulatoryComplianceControls/Standard-1.0/1.1"),
      ("\(controls)/1.1/regulatoryComplianceAssessments", "regulatoryComplianceControls/Standard-1.0/1.1"),
      ("\(controls)/9.1/regulatoryComplianceAssessments/10.1.a", "regulatoryComplianceAssessments/Standard-1.0/9.1/10.1.a"),
    ] {
      let answer = await cloud.get(path)
      #expect(answer.status == 404, "\(path)")
      #expect(answer.code == "ResourceNotFound", "\(path)")
      #expect(answer.message.contains(type), "\(answer.message)")
    }
    try await cloud.close()
  }

  @Test func namesAreFoundInAnyCaseAndShownInTheirOwn() async throws {
    let cloud = try await SecurityCloud()
    let path = "\(cloud.subscriptionPath)/providers/microsoft.security/REGULATORYCOMPLIANCESTANDARDS/standard-1.0/regulatorycompliancecontrols/9.1"
    #expect((await cloud.get(path + "/regulatorycomplianceassessments/9.1.A")).json["name"] == "9.1.a")
    try await cloud.close()
  }

  @Test func aStandardCannotBeWritten() async throws {
    let cloud = try await SecurityCloud()
    let answer = await cloud.send(.PUT, cloud.standard, body: ["properties": ["state": "Passed"]])
    #expect(answer.status == 405)
    #expect(answer.code == "MethodNotAllowed")
    try await cloud.close()
  }
}
