internal import Base
internal import NIOHTTP1
internal import Wire

/// A tenant's own key over its records in the control plane: for the tenant's administrators, who hold their roles at its root.
enum TenantRecordsKeyOperations {
  private static let type = TenantRecordsKey.type

  static func all(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation("TenantKeys_List", .GET, "/providers/\(type)", .permission("\(type)/read"), at: .tenant) { call in
        call.page([try await manager.tenantRecordsKey(call.context)].compactMap { $0 }, next: nil)
      },
      ArmOperation("TenantKeys_Get", .GET, TenantRecordsKey.path, .permission("\(type)/read"), at: .tenant) { call in
        guard let json = try await manager.tenantRecordsKey(call.context) else {
          throw CloudError(404, "ResourceNotFound", "The Resource '\(type)/\(TenantRecordsKey.name)' was not found.")
        }
        return ArmAnswer(200, json)
      },
      ArmOperation("TenantKeys_CreateOrUpdate", .PUT, TenantRecordsKey.path, .permission("\(type)/write"), at: .tenant) { call in
        let (json, created) = try await manager.putTenantRecordsKey(call.body, call.context)
        return ArmAnswer(created ? 201 : 200, json)
      },
      ArmOperation("TenantKeys_Delete", .DELETE, TenantRecordsKey.path, .permission("\(type)/delete"), at: .tenant) { call in
        ArmAnswer(try await manager.deleteTenantRecordsKey(call.context) ? 200 : 204)
      },
    ]
  }
}

/// Cocagne.Sovereignty: what this cloud has and Azure has not. Its operations are Resource Manager's own; here they are described.
struct SovereigntyProvider: ResourceProvider {
  let namespace = "Cocagne.Sovereignty"
  let types: [any ResourceType] = []
  let actions: [ProviderAction] = []
  let listedTypes = [ListedType("tenantKeys", ["2026-11-01"]), ListedType("operations", ["2026-11-01"])]

  let operations: [ProviderOperation] = [
    .init(
      name: "\(TenantRecordsKey.type)/read", resource: "Tenant key", operation: "Get tenant key",
      description: "Gets the key that a tenant keeps its records under."),
    .init(
      name: "\(TenantRecordsKey.type)/write", resource: "Tenant key", operation: "Set tenant key",
      description: "Puts a tenant's records under a key of its own."),
    .init(
      name: "\(TenantRecordsKey.type)/delete", resource: "Tenant key", operation: "Remove tenant key",
      description: "Gives a tenant's records back to the platform's key."),
  ]
}
