internal import Base
internal import Records

/// Content that more than one blob holds: a blob and its snapshots, or a block list and the later lists that took over some of its blocks.
/// It goes with its last holder.
struct SharedContent: Record, Sendable {
  static let kind = "storage.shared"

  var tenant: GUID
  /// `BlobContent.id`.
  var content: GUID
  /// Holders beyond the first; never zero.
  var others: Int

  var key: RecordKey { Self.key(tenant: tenant, content) }

  static func key(tenant: GUID, _ content: GUID) -> RecordKey {
    RecordKey(tenant: tenant, content.description)
  }
}

extension SharedContent {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(content)
    writer.integer(others)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    content = try reader.guid()
    others = try reader.integer()
  }
}

/// The block list from which another took over blocks without their extents, and which it therefore holds.
struct BlockListLoan: Record, Sendable {
  static let kind = "storage.loan"

  var tenant: GUID
  /// The list that borrows.
  var list: GUID
  var lender: GUID

  var key: RecordKey { Self.key(tenant: tenant, list) }

  static func key(tenant: GUID, _ list: GUID) -> RecordKey {
    RecordKey(tenant: tenant, list.description)
  }
}

extension BlockListLoan {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(list)
    writer.guid(lender)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    list = try reader.guid()
    lender = try reader.guid()
  }
}
