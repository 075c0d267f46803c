internal import Base
internal import NIOHTTP1
internal import Wire

/// Tenants, subscriptions and their locations.
enum SubscriptionOperations {
  private static let read = "Microsoft.Resources/subscriptions/read"

  static func all(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation("Tenants_List", .GET, "/tenants", .authenticated(reason: "shows the caller's own tenant"), at: .tenant) { call in
        let profile = try await manager.tenant(call.context.tenant)
        return call.page(profile.map { [$0.json] } ?? [], next: nil)
      },
      ArmOperation("Subscriptions_List", .GET, "/subscriptions", .list(read), at: .tenant) { call in
        let subscriptions = try await manager.subscriptions(of: call.context.tenant)
        var visible: [Subscription] = []
        for subscription in subscriptions {
          let isVisible = if call.hasPermission { true } else { try await call.mayKnow(read, subscription.path) }
          if isVisible { visible.append(subscription) }
        }
        return ArmAnswer(
          200,
          [
            "value": .array(visible.map(\.json)),
            "count": ["type": "Total", "value": .integer(Int64(visible.count))],
          ])
      },
      ArmOperation("Subscriptions_Get", .GET, "/subscriptions/{subscription}", .visible(read), at: .subscription) { call in
        ArmAnswer(200, try await manager.subscription(call.context.subscription ?? .zero, of: call.context.tenant).json)
      },
      ArmOperation(
        "Subscriptions_ListLocations", .GET, "/subscriptions/{subscription}/locations", .visible("Microsoft.Resources/subscriptions/locations/read"),
        at: .subscription
      ) { call in
        let subscription = try await manager.subscription(call.context.subscription ?? .zero, of: call.context.tenant)
        return call.page(manager.locations.map { $0.json(subscription: subscription.id.description) }, next: nil)
      },
    ]
  }
}
