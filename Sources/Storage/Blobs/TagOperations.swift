internal import Access
internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// Set and Get Blob Tags, and Find Blobs by Tags.
struct TagOperations: Sendable {
  private let records: any RecordStore
  private let limits: StorageLimits
  private let address: CloudAddress

  init(_ services: StorageServices, limits: StorageLimits) {
    records = services.records
    address = services.address
    self.limits = limits
  }

  private static let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
  private static let read = Action(data: "\(blobs)/tags/read", signed: SignedRequirement("o", anyOf: "t"))
  private static let list = Action(data: "\(blobs)/tags/read", signed: SignedRequirement("c", anyOf: "t", inService: "t"))
  private static let write = Action(data: "\(blobs)/tags/write", signed: SignedRequirement("o", anyOf: "t"))

  var operations: [StorageOperation] {
    var operations = [
      StorageOperation(name: "Set Blob Tags", method: .PUT, level: .blob, comp: "tags", resourceType: nil, action: { _ in Self.write }, run: setTags),
      StorageOperation(name: "Get Blob Tags", method: .GET, level: .blob, comp: "tags", resourceType: nil, action: { _ in Self.read }, run: getTags),
    ]
    for (level, resourceType) in [(StorageOperation.Level.account, String?.none), (.container, "container")] {
      let letter: Character = level == .account ? "s" : "c"
      operations.append(
        StorageOperation(
          name: level == .account ? "Find Blobs by Tags" : "Find Blobs by Tags in Container", method: .GET, level: level, comp: "blobs",
          resourceType: resourceType, action: { _ in Action(data: "\(Self.blobs)/filter/action", signed: SignedRequirement(letter, anyOf: "f")) },
          run: find))
    }
    return operations
  }

  /// What a request needs beside the permission of its operation: who sets or copies tags, or learns of them by a list or a condition, needs that of
  /// tags.
  static func additionalActions(_ request: EdgeRequest, _ operation: StorageOperation) -> [Action] {
    guard operation.service == .blob else { return [] }
    let comp = request.query["comp"]?.lowercased()
    if operation.level == .container, comp == "list" {
      let included = request.query["include"]?.split(separator: ",").map { $0.lowercased() } ?? []
      return included.contains("tags") ? [list] : []
    }
    guard operation.level == .blob, comp != "tags" else { return [] }
    var actions: [Action] = []
    let hasTags = request.headers.first(name: "x-ms-tags").map { !$0.isEmpty } ?? false
    let copiesTags = request.headers.first(name: "x-ms-copy-source-tag-option")?.lowercased() == "copy"
    if hasTags || copiesTags { actions.append(write) }
    if request.headers.contains(name: "x-ms-if-tags") { actions.append(read) }
    return actions
  }

  /// It changes neither the tag nor the time of the blob, and makes no version.
  ///
  /// Source: Microsoft, "Set Blob Tags", REST reference.
  @Sendable
  private func setTags(_ call: StorageCall) async throws -> EdgeResponse {
    try check(call)
    let conditions = try Self.conditions(call)
    let digest = try ContentDigest(call, wanted: .nothing)
    let body = try await call.smallBody(upTo: BlobTags.maximumDocumentBytes)
    var received = digest
    received.update(body)
    _ = try received.finish()
    let tags = try BlobTags(document: body)
    try await records.write { transaction in
      let container = try Container.require(call, in: transaction)
      var blob = try Blob.require(call, in: transaction)
      guard blob.snapshot == nil else { throw StorageError.unsupportedQueryParameter("snapshot") }
      if blob.isCurrent { try conditions.requireLease(blob.lease, call) }
      try conditions.requireState(blob, call)
      blob.set(tags, in: container)
      try blob.save(in: transaction)
    }
    return EdgeResponse(.noContent)
  }

  /// Source: Microsoft, "Get Blob Tags", REST reference.
  @Sendable
  private func getTags(_ call: StorageCall) async throws -> EdgeResponse {
    try check(call)
    let conditions = try Self.conditions(call)
    let blob = try await records.read { reader in
      let blob = try Blob.require(call, in: reader)
      // A condition that does not hold is 412 here, never 304.
      try conditions.requireState(blob, call)
      if let lease = conditions.lease { try blob.lease.requireHeld(lease, at: call.steady, .blob) }
      return blob
    }
    var writer = XMLWriter()
    blob.tags.write(to: &writer)
    return Self.xml(writer)
  }

  private static func conditions(_ call: StorageCall) throws -> BlobConditions {
    var conditions = try BlobConditions(call)
    if conditions.headers.isEmpty { conditions.headers = try call.conditions(prefix: "x-ms-blob-") }
    return conditions
  }

  private func check(_ call: StorageCall) throws {
    try ResourceNames.checkContainer(call.container)
    try ResourceNames.checkBlob(call.blob, container: call.container)
  }

  /// Source: Microsoft, "Find Blobs by Tags" and "Find Blobs by Tags in Container", REST reference.
  @Sendable
  private func find(_ call: StorageCall) async throws -> EdgeResponse {
    if !call.container.isEmpty { try ResourceNames.checkContainer(call.container) }
    guard let text = call.request.query["where"], !text.isEmpty else { throw StorageError.missingRequiredQueryParameter("where") }
    let maximum = try call.maximumResults(limit: limits.listedItems)
    let markerText = call.request.query["marker"].flatMap { $0.isEmpty ? nil : $0 }
    let marker = try markerText.map { text in
      guard let marker = TagSearch.Marker(text) else { throw StorageError.outOfRangeInput }
      return marker
    }
    let page = try await records.read { reader in
      if !call.container.isEmpty { _ = try Container.require(call, in: reader) }
      let search = try TagSearch(text, account: call.account, container: call.container.isEmpty ? nil : call.container)
      return try search.page(after: marker, limit: maximum, in: reader)
    }
    var writer = XMLWriter(reserving: 1024 + page.found.count * 512)
    writer.element("EnumerationResults", ["ServiceEndpoint": call.endpoint(of: .blob, at: address)]) { writer in
      writer.element("Where", text)
      if let markerText { writer.element("Marker", markerText) }
      if call.request.query["maxresults"] != nil { writer.element("MaxResults", maximum) }
      writer.element("Blobs") { writer in
        for found in page.found {
          writer.element("Blob") { writer in
            writer.name("Name", found.blob.name)
            writer.element("ContainerName", found.container)
            if let version = found.blob.version {
              writer.element("VersionId", version.iso8601Fractional)
              writer.element("IsCurrentVersion", true)
            }
            found.blob.tags.write(only: page.keys, to: &writer)
          }
        }
      }
      writer.element("NextMarker", page.next?.text ?? "")
    }
    return Self.xml(writer)
  }

  private static func xml(_ writer: XMLWriter) -> EdgeResponse {
    EdgeResponse(.ok, headers: ["Content-Type": "application/xml"], body: .bytes(ByteBuffer(bytes: writer.bytes)))
  }
}
