public import Base

/// The role of who answers operators' requests for access.
///
/// Source: Microsoft, "Azure built-in roles for Management and governance", Azure Customer Lockbox Approver for Subscription.
extension BuiltInRole {
  public static let customerLockboxApprover = GUID(high: 0x4dae_6930_7baf_46f5, low: 0x909e_0383_bc93_1c46)

  static let lockbox: [RoleDefinition] = [
    role(
      customerLockboxApprover, "Azure Customer Lockbox Approver for Subscription",
      "Can approve Microsoft support requests to access specific resources contained within a subscription, or the subscription itself, when Customer Lockbox for Microsoft Azure is enabled on the tenant where the subscription resides.",
      RolePermissions(actions: [
        "Microsoft.Resources/subscriptions/read", "Microsoft.CustomerLockbox/requests/UpdateApproval/action",
        "Microsoft.CustomerLockbox/requests/read", "Microsoft.Authorization/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Insights/eventtypes/values/read",
      ]))
  ]
}
