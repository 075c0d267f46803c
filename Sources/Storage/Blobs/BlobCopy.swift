internal import Base

/// The last Copy Blob whose destination a blob was.
///
/// Source: Microsoft, "Copy Blob", REST reference.
struct BlobCopy: Sendable, Equatable {
  enum Status: String, Sendable {
    case pending
    case success
    case aborted
    case failed
  }

  var id: GUID
  /// The URL, without the secret of a signature.
  var source: String
  var status: Status
  /// Why it failed.
  var statusDescription: String?
  /// Bytes.
  var copied: Int
  /// Bytes.
  var total: Int
  var completed: Timestamp?
  /// The last snapshot that an incremental copy made.
  var incrementalSnapshot: Timestamp?
  var isIncremental = false
}

extension BlobCopy {
  func encode(to writer: inout ByteWriter) {
    writer.guid(id)
    writer.string(source)
    writer.string(status.rawValue)
    writer.optional(statusDescription) { $0.string($1) }
    writer.integer(copied)
    writer.integer(total)
    writer.optional(completed) { $0.timestamp($1) }
    writer.optional(incrementalSnapshot) { $0.timestamp($1) }
    writer.flag(isIncremental)
  }

  init(from reader: inout ByteReader) throws {
    id = try reader.guid()
    source = try reader.string()
    guard let status = Status(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    self.status = status
    statusDescription = try reader.optional { try $0.string() }
    copied = try reader.integer()
    total = try reader.integer()
    completed = try reader.optional { try $0.timestamp() }
    incrementalSnapshot = try reader.optional { try $0.timestamp() }
    isIncremental = try reader.flag()
  }
}
