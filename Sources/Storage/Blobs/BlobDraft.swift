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
  /// Bytes.
  var size: Int

  /// The blob that would be replaced, if there is one. Throws when conditions, a lease or the signature forbid it.
  func requireReplaceable(_ container: Container, _ call: StorageCall, in reader: any RecordReader) throws -> Blob? {
    let existing = try reader.fetch(Blob.self, Blob.key(container, name: call.blob))
    try conditions.requireWrite(existing, call, existsError: StorageError.blobAlreadyExists)
    if existing != nil { try call.requireOverwrite() }
    return existing
  }

  func blob(in container: Container, replacing existing: Blob?, content: BlobContent, _ call: StorageCall) -> Blob {
    Blob(
      tenant: container.tenant, container: container.id, name: call.blob, etag: ETag(at: call.now, after: existing?.etag), lastModified: call.now,
      createdTime: existing?.createdTime ?? call.now, size: size, content: content, properties: properties, metadata: metadata, tier: tier,
      tierChangedTime: tier == nil ? nil : call.now, type: type)
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
  /// The blob that a request names: the current one, or the snapshot or version that its query asks for. 404 when it is not there.
  static func require(_ call: StorageCall, in reader: any RecordReader) throws -> Blob {
    let container = try Container.require(call, in: reader)
    let (snapshot, version) = (try call.time("snapshot"), try call.time("versionid"))
    guard snapshot == nil || version == nil else { throw StorageError.invalidQueryParameterValue("versionid", call.request.query["versionid"] ?? "") }
    guard let time = snapshot ?? version else {
      guard let blob = try reader.fetch(Blob.self, Blob.key(container, name: call.blob)) else { throw StorageError.blobNotFound }
      return blob
    }
    if version != nil, let current = try reader.fetch(Blob.self, Blob.key(container, name: call.blob)), current.version == version { return current }
    let found = try reader.fetch(BlobGeneration.self, BlobGeneration.key(container, name: call.blob, time: time))?.blob
    guard let found, found.deletion == nil, (snapshot != nil) == (found.snapshot != nil) else { throw StorageError.blobNotFound }
    return found
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
