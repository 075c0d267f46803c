public import Base
public import Records
public import Wire

/// The only way into Resource Manager: a service declares its namespace and its types, and every type gets ARM's behaviours
/// (paths, api-versions, verbs, lists and paging, ETags, tags, RBAC, activity log, operations) by being declared.
public protocol ResourceProvider: Sendable {
  /// For example `Microsoft.Storage`.
  var namespace: String { get }
  var types: [any ResourceType] { get }
  /// Actions below a subscription or location that belong to no resource, for example `checkNameAvailability`.
  var actions: [ProviderAction] { get }
  /// What `GET /providers/{namespace}/operations` lists.
  var operations: [ProviderOperation] { get }
  /// What anybody may read at a path of Resource Manager's own host.
  var documents: [PublicDocument] { get }
  /// Further types that `GET /providers/{namespace}` lists; none unless a provider says so.
  var listedTypes: [ListedType] { get }
}

/// One resource type. Everything it does happens inside the transaction that Resource Manager opened for the request, so that the
/// change, its operation and its activity-log entry exist together or not at all.
public protocol ResourceType: Sendable {
  var descriptor: ResourceTypeDescriptor { get }

  /// Checks a wanted state and makes the resource of it. `change.existing` is the resource before, if it is there. Throws `CloudError`.
  ///
  /// Resource Manager has checked the location and the tags, and sets them, the id's spelling, `etag`, `createdTime` and `changedTime` of what
  /// is returned: a type need not.
  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource

  /// Removes what belongs to the resource; Resource Manager removes the record itself. Throws `CloudError` to refuse.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws

  /// The wire form of `properties`. Secrets never appear in it.
  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON

  /// What must be permitted on resources that a body names, by their full type in lower case, where that is not what their own type asks for
  /// (`ResourceTypeDescriptor.linkPermission`).
  var linkPermissions: [String: String] { get }

  /// Every permission that `furtherPermission` may name.
  var furtherPermissions: [String] { get }

  /// What must be permitted on the resource besides its `write` for what a body changes; nil where nothing is. `existing` is the resource before, if it
  /// is there: it is asked in the transaction of the change.
  func furtherPermission(_ body: JSON, existing: Resource?) -> String?

  /// Other resources that go when this one does: what a machine's `deleteOption`s name.
  func companions(of resource: Resource, in reader: any RecordReader) throws -> [ResourceID]

  /// What `$expand` adds to the properties: for a name of the query, in lower case, the members to show. Empty for what it does not know.
  func expansion(_ name: String, of resource: Resource, in reader: any RecordReader) throws -> [(name: String, value: JSON)]

  /// Further GETs below one resource, for example `instanceView`.
  var views: [ResourceView] { get }

  /// POST actions on one resource, for example `listKeys`.
  var actions: [ResourceAction] { get }
}

extension ResourceType {
  public var actions: [ResourceAction] { [] }
  public var views: [ResourceView] { [] }
  public var linkPermissions: [String: String] { [:] }
  public var furtherPermissions: [String] { [] }
  public func furtherPermission(_ body: JSON, existing: Resource?) -> String? { nil }
  public func expansion(_ name: String, of resource: Resource, in reader: any RecordReader) throws -> [(name: String, value: JSON)] { [] }
  public func companions(of resource: Resource, in reader: any RecordReader) throws -> [ResourceID] { [] }
  public func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {}
  public func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON { resource.properties }
}

public struct ResourceTypeDescriptor: Sendable {
  /// The full type, for example `Microsoft.Storage/storageAccounts`.
  public var type: String
  /// Newest first. Any well-formed api-version is accepted; this is what `GET /providers` lists.
  public var apiVersions: [String]
  /// Whether PUT needs a `location`, and list answers carry one.
  public var isTracked: Bool
  public var supportsTags: Bool
  public var supportsZones: Bool
  /// Whether its form has an `etag` beside its properties, as those of Microsoft.Network have.
  public var showsETag: Bool
  /// What must be permitted on one by who names it in the body of another resource, for example `…/subnets/join/action`; nil: nothing.
  public var linkPermission: String?
  /// Whether it lives in a subscription's resource groups (most do) or on a subscription.
  public var scope: Scope
  /// The status of a PUT that created, for clients are not tolerant here (storage accounts accept only 200 and 202).
  public var createdStatus: Int
  /// The status of a PUT that updated.
  public var updatedStatus: Int

  public enum Scope: Sendable {
    case resourceGroup
    case subscription
  }

  public init(
    type: String, apiVersions: [String], isTracked: Bool = true, supportsTags: Bool = true, supportsZones: Bool = false, showsETag: Bool = false,
    scope: Scope = .resourceGroup, createdStatus: Int = 201, updatedStatus: Int = 200, linkPermission: String? = nil
  ) {
    self.type = type
    self.apiVersions = apiVersions
    self.isTracked = isTracked
    self.supportsTags = supportsTags
    self.supportsZones = supportsZones
    self.showsETag = showsETag
    self.linkPermission = linkPermission
    self.scope = scope
    self.createdStatus = createdStatus
    self.updatedStatus = updatedStatus
  }
}

/// Who asked, under which ids, when: what every step of a request may need.
public struct OperationContext: Sendable {
  public var principal: Principal
  public var tenant: GUID
  public var subscription: GUID
  public var correlationID: GUID
  /// The request; nil where none is behind it.
  public var requestID: GUID?
  public var now: Timestamp
  public var apiVersion: String
  /// The request's URL without its query, and the query. Empty where no request is behind it (the deletion of a group's resources).
  public var url: String
  public var query: Query

  public init(
    principal: Principal, tenant: GUID, subscription: GUID, correlationID: GUID, requestID: GUID? = nil, now: Timestamp, apiVersion: String,
    url: String = "", query: Query = Query()
  ) {
    self.requestID = requestID
    self.principal = principal
    self.tenant = tenant
    self.subscription = subscription
    self.correlationID = correlationID
    self.now = now
    self.apiVersion = apiVersion
    self.url = url
    self.query = query
  }

  /// The `$skiptoken` that this request carries, or nil; `position` as it was given to `nextLink`. Throws `InvalidSkipToken`.
  public func skipPosition() throws -> String? {
    try query["$skiptoken"].map { try SkipToken(parsing: $0, list: list).position }
  }

  /// The absolute URL of the page behind `position`: this request again, with a `$skiptoken`.
  public func nextLink(position: String) -> String {
    let items = query.items.filter { $0.name.lowercased() != "$skiptoken" } + [("$skiptoken", SkipToken(position: position).text(list: list))]
    return url + "?" + items.map { "\(percentEncoded($0.name, keeping: "$"))=\(percentEncoded($0.value))" }.joined(separator: "&")
  }

  /// What a skip token is bound to.
  private var list: String { url + "|" + (query["$filter"] ?? "") }
}

/// A PUT or PATCH. For PATCH, `body` is the merge patch and `existing` is never nil.
public struct ResourceChange: Sendable {
  public enum Method: Sendable {
    case put
    case patch
  }

  public var method: Method
  public var id: ResourceID
  public var body: JSON
  public var existing: Resource?
  public var context: OperationContext
  /// What `PreparedResourceType.prepare` gave.
  public var prepared: (any Sendable)?

  public init(
    method: Method, id: ResourceID, body: JSON, existing: Resource?, context: OperationContext, prepared: (any Sendable)? = nil
  ) {
    self.method = method
    self.id = id
    self.body = body
    self.existing = existing
    self.context = context
    self.prepared = prepared
  }
}

/// A GET below one resource that shows something else than a child.
public struct ResourceView: Sendable {
  /// The last segment of the path, for example `instanceView`.
  public var name: String
  public var permission: String
  public var run: @Sendable (Resource, OperationContext, any RecordReader) throws -> JSON

  public init(name: String, permission: String, run: @escaping @Sendable (Resource, OperationContext, any RecordReader) throws -> JSON) {
    self.name = name
    self.permission = permission
    self.run = run
  }
}

/// A POST on one resource.
public struct ResourceAction: Sendable {
  /// The last segment of the path, for example `regenerateKey`.
  public var name: String
  /// The permission, for example `Microsoft.Storage/storageAccounts/regenerateKey/action`.
  public var permission: String
  /// Whether it changes something, and so is written to the activity log.
  public var isWrite: Bool
  /// Whether what it gives holds a secret: a key, or a URL that is signed with one. The ledger tells of each time.
  public var givesSecret: Bool
  /// Whether the request must say by `If-Match` which state of the resource it means.
  public var needsETag: Bool
  /// Whether `run` only checks and records what is wanted, and gives the input of an operation that `ReconciledResourceType.carryOut` then does.
  public var isLongRunning: Bool
  /// What asks others or takes time, and is done before the transaction in which `run` acts. Throws `CloudError` to refuse.
  public var prepare: (@Sendable (ResourceID, OperationContext) async throws -> Void)?
  public var run: @Sendable (Resource, JSON, OperationContext, RecordTransaction) throws -> JSON

  public init(
    name: String, permission: String, isWrite: Bool, givesSecret: Bool = false, needsETag: Bool = false, isLongRunning: Bool = false,
    prepare: (@Sendable (ResourceID, OperationContext) async throws -> Void)? = nil,
    run: @escaping @Sendable (Resource, JSON, OperationContext, RecordTransaction) throws -> JSON
  ) {
    self.name = name
    self.permission = permission
    self.isWrite = isWrite
    self.needsETag = needsETag
    self.givesSecret = givesSecret
    self.isLongRunning = isLongRunning
    self.prepare = prepare
    self.run = run
  }
}

/// A GET or POST on `/subscriptions/S/providers/N/…`, or where its level says, that is about no resource.
public struct ProviderAction: Sendable {
  public enum Method: Sendable {
    case get
    case post
  }

  public var method: Method
  public enum Level: Sendable {
    case subscription
    /// On `/providers/N/…`: any of a tenant's may read it, so it must say the same to all of them; what changes something needs its permission at the
    /// tenant's root. The context's subscription is `GUID.zero`.
    case tenant
    /// On `{scope}/providers/N/…`: a subscription, a group or a resource, which has been found to be there. The parameter `scope` is its id.
    case scope
  }

  /// Below the namespace; `{location}` stands for one segment: `checkNameAvailability`, `locations/{location}/usages`, `skus`.
  public var path: String
  public var permission: String
  /// What `GET /providers` lists for it, newest first; empty for the versions of the provider's first type.
  public var apiVersions: [String]
  public var level: Level
  public var work: Work

  /// `parameters` holds the values of the path's parameters and the query's items by name (`$filter`, …).
  public enum Work: Sendable {
    case read(@Sendable (_ parameters: [String: String], _ body: JSON, OperationContext, any RecordReader) throws -> JSON)
    /// One that changes something, and so is written to the activity log. It gives `.null` for an answer without a body.
    case change(@Sendable (_ parameters: [String: String], _ body: JSON, OperationContext, RecordTransaction) throws -> JSON)
  }

  public init(
    method: Method, path: String, permission: String, apiVersions: [String] = [], level: Level = .subscription,
    run: @escaping @Sendable (_ parameters: [String: String], _ body: JSON, OperationContext, any RecordReader) throws -> JSON
  ) {
    self.method = method
    self.path = path
    self.permission = permission
    self.apiVersions = apiVersions
    self.level = level
    work = .read(run)
  }

  /// A POST below a subscription, or the tenant, that changes something.
  public init(
    post path: String, permission: String, level: Level = .subscription,
    changing run: @escaping @Sendable (_ parameters: [String: String], _ body: JSON, OperationContext, RecordTransaction) throws -> JSON
  ) {
    method = .post
    self.path = path
    self.permission = permission
    apiVersions = []
    self.level = level
    work = .change(run)
  }
}

/// A permission as `az provider operation` and `…/operations` show it.
public struct ProviderOperation: Sendable {
  public var name: String
  public var isDataAction: Bool
  public var resource: String
  public var operation: String
  public var description: String

  public init(name: String, isDataAction: Bool = false, resource: String, operation: String, description: String) {
    self.name = name
    self.isDataAction = isDataAction
    self.resource = resource
    self.operation = operation
    self.description = description
  }
}

/// A type that a provider serves by other means than `ResourceType`, and that `GET /providers` lists all the same.
public struct ListedType: Sendable {
  /// Below the namespace, for example `eventtypes/values`.
  public var name: String
  /// Newest first.
  public var apiVersions: [String]

  public init(_ name: String, _ apiVersions: [String]) {
    self.name = name
    self.apiVersions = apiVersions
  }
}

/// A document that clients read before they log in.
public struct PublicDocument: Sendable {
  /// For example `/aliases.json`.
  public var path: String
  /// Why everybody may read it.
  public var reason: String
  public var run: @Sendable (any RecordReader) throws -> JSON

  public init(path: String, reason: String, run: @escaping @Sendable (any RecordReader) throws -> JSON) {
    self.path = path
    self.reason = reason
    self.run = run
  }
}

extension ResourceProvider {
  public var documents: [PublicDocument] { [] }
  public var listedTypes: [ListedType] { [] }
}
