import Base
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct AssessmentTests {
  /// Version 5 of `CTL-TLS-01`: clients keep it.
  private static let tls = "0aa9fae6-09b1-51b3-8c18-e8439f48328f"

  @Test func anAssessmentTellsWhatWasSeen() async throws {
    let cloud = try await SecurityCloud()
    let answer = await cloud.get("\(cloud.provider)/assessments/\(Self.tls)")
    let seen = cloud.clock.now()
    #expect(
      answer.json == [
        "id": .string("\(cloud.provider)/assessments/\(Self.tls)"), "name": .string(Self.tls), "type": "Microsoft.Security/assessments",
        "properties": [
          "resourceDetails": ["source": "Azure", "id": .string(cloud.subscriptionPath)],
          "displayName": "TLS",
          "status": [
            "code": "Healthy", "firstEvaluationDate": .string(seen.iso8601Fractional), "statusChangeDate": .string(seen.iso8601Fractional),
          ],
          "additionalData": [
            "écoutes sondées": "4", "control": "CTL-TLS-01", "items": "9.1.a,10.1.a,10.2.a", "observedAt": .string(seen.iso8601),
            "validUntil": .string(seen.advanced(by: .seconds(KnownCompliance.validSeconds)).iso8601), "evidence": "00ff",
          ],
        ],
      ])
    try await cloud.close()
  }

  @Test func theStatusTellsDoubtFromWhatDoesNotApply() async throws {
    let cloud = try await SecurityCloud()
    let list = await cloud.get("\(cloud.provider)/assessments")
    let found = list.items.map { item in
      let status = item["properties"]?["status"]
      return [item["properties"]?["additionalData"]?["control"], status?["code"], status?["cause"], status?["description"]].map { $0?.string }
    }
    #expect(
      found == [
        ["CTL-TLS-01", "Healthy", nil, nil], ["CTL-IAM-04", "Unhealthy", nil, "deux droits incompatibles."],
        ["CTL-RES-01", "NotApplicable", "NotEvaluated", "aucune observation n'en parle encore."],
        ["CTL-PAA-01", "NotApplicable", "OutOfScope", "le service est IaaS."],
      ])
    let never = list.items[2]["properties"]
    #expect(never?["status"]?["firstEvaluationDate"] == nil)
    #expect(never?["additionalData"]?.object?.names == ["control", "items"])
    try await cloud.close()
  }

  @Test func aFilterChoosesByStatus() async throws {
    let cloud = try await SecurityCloud()
    let list = await cloud.get("\(cloud.provider)/assessments", [("$filter", "properties/status/code eq 'Unhealthy'")])
    #expect(list.items.compactMap { $0["properties"]?["displayName"]?.string } == ["Droits incompatibles"])
    try await cloud.close()
  }

  @Test func metadataComeWhereTheyAreAskedFor() async throws {
    let cloud = try await SecurityCloud()
    let path = "\(cloud.provider)/assessments/\(Self.tls)"
    #expect((await cloud.get(path)).properties["metadata"] == nil)
    let expanded = await cloud.get(path, [("$expand", "links, metadata")])
    #expect(expanded.properties["metadata"]?["severity"] == "High")
    try await cloud.close()
  }

  @Test(arguments: ["/providers/Microsoft.Security/assessmentMetadata", "subscription"])
  func metadataAreTheSameForTheTenantAndTheSubscription(place: String) async throws {
    let cloud = try await SecurityCloud()
    let path = place == "subscription" ? "\(cloud.provider)/assessmentMetadata" : place
    let list = await cloud.get(path)
    #expect(list.items.compactMap { $0["properties"]?["severity"]?.string } == ["High", "Medium", "Low", "Low"])
    let one = await cloud.get("\(path)/\(Self.tls.uppercased())")
    #expect(one.json == list.items.first)
    #expect(
      one.json == [
        "id": .string("/providers/Microsoft.Security/assessmentMetadata/\(Self.tls)"), "name": .string(Self.tls),
        "type": "Microsoft.Security/assessmentMetadata",
        "properties": [
          "displayName": "TLS", "description": "Chaque écoute est sondée.", "remediationDescription": "Renouveler le certificat.",
          "severity": "High", "assessmentType": "BuiltIn",
        ],
      ])
    for absent in ["x", "\(GUID.zero)"] { #expect((await cloud.get("\(path)/\(absent)")).code == "ResourceNotFound") }
    try await cloud.close()
  }

  @Test func whatLiesInTheSubscriptionHasNoneAndMustBeThere() async throws {
    let cloud = try await SecurityCloud()
    let group = "\(cloud.subscriptionPath)/resourceGroups/rg"
    let machine = "\(group)/providers/Microsoft.Compute/virtualMachines/vm"
    let assessments = "providers/Microsoft.Security/assessments"
    let empty = await cloud.get("\(group)/\(assessments)")
    #expect(empty.status == 200)
    #expect(empty.json == ["value": []])
    #expect((await cloud.get("\(group)/\(assessments)/\(Self.tls)")).code == "ResourceNotFound")
    #expect((await cloud.get("\(cloud.subscriptionPath)/resourceGroups/none/\(assessments)")).code == "ResourceGroupNotFound")
    #expect((await cloud.get("\(machine)/\(assessments)")).code == "ResourceNotFound")
    #expect((await cloud.get("\(cloud.provider)/pricings/Arm/\(assessments)")).json == ["value": []])
    // Clients put the scope behind a slash of the template's, and some escape it.
    #expect((await cloud.get("/\(cloud.provider)/assessments")).items.count == 4)
    // A parameter of the query does not stand for the path's scope.
    #expect((await cloud.get("\(group)/\(assessments)", [("scope", cloud.subscriptionPath)])).items.isEmpty)
    try await cloud.close()
  }

  @Test func anAssessmentOfOnesOwnCannotBeMade() async throws {
    let cloud = try await SecurityCloud()
    let answer = await cloud.send(.PUT, "\(cloud.provider)/assessments/\(Self.tls)", body: ["properties": ["status": ["code": "Healthy"]]])
    #expect(answer.status == 405)
    try await cloud.close()
  }
}
