internal import Base
internal import Keyring
internal import Records

/// Where an extent is.
struct ExtentRecord: Record, Equatable {
  static let kind = "extent"
  static let format: UInt8 = 2
  /// The extents of all tenants by segment, under the platform: what is not in it is dead. Live bytes are counted from it rather than kept in a record a
  /// segment, which could drift and which every commit would have to write, so that all of them would conflict.
  static let segmentIndex = "segment"

  var tenant: GUID
  var id: ExtentID
  /// The segment's number.
  var segment: UInt64
  /// Bytes from the start of the segment to the first frame.
  var offset: Int
  var layout: FrameLayout
  var dataKey: DataKeyID
  /// Whether the frames are sealed under a key of their writer's too, which is kept nowhere.
  var hasCallerKey = false

  var key: RecordKey { Self.key(tenant: tenant, id) }

  static func key(tenant: GUID, _ id: ExtentID) -> RecordKey {
    RecordKey(tenant: tenant, id.description)
  }

  static func indexComponents(segment: UInt64) -> [String] { [Segment.name(segment)] }

  var indexPosition: RecordIndexPosition { RecordIndexPosition(components: Self.indexComponents(segment: segment), key: key) }

  var indexes: [RecordIndex] {
    [RecordIndex(Self.segmentIndex, components: Self.indexComponents(segment: segment), tenant: .zero)]
  }

  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(id)
    writer.unsigned(segment)
    writer.integer(offset)
    writer.integer(layout.length)
    writer.integer(layout.frameBytes)
    writer.guid(dataKey)
    writer.flag(hasCallerKey)
  }

  init(tenant: GUID, id: ExtentID, segment: UInt64, offset: Int, layout: FrameLayout, dataKey: DataKeyID, hasCallerKey: Bool = false) {
    self.tenant = tenant
    self.id = id
    self.segment = segment
    self.offset = offset
    self.layout = layout
    self.dataKey = dataKey
    self.hasCallerKey = hasCallerKey
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    id = try reader.guid()
    segment = try reader.unsigned()
    offset = try reader.integer()
    let length = try reader.integer()
    let frameBytes = try reader.integer()
    guard offset >= 0, length >= 0, frameBytes > 0 else { throw ByteReader.Malformed() }
    layout = FrameLayout(length: length, frameBytes: frameBytes)
    dataKey = try reader.guid()
    if format >= 2 { hasCallerKey = try reader.flag() }
  }
}
