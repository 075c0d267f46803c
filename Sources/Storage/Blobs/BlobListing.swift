internal import Base
internal import Records
internal import Wire

/// A list of a container's blobs in the order of their names' UTF-8 bytes, with the names that share a part up to the delimiter drawn
/// together into one prefix each.
struct BlobListing {
  var container: Container
  var prefix: String
  var delimiter: String?
  var withUncommitted: Bool

  enum Item: Sendable {
    case blob(Blob)
    case uncommitted(UncommittedBlob)
    case prefix(String)
  }

  /// Up to `limit` items, and where to go on if there are more.
  func page(after marker: ListMarker?, limit: Int, in reader: any RecordReader) throws -> (items: [Item], next: ListMarker?) {
    let parent = RecordKey(tenant: container.tenant, container.id.description)
    let batch = delimiter == nil ? min(limit + 1, NameCursor<Blob>.maximumBatch) : NameCursor<Blob>.minimumBatch
    var blobs = NameCursor<Blob>(parent: parent, prefix: prefix, marker: marker, batch: batch) { $0.name }
    var others = NameCursor<UncommittedBlob>(parent: parent, prefix: prefix, marker: marker, batch: batch) { $0.name }
    var items: [Item] = []
    var last: ListMarker?
    while true {
      let blob = try blobs.peek(in: reader)
      let other = withUncommitted ? try others.peek(in: reader) : nil
      let first: Item
      switch (blob, other) {
      case (nil, nil): return (items, nil)
      case (let blob?, nil): first = .blob(blob)
      case (nil, let other?): first = .uncommitted(other)
      case (let blob?, let other?):
        // Uncommitted blocks of a blob that is there are no blob of their own.
        if blob.name.utf8.elementsEqual(other.name.utf8) { others.advance() }
        first = other.name.utf8.lexicographicallyPrecedes(blob.name.utf8) ? .uncommitted(other) : .blob(blob)
      }
      if items.count == limit { return (items, last) }
      let name = first.name
      if let common = commonPrefix(of: name) {
        items.append(.prefix(common))
        last = .afterPrefix(common)
        blobs.skip(prefix: common)
        others.skip(prefix: common)
      } else {
        items.append(first)
        last = .after(name)
        if case .blob = first { blobs.advance() } else { others.advance() }
      }
    }
  }

  /// The part of a name up to and with the first delimiter behind the prefix; nil when there is none.
  private func commonPrefix(of name: String) -> String? {
    guard let delimiter else { return nil }
    let bytes = Array(name.utf8)
    let mark = Array(delimiter.utf8)
    var position = prefix.utf8.count
    while position + mark.count <= bytes.count {
      if bytes[position..<position + mark.count].elementsEqual(mark) { return String(decoding: bytes[..<(position + mark.count)], as: UTF8.self) }
      position += 1
    }
    return nil
  }
}

/// Walks records in name order, a batch at a time.
private struct NameCursor<R: Record> {
  static var minimumBatch: Int { 32 }
  static var maximumBatch: Int { 1024 }

  private let parent: RecordKey
  private let prefix: String
  private let name: (R) -> String
  private var after: RecordKey?
  private var afterNamePrefix: String?
  private var batchSize: Int
  private var batch: ArraySlice<R> = []
  private var isAtEnd = false

  init(parent: RecordKey, prefix: String, marker: ListMarker?, batch: Int, name: @escaping (R) -> String) {
    self.parent = parent
    self.prefix = prefix
    self.name = name
    batchSize = batch
    switch marker {
    case .after(let name): after = RecordKey(tenant: parent.tenant, components: parent.components + [name])
    case .afterPrefix(let prefix): afterNamePrefix = prefix
    case nil: break
    }
  }

  mutating func peek(in reader: any RecordReader) throws -> R? {
    if batch.isEmpty && !isAtEnd {
      let fetched = try reader.list(R.self, under: parent, namePrefix: prefix, after: after, afterNamePrefix: afterNamePrefix, limit: batchSize)
      isAtEnd = fetched.count < batchSize
      batch = fetched[...]
      if let last = fetched.last { after = last.key }
      afterNamePrefix = nil
      batchSize = min(batchSize * 2, Self.maximumBatch)
    }
    return batch.first
  }

  mutating func advance() {
    batch = batch.dropFirst()
  }

  /// Passes over everything that begins with `common`. What the batch does not hold of it is never read.
  mutating func skip(prefix common: String) {
    let size = batch.count
    batch = batch.drop { name($0).utf8.starts(with: common.utf8) }
    guard batch.isEmpty, size > 0 else { return }
    (after, afterNamePrefix) = (nil, common)
    batchSize = Self.minimumBatch
  }
}

extension BlobListing.Item {
  var name: String {
    switch self {
    case .blob(let blob): blob.name
    case .uncommitted(let blob): blob.name
    case .prefix(let prefix): prefix
    }
  }

  func write(withMetadata: Bool, to writer: inout XMLWriter) {
    switch self {
    case .prefix(let prefix):
      writer.element("BlobPrefix") { $0.name("Name", prefix) }
    case .uncommitted(let blob):
      writer.element("Blob") { writer in
        writer.name("Name", blob.name)
        writer.element("Properties") { writer in
          writer.element("Creation-Time", blob.createdTime.httpDate)
          writer.element("Last-Modified", blob.createdTime.httpDate)
          writer.element("Etag", ETag(at: blob.createdTime).text)
          writer.element("Content-Length", 0)
          writer.element("BlobType", "BlockBlob")
        }
      }
    case .blob(let blob):
      writer.element("Blob") { writer in
        writer.name("Name", blob.name)
        writer.element("Properties") { blob.writeProperties(to: &$0) }
        if withMetadata { blob.metadata.write(to: &writer) }
        writer.element("OrMetadata", "")
      }
    }
  }
}

extension Blob {
  fileprivate func writeProperties(to writer: inout XMLWriter) {
    writer.element("Creation-Time", createdTime.httpDate)
    writer.element("Last-Modified", lastModified.httpDate)
    writer.element("Etag", etag.text)
    writer.element("Content-Length", size)
    writer.element("Content-Type", properties.contentType ?? BlobProperties.defaultContentType)
    writer.element("Content-Encoding", properties.contentEncoding ?? "")
    writer.element("Content-Language", properties.contentLanguage ?? "")
    writer.element("Content-CRC64", "")
    writer.element("Content-MD5", properties.contentMD5.map { Base64.encode($0) } ?? "")
    writer.element("Cache-Control", properties.cacheControl ?? "")
    writer.element("Content-Disposition", properties.contentDisposition ?? "")
    writer.element("BlobType", "BlockBlob")
    writer.element("AccessTier", (tier ?? .hot).rawValue)
    if tier == nil { writer.element("AccessTierInferred", true) }
    if let tierChangedTime { writer.element("AccessTierChangeTime", tierChangedTime.httpDate) }
    writer.element("LeaseStatus", "unlocked")
    writer.element("LeaseState", "available")
    writer.element("ServerEncrypted", true)
  }
}
