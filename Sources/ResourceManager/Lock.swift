internal import Base
internal import Records
internal import Wire

/// A management lock: what it stands on, and everything below, cannot be deleted, or not even changed.
///
/// Source: Microsoft, "Lock your Azure resources to protect your infrastructure".
struct Lock: Record, Codable, Sendable {
  static let kind = "arm.lock"

  enum Level: String, Codable, Sendable, CaseIterable {
    case canNotDelete = "CanNotDelete"
    case readOnly = "ReadOnly"
  }

  var tenant: GUID
  var scope: ResourceID
  var name: String
  var level: Level
  var notes: String?
  var owners: [String]?

  /// Filed by the words of its scope and then under `#`, so that one range holds the locks of a scope and of all below it.
  var key: RecordKey { Self.key(tenant, scope, name) }

  static func key(_ tenant: GUID, _ scope: ResourceID, _ name: String) -> RecordKey {
    RecordKey(tenant: tenant, components: words(scope) + [mark, name.lowercased()])
  }

  static let mark = "#"
  static let maximumListed = 1000

  static func words(_ scope: ResourceID) -> [String] { scope.canonical.split(separator: "/").map(String.init) }

  /// Locks that stand right on a scope.
  static func at(_ scope: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [Lock] {
    try reader.list(Lock.self, under: RecordKey(tenant: tenant, components: words(scope) + [mark]), limit: maximumListed)
  }

  /// Locks that stand on a scope or below it.
  static func below(_ scope: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [Lock] {
    try reader.list(Lock.self, under: RecordKey(tenant: tenant, components: words(scope)), limit: maximumListed)
  }

  /// Locks that bear on a scope: its own and those of everything above it.
  static func bearing(on scope: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [Lock] {
    var found: [Lock] = []
    var place: ResourceID? = scope
    while let current = place, current.subscription != nil {
      found += try at(current, tenant: tenant, in: reader)
      place = current.parent
    }
    return found
  }

  var id: String { "\(scope)/providers/Microsoft.Authorization/locks/\(name)" }

  var json: JSON {
    var properties = JSON.Object([("level", .string(level.rawValue))])
    if let notes { properties["notes"] = .string(notes) }
    if let owners { properties["owners"] = .array(owners.map { ["applicationId": .string($0)] }) }
    return ["id": .string(id), "name": .string(name), "type": "Microsoft.Authorization/locks", "properties": .object(properties)]
  }
}

extension ResourceManager {
  /// Refuses a change of what is read-only.
  static func requireWritable(_ id: ResourceID, _ context: ArmContext, in reader: any RecordReader) throws {
    let locks = try Lock.bearing(on: id, tenant: context.tenant, in: reader).filter { $0.level == .readOnly }
    guard locks.isEmpty else { throw locked(id, "write", locks) }
  }

  /// Refuses the deletion of what is locked, or holds something that is.
  static func requireDeletable(_ id: ResourceID, _ context: ArmContext, in reader: any RecordReader) throws {
    let locks = try Lock.bearing(on: id, tenant: context.tenant, in: reader) + Lock.below(id, tenant: context.tenant, in: reader)
    var seen: Set<String> = []
    let distinct = locks.filter { seen.insert($0.id.lowercased()).inserted }
    guard distinct.isEmpty else { throw locked(id, "delete", distinct) }
  }

  private static func locked(_ id: ResourceID, _ what: String, _ locks: [Lock]) -> CloudError {
    let scopes = locks.map { "'\($0.scope)'" }.joined(separator: ", ")
    return CloudError(
      409, "ScopeLocked",
      "The scope '\(id)' cannot perform \(what) operation because following scope(s) are locked: \(scopes). Please remove the lock and try again.")
  }

  // MARK: Requests

  func locks(at scope: ResourceID, exactly: Bool, _ context: ArmContext) async throws -> [JSON] {
    try await records.read { reader in
      if let subscription = scope.subscription { _ = try Self.requireSubscription(subscription, context.tenant, in: reader) }
      let own = try exactly ? Lock.at(scope, tenant: context.tenant, in: reader) : Lock.below(scope, tenant: context.tenant, in: reader)
      let above = try exactly ? [] : scope.parent.map { try Lock.bearing(on: $0, tenant: context.tenant, in: reader) } ?? []
      return (own + above).map(\.json)
    }
  }

  func lock(_ name: String, at scope: ResourceID, _ context: ArmContext) async throws -> JSON {
    try await records.read { reader in
      if let subscription = scope.subscription { _ = try Self.requireSubscription(subscription, context.tenant, in: reader) }
      guard let found = try reader.fetch(Lock.self, Lock.key(context.tenant, scope, name)) else {
        throw CloudError(404, "LockNotFound", "The lock '\(name)' could not be found.")
      }
      return found.json
    }
  }

  func putLock(_ name: String, at scope: ResourceID, body: JSON, _ context: ArmContext) async throws -> (JSON, isNew: Bool) {
    try await requireKnown(scope, context)
    guard let given = body.member("properties", "level")?.string,
      let level = Lock.Level.allCases.first(where: { $0.rawValue.lowercased() == given.lowercased() })
    else {
      throw CloudError(
        400, "InvalidLockLevel", "The lock level '\(body.member("properties", "level")?.string ?? "")' must be one of 'CanNotDelete', 'ReadOnly'.")
    }
    let notes = body.member("properties", "notes")?.string
    guard notes?.count ?? 0 <= 512, (1...260).contains(name.count) else {
      throw CloudError.invalidRequestContent("A lock's notes have up to 512 characters, its name up to 260.")
    }
    let owners = body.member("properties", "owners")?.array?.compactMap { $0.member("applicationId")?.string }
    return try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      if let group = scope.resourceGroup { _ = try Self.requireGroup(group, context, in: transaction) }
      if !scope.provided.isEmpty { _ = try Self.requireResource(scope, self.catalog, context, in: transaction) }
      let key = Lock.key(context.tenant, scope, name)
      let isNew = try transaction.fetch(Lock.self, key) == nil
      let lock = Lock(tenant: context.tenant, scope: scope, name: name, level: level, notes: notes, owners: owners)
      try transaction.save(lock)
      return ((lock.json, isNew), isNew ? 201 : 200)
    }
  }

  func deleteLock(_ name: String, at scope: ResourceID, _ context: ArmContext) async throws -> Bool {
    try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      let existed = try transaction.remove(Lock.self, Lock.key(context.tenant, scope, name))
      return (existed, existed ? 200 : 204)
    }
  }
}
