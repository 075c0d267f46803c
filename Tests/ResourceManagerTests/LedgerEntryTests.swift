import Access
import Base
import Ledger
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

@Suite struct LedgerEntryTests {
  private struct Step {
    var operation: String
    var method: HTTPMethod
    var path: String
    var body: JSON?
    var headers: [(String, String)]

    init(_ operation: String, _ method: HTTPMethod, _ path: String, _ body: JSON? = nil, headers: [(String, String)] = []) {
      (self.operation, self.method, self.path, self.body, self.headers) = (operation, method, path, body, headers)
    }
  }

  private static let reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"

  /// One successful request for every operation that changes something.
  private func steps(_ cloud: Cloud) -> [Step] {
    let (group, thing, subscription) = (cloud.group("rg"), cloud.thing("a"), cloud.subscriptionPath)
    let authorization = "\(group)/providers/Microsoft.Authorization"
    let template: JSON = [
      "properties": [
        "mode": "Incremental",
        "template": [
          "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": [],
        ],
      ]
    ]
    var located = template.object ?? JSON.Object()
    located["location"] = "paris"
    let (role, assignment) = (GUID(high: 21, low: 1), GUID(high: 21, low: 2))
    let definition = "\(subscription)/providers/Microsoft.Authorization/policyDefinitions/tagged"
    var steps = [
      Step("ResourceGroups_CreateOrUpdate", .PUT, group, ["location": "paris"]), Step("ResourceGroups_Update", .PATCH, group, ["tags": ["a": "b"]]),
      Step("Microsoft.Test/things_CreateOrUpdate", .PUT, thing, ["location": "paris", "properties": ["size": 1]]),
      Step("Microsoft.Test/things_Update", .PATCH, thing, ["tags": ["a": "b"]]), Step("Microsoft.Test/things_poke", .POST, thing + "/poke", [:]),
      Step("Microsoft.Test/things_seal", .POST, thing + "/seal", [:], headers: [("If-Match", "*")]),
      Step("Microsoft.Test/things_reveal", .POST, thing + "/reveal", [:]),
      Step("Microsoft.Test/things/parts_CreateOrUpdate", .PUT, thing + "/parts/p", ["properties": [:]]),
      Step("Microsoft.Test/things/parts_Update", .PATCH, thing + "/parts/p", ["properties": ["x": 1]]),
      Step("Microsoft.Test/things/parts_Delete", .DELETE, thing + "/parts/p"),
      Step("Microsoft.Test/accounts_CreateOrUpdate", .PUT, "\(group)/providers/Microsoft.Test/accounts/k", ["location": "paris"]),
      Step("Microsoft.Test/accounts_Update", .PATCH, "\(group)/providers/Microsoft.Test/accounts/k", ["tags": ["a": "b"]]),
      Step("Microsoft.Test/accounts_Delete", .DELETE, "\(group)/providers/Microsoft.Test/accounts/k"),
      Step("Tags_CreateOrUpdateAtScope", .PUT, "\(group)/providers/Microsoft.Resources/tags/default", ["properties": ["tags": ["x": "y"]]]),
      Step(
        "Tags_UpdateAtScope", .PATCH, "\(group)/providers/Microsoft.Resources/tags/default",
        ["operation": "Merge", "properties": ["tags": ["z": "y"]]]),
      Step("Tags_DeleteAtScope", .DELETE, "\(group)/providers/Microsoft.Resources/tags/default"),
      Step("Tags_CreateOrUpdate", .PUT, "\(subscription)/tagNames/cost"),
      Step("Tags_CreateOrUpdateValue", .PUT, "\(subscription)/tagNames/cost/tagValues/v"),
      Step("Tags_DeleteValue", .DELETE, "\(subscription)/tagNames/cost/tagValues/v"), Step("Tags_Delete", .DELETE, "\(subscription)/tagNames/cost"),
      Step("Providers_Register", .POST, "\(subscription)/providers/Microsoft.Test/register", [:]),
      Step("ManagementLocks_CreateOrUpdateByScope", .PUT, "\(authorization)/locks/keep", ["properties": ["level": "CanNotDelete"]]),
      Step("ManagementLocks_DeleteByScope", .DELETE, "\(authorization)/locks/keep"),
      Step(
        "RoleDefinitions_CreateOrUpdate", .PUT, "\(authorization)/roleDefinitions/\(role)",
        [
          "properties": [
            "roleName": "looker", "type": "CustomRole", "permissions": [["actions": ["*/read"]]], "assignableScopes": [.string(group)],
          ]
        ]), Step("RoleDefinitions_Delete", .DELETE, "\(authorization)/roleDefinitions/\(role)"),
      Step(
        "RoleAssignments_Create", .PUT, "\(authorization)/roleAssignments/\(assignment)",
        ["properties": ["roleDefinitionId": .string(Self.reader), "principalId": .string("\(GUID(high: 11, low: 12))")]]),
      Step("RoleAssignments_Delete", .DELETE, "\(authorization)/roleAssignments/\(assignment)"),
      Step(
        "PolicyDefinitions_CreateOrUpdate", .PUT, definition,
        [
          "properties": [
            "policyRule": ["if": ["field": "tags['none']", "exists": "true"], "then": ["effect": "audit"]], "mode": "Indexed",
            "displayName": "tagged",
          ]
        ]),
      Step("PolicyAssignments_Create", .PUT, "\(authorization)/policyAssignments/one", ["properties": ["policyDefinitionId": .string(definition)]]),
      Step("PolicyAssignments_Delete", .DELETE, "\(authorization)/policyAssignments/one"), Step("PolicyDefinitions_Delete", .DELETE, definition),
    ]
    for (name, place, body) in [("Group", group, template), ("Subscription", subscription, JSON.object(located))] {
      let deployment = "\(place)/providers/Microsoft.Resources/deployments/d"
      steps += [
        Step("Deployments_CreateOrUpdate\(name)", .PUT, deployment, body), Step("Deployments_Cancel\(name)", .POST, deployment + "/cancel", [:]),
        Step("Deployments_Delete\(name)", .DELETE, deployment),
      ]
    }
    let tenantKey = "/providers/Cocagne.Sovereignty/tenantKeys/default"
    return steps + [
      Step("TenantKeys_CreateOrUpdate", .PUT, tenantKey, ["identity": ["type": "SystemAssigned"]]),
      Step("TenantKeys_Delete", .DELETE, tenantKey),
      Step("Microsoft.Test/things_Delete", .DELETE, thing),
      Step("Providers_Unregister", .POST, "\(subscription)/providers/Microsoft.Test/unregister", [:]), Step("ResourceGroups_Delete", .DELETE, group),
    ]
  }

  /// Each operation of the table that changes something leaves one entry when it succeeds: in its tenant's name, with what it was and on what, and with
  /// persons only where they can be erased.
  @Test func everyChangeLeavesOneEntry() async throws {
    let cloud = try await Cloud(keys: TwinCustomerKeys())
    let steps = steps(cloud)
    #expect(
      Set(steps.map(\.operation)) == Set(cloud.endpoint.operations.filter(\.isLogged).map(\.name)),
      "an operation that changes something has no step here, or a step no operation")
    for step in steps {
      let before = try await cloud.entries()
      cloud.clock.advance(by: .seconds(1))
      let answer = await cloud.send(step.method, step.path, body: step.body, headers: step.headers)
      #expect((200..<300).contains(answer.status), "\(step.operation): \(answer.json.text)")
      let entries = try await cloud.entries()
      #expect(entries.count == before.count + 1, "\(step.operation) left \(entries.count - before.count) entries")
      let entry = try #require(entries.last)
      let kind: LedgerEntry.Kind = step.operation == "Microsoft.Test/things_reveal" ? .secretRead : .controlWrite
      #expect((entry.tenant, entry.kind, entry.outcome) == (cloud.tenant, kind, .succeeded), "\(step.operation)")
      let permission = cloud.endpoint.operations.first { $0.name == step.operation }?.admission.permission
      #expect(entry.facts["operation"] == permission?.replacing("{namespace}", with: "Microsoft.Test"))
      #expect(step.path.hasPrefix(entry.subject), "\(step.operation): \(entry.subject)")
      #expect(entry.personal == ["caller": "owner@test.example", "principal": cloud.owner.description, "address": "192.0.2.1"])
      let open = ([entry.subject] + entry.facts.values).joined(separator: " ")
      for personal in entry.personal.values { #expect(!open.contains(personal), "\(step.operation): \(open)") }
      if step.operation.hasPrefix("Deployments_Cancel") { #expect(await cloud.manager.drainOperations(cloud.endpoint.dispatcher)) }
    }
    #expect(await cloud.manager.drainOperations(cloud.endpoint.dispatcher))
    try await cloud.expectBoth()
    try await cloud.close()
  }

  /// What goes on behind an answer is told by both logs too, and so is what fails.
  @Test func everyEntryOfTheActivityLogHasItsCounterpart() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    _ = await cloud.send(.PUT, cloud.thing("b"), body: ["location": "paris", "properties": ["size": 13]])
    _ = await cloud.send(.PUT, cloud.thing("c"), body: ["location": "paris", "properties": ["held": true]])
    #expect(await cloud.send(.DELETE, cloud.group("rg")).status == 202)
    #expect(await cloud.manager.drainOperations())
    try await cloud.expectBoth()
    let failed = try await cloud.entries().filter { $0.outcome == .failed }
    #expect(failed.contains { $0.facts["code"] == "UnluckySize" && $0.kind == .controlWrite })
    try await cloud.close()
  }

  @Test func aChangeAndItsEntryAreThereBothOrNeither() async throws {
    let cloud = try await Cloud()
    let late = Cloud.manager(CrashingStore(cloud.records, at: 0, afterCommit: true), cloud.access, cloud.clock, cloud.random)
    await #expect(throws: CrashingStore.Crash.self) { try await late.putGroup("rg", body: ["location": "paris"], cloud.context) }
    #expect(try await cloud.entries().count == 1)
    #expect(await cloud.send(.GET, cloud.group("rg")).status == 200)
    let early = Cloud.manager(CrashingStore(cloud.records, at: 0, afterCommit: false), cloud.access, cloud.clock, cloud.random)
    await #expect(throws: CrashingStore.Crash.self) { try await early.putGroup("rg2", body: ["location": "paris"], cloud.context) }
    #expect(try await cloud.entries().count == 1)
    #expect(await cloud.send(.GET, cloud.group("rg2")).status == 404)
    try await cloud.close()
  }

  @Test func readsLeaveNoEntry() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    let before = try await cloud.entries().count
    _ = await cloud.send(.GET, cloud.thing("a"))
    _ = await cloud.send(.POST, cloud.thing("a") + "/look", body: [:])
    _ = await cloud.send(.GET, "\(cloud.subscriptionPath)/resources")
    await cloud.notes.finish()
    #expect(try await cloud.entries().count == before)
    try await cloud.close()
  }

  @Test func whatGivesASecretOutIsARead() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    for (action, code) in [("reveal", "showsAndChanges"), ("show", "shows")] {
      let before = try await cloud.entries().count
      cloud.clock.advance(by: .seconds(1))
      let answer = await cloud.send(.POST, "\(cloud.thing("a"))/\(action)", body: [:])
      #expect(answer.json["secret"]?.string == "planted-\(code)")
      let entries = try await cloud.entries()
      #expect(entries.count == before + 1)
      let entry = try #require(entries.last)
      #expect((entry.kind, entry.subject, entry.outcome) == (.secretRead, cloud.thing("a"), .succeeded))
      #expect(entry.personal["caller"] == "owner@test.example")
    }
    for entry in try await cloud.entries() {
      #expect(!(Array(entry.facts.values) + Array(entry.personal.values) + [entry.subject]).contains { $0.contains("planted") })
    }
    try await cloud.close()
  }

  @Test func whoMayNotIsNotedAndAFloodOfItIsBounded() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    cloud.authorizer.rule { $0.action == "Microsoft.Test/things/write" ? .denied : $0.action == "Microsoft.Test/things/read" ? .hidden : nil }
    let before = try await cloud.entries().count
    cloud.clock.advance(by: .seconds(1))
    #expect(await cloud.send(.PUT, cloud.thing("a"), body: ["location": "paris"]).status == 403)
    cloud.clock.advance(by: .seconds(1))
    #expect(await cloud.send(.GET, cloud.thing("a")).status == 404)
    cloud.clock.advance(by: .seconds(1))
    #expect(await cloud.send(.GET, cloud.group("rg"), token: "expired").status == 401)
    #expect(await cloud.send(.GET, cloud.group("rg"), token: nil).status == 401)
    await cloud.notes.finish()
    let noted = Array(try await cloud.entries().dropFirst(before))
    #expect(noted.map(\.kind) == [.refusal, .refusal, .authenticationFailure])
    #expect(noted.map { $0.facts["code"] } == ["AuthorizationFailed", "SubscriptionNotFound", "expired"])
    #expect(noted.allSatisfy { $0.tenant == cloud.tenant && $0.outcome == .refused })
    #expect(noted.map(\.subject) == [cloud.thing("a"), cloud.thing("a"), cloud.subscriptionPath])
    #expect(noted.last?.personal == ["address": "192.0.2.1"])

    cloud.clock.advance(by: .seconds(60))
    let flood = LedgerNotes.maximumPerMinute * 3
    for number in 0..<flood { _ = await cloud.send(.PUT, cloud.thing("x\(number)"), body: ["location": "paris"]) }
    await cloud.notes.finish()
    let later = try await cloud.entries().dropFirst(before + noted.count)
    #expect(later.count == LedgerNotes.maximumPerMinute + 1)
    #expect(later.compactMap { $0.facts["unlisted"] } == [String(flood - LedgerNotes.maximumPerMinute)])
    try await cloud.close()
  }
}

extension Cloud {
  func entries() async throws -> [LedgerEntry] { try await records.read { try LedgerEntry.waiting(in: $0) } }

  /// Both logs tell of the same.
  func expectBoth(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    var events = try await log().map(\.id)
    let end = clock.now().advanced(by: .seconds(86400))
    let tenant = tenant
    events += try await records.read { try ActivityLog.entries(tenant: tenant, subscription: nil, until: end, limit: 1000, in: $0) }.map(\.id)
    let entries = try await entries().filter { $0.kind == .controlWrite || $0.kind == .secretRead }.map(\.id)
    #expect(events.sorted() == entries.sorted(), sourceLocation: sourceLocation)
  }
}
