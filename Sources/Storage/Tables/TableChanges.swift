internal import Base
internal import Edge
internal import Keyring
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on tables themselves.
struct TableChanges: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits
  let domain: String

  /// Bytes of the document that names a table to make.
  static let documentBytes = 64 << 10

  /// Source: Microsoft, "Create Table", REST reference.
  @Sendable
  func create(_ call: StorageCall) async throws -> EdgeResponse {
    let answers = try TableAnswers(call, domain: domain)
    let body = try await TableOperations.body(of: call, upTo: Self.documentBytes)
    guard let document = try? JSON(parsing: body), case .object(let object) = document else {
      throw TableError.invalidInput("An error occurred while processing this request.")
    }
    guard let member = object["TableName"], !member.isNull else { throw TableError.propertiesNeedValue }
    guard let name = member.string else { throw TableError.invalidInput("An error occurred while processing this request.") }
    try Table.checkName(name)
    let table = Table(
      tenant: call.account.tenant, partition: call.account.partition, name: name, id: contents.makeID(at: call.now), createdTime: call.now)
    try await records.write { transaction in
      // The account may have been deleted since the request was authenticated.
      guard try transaction.fetch(StorageAccount.self, StorageAccount.key(call.account.name))?.partition == call.account.partition else {
        throw TableError.resourceNotFound
      }
      guard try transaction.insert(table) else { throw TableError.tableAlreadyExists }
    }
    return answers.created(table, TableAnswers.Preference.of(call.request))
  }

  /// The table is gone with the commit; what was in it is purged afterwards.
  ///
  /// Source: Microsoft, "Delete Table", REST reference.
  @Sendable
  func delete(_ call: StorageCall) async throws -> EdgeResponse {
    try await records.write { [contents] transaction in
      guard let table = try transaction.fetch(Table.self, Table.key(call.account, name: call.container)) else { throw TableError.resourceNotFound }
      try transaction.remove(Table.self, table.key)
      try contents.schedule(.entities(table.id), tenant: table.tenant, in: transaction)
    }
    return EdgeResponse(.noContent, headers: TableAnswers.headers)
  }

  /// Source: Microsoft, "Query Tables", REST reference, of one table by its name.
  @Sendable
  func get(_ call: StorageCall) async throws -> EdgeResponse {
    let answers = try TableAnswers(call, domain: domain)
    let table = try await records.read { try $0.fetch(Table.self, Table.key(call.account, name: call.container)) }
    guard let table else { throw TableError.resourceNotFound }
    return answers.table(table)
  }

  /// Source: Microsoft, "Query Tables", REST reference.
  @Sendable
  func query(_ call: StorageCall) async throws -> EdgeResponse {
    let answers = try TableAnswers(call, domain: domain)
    let filter = try TableFilter.requested(call.request.query)
    let limit = try EntityReads.top(call.request)
    let start = try call.request.query["NextTableName"].map { text throws(CloudError) in try Continuation.decode(text) }
    let parent = RecordKey(tenant: call.account.tenant, call.account.partition)
    return try await records.read { reader in
      var range = Table.keys(from: .before(parent), to: .after(parent))
      if let start {
        let lower = Table.keys(from: .before(Table.key(call.account, name: start)), to: .after(parent)).lowerBound
        range = range.clamped(to: lower..<max(lower, range.upperBound))
      }
      var tables: [Table] = []
      while !range.isEmpty {
        let found = try reader.list(Table.self, in: range, limit: EntityReads.maximumEntities)
        // Those of Storage Analytics are found by who knows their names.
        for table in found where !table.name.hasPrefix("$") && filter?.matches({ $0 == "TableName" ? .string(table.name) : nil }) ?? true {
          guard tables.count < limit else { return answers.list(tables, next: table.name) }
          tables.append(table)
        }
        guard found.count == EntityReads.maximumEntities, let last = found.last else { break }
        let behind = Table.keys(from: .after(last.key), to: .after(last.key)).lowerBound
        range = behind..<max(behind, range.upperBound)
      }
      return answers.list(tables, next: nil)
    }
  }

  // MARK: Stored access policies

  /// Source: Microsoft, "Get Table ACL", REST reference.
  @Sendable
  func getPolicies(_ call: StorageCall) async throws -> EdgeResponse {
    let table = try await records.read { try Table.require(call.container, call.account, in: $0) }
    let document = StoredAccessPolicy.document(table.policies, omittingEmpty: true)
    return EdgeResponse(
      .ok, headers: ["Content-Type": "application/xml"],
      body: call.request.method == .HEAD ? .head(length: document.count) : .bytes(ByteBuffer(bytes: document)))
  }

  /// Source: Microsoft, "Set Table ACL", REST reference.
  @Sendable
  func setPolicies(_ call: StorageCall) async throws -> EdgeResponse {
    let body = try await call.smallBody(upTo: limits.accessPolicyBytes)
    let policies = try StoredAccessPolicy.parse(body, maximumCount: limits.accessPolicies)
    try await records.write { transaction in
      var table = try Table.require(call.container, call.account, in: transaction)
      table.policies = policies
      try transaction.save(table)
    }
    return EdgeResponse(.noContent)
  }
}
