internal import Base
internal import Crypto
internal import Extents
internal import NIOCore
internal import Records
internal import Synchronization

/// The bytes of a range of a page map: zeros where nothing was written. One call at a time.
///
/// The range is looked up in parts as it is read, each a bounded number of runs. A snapshot gives one state; of a blob that is written to
/// meanwhile, parts that were not looked up yet show the later bytes, as pages are written in place.
final class PageReader: BlobByteReader {
  /// Runs of one part; the window that passes the bound is its last.
  static let maximumRuns = 1024
  /// Windows of one part.
  static let maximumWindows = 1024

  private struct Part: Sendable {
    /// Lengths of stretches, in turn of zeros and of bytes that `reader` gives; last one first.
    var stretches: [(length: Int, isZero: Bool)]
    var reader: ExtentReader
    /// Where in the blob the part ends.
    var end: Int
  }

  private let map: PageMap
  private let tenant: GUID
  private let end: Int
  private let callerKey: SymmetricKey?
  private let contents: BlobContents
  private let part: Mutex<Part>

  /// Looks the first part up in `reader`.
  init(_ map: PageMap, range: Range<Int>, tenant: GUID, callerKey: SymmetricKey?, contents: BlobContents, in reader: any RecordReader) throws {
    self.map = map
    self.tenant = tenant
    self.callerKey = callerKey
    self.contents = contents
    end = range.upperBound
    part = Mutex(try Self.part(map, range, tenant: tenant, callerKey: callerKey, contents: contents, in: reader))
  }

  private static func part(
    _ map: PageMap, _ range: Range<Int>, tenant: GUID, callerKey: SymmetricKey?, contents: BlobContents, in reader: any RecordReader
  ) throws -> Part {
    var scan = try PageScan(map, from: range.lowerBound / PageWindow.bytes, tenant: tenant, in: reader)
    var (position, windows) = (range.lowerBound, 0)
    var slices: [ExtentSlice] = []
    var stretches: [(length: Int, isZero: Bool)] = []
    func add(_ length: Int, isZero: Bool) {
      position += length
      if stretches.last?.isZero == isZero {
        stretches[stretches.count - 1].length += length
      } else if length > 0 {
        stretches.append((length, isZero))
      }
    }
    var isWhole = false
    while slices.count < maximumRuns && windows < maximumWindows && !isWhole {
      windows += 1
      let runs = try scan.next(in: reader)?.compactMap { $0.clamped(to: range) }
      for run in runs ?? [] {
        guard let location = run.location else { continue }
        add(run.range.lowerBound - position, isZero: true)
        slices.append(ExtentSlice(id: location.extent, range: location.offset..<location.offset + run.range.count))
        add(run.range.count, isZero: false)
      }
      // No runs within the range: this window is behind its end, or in front of its first page.
      isWhole = runs == nil || runs?.isEmpty == true && windows > 1
    }
    if isWhole { add(range.upperBound - position, isZero: true) }
    return Part(
      stretches: stretches.reversed(), reader: try contents.extents.reader(slices, tenant: tenant, callerKey: callerKey, in: reader), end: position)
  }

  func next(upTo maximumBytes: Int) async throws -> ByteBuffer? {
    while true {
      let (stretch, reader, partEnd) = part.withLock { ($0.stretches.last, $0.reader, $0.end) }
      guard let stretch else {
        if partEnd >= end { return nil }
        try await lookUp(from: partEnd)
        continue
      }
      let piece =
        stretch.isZero
        ? Zeros.bytes(min(stretch.length, maximumBytes)) : try await reader.next(upTo: min(stretch.length, maximumBytes))
      guard let piece else { throw BlobDamage.wrongLength }
      part.withLock { part in
        part.stretches[part.stretches.count - 1].length -= piece.readableBytes
        if stretch.length == piece.readableBytes { part.stretches.removeLast() }
      }
      return piece
    }
  }

  private func lookUp(from position: Int) async throws {
    let next = try await contents.records.read { [map, tenant, end, callerKey, contents] reader in
      try Self.part(map, position..<end, tenant: tenant, callerKey: callerKey, contents: contents, in: reader)
    }
    part.withLock { $0 = next }
  }
}

/// Zeros that share one buffer, however many are asked for.
enum Zeros {
  static let maximumBytes = 256 << 10
  private static let buffer = ByteBuffer(repeating: 0, count: maximumBytes)

  /// So many zeros, at most `maximumBytes`.
  static func bytes(_ count: Int) -> ByteBuffer? {
    buffer.getSlice(at: 0, length: min(count, maximumBytes))
  }
}
