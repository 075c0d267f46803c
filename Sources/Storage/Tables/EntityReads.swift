internal import Base
internal import Crypto
internal import Edge
internal import Keyring
internal import Records
internal import Wire

/// Query Entities and Get Entity.
struct EntityReads: Sendable {
  let records: any RecordStore
  let keyring: Keyring
  let domain: String

  /// Entities of one page.
  static let maximumEntities = 1000
  /// Bytes of sealed properties of one page, passed by at most one entity.
  static let maximumPageBytes = 4 << 20
  /// Entities that one request looks at: a filter that few of them meet gives short pages.
  static let maximumExamined = 20_000
  /// Bytes that one read of the store may give, as far as the last one tells.
  private static let bytesPerRead = 1 << 20

  /// OData's options that the service has not, and whose answer would be another one.
  ///
  /// Source: Microsoft, "Query operators supported for the Table service".
  private static let unservedOptions = ["$orderby", "$skip", "$inlinecount", "$expand"]

  /// Source: Microsoft, "Query Entities", REST reference.
  @Sendable
  func query(_ call: StorageCall) async throws -> EdgeResponse {
    let answers = try TableAnswers(call, domain: domain)
    for option in Self.unservedOptions where call.request.query[option] != nil { throw TableError.notImplemented }
    let filter = try TableFilter.requested(call.request.query)
    let selection = try EntitySelection.requested(by: call.request)
    let limit = try Self.top(call.request)
    var start: EntityKey?
    if let partition = call.request.query["NextPartitionKey"] {
      let row = try call.request.query["NextRowKey"].map { text throws(CloudError) in try Continuation.decode(text) }
      start = EntityKey(partition: try Continuation.decode(partition), row: row ?? "")
    }
    return try await records.read { [keyring, start] reader in
      let table = try Table.require(call.container, call.account, in: reader)
      let dataKey = try keyring.dataKey(call.account.dataKey, tenant: call.account.tenant, in: reader)
      let ranges = KeyScope.ranges(KeyScope.scopes(of: filter), in: table, from: start, signed: call.keyRange)
      var page = Page(limit: limit, filter: filter, dataKey: dataKey)
      try page.read(ranges, in: reader)
      return answers.list(page.entities, in: table, selection, next: page.next)
    }
  }

  /// The number of items that a query may give. Throws for what is no number that can be.
  static func top(_ request: EdgeRequest) throws(CloudError) -> Int {
    guard let text = request.query["$top"] else { return maximumEntities }
    guard let number = Int(text), (1...maximumEntities).contains(number) else { throw TableError.invalidInput }
    return number
  }

  /// A page under way.
  private struct Page {
    let limit: Int
    let filter: TableFilter?
    let dataKey: SymmetricKey
    /// Whether an entity that does not match can be told without opening it.
    let isToldByKeys: Bool
    var entities: [(entity: Entity, properties: EntityProperties)] = []
    /// Where the next page begins.
    var next: EntityKey?
    private var examined = 0
    private var bytes = 0

    init(limit: Int, filter: TableFilter?, dataKey: SymmetricKey) {
      self.limit = limit
      self.filter = filter
      self.dataKey = dataKey
      isToldByKeys = filter?.needsOnly(EntitySelection.systemNames) ?? true
    }

    mutating func read(_ ranges: [Range<KeyBytes>], in reader: any RecordReader) throws {
      for range in ranges {
        var rest = range
        // Few at first: it is not known yet how large they are.
        var count = min(limit + 1, 16)
        while !rest.isEmpty {
          let found = try reader.list(Entity.self, in: rest, limit: count)
          for entity in found where try !take(entity) { return }
          guard found.count == count, let last = found.last else { break }
          let behind = Entity.keys(from: .after(last.key), to: .after(last.key)).lowerBound
          rest = behind..<max(behind, rest.upperBound)
          let foundBytes = found.reduce(1) { $0 + $1.sealed.count }
          count = min(max(EntityReads.bytesPerRead / (foundBytes / found.count + 1), 4), 512, max(limit + 1 - entities.count, 16))
        }
      }
    }

    /// False once the page is full.
    private mutating func take(_ entity: Entity) throws -> Bool {
      guard examined < EntityReads.maximumExamined, bytes < EntityReads.maximumPageBytes else {
        next = entity.entityKey
        return false
      }
      examined += 1
      if isToldByKeys, !matches(entity, nil) { return true }
      let properties = try entity.properties(dataKey)
      if !isToldByKeys, !matches(entity, properties) { return true }
      guard entities.count < limit else {
        next = entity.entityKey
        return false
      }
      entities.append((entity, properties))
      bytes += entity.sealed.count
      return true
    }

    private func matches(_ entity: Entity, _ properties: EntityProperties?) -> Bool {
      filter?.matches { name in
        switch name {
        case "PartitionKey": .string(entity.entityKey.partition)
        case "RowKey": .string(entity.entityKey.row)
        case "Timestamp": .dateTime(entity.timestamp)
        default: properties?[name]
        }
      } ?? true
    }
  }

  /// Source: Microsoft, "Query Entities", REST reference, of one entity by its keys.
  @Sendable
  func get(_ call: StorageCall) async throws -> EdgeResponse {
    let answers = try TableAnswers(call, domain: domain)
    let selection = try EntitySelection.requested(by: call.request)
    let key = try EntityKey(parsing: call.blob)
    try SignedKeyRange.require(call.keyRange, key)
    return try await records.read { [keyring] reader in
      let table = try Table.require(call.container, call.account, in: reader)
      guard let entity = try reader.fetch(Entity.self, Entity.key(tenant: table.tenant, table.id, key)) else { throw TableError.resourceNotFound }
      let dataKey = try keyring.dataKey(call.account.dataKey, tenant: call.account.tenant, in: reader)
      return answers.entity(entity, try entity.properties(dataKey), in: table, selection)
    }
  }
}
