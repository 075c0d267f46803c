internal import Base
internal import NIOHTTP1
internal import Wire

/// Resource groups.
///
/// Source: Microsoft, "Resource Groups", REST reference.
enum ResourceGroupOperations {
  private static let type = "Microsoft.Resources/subscriptions/resourceGroups"
  private static let collection = "/subscriptions/{subscription}/resourceGroups"
  private static let item = collection + "/{group}"

  static func all(_ manager: ResourceManager, _ address: CloudAddress) -> [ArmOperation] {
    reading(manager) + changing(manager, address)
  }

  private static func reading(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation("ResourceGroups_List", .GET, collection, .list("\(type)/read"), at: .subscription) { call in
        let filter = try ListFilter.parse(call.context.query["$filter"])
        let (groups, next) = try await manager.groups(
          call.context, filter: filter, after: try call.skipPosition(), limit: try call.pageSize())
        return call.page(try await call.readable(groups, { _ in "\(type)/read" }, { $0.id.description }).map(\.json), next: next)
      },
      ArmOperation("ResourceGroups_Get", .GET, item, .permission("\(type)/read"), at: .group) { call in
        ArmAnswer(200, try await manager.group(call["group"], call.context).json)
      },
      ArmOperation("ResourceGroups_CheckExistence", .HEAD, item, .permission("\(type)/read"), at: .group) { call in
        _ = try await manager.group(call["group"], call.context)
        return ArmAnswer(204)
      },
    ]
  }

  /// Resources stay in the group in which they were made: their ids are in the keys of everything that belongs to them.
  private static func refusedMove(_ name: String, _ path: String, _ manager: ResourceManager) -> ArmOperation {
    ArmOperation("ResourceGroups_\(name)", .POST, "\(item)/\(path)", .permission("\(type)/\(path)/action"), at: .group) { call in
      _ = try await manager.group(call["group"], call.context)
      let types = (call.body.member("resources")?.array ?? []).compactMap { $0.string.flatMap { ResourceID($0)?.type } }
      throw CloudError(
        409, "ResourceMoveNotSupported", "Resource move is not supported for resource types '\(Set(types).sorted().joined(separator: ","))'.")
    }
  }

  private static func changing(_ manager: ResourceManager, _ address: CloudAddress) -> [ArmOperation] {
    [
      ArmOperation("ResourceGroups_CreateOrUpdate", .PUT, item, .permission("\(type)/write"), at: .group) { call in
        let (group, created) = try await manager.putGroup(call["group"], body: call.body, call.context)
        return ArmAnswer(created ? 201 : 200, group.json)
      },
      ArmOperation("ResourceGroups_Update", .PATCH, item, .permission("\(type)/write"), at: .group) { call in
        ArmAnswer(200, try await manager.patchGroup(call["group"], body: call.body, call.context).json)
      },
      ArmOperation("ResourceGroups_Delete", .DELETE, item, .permission("\(type)/delete"), at: .group) { call in
        let operation = try await manager.deleteGroup(call["group"], call.context)
        return OperationStatusOperations.accepted(operation, call.context, address)
      }.needingRecords,
      ArmOperation(
        "ResourceGroups_ExportTemplate", .POST, item + "/exportTemplate", .permission("\(type)/exportTemplate/action"), at: .group
      ) { call in
        _ = try await manager.group(call["group"], call.context)
        throw CloudError(
          501, "NotImplemented", "The operation 'exportTemplate' is not implemented on the resource group '\(call["group"])'.")
      },
      refusedMove("MoveResources", "moveResources", manager), refusedMove("ValidateMoveResources", "validateMoveResources", manager),
    ]
  }
}
