internal import Base
internal import Extents
internal import Records
internal import Wire

/// A committed block blob. Its bytes stand elsewhere (`BlobContent`), so that a list of blobs reads none of them.
struct Blob: Record, Sendable {
  static let kind = "storage.blob"

  var tenant: GUID
  /// `Container.id`.
  var container: GUID
  var name: String
  var etag: ETag
  var lastModified: Timestamp
  var createdTime: Timestamp
  /// Bytes.
  var size: Int
  var content: BlobContent
  var properties: BlobProperties
  var metadata: Metadata
  /// Nil until one is set: then it is the account's.
  var tier: AccessTier?
  var tierChangedTime: Timestamp?

  var key: RecordKey { RecordKey(tenant: tenant, container.description, name) }

  static func key(_ container: Container, name: String) -> RecordKey {
    RecordKey(tenant: container.tenant, container.id.description, name)
  }
}

/// The properties that a client sets and that are given back as headers.
struct BlobProperties: Sendable, Equatable {
  var contentType: String?
  var contentEncoding: String?
  var contentLanguage: String?
  var contentDisposition: String?
  var cacheControl: String?
  /// 16 bytes.
  var contentMD5: [UInt8]?
}

/// Source: Microsoft, "Access tiers for blob data".
enum AccessTier: String, Sendable {
  case hot = "Hot"
  case cool = "Cool"
  case cold = "Cold"
}

extension Blob {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(container)
    writer.string(name)
    writer.unsigned(etag.ticks)
    writer.timestamp(lastModified)
    writer.timestamp(createdTime)
    writer.integer(size)
    content.encode(to: &writer)
    properties.encode(to: &writer)
    metadata.encode(to: &writer)
    writer.optional(tier) { $0.string($1.rawValue) }
    writer.optional(tierChangedTime) { $0.timestamp($1) }
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    container = try reader.guid()
    name = try reader.string()
    etag = ETag(ticks: try reader.unsigned())
    lastModified = try reader.timestamp()
    createdTime = try reader.timestamp()
    size = try reader.integer()
    content = try BlobContent(from: &reader)
    properties = try BlobProperties(from: &reader)
    metadata = try Metadata(from: &reader)
    tier = try reader.optional { reader in
      guard let tier = AccessTier(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
      return tier
    }
    tierChangedTime = try reader.optional { try $0.timestamp() }
  }
}

extension BlobProperties {
  func encode(to writer: inout ByteWriter) {
    for text in [contentType, contentEncoding, contentLanguage, contentDisposition, cacheControl] {
      writer.optional(text) { $0.string($1) }
    }
    writer.optional(contentMD5) { $0.blob($1) }
  }

  init(from reader: inout ByteReader) throws {
    contentType = try reader.optional { try $0.string() }
    contentEncoding = try reader.optional { try $0.string() }
    contentLanguage = try reader.optional { try $0.string() }
    contentDisposition = try reader.optional { try $0.string() }
    cacheControl = try reader.optional { try $0.string() }
    contentMD5 = try reader.optional { try $0.blob() }
  }
}
