internal import Base
internal import Edge
internal import Keyring
internal import NIOHTTP1
internal import Records
internal import Wire

/// One change of one entity, as a request or a part of a batch describes it.
struct EntityChange: Sendable {
  enum Kind: Sendable {
    case insert
    /// Update Entity; without a condition it is Insert Or Replace Entity.
    case replace
    /// Merge Entity; without a condition it is Insert Or Merge Entity.
    case merge
    case delete
  }

  /// What must be there already.
  enum Condition: Sendable {
    /// Nothing: the entity is made where it is not there.
    case none
    case any
    case tag(ETag)
  }

  var kind: Kind
  var key: EntityKey
  var properties: EntityProperties
  var condition: Condition
  var preference: TableAnswers.Preference?

  /// Reads a change from a request and its body.
  init(_ kind: Kind, _ call: StorageCall, body: [UInt8]) throws(CloudError) {
    self.kind = kind
    preference = TableAnswers.Preference.of(call.request)
    let document: EntityDocument? = kind == .delete ? nil : try EntityDocument(parsing: body)
    properties = document?.properties ?? EntityProperties()
    if kind == .insert {
      guard let document else { throw TableError.propertiesNeedValue }
      key = try document.key()
      condition = .none
    } else {
      // The address names the entity, whatever the document says of its keys.
      key = try EntityKey(parsing: call.blob)
      condition = try Self.condition(call)
      if kind == .delete, case .none = condition { throw StorageError.missingRequiredHeader("If-Match") }
    }
    if kind != .delete {
      try key.check()
      try properties.check(key)
    }
    try SignedKeyRange.require(call.keyRange, key)
  }

  private static func condition(_ call: StorageCall) throws(CloudError) -> Condition {
    if call.header("If-None-Match") != nil {
      throw TableError.invalidInput("If-None-Match HTTP header cannot be specified for \(call.request.method.rawValue) operations.")
    }
    guard let text = call.header("If-Match")?.trimmedASCII else { return .none }
    if text == "*" { return .any }
    guard let tag = ETag(weak: text) else { throw TableError.invalidETag(text) }
    return .tag(tag)
  }

  /// What a change made of its entity.
  struct Outcome: Sendable {
    /// Nil for an entity that is gone.
    var entity: Entity?
    var properties: EntityProperties
  }

  /// Makes the change. Throws where it cannot be made of what is there.
  func apply(in table: Table, _ call: StorageCall, keyring: Keyring, in transaction: RecordTransaction) throws -> Outcome {
    let recordKey = Entity.key(tenant: table.tenant, table.id, key)
    let existing = try transaction.fetch(Entity.self, recordKey)
    switch (kind, condition, existing) {
    case (.insert, _, .some): throw TableError.entityAlreadyExists
    case (_, .any, nil), (_, .tag, nil), (.delete, _, nil): throw TableError.resourceNotFound
    case (_, .tag(let tag), .some(let existing)) where existing.etag != tag: throw TableError.updateConditionNotSatisfied
    default: break
    }
    guard kind != .delete else {
      try transaction.remove(Entity.self, recordKey)
      return Outcome(entity: nil, properties: EntityProperties())
    }
    let dataKey = try keyring.dataKey(call.account.dataKey, tenant: call.account.tenant, in: transaction)
    var result = properties
    if kind == .merge, let existing {
      result = try existing.properties(dataKey)
      result.merge(properties)
      try result.check(key)
    }
    let entity = try Entity(key, result, in: table, etag: ETag(at: call.now, after: existing?.etag), dataKey: dataKey)
    try transaction.save(entity)
    return Outcome(entity: entity, properties: result)
  }

  /// The answer to the request that asked for the change.
  func answer(_ outcome: Outcome, in table: Table, _ answers: TableAnswers) -> EdgeResponse {
    guard kind == .insert, let entity = outcome.entity else { return answers.changed(outcome.entity) }
    return answers.created(entity, outcome.properties, in: table, preference)
  }
}
