internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// Restore Container.
struct ContainerRestores: Sendable {
  let records: any RecordStore

  /// Everything that was in the container is back with it, for none of it was touched.
  ///
  /// Source: Microsoft, "Restore Container", REST reference.
  @Sendable
  func restore(_ call: StorageCall) async throws -> EdgeResponse {
    guard let name = call.header("x-ms-deleted-container-name") else { throw StorageError.missingRequiredHeader("x-ms-deleted-container-name") }
    guard let version = call.header("x-ms-deleted-container-version") else {
      throw StorageError.missingRequiredHeader("x-ms-deleted-container-version")
    }
    // A container comes back under its own name only.
    guard name == call.container else { throw StorageError.invalidHeaderValue("x-ms-deleted-container-name", name) }
    let container = try await records.write { transaction in
      guard try !transaction.exists(Container.self, Container.key(call.account, name: call.container)) else {
        throw StorageError.containerAlreadyExists
      }
      let key = DeletedContainer.key(call.account, name: name, version: version)
      guard let deleted = try transaction.fetch(DeletedContainer.self, key), deleted.deletion.expires > call.now else {
        throw StorageError.containerNotFound
      }
      try transaction.remove(DeletedContainer.self, key)
      var container = deleted.container
      container.etag = ETag(at: call.now, after: container.etag)
      container.lastModified = max(call.now, container.lastModified)
      try transaction.save(container)
      return container
    }
    return EdgeResponse(.created, headers: StorageCall.stateHeaders(etag: container.etag, lastModified: container.lastModified))
  }
}
