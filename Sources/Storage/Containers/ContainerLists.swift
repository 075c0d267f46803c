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
    let parent = RecordKey(tenant: call.account.tenant, call.account.partition)
    var after: RecordKey?
    if case .after(let name)? = page.marker { after = Container.key(call.account, name: name) }
    var containers = try await records.read { [after] reader in
      try reader.list(Container.self, under: parent, namePrefix: page.prefix ?? "", after: after, limit: page.maximum + 1)
    }
    let hasMore = containers.count > page.maximum
    if hasMore { containers.removeLast() }
    var writer = XMLWriter(reserving: 1024 + containers.count * 512)
    writer.element("EnumerationResults", ["ServiceEndpoint": endpoint(call)]) { writer in
      page.write(to: &writer)
      writer.element("Containers") { writer in
        for container in containers { Self.write(container, withMetadata: include.contains("metadata"), to: &writer) }
      }
      writer.element("NextMarker", hasMore ? containers.last.map { ListMarker.after($0.name).text } ?? "" : "")
    }
    return Self.response(writer)
  }

  private static func write(_ container: Container, withMetadata: Bool, to writer: inout XMLWriter) {
    writer.element("Container") { writer in
      writer.element("Name", container.name)
      writer.element("Properties") { writer in
        writer.element("Last-Modified", container.lastModified.httpDate)
        writer.element("Etag", container.etag.quoted)
        writer.element("LeaseStatus", "unlocked")
        writer.element("LeaseState", "available")
        if container.publicAccess != .none { writer.element("PublicAccess", container.publicAccess.rawValue) }
        writer.element("DefaultEncryptionScope", "$account-encryption-key")
        writer.element("DenyEncryptionScopeOverride", false)
        writer.element("HasImmutabilityPolicy", false)
        writer.element("HasLegalHold", false)
        writer.element("ImmutableStorageWithVersioningEnabled", false)
      }
      if withMetadata { container.metadata.write(to: &writer) }
    }
  }

  private static let knownBlobIncludes: Set<String> = [
    "metadata", "uncommittedblobs", "snapshots", "copy", "deleted", "tags", "versions", "deletedwithversions", "immutabilitypolicy", "legalhold",
    "permissions",
  ]

  /// Source: Microsoft, "List Blobs", REST reference.
  @Sendable
  func listBlobs(_ call: StorageCall) async throws -> EdgeResponse {
    let page = try ListPage(call, limits: limits)
    for name in ["startFrom", "endBefore", "showonly"] where call.request.query[name] != nil { throw StorageError.unsupportedQueryParameter(name) }
    let include = try call.included(known: Self.knownBlobIncludes)
    let delimiter = call.request.query["delimiter"].flatMap { $0.isEmpty ? nil : $0 }
    try call.requireNoLease(StorageError.leaseNotPresentWithContainer)
    let (items, next) = try await records.read { reader in
      let container = try Container.require(call, in: reader)
      let listing = BlobListing(
        container: container, prefix: page.prefix ?? "", delimiter: delimiter, withUncommitted: include.contains("uncommittedblobs"))
      return try listing.page(after: page.marker, limit: page.maximum, in: reader)
    }
    var writer = XMLWriter(reserving: 1024 + items.count * 768)
    writer.element("EnumerationResults", ["ServiceEndpoint": endpoint(call), "ContainerName": call.container]) { writer in
      page.write(to: &writer, delimiter: delimiter)
      writer.element("Blobs") { writer in
        for item in items { item.write(withMetadata: include.contains("metadata"), to: &writer) }
      }
      writer.element("NextMarker", next?.text ?? "")
    }
    return Self.response(writer)
  }

  private func endpoint(_ call: StorageCall) -> String {
    "https://\(call.account.name).blob.\(address.storageSuffix)/"
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
