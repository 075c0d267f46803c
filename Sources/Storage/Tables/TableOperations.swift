internal import Access
internal import Base
internal import Edge
internal import NIOHTTP1

/// The operations of the table service.
///
/// Source: Microsoft, "Table service REST API" and "Permissions for calling table data operations".
struct TableOperations: Sendable {
  private let tables: TableChanges
  private let reads: EntityReads
  private let writes: EntityWrites
  private let batch: TableBatch

  init(_ services: StorageServices, limits: StorageLimits) {
    let (records, keyring, domain) = (services.records, services.keyring, services.address.domain)
    tables = TableChanges(records: records, contents: BlobContents(services), limits: limits, domain: domain)
    reads = EntityReads(records: records, keyring: keyring, domain: domain)
    writes = EntityWrites(records: records, keyring: keyring, domain: domain)
    batch = TableBatch(records: records, keyring: keyring, random: services.random, domain: domain)
  }

  private static let resources = "Microsoft.Storage/storageAccounts/tableServices/tables"
  private static let entities = "\(resources)/entities"

  private static let readTables = Action("\(resources)/read", signed: SignedRequirement("c", anyOf: "l"))
  private static let readTable = Action("\(resources)/read", signed: SignedRequirement("c", anyOf: "rl"))
  private static let createTable = Action("\(resources)/write", signed: SignedRequirement("c", anyOf: "cw"))
  private static let deleteTable = Action("\(resources)/delete", signed: SignedRequirement("c", anyOf: "d"))
  private static let getPolicies = Action("\(resources)/getAcl/action")
  private static let setPolicies = Action("\(resources)/setAcl/action")

  private static let read = Action(data: "\(entities)/read", signed: SignedRequirement("o", anyOf: "r"))
  private static let add = Action(data: "\(entities)/add/action", or: ["\(entities)/write"], signed: SignedRequirement("o", anyOf: "a"))
  private static let update = Action(data: "\(entities)/update/action", or: ["\(entities)/write"], signed: SignedRequirement("o", anyOf: "u"))
  private static let write = Action(data: "\(entities)/write", signed: SignedRequirement("o", anyOf: "a", allOf: "u"))
  private static let delete = Action(data: "\(entities)/delete", signed: SignedRequirement("o", anyOf: "d"))
  /// A batch needs something to be allowed; its parts are decided each by itself.
  private static let any = Action(
    data: "\(entities)/write",
    or: ["\(entities)/read", "\(entities)/delete", "\(entities)/add/action", "\(entities)/update/action"],
    signed: SignedRequirement("o", anyOf: "raud"))

  var operations: [StorageOperation] {
    [
      Self.operation("Query Tables", .GET, .tables, { _ in Self.readTables }, tables.query),
      Self.operation("Create Table", .POST, .tables, { _ in Self.createTable }, tables.create),
      Self.operation("Query Tables", .GET, .table, { _ in Self.readTable }, tables.get),
      Self.operation("Delete Table", .DELETE, .table, { _ in Self.deleteTable }, tables.delete),
      Self.operation("Get Table ACL", .GET, .entities, comp: "acl", { _ in Self.getPolicies }, tables.getPolicies),
      Self.operation("Get Table ACL", .HEAD, .entities, comp: "acl", { _ in Self.getPolicies }, tables.getPolicies),
      Self.operation("Set Table ACL", .PUT, .entities, comp: "acl", { _ in Self.setPolicies }, tables.setPolicies),
      Self.operation("Query Entities", .GET, .entities, { _ in Self.read }, reads.query),
      Self.operation("Insert Entity", .POST, .entities, { _ in Self.add }, writes.insert),
      Self.operation("Get Entity", .GET, .entity, { _ in Self.read }, reads.get),
      Self.operation("Entity Group Transaction", .POST, .tableBatch, { _ in Self.any }, batch.run),
    ] + changes
  }

  /// Each change by its own verb, and by POST with the verb in `X-HTTP-Method`.
  private var changes: [StorageOperation] {
    typealias Change = (
      name: String, method: HTTPMethod, action: @Sendable (EdgeRequest) -> Action, run: @Sendable (StorageCall) async throws -> EdgeResponse
    )
    let changes: [Change] = [
      (EntityChange.Kind.replace.operation, .PUT, Self.changing, writes.replace),
      (EntityChange.Kind.merge.operation, .MERGE, Self.changing, writes.merge),
      (EntityChange.Kind.merge.operation, .PATCH, Self.changing, writes.merge),
      (EntityChange.Kind.delete.operation, .DELETE, { _ in Self.delete }, writes.delete),
    ]
    return changes.flatMap { change in
      var tunnelled = Self.operation(change.name, .POST, .entity, change.action, change.run)
      tunnelled.matches = { $0.headers.first(name: "x-http-method")?.uppercased() == change.method.rawValue }
      return [Self.operation(change.name, change.method, .entity, change.action, change.run), tunnelled]
    }
  }

  /// Without a condition the entity is made where it is not there, which is more than to change it.
  @Sendable
  private static func changing(_ request: EdgeRequest) -> Action {
    request.headers.contains(name: "if-match") ? update : write
  }

  private static func operation(
    _ name: String, _ method: HTTPMethod, _ level: StorageOperation.Level, comp: String? = nil, _ action: @escaping @Sendable (EdgeRequest) -> Action,
    _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
  ) -> StorageOperation {
    StorageOperation(
      name: name, service: .table, method: method, level: level, comp: comp, resourceType: nil, action: action,
      run: { call in
        // What Storage Analytics keeps can be read by names that nobody can choose.
        let isOfAnalytics = call.request.method == .GET && call.container.hasPrefix("$Metrics")
        if level != .tables && level != .tableBatch && !isOfAnalytics { try Table.checkName(call.container) }
        return try await run(call)
      })
  }

  /// The document of a request. Throws 415 for what is not JSON.
  static func body(of call: StorageCall, upTo limit: Int) async throws -> [UInt8] {
    if let type = call.header("Content-Type")?.split(separator: ";").first.map({ String($0).trimmedASCII.lowercased() }), type != "application/json" {
      throw type == "application/atom+xml" ? TableError.atomNotSupported : TableError.mediaTypeNotSupported
    }
    return try await call.smallBody(upTo: limit)
  }
}

extension EntityChange.Kind {
  /// The name of the operation that makes such a change.
  var operation: String {
    switch self {
    case .insert: "Insert Entity"
    case .replace: "Update Entity"
    case .merge: "Merge Entity"
    case .delete: "Delete Entity"
    }
  }

  static func of(_ operation: StorageOperation) -> EntityChange.Kind? {
    [insert, replace, merge, delete].first { $0.operation == operation.name }
  }
}
