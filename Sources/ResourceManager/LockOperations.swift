internal import Base
internal import NIOHTTP1
internal import Wire

/// Management locks, at any scope of a subscription.
///
/// Source: Microsoft, "Management Locks", REST reference.
enum LockOperations {
  private static let collection = "{scope}/providers/Microsoft.Authorization/locks"
  private static let permission = "Microsoft.Authorization/locks"

  static func all(_ manager: ResourceManager) -> [ArmOperation] {
    let item = collection + "/{lock}"
    return [
      ArmOperation("ManagementLocks_ListByScope", .GET, collection, .permission("\(permission)/read"), at: .extended) { call in
        let exactly = call.context.query["$filter"]?.lowercased().contains("atscope()") ?? false
        return call.page(try await manager.locks(at: try scope(call), exactly: exactly, call.context), next: nil)
      },
      ArmOperation("ManagementLocks_GetByScope", .GET, item, .permission("\(permission)/read"), at: .extended) { call in
        ArmAnswer(200, try await manager.lock(call["lock"], at: try scope(call), call.context))
      },
      ArmOperation("ManagementLocks_CreateOrUpdateByScope", .PUT, item, .permission("\(permission)/write"), at: .extended) { call in
        let (json, isNew) = try await manager.putLock(call["lock"], at: try scope(call), body: call.body, call.context)
        return ArmAnswer(isNew ? 201 : 200, json)
      },
      ArmOperation("ManagementLocks_DeleteByScope", .DELETE, item, .permission("\(permission)/delete"), at: .extended) { call in
        ArmAnswer(try await manager.deleteLock(call["lock"], at: try scope(call), call.context) ? 200 : 204)
      },
    ]
  }

  private static func scope(_ call: ArmCall) throws -> ResourceID {
    guard call.scope.subscription != nil else {
      throw CloudError(400, "InvalidScope", "Locks stand on subscriptions, resource groups and resources.")
    }
    return call.scope
  }
}
