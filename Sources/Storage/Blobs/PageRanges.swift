internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// Get Page Ranges: which pages of a blob hold something, or differ from those of an earlier snapshot.
struct PageRanges: Sendable {
  let records: any RecordStore
  let limits: StorageLimits

  /// Windows that are looked at in one go.
  private static let maximumWindowsPerRead = 512

  /// Source: Microsoft, "Get Page Ranges", REST reference.
  @Sendable
  func getPageRanges(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    let wanted = try Self.range(call)
    var page = Page(maximumCount: try call.maximumResults(limit: limits.listedPageRanges), position: try Self.position(call))
    var seen: Blob?
    repeat {
      let (blob, next) = try await records.read { [page, seen] reader in
        let blob = try Blob.require(call, in: reader)
        var next = page
        // What follows a change of the blob is the next page's.
        if let seen, seen.etag != blob.etag { return (seen, nil as Page?) }
        try blob.requireType(.page)
        try conditions.requireRead(blob, call)
        try blob.requireAccessible()
        guard case .pages(let map) = blob.content else { throw StorageError.invalidBlobType }
        let range = try wanted.map { try $0.resolve(size: blob.size) ?? { throw StorageError.invalidRange }() } ?? 0..<blob.size
        try next.read(map, since: try Self.base(blob, call, in: reader), range, blob, windows: Self.maximumWindowsPerRead, in: reader)
        return (blob, next)
      }
      guard let next else { break }
      (seen, page) = (blob, next)
    } while !page.isComplete
    guard let blob = seen else { throw StorageError.blobNotFound }
    var headers = StorageCall.stateHeaders(etag: blob.etag, lastModified: blob.lastModified)
    headers.add(name: "Content-Type", value: "application/xml")
    headers.add(name: "x-ms-blob-content-length", value: String(blob.size))
    return EdgeResponse(.ok, headers: headers, body: .bytes(ByteBuffer(bytes: page.document)))
  }

  private static func range(_ call: StorageCall) throws(CloudError) -> ByteRange? {
    guard let text = call.header("x-ms-range") else { return call.header("Range").flatMap { ByteRange($0) } }
    guard let range = ByteRange(text) else { throw StorageError.invalidHeaderValue("x-ms-range", text) }
    return range
  }

  private static func position(_ call: StorageCall) throws(CloudError) -> Int {
    guard let marker = call.request.query["marker"], !marker.isEmpty else { return 0 }
    guard case .after(let text) = ListMarker(marker), let position = Int(text), position >= 0 else {
      throw StorageError.invalidQueryParameterValue("marker", marker)
    }
    return position
  }

  /// The map of the snapshot that the blob is to be compared with; nil when it is not to be.
  private static func base(_ blob: Blob, _ call: StorageCall, in reader: any RecordReader) throws -> PageMap? {
    guard let time = try previousSnapshot(call) else { return nil }
    if let snapshot = blob.snapshot, time > snapshot { throw StorageError.previousSnapshotCannotBeNewer }
    let container = try Container.require(call, in: reader)
    let found = try reader.fetch(BlobGeneration.self, BlobGeneration.key(container, name: call.blob, time: time))?.blob
    guard let found, found.snapshot != nil, found.deletion == nil else { throw StorageError.previousSnapshotNotFound }
    guard case .pages(let map) = found.content else { throw StorageError.blobOverwritten }
    return map
  }

  /// The snapshot's time, from its own parameter or from the URL that managed disks are compared by.
  private static func previousSnapshot(_ call: StorageCall) throws(CloudError) -> Timestamp? {
    guard let url = call.header("x-ms-previous-snapshot-url") else { return try call.time("prevsnapshot") }
    let query = Query(parsing: url.drop { $0 != "?" }.dropFirst())
    guard let text = query?["snapshot"], let time = Timestamp(iso8601: text) else {
      throw StorageError.invalidHeaderValue("x-ms-previous-snapshot-url", url)
    }
    return time
  }
}

/// A page of the list, as it grows.
private struct Page: Sendable {
  let maximumCount: Int
  /// Everything before is in the list.
  var position: Int
  private(set) var isComplete = false
  private var ranges: [(range: Range<Int>, isCleared: Bool)] = []
  private var next: Int?

  init(maximumCount: Int, position: Int) {
    (self.maximumCount, self.position) = (maximumCount, position)
  }

  /// Adds what up to `windows` windows have of `range`.
  mutating func read(_ map: PageMap, since base: PageMap?, _ range: Range<Int>, _ blob: Blob, windows: Int, in reader: any RecordReader) throws {
    do {
      let start = max(position, range.lowerBound)
      var scan = try PageScan(map, since: base, from: start / PageWindow.bytes, tenant: blob.tenant, in: reader)
      for _ in 0..<windows {
        guard let runs = try scan.next(in: reader), let first = runs.first, first.range.lowerBound < range.upperBound else {
          isComplete = true
          return
        }
        for run in runs {
          let part = run.range.clamped(to: range).clamped(to: position..<Int.max)
          if part.isEmpty { continue }
          guard add(part, isCleared: run.location == nil) else {
            isComplete = true
            next = part.lowerBound
            return
          }
          position = part.upperBound
        }
      }
    } catch is PageScan.Unrelated {
      throw StorageError.blobOverwritten
    }
  }

  /// False when there is no room.
  private mutating func add(_ part: Range<Int>, isCleared: Bool) -> Bool {
    if let last = ranges.last, last.range.upperBound == part.lowerBound, last.isCleared == isCleared {
      ranges[ranges.count - 1].range = last.range.lowerBound..<part.upperBound
      return true
    }
    guard ranges.count < maximumCount else { return false }
    ranges.append((part, isCleared))
    return true
  }

  var document: [UInt8] {
    var writer = XMLWriter(reserving: 128 + 80 * ranges.count)
    writer.element("PageList") { writer in
      for item in ranges {
        writer.element(item.isCleared ? "ClearRange" : "PageRange") { writer in
          writer.element("Start", item.range.lowerBound)
          writer.element("End", item.range.upperBound - 1)
        }
      }
      // Where the list was broken off by a change of the blob, it goes on behind what is in it.
      let marker = next ?? (isComplete ? nil : position)
      writer.element("NextMarker", marker.map { ListMarker.after(String($0)).text } ?? "")
    }
    return writer.bytes
  }
}
