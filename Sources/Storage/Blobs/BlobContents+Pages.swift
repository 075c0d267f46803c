internal import Base
internal import Extents
internal import Records

/// The pages of page blobs: who shows them, what is written to them, and what becomes of those that nobody sees any longer.
extension BlobContents {
  /// Windows that one transaction clears one by one; more become a `PageTimeline.Clearing`.
  static let maximumClearedWindows = 64
  /// Windows of a map that is removed at once; a larger one is left to the purger.
  static let maximumRemovedWindows = 16

  /// A map without pages, which one blob shows.
  func makePages(id: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> BlobContent {
    try transaction.save(PageTimeline(tenant: tenant, map: id))
    return .pages(PageMap(id: id, epoch: 0))
  }

  func timeline(_ map: PageMap, tenant: GUID, in reader: any RecordReader) throws -> PageTimeline {
    guard let timeline = try reader.fetch(PageTimeline.self, PageTimeline.key(tenant: tenant, map.id)) else { throw BlobDamage.missingPages }
    return timeline
  }

  // MARK: Writing

  /// Writes runs to what a blob shows, and gives what it shows then. Each run lies in one window, and so do all that name the same extent.
  /// `newID` names a new map should one be needed: where others see the present epoch the write begins a new one, and a map that goes on
  /// elsewhere is left alone.
  func write(_ runs: [PageRun], to map: PageMap, newID: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> PageMap {
    let (map, timeline) = try writable(map, newID: newID, tenant: tenant, in: transaction)
    try put(runs, map: map, timeline: timeline, tenant: tenant, in: transaction)
    return map
  }

  /// Clears a range of what a blob shows, and gives what it shows then. A blob that shrinks clears what it loses.
  func clear(_ range: Range<Int>, of map: PageMap, newID: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> PageMap {
    var (map, timeline) = try writable(map, newID: newID, tenant: tenant, in: transaction)
    var scan = try PageScan(map, from: PageWindow.indexes(of: range).lowerBound, tenant: tenant, in: transaction)
    var windows: [Int] = []
    while windows.count <= Self.maximumClearedWindows, let first = try scan.next(in: transaction)?.first, first.range.lowerBound < range.upperBound {
      windows.append(first.range.lowerBound / PageWindow.bytes)
    }
    var runs: [PageRun] = []
    if windows.count > Self.maximumClearedWindows {
      let whole = (range.lowerBound + PageWindow.bytes - 1) / PageWindow.bytes..<range.upperBound / PageWindow.bytes
      guard timeline.clearings.count < PageTimeline.maximumClearings else { throw CloudError.serverBusy() }
      map = timeline.advance(from: map.epoch)
      timeline.clearings.append(PageTimeline.Clearing(epoch: map.epoch, windows: whole))
      windows = [whole.lowerBound - 1, whole.upperBound].filter { $0 >= 0 }
      try transaction.save(timeline)
      try schedule(pages: map.id, tenant: tenant, in: transaction)
    }
    for window in windows {
      let part = PageWindow.range(of: window).clamped(to: range)
      if !part.isEmpty { runs.append(PageRun(range: part)) }
    }
    try put(runs, map: map, timeline: timeline, tenant: tenant, in: transaction)
    return map
  }

  /// The map and epoch that a blob may write to.
  private func writable(
    _ map: PageMap, newID: GUID, tenant: GUID, in transaction: RecordTransaction
  ) throws -> (map: PageMap, timeline: PageTimeline) {
    var timeline = try timeline(map, tenant: tenant, in: transaction)
    guard map.epoch == timeline.lastEpoch else {
      // Another went on from here. The blob begins a map of its own, which takes over its hold.
      if timeline.isHeldOnce { try schedule(pages: map.id, tenant: tenant, in: transaction) }
      let heir = PageTimeline(tenant: tenant, map: newID, origin: map)
      try transaction.save(heir)
      return (PageMap(id: newID, epoch: 0), heir)
    }
    guard timeline.holders(of: map.epoch) > 1 else { return (map, timeline) }
    let next = timeline.advance(from: map.epoch)
    try transaction.save(timeline)
    return (next, timeline)
  }

  private func put(_ runs: [PageRun], map: PageMap, timeline: PageTimeline, tenant: GUID, in transaction: RecordTransaction) throws {
    var unused: Set<ExtentID> = []
    var rest = runs[...]
    while let index = rest.first.map({ $0.range.lowerBound / PageWindow.bytes }) {
      let part = Array(rest.prefix { $0.range.lowerBound / PageWindow.bytes == index })
      rest = rest.dropFirst(part.count)
      let key = PageWindow.key(tenant: tenant, map: map.id, index: index, epoch: map.epoch)
      let present = try transaction.fetch(PageWindow.self, key)
      var window = PageWindow(tenant: tenant, map: map.id, index: index, epoch: map.epoch, runs: (present?.runs ?? []).overlaid(by: part))
      if try part.contains(where: { $0.location == nil }) && !hidesEarlier(window, timeline, in: transaction) {
        window.runs.removeAll { $0.location == nil }
      }
      unused.formUnion((present?.runs.extents ?? []).subtracting(window.runs.extents))
      if window.runs.isEmpty { try transaction.remove(PageWindow.self, key) } else { try transaction.save(window) }
    }
    try release(unused, tenant: tenant, in: transaction)
  }

  /// Whether something earlier shows, now or to others, where the window has nothing: then what was cleared must be remembered.
  private func hidesEarlier(_ window: PageWindow, _ timeline: PageTimeline, in reader: any RecordReader) throws -> Bool {
    if timeline.origin != nil || timeline.views.count > 1 { return true }
    let parent = PageWindow.parent(tenant: window.tenant, map: window.map, index: window.index)
    return try !reader.list(PageWindow.self, under: parent, after: window.key, limit: 1).isEmpty
  }

  func release(_ unused: Set<ExtentID>, tenant: GUID, in transaction: RecordTransaction) throws {
    if unused.isEmpty { return }
    try release(unused.map { ($0, 0) }, listID: random.guid(), tenant: tenant, in: transaction)
  }

  // MARK: Holding

  func share(pages map: PageMap, tenant: GUID, in transaction: RecordTransaction) throws {
    var timeline = try timeline(map, tenant: tenant, in: transaction)
    timeline.hold(map.epoch, by: 1)
    try transaction.save(timeline)
  }

  func isShared(pages map: PageMap, tenant: GUID, in reader: any RecordReader) throws -> Bool {
    try timeline(map, tenant: tenant, in: reader).holders(of: map.epoch) > 1
  }

  /// Takes a holder away, and gives the number of extents released. What only it could see is removed, by the purger where that is much.
  func release(pages map: PageMap, tenant: GUID, in transaction: RecordTransaction) throws -> Int {
    guard var timeline = try transaction.fetch(PageTimeline.self, PageTimeline.key(tenant: tenant, map.id)) else { return 0 }
    timeline.hold(map.epoch, by: -1)
    try transaction.save(timeline)
    if timeline.holders(of: map.epoch) > 0 {
      if try heir(to: timeline, in: transaction) != nil { try schedule(pages: map.id, tenant: tenant, in: transaction) }
      return 0
    }
    if timeline.views.isEmpty {
      let parent = PageWindow.parent(tenant: tenant, map: map.id)
      let windows = try transaction.list(PageWindow.self, under: parent, limit: Self.maximumRemovedWindows + 1)
      let count = windows.reduce(0) { $0 + $1.runs.extents.count }
      if windows.count <= Self.maximumRemovedWindows && count <= Self.maximumReleasesPerTransaction {
        try remove(windows, in: transaction)
        try remove(timeline, in: transaction)
        return count
      }
    }
    try schedule(pages: map.id, tenant: tenant, in: transaction)
    return 0
  }

  func remove(_ windows: some Sequence<PageWindow>, in transaction: RecordTransaction) throws {
    for window in windows {
      try transaction.remove(PageWindow.self, window.key)
      for extent in window.runs.extents { try extents.release(extent, tenant: window.tenant, in: transaction) }
    }
  }

  /// The last of a map that has no windows left.
  func remove(_ timeline: PageTimeline, in transaction: RecordTransaction) throws {
    try transaction.remove(PageTimeline.self, timeline.key)
    if let origin = timeline.origin { _ = try release(pages: origin, tenant: timeline.tenant, in: transaction) }
  }

  /// One task a map: what changes while it is under way begins it anew.
  func schedule(pages map: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    try transaction.save(PurgeTask(id: map, tenant: tenant, subject: .pages(map, fromWindow: 0)))
  }
}
