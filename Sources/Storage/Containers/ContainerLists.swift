internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// List Containers and List Blobs.
struct ContainerLists: Sendable {
  let records: any RecordStore
  let limits: StorageLimits
  let address: CloudAddress

  /// Source: Microsoft, "List Containers", REST reference.
  @Sendable
  func listContainers(_ call: StorageCall) async throws -> EdgeResponse {
    let page = try ListPage(call, limits: limits)
    let include = try call.included(known: ["metadata", "deleted", "system"])
    let listing = ContainerListing(
      account: call.account, prefix: page.prefix ?? "", withDeleted: include.contains("deleted"), withSystem: include.contains("system"),
      now: call.now)
    let (containers, next) = try await records.read { reader in try listing.page(after: page.marker, limit: page.maximum, in: reader) }
    var writer = XMLWriter(reserving: 1024 + containers.count * 512)
    writer.element("EnumerationResults", ["ServiceEndpoint": call.endpoint(of: .blob, at: address)]) { writer in
      page.write(to: &writer)
      writer.element("Containers") { writer in
        for item in containers { Self.write(item, withMetadata: include.contains("metadata"), call, to: &writer) }
      }
      writer.element("NextMarker", next?.text ?? "")
    }
    return Self.response(writer)
  }

  private static func write(_ item: ContainerListing.Item, withMetadata: Bool, _ call: StorageCall, to writer: inout XMLWriter) {
    let container: Container
    var deleted: DeletedContainer?
    switch item {
    case .container(let present): container = present
    case .deleted(let gone): (container, deleted) = (gone.container, gone)
    }
    writer.element("Container") { writer in
      writer.element("Name", container.name)
      if let deleted {
        writer.element("Deleted", true)
        writer.element("Version", deleted.version)
      }
      writer.element("Properties") { writer in
        writer.element("Last-Modified", container.lastModified.httpDate)
        writer.element("Etag", container.etag.quoted)
        container.lease.writeState(at: call.steady, to: &writer)
        if container.publicAccess != .none { writer.element("PublicAccess", container.publicAccess.rawValue) }
        writer.element("DefaultEncryptionScope", container.defaultScope ?? EncryptionScope.account)
        writer.element("DenyEncryptionScopeOverride", container.deniesOtherScopes)
        writer.element("HasImmutabilityPolicy", container.immutability.policy != nil)
        writer.element("HasLegalHold", !container.immutability.holds.isEmpty)
        writer.element("ImmutableStorageWithVersioningEnabled", container.immutability.isVersionLevel)
        if let deletion = deleted?.deletion {
          writer.element("DeletedTime", deletion.deleted.httpDate)
          writer.element("RemainingRetentionDays", deletion.remainingDays(at: call.now))
        }
      }
      if withMetadata { container.metadata.write(to: &writer) }
    }
  }

  /// Source: Microsoft, "List Blobs", REST reference.
  @Sendable
  func listBlobs(_ call: StorageCall) async throws -> EdgeResponse {
    let page = try ListPage(call, limits: limits)
    // It selects among what accounts with directories have.
    if call.request.query["showonly"] != nil { throw StorageError.unsupportedQueryParameter("showonly") }
    let include = try BlobListInclude(call)
    if call.isAnonymous, !include.isDisjoint(with: .unpublished) { throw StorageError.authorizationPermissionMismatch }
    let delimiter = call.request.query["delimiter"].flatMap { $0.isEmpty ? nil : $0 }
    let (items, next) = try await records.read { reader in
      let container = try Container.require(call, in: reader)
      try call.requireLease(on: container)
      let listing = BlobListing(
        container: container, prefix: page.prefix ?? "", delimiter: delimiter, include: include, startFrom: call.request.query["startFrom"],
        endBefore: call.request.query["endBefore"], now: call.now)
      return try listing.page(after: page.marker, limit: page.maximum, in: reader)
    }
    if let accepted = call.header("Accept"), accepted.lowercased().contains(ArrowStream.mediaType) {
      let table = BlobListArrow(items: items, next: next, include: include, call: call)
      return EdgeResponse(.ok, headers: ["Content-Type": ArrowStream.mediaType], body: .bytes(ByteBuffer(bytes: table.bytes)))
    }
    var writer = XMLWriter(reserving: 1024 + items.count * 768)
    writer.element("EnumerationResults", ["ServiceEndpoint": call.endpoint(of: .blob, at: address), "ContainerName": call.container]) { writer in
      page.write(to: &writer, delimiter: delimiter)
      writer.element("Blobs") { writer in
        for item in items { item.write(include, call, to: &writer) }
      }
      writer.element("NextMarker", next?.text ?? "")
    }
    return Self.response(writer)
  }

  private static func response(_ writer: XMLWriter) -> EdgeResponse {
    EdgeResponse(.ok, headers: ["Content-Type": "application/xml"], body: .bytes(ByteBuffer(bytes: writer.bytes)))
  }
}

/// The parameters that both lists share.
private struct ListPage: Sendable {
  var prefix: String?
  var marker: ListMarker?
  private var markerText: String?
  private var sentMaximum: String?
  var maximum: Int

  init(_ call: StorageCall, limits: StorageLimits) throws(CloudError) {
    prefix = call.request.query["prefix"].flatMap { $0.isEmpty ? nil : $0 }
    sentMaximum = call.request.query["maxresults"]
    maximum = try call.maximumResults(limit: limits.listedItems)
    if let text = call.request.query["marker"], !text.isEmpty {
      guard let parsed = ListMarker(text) else { throw StorageError.outOfRangeInput }
      marker = parsed
      markerText = text
    }
  }

  func write(to writer: inout XMLWriter, delimiter: String? = nil) {
    if let prefix { writer.name("Prefix", prefix) }
    if let markerText { writer.element("Marker", markerText) }
    if sentMaximum != nil { writer.element("MaxResults", maximum) }
    if let delimiter { writer.name("Delimiter", delimiter) }
  }
}

extension XMLWriter {
  /// A name that XML may not be able to say is escaped as in a URL, and marked so.
  mutating func name(_ element: String, _ name: String) {
    if Self.canWrite(name) {
      self.element(element, name)
    } else {
      self.element(element, percentEncoded(name), ["Encoded": "true"])
    }
  }
}
