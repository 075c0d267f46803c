internal import Base
internal import Edge
internal import Extents
internal import NIOCore
internal import Records
internal import Wire

/// Blobs that the service writes itself, in containers which clients only read.
struct SystemBlobs: Sendable {
  let contents: BlobContents
  /// Bytes of a blob that rests in the record store.
  let inlineBytes: Int

  /// A blob whose bytes are stored and that nothing refers to yet.
  struct Prepared: Sendable {
    fileprivate var name: String
    fileprivate var contentType: String
    fileprivate var size: Int
    fileprivate var bytes: Bytes
    var metadata = Metadata()

    fileprivate enum Bytes: Sendable {
      case inline([UInt8])
      case extent(SealedExtent)
    }
  }

  func prepare(_ name: String, _ bytes: [UInt8], contentType: String, account: StorageAccount) async throws -> Prepared {
    guard bytes.count > inlineBytes else { return Prepared(name: name, contentType: contentType, size: bytes.count, bytes: .inline(bytes)) }
    let writer = try await contents.extents.write(length: bytes.count, tenant: account.tenant, key: account.dataKey)
    do {
      try await writer.append(ByteBuffer(bytes: bytes))
      return Prepared(name: name, contentType: contentType, size: bytes.count, bytes: .extent(try await writer.finish()))
    } catch {
      writer.cancel()
      throw error
    }
  }

  /// Files a prepared blob in a container, which is made with the first one.
  func save(_ prepared: Prepared, in name: String, account: StorageAccount, now: Timestamp, _ transaction: RecordTransaction) throws {
    let container = try container(name, account, now, transaction)
    let existing = try transaction.fetch(Blob.self, Blob.key(container, name: prepared.name))
    if let existing { try contents.release(existing.content, tenant: existing.tenant, in: transaction) }
    let content: BlobContent
    switch prepared.bytes {
    case .inline(let bytes):
      let id = contents.makeID(at: now)
      try contents.save(inline: bytes, id: id, account: account, in: transaction)
      content = .inline(id)
    case .extent(let extent):
      try contents.extents.commit(extent, in: transaction)
      content = .extent(extent.id)
    }
    try transaction.save(
      Blob(
        tenant: account.tenant, container: container.id, name: prepared.name, etag: ETag(at: now, after: existing?.etag),
        lastModified: max(now, existing?.lastModified ?? now), createdTime: existing?.createdTime ?? now, size: prepared.size, content: content,
        properties: BlobProperties(contentType: prepared.contentType), metadata: prepared.metadata))
  }

  private func container(_ name: String, _ account: StorageAccount, _ now: Timestamp, _ transaction: RecordTransaction) throws -> Container {
    if let container = try transaction.fetch(Container.self, Container.key(account, name: name)) { return container }
    let container = Container(
      tenant: account.tenant, partition: account.partition, name: name, id: contents.makeID(at: now), etag: ETag(at: now), lastModified: now,
      createdTime: now, metadata: Metadata(), publicAccess: .none, policies: [])
    try transaction.save(container)
    return container
  }
}
