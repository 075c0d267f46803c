internal import Base
internal import Extents
internal import Records

/// A few windows of a page blob that is copied: their bytes, and where in the blob they go.
struct PagePart: Sendable {
  let reader: ExtentReader
  /// The window from which the next part begins; nil when this is the last one.
  let nextWindow: Int?
  /// For each window, the ranges of the blob that are in it.
  private let windows: [[Range<Int>]]

  init(_ map: PageMap, from first: Int, windows count: Int, tenant: GUID, contents: BlobContents, in reader: any RecordReader) throws {
    var scan = try PageScan(map, from: first, tenant: tenant, in: reader)
    var windows: [[Range<Int>]] = []
    var slices: [ExtentSlice] = []
    var next: Int? = first
    while windows.count < count {
      guard let runs = try scan.next(in: reader), let start = runs.first?.range.lowerBound else {
        next = nil
        break
      }
      next = start / PageWindow.bytes + 1
      var ranges: [Range<Int>] = []
      for run in runs {
        guard let location = run.location else { continue }
        slices.append(ExtentSlice(id: location.extent, range: location.offset..<location.offset + run.range.count))
        ranges.append(run.range)
      }
      windows.append(ranges)
    }
    self.windows = windows
    nextWindow = next
    self.reader = try contents.extents.reader(slices, tenant: tenant, in: reader)
  }

  /// Bytes of each window.
  var sizes: [Int] { windows.map { $0.reduce(0) { $0 + $1.count } } }

  /// The same pages in extents of their own, one for each window.
  func runs(in extents: [ExtentID]) -> [PageRun] {
    zip(windows, extents).flatMap { ranges, extent in
      var offset = 0
      return ranges.map { range in
        defer { offset += range.count }
        return PageRun(range: range, location: PageRun.Location(extent: extent, offset: offset))
      }
    }
  }
}
