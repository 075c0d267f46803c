internal import Base
internal import Edge
internal import Records
internal import Wire

/// A blob as a request describes it, before it is known what it replaces.
struct BlobDraft: Sendable {
  var properties: BlobProperties
  var metadata: Metadata
  var tier: AccessTier?
  var conditions: ConditionalHeaders
  /// Bytes.
  var size: Int

  /// The blob that would be replaced, if there is one. Throws when conditions, a lease or the signature forbid it.
  func requireReplaceable(_ container: Container, _ call: StorageCall, in reader: any RecordReader) throws -> Blob? {
    let existing = try reader.fetch(Blob.self, Blob.key(container, name: call.blob))
    try call.requireNoLease(StorageError.leaseNotPresentWithBlob)
    try call.requireWrite(
      conditions, etag: existing?.etag, lastModified: existing?.lastModified, existsError: StorageError.blobAlreadyExists)
    if existing != nil { try call.requireOverwrite() }
    return existing
  }

  func blob(in container: Container, replacing existing: Blob?, content: BlobContent, _ call: StorageCall) -> Blob {
    Blob(
      tenant: container.tenant, container: container.id, name: call.blob, etag: ETag(at: call.now, after: existing?.etag), lastModified: call.now,
      createdTime: existing?.createdTime ?? call.now, size: size, content: content, properties: properties, metadata: metadata, tier: tier,
      tierChangedTime: tier == nil ? nil : call.now)
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
  /// The committed blob that a request names; 404 when it is not there.
  static func require(_ call: StorageCall, in reader: any RecordReader) throws -> Blob {
    let container = try Container.require(call, in: reader)
    // No blob has snapshots or versions, so none that is asked for exists.
    guard call.request.query["snapshot"] == nil, call.request.query["versionid"] == nil,
      let blob = try reader.fetch(Blob.self, Blob.key(container, name: call.blob))
    else { throw StorageError.blobNotFound }
    return blob
  }
}
