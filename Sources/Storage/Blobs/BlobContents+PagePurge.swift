internal import Base
internal import Extents
internal import Records

/// Bounded steps by which what nobody sees of a page map is removed.
extension BlobContents {
  /// Gives the window to go on from; nil at the end.
  func purge(pages map: GUID, from first: Int, tenant: GUID, in transaction: RecordTransaction) throws -> Int? {
    guard var timeline = try transaction.fetch(PageTimeline.self, PageTimeline.key(tenant: tenant, map)) else { return nil }
    if timeline.views.isEmpty { return try remove(all: timeline, in: transaction) }
    if var heir = try heir(to: timeline, in: transaction) { return try bequeath(timeline, to: &heir, in: transaction) }
    var next: Int?
    var released = 0
    for window in try windows(of: timeline, from: first, in: transaction) where released < Self.maximumReleasesPerTransaction {
      let folded = try fold(window, timeline, in: transaction)
      released += folded.released
      // What is behind the step comes up once this is out of its way.
      let goesOn = window.count == PageTimeline.maximumFoldedEpochs && folded.removed > 0
      next = window.last.map { goesOn ? $0.index : $0.index + 1 }
    }
    guard next == nil else { return next }
    // Nothing that a clearing hid is left, unless somebody still sees it.
    let kept = timeline.clearings.filter { timeline.origin != nil || timeline.isSeen(from: 0, before: $0.epoch) }
    if kept.count < timeline.clearings.count {
      timeline.clearings = kept
      try transaction.save(timeline)
    }
    return nil
  }

  /// Whole windows from one on, each with all its epochs, as many as a step takes; none at the end.
  private func windows(of timeline: PageTimeline, from first: Int, in reader: any RecordReader) throws -> [[PageWindow]] {
    let (tenant, map) = (timeline.tenant, timeline.map)
    let limit = BlobPurge.maximumRecordsPerStep
    let records = try reader.list(
      PageWindow.self, under: PageWindow.parent(tenant: tenant, map: map), after: PageWindow.parent(tenant: tenant, map: map, index: first),
      limit: limit)
    var windows: [[PageWindow]] = []
    for record in records {
      if windows.last?.last?.index == record.index { windows[windows.count - 1].append(record) } else { windows.append([record]) }
    }
    guard records.count == limit, let last = windows.popLast() else { return windows }
    // The last one may go on behind the step.
    guard windows.isEmpty, let index = last.last?.index else { return windows }
    let parent = PageWindow.parent(tenant: tenant, map: map, index: index)
    return [try reader.list(PageWindow.self, under: parent, limit: PageTimeline.maximumFoldedEpochs)]
  }

  /// Of a map that nobody sees at all.
  private func remove(all timeline: PageTimeline, in transaction: RecordTransaction) throws -> Int? {
    let parent = PageWindow.parent(tenant: timeline.tenant, map: timeline.map)
    let windows = try transaction.list(PageWindow.self, under: parent, limit: BlobPurge.maximumRecordsPerStep)
    guard !windows.isEmpty else {
      try remove(timeline, in: transaction)
      return nil
    }
    var released = 0
    try remove(
      windows.prefix { window in
        defer { released += window.runs.extents.count }
        return released < Self.maximumReleasesPerTransaction
      }, in: transaction)
    return 0
  }

  /// Joins the epochs of a window between which nobody looks, and drops what shows nowhere. Gives the numbers of records removed and of
  /// extents released.
  private func fold(
    _ records: [PageWindow], _ timeline: PageTimeline, in transaction: RecordTransaction
  ) throws -> (removed: Int, released: Int) {
    var kept: [PageWindow] = []
    for record in records {
      let next = kept.last?.epoch ?? .max
      let cleared = timeline.clearing(of: record.index, after: record.epoch) ?? .max
      if timeline.isSeen(from: record.epoch, before: min(next, cleared)) {
        kept.append(record)
      } else if !kept.isEmpty && cleared > next {
        kept[kept.count - 1].runs = record.runs.overlaid(by: kept[kept.count - 1].runs)
      }
    }
    // Epochs that were not read may stand below the last of them.
    let isWhole = records.count < PageTimeline.maximumFoldedEpochs
    if isWhole, let oldest = kept.last, timeline.origin == nil, !timeline.isSeen(from: 0, before: oldest.epoch) {
      kept[kept.count - 1].runs.removeAll { $0.location == nil }
    }
    let left = kept.count { !$0.runs.isEmpty }
    return (records.count - left, try replace(records, by: kept, in: transaction))
  }

  /// Gives the number of extents released.
  private func replace(_ records: [PageWindow], by kept: [PageWindow], in transaction: RecordTransaction) throws -> Int {
    let kept = kept.filter { !$0.runs.isEmpty }
    for record in records where !kept.contains(where: { $0.key == record.key }) { try transaction.remove(PageWindow.self, record.key) }
    for window in kept where !records.contains(where: { $0.key == window.key && $0.runs == window.runs }) { try transaction.save(window) }
    let unused = Set(records.flatMap(\.runs.extents)).subtracting(kept.flatMap(\.runs.extents))
    if let tenant = records.first?.tenant { try release(unused, tenant: tenant, in: transaction) }
    return unused.count
  }

  // MARK: Inheritance

  /// The map that began from this one, where nothing else holds it any longer.
  func heir(to timeline: PageTimeline, in reader: any RecordReader) throws -> PageTimeline? {
    guard timeline.isHeldOnce else { return nil }
    return try reader.list(PageTimeline.self, index: PageTimeline.originIndex, [timeline.map.description], tenant: timeline.tenant, limit: 1).first
  }

  /// A step of moving what a map shows to its heir, as what that one had in its first epoch, so that chains of copies do not grow and what the
  /// heir has overwritten goes. Gives 0 until nothing is left.
  private func bequeath(_ timeline: PageTimeline, to heir: inout PageTimeline, in transaction: RecordTransaction) throws -> Int? {
    guard let epoch = timeline.views.first?.epoch else { return nil }
    let windows = try windows(of: timeline, from: 0, in: transaction)
    var released = 0
    for records in windows where released < Self.maximumReleasesPerTransaction {
      guard let index = records.first?.index else { continue }
      let key = PageWindow.key(tenant: heir.tenant, map: heir.map, index: index, epoch: 0)
      let own = try transaction.fetch(PageWindow.self, key)
      let cleared = timeline.clearings.last { $0.epoch <= epoch && $0.windows.contains(index) }?.epoch ?? 0
      var runs = own?.runs ?? []
      // What a map between the two had cleared does not come back.
      let isHidden = heir.clearings.contains { $0.epoch == 0 && $0.windows.contains(index) }
      if !isHidden {
        for record in records where record.epoch <= epoch && record.epoch >= cleared { runs = record.runs.overlaid(by: runs) }
      }
      let moved = PageWindow(tenant: heir.tenant, map: heir.map, index: index, epoch: 0, runs: runs)
      released += try replace(records + (own.map { [$0] } ?? []), by: [moved], in: transaction)
    }
    guard windows.isEmpty else { return 0 }
    // What the map hid of its own origin stays hidden.
    heir.clearings.insert(
      contentsOf: timeline.clearings.filter { $0.epoch <= epoch }.map { PageTimeline.Clearing(epoch: 0, windows: $0.windows) }, at: 0)
    heir.origin = timeline.origin
    try transaction.save(heir)
    try transaction.remove(PageTimeline.self, timeline.key)
    try schedule(pages: heir.map, tenant: heir.tenant, in: transaction)
    return nil
  }
}
