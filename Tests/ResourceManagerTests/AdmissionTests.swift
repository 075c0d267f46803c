import Access
import Base
import NIOHTTP1
import ResourceManager
import Testing
import Wire

@Suite struct AdmissionTests {
  /// Every operation, on a path made from its pattern: the decision is asked for once, with the permission and place that it declares, and what is
  /// denied does not run.
  @Test func everyOperationAsksTheAuthorizerExactlyOnce() async throws {
    let cloud = try await Cloud()
    cloud.authorizer.rule { _ in .denied }
    var withoutDecision: [String] = []
    for operation in cloud.endpoint.operations {
      let path = cloud.path(operation.pattern)
      cloud.authorizer.forget()
      let answer = await cloud.send(operation.method, path, body: operation.hasBody ? [:] : nil)
      guard let permission = operation.admission.permission else {
        withoutDecision.append(operation.name)
        #expect(cloud.authorizer.asked.isEmpty)
        continue
      }
      let asked = cloud.authorizer.asked
      let expected = permission.replacing("{namespace}", with: "Microsoft.Test")
      #expect(asked.first?.action == expected, "\(operation.name)")
      #expect(path.lowercased().hasPrefix(asked.first?.path.lowercased() ?? "?"), "\(operation.name)")
      switch operation.admission {
      case .permission:
        #expect(asked.count == 1, "\(operation.name)")
        #expect(answer.status == 403, "\(operation.name)")
        if operation.method != .HEAD { #expect(answer.code == "AuthorizationFailed", "\(operation.name)") }
      default:
        // These go on with what the caller may see; further questions are about single items.
        #expect(answer.status != 403, "\(operation.name)")
      }
    }
    #expect(
      withoutDecision == [
        "Metadata_Endpoints", "Tenants_List", "Providers_ListAtTenantScope", "Providers_GetAtTenantScope", "Operations_List",
        "ProviderOperationsMetadata_List", "ProviderOperationsMetadata_Get", "PolicyDefinitions_ListBuiltIn", "PolicyDefinitions_GetBuiltIn",
      ])
    try await cloud.close()
  }

  @Test func everyOperationIsAllowedByOneDecision() async throws {
    let cloud = try await Cloud()
    for operation in cloud.endpoint.operations where operation.admission.permission != nil {
      cloud.authorizer.forget()
      _ = await cloud.send(operation.method, cloud.path(operation.pattern), body: operation.hasBody ? [:] : nil)
      #expect(cloud.authorizer.asked.count == 1, "\(operation.name)")
    }
    try await cloud.close()
  }

  @Test func aDenialSaysWhoMayNotDoWhatWhere() async throws {
    let cloud = try await Cloud()
    cloud.authorizer.rule { $0.action.hasSuffix("/write") ? .denied : nil }
    let answer = await cloud.send(.PUT, cloud.group("rg"), body: ["location": "paris"], token: "reader")
    #expect(answer.status == 403)
    let client = GUID(high: 3, low: 4)
    let objectID = GUID(high: 1, low: 2)
    #expect(
      answer.json["error"]?["message"]?.string
        == "The client '\(client)' with object id '\(objectID)' does not have authorization to perform action "
        + "'Microsoft.Resources/subscriptions/resourceGroups/write' over scope '\(cloud.group("rg"))' or the scope is invalid. "
        + "If access was recently granted, please refresh your credentials.")
    let entry = try #require(try await cloud.log().first)
    #expect(entry.status == .failed)
    #expect(entry.statusCode == 403)
    #expect(entry.caller == client.description)
    try await cloud.close()
  }

  @Test func whatIsHiddenDoesNotExist() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    let before = try await cloud.log().count
    cloud.authorizer.rule { $0.path == "/" ? .denied : .hidden }
    for (method, path) in [
      (.GET, cloud.subscriptionPath), (.GET, cloud.group("rg")), (.DELETE, cloud.group("rg")), (.GET, cloud.thing("a")), (.DELETE, cloud.thing("a")),
      (.GET, "\(cloud.subscriptionPath)/resources"),
    ] as [(HTTPMethod, String)] {
      let answer = await cloud.send(method, path)
      #expect(answer.status == 404, "\(path)")
      #expect(answer.code == "SubscriptionNotFound", "\(path)")
    }
    #expect(await cloud.send(.GET, "/subscriptions").json["value"] == [])
    #expect(try await cloud.log().count == before)
    try await cloud.close()
  }

  /// With every permission in its own tenant, a foreigner finds nothing of this one: the answers are those for ids that nobody has.
  @Test func aForeignTenantsResourcesDoNotExist() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    let before = try await cloud.log().count
    for operation in cloud.endpoint.operations where operation.pattern.hasPrefix("/subscriptions/{subscription}") {
      let body: JSON? = operation.hasBody ? ["location": "paris"] : nil
      let foreign = await cloud.send(operation.method, cloud.path(operation.pattern), body: body, token: "foreigner")
      #expect([404, 501].contains(foreign.status), "\(operation.name) \(foreign.status)")
      if operation.method != .HEAD {
        #expect(["SubscriptionNotFound", "OperationNotFound"].contains(foreign.code), "\(operation.name) \(foreign.json.text)")
      }
    }
    // Extensions of this tenant's scopes: nothing is found, and nothing is written.
    for operation in cloud.endpoint.operations where operation.pattern.hasPrefix("{scope}") {
      let body: JSON? = operation.hasBody ? cloud.extensionBody : nil
      let foreign = await cloud.send(operation.method, cloud.path(operation.pattern), body: body, token: "foreigner")
      #expect(foreign.status == 404, "\(operation.name) \(foreign.status) \(foreign.json.text)")
    }
    let subscriptions = await cloud.send(.GET, "/subscriptions", token: "foreigner")
    #expect(subscriptions.json["value"]?.array?.map { $0["subscriptionId"]?.string } == ["\(cloud.foreignSubscription)"])
    #expect(try await cloud.log().count == before)
    #expect(await cloud.send(.GET, cloud.thing("a")).status == 200)
    try await cloud.close()
  }

  @Test func aListShowsWhatTheCallerMayRead() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup("mine")
    await cloud.makeGroup("other")
    await cloud.makeThing("a", in: "mine")
    await cloud.makeThing("b", in: "other")
    cloud.authorizer.rule { $0.path.lowercased().contains("/resourcegroups/mine") ? .allowed : .denied }
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resourceGroups").names == ["mine"])
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resources").names == ["a"])
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/providers/Microsoft.Test/things").names == ["a"])
    #expect(await cloud.send(.GET, cloud.group("other")).status == 403)
    #expect(await cloud.send(.GET, cloud.subscriptionPath).status == 200)
    try await cloud.close()
  }
}

extension Cloud {
  /// A body that every extension's PUT and PATCH can read.
  var extensionBody: JSON {
    [
      "operation": "Merge",
      "properties": [
        "tags": ["a": "b"], "roleName": "Custom", "permissions": [["actions": ["Microsoft.Test/*/read"]]],
        "assignableScopes": [.string(group("rg"))],
        "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "principalId": .string("\(owner)"),
      ],
    ]
  }

  /// A path that a pattern matches; nothing that it names has to be there.
  func path(_ pattern: String) -> String {
    pattern.replacing("{scope}", with: group("rg")).replacing("{subscription}", with: "\(subscription)")
      .replacing("{group}", with: "rg").replacing("{namespace}", with: "Microsoft.Test")
      .replacing("{operation}", with: "\(GUID(high: 9, low: 9))").replacing("{role}", with: "\(GUID(high: 8, low: 8))")
      .replacing("{assignment}", with: "\(GUID(high: 7, low: 7))").split(separator: "/")
      .map { $0.hasPrefix("{") ? "a" : String($0) }.reduce("") { $0 + "/" + $1 }
  }
}
