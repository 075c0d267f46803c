internal import Base
internal import Records

/// The epochs of a page map, and which of them somebody still sees.
///
/// A page blob's bytes are cut into windows (`PageWindow`). What is written in an epoch is kept beside what was written in earlier ones, so
/// that a snapshot is a map and its epoch, and costs nothing: the blob goes on in the next epoch with its first write after it. What a map
/// shows in an epoch is, for each page, what the latest record up to that epoch says of it; below the first of them stands `origin`.
///
/// Each extent is named by exactly one window record, for a write is cut where windows end. An epoch that nobody sees any longer is folded
/// into the next one by the purger, and the extents that then show nowhere are released. A map of which only one other is left that began
/// from it is folded into that one.
struct PageTimeline: Record, Sendable {
  static let kind = "storage.pagemap"

  /// An epoch that is seen.
  struct View: Sendable, Equatable {
    var epoch: Int
    /// Blobs, snapshots and versions that show it, and maps that began from it.
    var holders: Int
  }

  /// Windows of which nothing is left that was written before an epoch: what a clear of many windows comes to, at the cost of one.
  struct Clearing: Sendable, Equatable {
    var epoch: Int
    var windows: Range<Int>
  }

  var tenant: GUID
  /// `PageMap.id`.
  var map: GUID
  /// The one in which was written last.
  var lastEpoch = 0
  /// By epoch, each once.
  var views = [View(epoch: 0, holders: 1)]
  /// What the map began as; it is held as long as the map exists.
  var origin: PageMap?
  /// By epoch.
  var clearings: [Clearing] = []

  /// Clearings of one map. Each needs a snapshot before it, or else the purger removes it.
  static let maximumClearings = 1024
  /// Epochs of one window that one step of the purger looks at.
  static let maximumFoldedEpochs = 4096

  init(tenant: GUID, map: GUID, origin: PageMap? = nil) {
    self.tenant = tenant
    self.map = map
    self.origin = origin
  }

  var key: RecordKey { Self.key(tenant: tenant, map) }

  /// Finds the maps that began from another.
  static let originIndex = "origin"

  var indexes: [RecordIndex] { origin.map { [RecordIndex(Self.originIndex, $0.id.description)] } ?? [] }

  /// Whether a single blob or map holds it.
  var isHeldOnce: Bool { views.count == 1 && views.first?.holders == 1 }

  static func key(tenant: GUID, _ map: GUID) -> RecordKey {
    RecordKey(tenant: tenant, map.description)
  }

  func holders(of epoch: Int) -> Int {
    views.first { $0.epoch == epoch }?.holders ?? 0
  }

  /// Adds holders to an epoch, or takes some away; an epoch without any is no longer seen.
  mutating func hold(_ epoch: Int, by count: Int) {
    if let index = views.firstIndex(where: { $0.epoch == epoch }) {
      views[index].holders += count
      if views[index].holders <= 0 { views.remove(at: index) }
    } else if count > 0 {
      views.insert(View(epoch: epoch, holders: count), at: views.firstIndex { $0.epoch > epoch } ?? views.endIndex)
    }
  }

  /// Moves one holder of an epoch to a new one.
  mutating func advance(from epoch: Int) -> PageMap {
    hold(epoch, by: -1)
    lastEpoch += 1
    hold(lastEpoch, by: 1)
    return PageMap(id: map, epoch: lastEpoch)
  }

  func isSeen(from first: Int, before end: Int) -> Bool {
    views.contains { $0.epoch >= first && $0.epoch < end }
  }

  /// The first epoch after `epoch` in which a window was cleared as a whole.
  func clearing(of window: Int, after epoch: Int) -> Int? {
    clearings.first { $0.epoch > epoch && $0.windows.contains(window) }?.epoch
  }
}

extension PageTimeline {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(map)
    writer.integer(lastEpoch)
    writer.list(views) { writer, view in
      writer.integer(view.epoch)
      writer.integer(view.holders)
    }
    writer.optional(origin) { writer, origin in
      writer.guid(origin.id)
      writer.integer(origin.epoch)
    }
    writer.list(clearings) { writer, clearing in
      writer.integer(clearing.epoch)
      writer.integer(clearing.windows.lowerBound)
      writer.integer(clearing.windows.upperBound)
    }
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    map = try reader.guid()
    lastEpoch = try reader.integer()
    views = try reader.list { reader in View(epoch: try reader.integer(), holders: try reader.integer()) }
    origin = try reader.optional { reader in PageMap(id: try reader.guid(), epoch: try reader.integer()) }
    clearings = try reader.list { reader in
      let (epoch, first, end) = (try reader.integer(), try reader.integer(), try reader.integer())
      guard first <= end else { throw ByteReader.Malformed() }
      return Clearing(epoch: epoch, windows: first..<end)
    }
  }
}
