internal import Base
internal import Records

/// Goes through the windows of a page map, in order: what each of them shows in an epoch, or how it differs from an earlier one.
///
/// It holds the records of a few windows at a time. Windows of which nothing is recorded cost nothing.
struct PageScan {
  /// A map of the chain of origins. What is in it comes before what is in the next.
  private struct Level {
    let map: PageMap
    let clearings: [PageTimeline.Clearing]
    /// Records of this epoch and earlier ones are passed over.
    let since: Int
    var after: RecordKey
    var batch: ArraySlice<PageWindow> = []
    var isAtEnd = false

    static let batchSize = 64

    /// The window of the next record that shows.
    mutating func peek(tenant: GUID, in reader: any RecordReader) throws -> Int? {
      while true {
        while let first = batch.first, first.epoch > map.epoch || first.epoch <= since { batch.removeFirst() }
        if let first = batch.first { return first.index }
        if isAtEnd { return nil }
        let fetched = try reader.list(
          PageWindow.self, under: PageWindow.parent(tenant: tenant, map: map.id), after: after, limit: Self.batchSize)
        isAtEnd = fetched.count < Self.batchSize
        if let last = fetched.last { after = last.key }
        batch = fetched[...]
      }
    }

    /// The records of a window, the latest first.
    mutating func take(_ index: Int, tenant: GUID, in reader: any RecordReader) throws -> [PageWindow] {
      var taken: [PageWindow] = []
      while try peek(tenant: tenant, in: reader) == index, let record = batch.popFirst() { taken.append(record) }
      return taken
    }

    func clearing(of window: Int) -> Int? {
      clearings.last { $0.windows.contains(window) }?.epoch
    }
  }

  private let tenant: GUID
  private var levels: [Level] = []
  private let isDifference: Bool
  /// The next window.
  private var position: Int

  /// The base is not what the map came from.
  struct Unrelated: Error {}

  /// Begins with the window `first`. With a base, gives what was written and cleared since then, cleared runs included; throws `Unrelated`
  /// when the map did not come from it. Throws `BlobDamage` when the map is gone, or nobody sees the epoch any longer.
  init(_ map: PageMap, since base: PageMap? = nil, from first: Int, tenant: GUID, in reader: any RecordReader) throws {
    self.tenant = tenant
    isDifference = base != nil
    position = first
    var next: PageMap? = map
    while let map = next {
      guard let timeline = try reader.fetch(PageTimeline.self, PageTimeline.key(tenant: tenant, map.id)), timeline.holders(of: map.epoch) > 0 else {
        throw BlobDamage.missingPages
      }
      let isBase = map.id == base?.id
      let since = isBase ? base?.epoch ?? -1 : -1
      guard since <= map.epoch else { throw Unrelated() }
      levels.append(
        Level(
          map: map, clearings: timeline.clearings.filter { $0.epoch <= map.epoch && $0.epoch > since }, since: since,
          after: PageWindow.parent(tenant: tenant, map: map.id, index: first)))
      if isBase { return }
      next = timeline.origin
    }
    if base != nil { throw Unrelated() }
  }

  /// The runs of the next window that has any, or has lost them; nil at the end. A difference also gives stretches of cleared windows.
  mutating func next(in reader: any RecordReader) throws -> [PageRun]? {
    while true {
      var index: Int?
      for level in levels.indices {
        if let candidate = try levels[level].peek(tenant: tenant, in: reader) { index = min(index ?? candidate, candidate) }
      }
      if isDifference, let stretch = clearedStretch(before: index) {
        position = stretch.upperBound
        return [PageRun(range: stretch.lowerBound * PageWindow.bytes..<stretch.upperBound * PageWindow.bytes)]
      }
      guard let index else { return nil }
      position = index + 1
      let runs = try take(index, in: reader)
      let shown = isDifference ? runs : runs.filter { $0.location != nil }
      if !shown.isEmpty { return shown }
    }
  }

  private mutating func take(_ index: Int, in reader: any RecordReader) throws -> [PageRun] {
    var runs: [PageRun] = []
    var isComplete = false
    for level in levels.indices {
      let records = try levels[level].take(index, tenant: tenant, in: reader)
      guard !isComplete else { continue }
      let cleared = levels[level].clearing(of: index)
      for record in records where record.epoch >= cleared ?? 0 { runs = record.runs.overlaid(by: runs) }
      if cleared != nil {
        isComplete = true
        if isDifference { runs = [PageRun(range: PageWindow.range(of: index))].overlaid(by: runs) }
      }
    }
    return runs
  }

  /// Windows from the present position on that were cleared and have no record of their own.
  private func clearedStretch(before index: Int?) -> Range<Int>? {
    var found: Range<Int>?
    for clearing in levels.flatMap(\.clearings) {
      let part = max(position, clearing.windows.lowerBound)..<max(position, clearing.windows.upperBound, clearing.windows.lowerBound)
      let open = part.lowerBound..<max(part.lowerBound, min(part.upperBound, index ?? .max))
      if !open.isEmpty, open.lowerBound < found?.lowerBound ?? .max { found = open }
    }
    return found
  }
}
