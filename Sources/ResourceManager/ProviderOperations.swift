internal import Base
internal import NIOHTTP1
internal import Wire

/// Namespaces, what they serve, and their registration.
///
/// Source: Microsoft, "Providers", REST reference.
enum ProviderOperations {
  private static let read = "Microsoft.Resources/subscriptions/providers/read"
  private static let catalogReason = "the catalogue of what is served is the same for everybody"

  static func all(_ manager: ResourceManager) -> [ArmOperation] {
    catalogue(manager) + [
      ArmOperation("Providers_List", .GET, "/subscriptions/{subscription}/providers", .visible(read), at: .subscription) { call in
        call.page(try await manager.providersJSON(call.context), next: nil)
      },
      ArmOperation("Providers_Get", .GET, "/subscriptions/{subscription}/providers/{namespace}", .visible(read), at: .subscription) { call in
        ArmAnswer(200, try await manager.providerJSON(call["namespace"], call.context))
      },
      ArmOperation(
        "Providers_Register", .POST, "/subscriptions/{subscription}/providers/{namespace}/register",
        .permission("{namespace}/register/action"), at: .subscription, isLogged: true
      ) { call in
        ArmAnswer(200, try await manager.register(call["namespace"], true, call.context))
      },
      ArmOperation(
        "Providers_Unregister", .POST, "/subscriptions/{subscription}/providers/{namespace}/unregister",
        .permission("{namespace}/unregister/action"), at: .subscription, isLogged: true
      ) { call in
        ArmAnswer(200, try await manager.register(call["namespace"], false, call.context))
      },
    ]
  }

  private static func catalogue(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation("Providers_ListAtTenantScope", .GET, "/providers", .authenticated(reason: catalogReason), at: .tenant) { call in
        call.page(try await manager.providersJSON(call.context), next: nil)
      },
      ArmOperation("Providers_GetAtTenantScope", .GET, "/providers/{namespace}", .authenticated(reason: catalogReason), at: .tenant) { call in
        ArmAnswer(200, try await manager.providerJSON(call["namespace"], call.context))
      },
      ArmOperation("Operations_List", .GET, "/providers/{namespace}/operations", .authenticated(reason: catalogReason), at: .tenant) { call in
        call.page(try manager.operationsJSON(call["namespace"]), next: nil)
      },
      ArmOperation(
        "ProviderOperationsMetadata_List", .GET, "/providers/Microsoft.Authorization/providerOperations", .authenticated(reason: catalogReason),
        at: .tenant
      ) { call in
        call.page(manager.allProviderOperationsJSON(), next: nil)
      },
      ArmOperation(
        "ProviderOperationsMetadata_Get", .GET, "/providers/Microsoft.Authorization/providerOperations/{namespace}",
        .authenticated(reason: catalogReason), at: .tenant
      ) { call in
        ArmAnswer(200, try manager.providerOperationsJSON(call["namespace"]))
      },
    ]
  }
}
