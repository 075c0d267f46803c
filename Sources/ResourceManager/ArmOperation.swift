internal import Access
internal import Base
package import NIOHTTP1
package import Wire

/// One operation of Resource Manager: how it is recognised, which permission it needs and where, and what runs once that is granted.
///
/// The endpoint authenticates, asks `Authorizer.decide` once, and only then calls `run`: no operation can be reached around it.
package struct ArmOperation: Sendable {
  /// Who may.
  package enum Admission: Sendable, Equatable {
    /// Anybody, without a token; the reason says why that is right.
    case open(reason: String)
    /// Anybody with a valid token; the reason says why that is right.
    case authenticated(reason: String)
    /// Who holds the permission at the scope. `{namespace}` in it stands for the path's parameter.
    case permission(String)
    /// Who holds the permission, or anything else in the subscription.
    case visible(String)
    /// A list: who holds the permission gets all of it, who holds anything else in the subscription gets the items that it may read.
    case list(String)
    /// Who holds the permission, or began the operation that is asked about.
    case initiator(String)

    package var permission: String? {
      switch self {
      case .open, .authenticated: nil
      case .permission(let name), .visible(let name), .list(let name), .initiator(let name): name
      }
    }
  }

  /// Where the permission must be held.
  package enum Place: Sendable, Equatable {
    case tenant
    case subscription
    case group
    /// The path itself without so many of its last segments.
    case path(dropping: Int)
    /// What stands before an extension's `/providers/…`.
    case extended
  }

  /// For logs and tests, for example `ResourceGroups_CreateOrUpdate`.
  package var name: String
  package var method: HTTPMethod
  /// Literals (in any case) and `{parameters}`; one that begins with `{scope}` extends any scope.
  package var pattern: String
  package var admission: Admission
  package var place: Place
  /// Whether a refusal is written to the activity log, as a change's is.
  package var isLogged: Bool
  /// Whether the body may be what JavaScript reads as an object: the CLI sends templates as they stand in their file, comments included.
  package var isLenient: Bool
  /// Whether a body is read.
  package var hasBody: Bool
  /// Whether it reads or changes records that rest under the tenant's own key, where the tenant has one.
  package var needsRecords = false
  package var run: @Sendable (ArmCall) async throws -> ArmAnswer

  init(
    _ name: String, _ method: HTTPMethod, _ pattern: String, _ admission: Admission, at place: Place, isLogged: Bool? = nil, isLenient: Bool = false,
    run: @escaping @Sendable (ArmCall) async throws -> ArmAnswer
  ) {
    self.name = name
    self.method = method
    self.pattern = pattern
    self.admission = admission
    self.place = place
    self.isLogged = isLogged ?? (method == .PUT || method == .PATCH || method == .DELETE)
    self.isLenient = isLenient
    hasBody = method == .PUT || method == .PATCH || method == .POST
    self.run = run
  }

  /// The same operation as one that needs the tenant's records.
  var needingRecords: ArmOperation {
    var operation = self
    operation.needsRecords = true
    return operation
  }
}

/// A request that was admitted.
package struct ArmCall: Sendable {
  package var context: ArmContext
  /// The pattern's parameters, decoded, by name.
  package var parameters: [String: String]
  package var path: ArmPath
  /// What an extension extends; the tenant where the pattern has no `{scope}`.
  package var scope: ResourceID
  package var body: JSON
  package var ifMatch: String?
  package var ifNoneMatch: String?
  /// `denied` only where the admission lets that pass.
  package var hasPermission: Bool
  /// Whether the caller holds a permission at another path: for lists that show only what may be read, and for what reaches several scopes.
  package var mayAlso: @Sendable (_ permission: String, _ path: String) async throws -> Bool
  /// Whether the caller holds a permission at another path, or anything else in its subscription.
  package var mayKnow: @Sendable (_ permission: String, _ path: String) async throws -> Bool

  /// A parameter that the pattern has.
  subscript(_ name: String) -> String { parameters[name] ?? "" }

  /// How many items a page has: `$top`, bounded.
  func pageSize() throws -> Int {
    guard let text = context.query["$top"] else { return ResourceManagerLimits.maximumPageItems }
    guard let top = Int(text), top > 0 else {
      throw CloudError(400, "InvalidTopParameter", "The value '\(text)' of the query parameter '$top' is not a positive integer.")
    }
    return min(top, ResourceManagerLimits.maximumPageItems)
  }

  func skipPosition() throws -> String? {
    try context.operation(.zero).skipPosition()
  }

  /// `{"value": […], "nextLink": …}`.
  func page(_ items: [JSON], next: String?) -> ArmAnswer {
    ArmAnswer(200, .object(["value": .array(items), "nextLink": next.map { .string(context.operation(.zero).nextLink(position: $0)) }]))
  }

  /// The items of a list that the caller may read.
  func readable<Item: Sendable>(_ items: [Item], _ permission: (Item) -> String, _ path: (Item) -> String) async throws -> [Item] {
    if hasPermission { return items }
    var readable: [Item] = []
    for item in items where try await mayAlso(permission(item), path(item)) { readable.append(item) }
    return readable
  }
}

/// What an operation answers.
package struct ArmAnswer: Sendable {
  package var status: Int
  package var json: JSON?
  package var headers: [(name: String, value: String)]
  /// What goes on behind the answer, for callers inside of the platform.
  package var operation: LongRunningOperation?

  package init(_ status: Int, _ json: JSON? = nil, headers: [(name: String, value: String)] = []) {
    self.status = status
    self.json = json
    self.headers = headers
  }
}
