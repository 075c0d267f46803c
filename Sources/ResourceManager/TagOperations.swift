internal import Base
internal import NIOHTTP1
internal import Wire

/// Tags at any scope, and the names that a subscription declares.
///
/// Source: Microsoft, "Tags", REST reference.
enum TagOperations {
  private static let names = "Microsoft.Resources/subscriptions/tagNames"
  private static let name = "/subscriptions/{subscription}/tagNames/{tag}"
  private static let atScope = "{scope}/providers/Microsoft.Resources/tags/default"

  static func all(_ manager: ResourceManager) -> [ArmOperation] {
    scoped(manager) + declared(manager)
  }

  private static func scoped(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation("Tags_GetAtScope", .GET, atScope, .permission("Microsoft.Resources/tags/read"), at: .extended) { call in
        let scope = try taggable(call)
        return ArmAnswer(200, json(scope, try await manager.tags(at: scope, call.context)))
      },
      ArmOperation("Tags_CreateOrUpdateAtScope", .PUT, atScope, .permission("Microsoft.Resources/tags/write"), at: .extended) { call in
        let scope = try taggable(call)
        return ArmAnswer(200, json(scope, try await manager.changeTags(at: scope, .replace, try tags(call.body), call.context)))
      },
      ArmOperation("Tags_UpdateAtScope", .PATCH, atScope, .permission("Microsoft.Resources/tags/write"), at: .extended) { call in
        let scope = try taggable(call)
        let word = call.body.object?.member(ignoringCase: "operation")?.string ?? ""
        guard let operation = ResourceManager.TagOperation(rawValue: word.lowercased()) else {
          throw CloudError.invalidRequestContent("The 'operation' must be one of 'Replace', 'Merge', 'Delete'.")
        }
        return ArmAnswer(200, json(scope, try await manager.changeTags(at: scope, operation, try tags(call.body), call.context)))
      },
      ArmOperation("Tags_DeleteAtScope", .DELETE, atScope, .permission("Microsoft.Resources/tags/delete"), at: .extended) { call in
        _ = try await manager.changeTags(at: try taggable(call), .replace, [:], call.context)
        return ArmAnswer(200)
      },
    ]
  }

  private static func declared(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation("Tags_List", .GET, "/subscriptions/{subscription}/tagNames", .permission("\(names)/read"), at: .subscription) { call in
        call.page(try await manager.tagNames(call.context), next: nil)
      },
      ArmOperation("Tags_CreateOrUpdate", .PUT, name, .permission("\(names)/write"), at: .subscription) { call in
        let (json, created) = try await manager.declareTag(call["tag"], value: nil, call.context)
        return ArmAnswer(created ? 201 : 200, json)
      }.withoutBody,
      ArmOperation("Tags_Delete", .DELETE, name, .permission("\(names)/delete"), at: .subscription) { call in
        ArmAnswer(try await manager.withdrawTag(call["tag"], value: nil, call.context) ? 200 : 204)
      },
      ArmOperation(
        "Tags_CreateOrUpdateValue", .PUT, name + "/tagValues/{value}", .permission("\(names)/tagValues/write"), at: .subscription
      ) { call in
        let (json, created) = try await manager.declareTag(call["tag"], value: call["value"], call.context)
        return ArmAnswer(created ? 201 : 200, json)
      }.withoutBody,
      ArmOperation(
        "Tags_DeleteValue", .DELETE, name + "/tagValues/{value}", .permission("\(names)/tagValues/delete"), at: .subscription
      ) { call in
        ArmAnswer(try await manager.withdrawTag(call["tag"], value: call["value"], call.context) ? 200 : 204)
      },
    ]
  }

  /// Tags live on subscriptions, groups and resources.
  private static func taggable(_ call: ArmCall) throws -> ResourceID {
    guard call.scope.subscription != nil else { throw ArmRefusal.missingSubscription }
    return call.scope
  }

  private static func tags(_ body: JSON) throws -> [String: String] {
    let properties = body.object?.member(ignoringCase: "properties")?.object
    guard let tags = try Tags.parse(member: properties?.member(ignoringCase: "tags")) else {
      throw CloudError.invalidRequestContent("The 'properties.tags' member is required.")
    }
    return tags
  }

  private static func json(_ scope: ResourceID, _ tags: [String: String]) -> JSON {
    [
      "id": .string("\(scope)/providers/Microsoft.Resources/tags/default"),
      "name": "default",
      "type": "Microsoft.Resources/tags",
      "properties": ["tags": Tags.json(tags)],
    ]
  }
}

extension ArmOperation {
  /// The same for a PUT that carries everything in its path.
  fileprivate var withoutBody: ArmOperation {
    var operation = self
    operation.hasBody = false
    return operation
  }
}
