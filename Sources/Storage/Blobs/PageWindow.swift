internal import Base
internal import Extents
internal import Records

/// What was written to, and cleared from, one window of a page map in one epoch. The whole of each extent that it names belongs to it.
struct PageWindow: Record, Sendable {
  static let kind = "storage.pages"
  /// Bytes of a page.
  static let pageBytes = 512
  /// Bytes of a window. A write rewrites the records of the windows that it touches, so they are small; a large write touches five.
  static let bytes = 1 << 20

  var tenant: GUID
  /// `PageMap.id`.
  var map: GUID
  /// The window begins at this many times `bytes`.
  var index: Int
  var epoch: Int
  /// In order, without overlaps, each within the window.
  var runs: [PageRun]

  var key: RecordKey { Self.key(tenant: tenant, map: map, index: index, epoch: epoch) }

  /// The latest epoch of a window comes first.
  static func key(tenant: GUID, map: GUID, index: Int, epoch: Int) -> RecordKey {
    RecordKey(tenant: tenant, map.description, index.zeroPadded(10), (9_999_999_999_999 - epoch).zeroPadded(13))
  }

  /// What the keys of a map's windows begin with.
  static func parent(tenant: GUID, map: GUID) -> RecordKey {
    RecordKey(tenant: tenant, map.description)
  }

  /// What the keys of one window begin with; it sorts before each of them.
  static func parent(tenant: GUID, map: GUID, index: Int) -> RecordKey {
    RecordKey(tenant: tenant, map.description, index.zeroPadded(10))
  }

  /// The windows in which bytes of a range are.
  static func indexes(of range: Range<Int>) -> Range<Int> {
    range.isEmpty ? 0..<0 : range.lowerBound / bytes..<(range.upperBound - 1) / bytes + 1
  }

  static func range(of index: Int) -> Range<Int> {
    index * bytes..<(index + 1) * bytes
  }
}

extension PageWindow {
  /// Extents once each, then runs in pages.
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(map)
    writer.integer(index)
    writer.integer(epoch)
    var numbers: [ExtentID: Int] = [:]
    var extents: [ExtentID] = []
    for case let extent? in runs.map({ $0.location?.extent }) where numbers[extent] == nil {
      numbers[extent] = extents.count
      extents.append(extent)
    }
    writer.list(extents) { $0.guid($1) }
    let start = Self.range(of: index).lowerBound
    writer.list(runs) { writer, run in
      writer.unsigned(UInt64((run.range.lowerBound - start) / Self.pageBytes))
      writer.unsigned(UInt64(run.range.count / Self.pageBytes))
      // Zero is for what was cleared.
      writer.unsigned(run.location.map { UInt64((numbers[$0.extent] ?? 0) + 1) } ?? 0)
      if let location = run.location { writer.unsigned(UInt64(location.offset / Self.pageBytes)) }
    }
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    map = try reader.guid()
    index = try reader.integer()
    epoch = try reader.integer()
    let extents = try reader.list { try $0.guid() }
    let start = Self.range(of: index).lowerBound
    runs = try reader.list { reader in
      let (first, count, number) = (try reader.unsigned(), try reader.unsigned(), try reader.unsigned())
      guard first < Self.pages, count <= Self.pages, number <= UInt64(extents.count) else { throw ByteReader.Malformed() }
      let lower = start + Int(first) * Self.pageBytes
      let range = lower..<lower + Int(count) * Self.pageBytes
      guard number > 0 else { return PageRun(range: range) }
      let offset = try reader.unsigned()
      guard offset < Self.pages else { throw ByteReader.Malformed() }
      return PageRun(range: range, location: .init(extent: extents[Int(number) - 1], offset: Int(offset) * Self.pageBytes))
    }
  }

  private static let pages = UInt64(bytes / pageBytes)
}
