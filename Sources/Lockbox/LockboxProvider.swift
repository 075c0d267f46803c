internal import Base
internal import Records
public import ResourceManager
internal import Wire

/// Microsoft.CustomerLockbox: what operators ask of a tenant, and what it answers.
///
/// Source: Microsoft, "Customer Lockbox", REST reference, 2018-02-28-preview.
public struct LockboxProvider: ResourceProvider {
  public let namespace = "Microsoft.CustomerLockbox"
  public let types: [any ResourceType] = []
  private let lockbox: Lockbox

  public init(lockbox: Lockbox) {
    self.lockbox = lockbox
  }

  private static let apiVersions = ["2018-02-28-preview"]

  private static func permission(_ name: String) -> String { "Microsoft.CustomerLockbox/\(name)" }

  public var listedTypes: [ListedType] {
    ["requests", "TenantOptedIn", "EnableLockbox", "DisableLockbox"].map { ListedType($0, Self.apiVersions) }
  }

  public var actions: [ProviderAction] { requests + tenants }

  // MARK: Requests

  private var requests: [ProviderAction] {
    [
      ProviderAction(method: .get, path: "requests", permission: Self.permission("requests/read"), apiVersions: Self.apiVersions) {
        parameters, _, context, reader in
        try Lockbox.list(context, filter: try Self.filter(parameters["$filter"]), in: reader)
      },
      ProviderAction(method: .get, path: "requests/{requestId}", permission: Self.permission("requests/read"), apiVersions: Self.apiVersions) {
        parameters, _, context, reader in
        try Lockbox.request(parameters["requestId"] ?? "", context, in: reader).json(at: context.now)
      },
      ProviderAction(
        post: "requests/{requestId}/updateApproval", permission: Self.permission("requests/UpdateApproval/action")
      ) { [lockbox] parameters, body, context, transaction in
        let approval = try LockboxApproval(body)
        try lockbox.decide(parameters["requestId"] ?? "", approval, context, in: transaction)
        return approval.json
      },
    ]
  }

  private static func filter(_ text: String?) throws -> ODataFilter? {
    guard let text, !text.allSatisfy({ $0 == " " }) else { return nil }
    let filter: ODataFilter
    do {
      filter = try ODataFilter(parsing: text)
    } catch {
      throw LockboxErrors.invalidFilter(text)
    }
    // What cannot be answered is refused though there be nothing to answer with.
    _ = try Lockbox.matches(filter, ["properties": ["status": .string(LockboxRequest.Status.pending.rawValue)]])
    return filter
  }

  // MARK: The tenant

  private var tenants: [ProviderAction] {
    [
      ProviderAction(
        method: .get, path: "tenantOptedIn/{tenantId}", permission: Self.permission("TenantOptedIn/read"), apiVersions: Self.apiVersions,
        level: .tenant
      ) { parameters, _, context, reader in
        let id = parameters["tenantId"] ?? ""
        guard GUID(id) == context.tenant else { throw LockboxErrors.foreignTenant(id) }
        return ["isOptedIn": .boolean(try LockboxTenant.isOptedIn(context.tenant, in: reader))]
      },
      ProviderAction(post: "enableLockbox", permission: Self.permission("EnableLockbox/action"), level: .tenant) {
        [lockbox] _, _, context, transaction in
        try lockbox.enable(true, context, in: transaction)
        return .null
      },
      ProviderAction(post: "disableLockbox", permission: Self.permission("DisableLockbox/action"), level: .tenant) {
        [lockbox] _, _, context, transaction in
        try lockbox.enable(false, context, in: transaction)
        return .null
      },
    ]
  }

  // MARK: Permissions

  public var operations: [ProviderOperation] {
    [
      Self.operation("operations/read", "Lockbox Operations", "Read Lockbox Operations"),
      Self.operation("requests/read", "Customer Lockbox Request", "Read Lockbox Request"),
      Self.operation("requests/UpdateApproval/action", "Customer Lockbox Request", "Update Approval of a Lockbox Request"),
      Self.operation("TenantOptedIn/read", "Customer Lockbox", "Check if a tenant is opted in for Customer Lockbox"),
      Self.operation("EnableLockbox/action", "Customer Lockbox", "Enable Tenant for Lockbox"),
      Self.operation("DisableLockbox/action", "Customer Lockbox", "Disable Tenant for Lockbox"),
    ]
      + ["Create", "Approve", "Deny", "Expire", "Cancel"].map { verb in
        Self.operation("requests/activitylog/\(verb)LockboxRequest/action", "Customer Lockbox Request", "\(verb) Lockbox Request")
      }
  }

  private static func operation(_ name: String, _ resource: String, _ operation: String) -> ProviderOperation {
    ProviderOperation(name: permission(name), resource: resource, operation: operation, description: operation)
  }
}
