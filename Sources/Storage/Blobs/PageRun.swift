internal import Extents

/// Pages that lie one behind the other, and what became of them.
struct PageRun: Sendable, Equatable {
  /// Bytes of the blob, from one page's start to another's end.
  var range: Range<Int>
  /// Nil where they were cleared.
  var location: Location?

  struct Location: Sendable, Equatable {
    var extent: ExtentID
    /// Bytes from the start of the extent.
    var offset: Int
  }

  /// The run within bounds; nil where nothing is left of it.
  func clamped(to bounds: Range<Int>) -> PageRun? {
    let part = range.clamped(to: bounds)
    guard !part.isEmpty else { return nil }
    return PageRun(
      range: part, location: location.map { Location(extent: $0.extent, offset: $0.offset + part.lowerBound - range.lowerBound) })
  }

  /// Whether `next` goes on where this one ends, in the blob and in the extent.
  fileprivate func isContinued(by next: PageRun) -> Bool {
    guard range.upperBound == next.range.lowerBound, location?.extent == next.location?.extent else { return false }
    return location.map { $0.offset + range.count == next.location?.offset } ?? true
  }
}

extension [PageRun] {
  /// `newer`, and these where it says nothing. Both are in order and do not overlap; so is the result.
  func overlaid(by newer: [PageRun]) -> [PageRun] {
    var result: [PageRun] = []
    result.reserveCapacity(count + newer.count + 1)
    func add(_ run: PageRun?) {
      guard let run else { return }
      if let last = result.last, last.isContinued(by: run) {
        result[result.count - 1].range = last.range.lowerBound..<run.range.upperBound
      } else {
        result.append(run)
      }
    }
    var pending = newer[...]
    for old in self {
      var start = old.range.lowerBound
      while let next = pending.first, next.range.lowerBound < old.range.upperBound {
        if next.range.lowerBound > start { add(old.clamped(to: start..<next.range.lowerBound)) }
        start = Swift.max(start, next.range.upperBound)
        // It reaches into the runs that follow, and comes before what is left of them.
        if next.range.upperBound > old.range.upperBound { break }
        add(next)
        pending.removeFirst()
      }
      if start < old.range.upperBound { add(old.clamped(to: start..<old.range.upperBound)) }
    }
    for run in pending { add(run) }
    return result
  }

  var extents: Set<ExtentID> { Set(compactMap { $0.location?.extent }) }
}
