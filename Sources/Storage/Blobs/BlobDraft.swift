internal import Base
internal import Edge
internal import Records
internal import Wire

/// A blob as a request describes it, before it is known what it replaces.
struct BlobDraft: Sendable {
  var properties: BlobProperties
  var metadata: Metadata
  var tier: AccessTier?
  var conditions: BlobConditions
  var type = BlobType.block
  /// Of a page blob.
  var sequenceNumber = 0
  /// Bytes.
  var size: Int
  var tags = BlobTags()
  var immutability: ImmutabilityPolicy?
  var hasLegalHold = false

  /// The blob that would be replaced, if there is one. Throws when conditions, a lease or the signature forbid it.
  func requireReplaceable(_ container: Container, _ call: StorageCall, in reader: any RecordReader) throws -> Blob? {
    try conditions.encryption.require(allowedIn: container)
    try requireProtectable(container)
    let existing = try reader.fetch(Blob.self, Blob.key(container, name: call.blob))?.read(through: container)
    var conditions = conditions
    // Whoever holds the blob's lease knows that it is there: the service lets `If-None-Match: *` pass then.
    if existing != nil, conditions.lease != nil, conditions.headers.ifNoneMatch == ["*"] { conditions.headers.ifNoneMatch = [] }
    let change = Blob.Change.replace(keepsVersion: call.properties.isVersioningEnabled)
    try conditions.requireWrite(existing, for: change, call, existsError: StorageError.blobAlreadyExists)
    guard let existing else { return nil }
    try call.requireOverwrite()
    // What is left of a blob says of which type the name is.
    if existing.type != type, try existing.hasEarlierStates(in: reader) { throw StorageError.invalidBlobType }
    return existing
  }

  /// `key` is the one under which the content was sealed.
  func blob(in container: Container, replacing existing: Blob?, content: BlobContent, key: BlobKey? = nil, _ call: StorageCall) -> Blob {
    // A clock that was put back makes no change older than what it changes.
    let lastModified = max(call.now, existing?.lastModified ?? call.now)
    // A tier that was set stays with the name of a block blob.
    let inherited = tier == nil && type == .block && existing?.type == type ? existing : nil
    var blob = Blob(
      tenant: container.tenant, container: container.id, name: call.blob, etag: ETag(at: call.now, after: existing?.etag), lastModified: lastModified,
      createdTime: existing?.createdTime ?? call.now, size: size, content: content, properties: properties, metadata: metadata,
      tier: tier ?? inherited?.tier, tierChangedTime: tier == nil ? inherited?.tierChangedTime : call.now, type: type)
    blob.sequenceNumber = sequenceNumber
    blob.set(tags, in: container)
    (blob.immutability, blob.hasLegalHold) = (immutability ?? container.immutability.inherited(at: call.now), hasLegalHold)
    blob.encryption = key?.encryption ?? conditions.encryption.encryption(in: container)
    return blob
  }

  /// Policies and legal holds of one blob are for containers that were made for them.
  private func requireProtectable(_ container: Container) throws(CloudError) {
    guard immutability == nil && !hasLegalHold || container.immutability.isVersionLevel else { throw StorageError.immutabilityNotEnabled }
  }
}

extension BlobDraft {
  /// What the headers of a write say, but for its content.
  init(_ call: StorageCall, properties: BlobProperties, tier: AccessTier?, type: BlobType = .block, size: Int = 0) throws {
    self.init(
      properties: properties, metadata: try Metadata(call.request.headers), tier: tier, conditions: try BlobConditions(call), type: type, size: size)
    tags = try BlobTags(call)
    immutability = try ImmutabilityPolicy(call)
    hasLegalHold = try call.legalHold() ?? false
  }
}

extension Container {
  /// The container that a request names; 404 when it is not there.
  static func require(_ call: StorageCall, in reader: any RecordReader) throws -> Container {
    guard let container = try reader.fetch(Container.self, Container.key(call.account, name: call.container)) else {
      throw StorageError.containerNotFound
    }
    return container
  }
}

extension Blob {
  /// The blob that a request names: the current one, or the snapshot or version that its query asks for. 404 when it is not there. What
  /// was deleted is not, unless it can still be restored and the caller asks for that too.
  static func require(_ call: StorageCall, includingDeleted: Bool = false, in reader: any RecordReader) throws -> Blob {
    let container = try Container.require(call, in: reader)
    let (snapshot, version) = (try call.time("snapshot"), try call.time("versionid"))
    guard snapshot == nil || version == nil else { throw StorageError.invalidQueryParameterValue("versionid", call.request.query["versionid"] ?? "") }
    guard let time = snapshot ?? version else {
      guard let blob = try reader.fetch(Blob.self, Blob.key(container, name: call.blob)) else { throw StorageError.blobNotFound }
      return blob.read(through: container)
    }
    if version != nil, let current = try reader.fetch(Blob.self, Blob.key(container, name: call.blob)), current.version == version {
      return current.read(through: container)
    }
    let found = try reader.fetch(BlobGeneration.self, BlobGeneration.key(container, name: call.blob, time: time))?.blob
    guard let found, found.deletion.map({ includingDeleted && $0.expires > call.now }) ?? true, (snapshot != nil) == (found.snapshot != nil),
      snapshot != nil || found.version != nil
    else { throw StorageError.blobNotFound }
    return found.read(through: container)
  }

  /// The blob with what its container says of it.
  func read(through container: Container) -> Blob {
    guard !container.immutability.isEmpty || container.defaultScope != nil else { return self }
    var blob = self
    blob.terms = ContainerTerms(immutability: container.immutability, defaultScope: container.defaultScope)
    return blob
  }

  /// The current blob that a request names, for an operation that changes it; a snapshot or version cannot be changed.
  static func requireCurrent(_ call: StorageCall, in reader: any RecordReader) throws -> Blob {
    for name in ["snapshot", "versionid"] where call.request.query[name] != nil { throw StorageError.unsupportedQueryParameter(name) }
    return try require(call, in: reader)
  }
}

extension StorageCall {
  /// The time in a query parameter (`snapshot`, `versionid`); nil when it is absent.
  func time(_ parameter: String) throws(CloudError) -> Timestamp? {
    guard let text = request.query[parameter], !text.isEmpty else { return nil }
    guard let time = Timestamp(iso8601: text) else { throw StorageError.invalidQueryParameterValue(parameter, text) }
    return time
  }
}
