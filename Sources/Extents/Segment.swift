internal import Base
internal import Synchronization

/// A file of extents. It grows while it is open; once it is sealed it only ever loses extents, until it is removed as a whole.
final class Segment: Sendable {
  struct State {
    /// Bytes reserved from the start of the file.
    var end: Int
    var isSealed: Bool
    /// Writers, and extents that are sealed but may not be committed yet.
    var reservations = 0
    /// Readers under way.
    var readers = 0
    /// Bytes of committed extents, as far as this process has seen them come and go; nil where it has not counted them yet. It only says which segments
    /// are worth a look: what is alive is read from the records.
    var liveBytes: Int?
    /// Frames in it are damaged: it stays, so that nothing of it is lost for good.
    var isDamaged = false
    /// Open while the segment is written or was read lately.
    var file: (any DiskFile)?
    /// There from the segment's making until its last writer is done.
    var sync: GroupSync?
  }

  static let headerBytes = 32
  private static let magic = Array("cocaseg1".utf8)
  private static let suffix = ".segment"

  let number: UInt64
  let state: Mutex<State>

  init(number: UInt64, state: State) {
    self.number = number
    self.state = Mutex(state)
  }

  var name: String { Self.name(number) }

  /// Names sort by number.
  static func name(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits + suffix
  }

  /// The number in a file's name, or nil when it is not a segment's.
  static func number(ofFile name: String) -> UInt64? {
    guard name.hasSuffix(suffix), let number = UInt64(name.dropLast(suffix.count), radix: 16), Self.name(number) == name else { return nil }
    return number
  }

  /// What a segment begins with.
  static func header(number: UInt64, store: GUID) -> [UInt8] {
    magic + (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) } + store.bytes
  }

  /// The store that a header names, or nil when it is none: then nothing was ever acknowledged in the segment.
  static func store(inHeader header: [UInt8]) -> GUID? {
    guard header.count == headerBytes, header.starts(with: magic) else { return nil }
    var reader = ByteReader(header[16...])
    return try? reader.guid()
  }

  func addLiveBytes(_ count: Int) {
    state.withLock { state in
      if let live = state.liveBytes { state.liveBytes = live + count }
    }
  }
}

/// A range of a segment that belongs to one extent: to its writer, then to the `SealedExtent` until it is committed. While it lives, the segment stays.
final class Reservation: Sendable {
  let segment: Segment
  let file: any DiskFile
  let sync: GroupSync
  let range: Range<Int>
  private let isDurable = Atomic(false)
  private let unwritten: UnwrittenBytes

  /// For a range that `segment.state` counts already.
  init(segment: Segment, file: any DiskFile, sync: GroupSync, range: Range<Int>, unwritten: UnwrittenBytes) {
    unwritten.add(range.count)
    self.unwritten = unwritten
    self.segment = segment
    self.file = file
    self.sync = sync
    self.range = range
  }

  /// From here on, the range may be committed and is never given to another extent.
  func markDurable() {
    guard !isDurable.exchange(true, ordering: .acquiringAndReleasing) else { return }
    unwritten.add(-range.count)
  }

  deinit {
    let canReuse = !isDurable.load(ordering: .acquiring)
    if canReuse { unwritten.add(-range.count) }
    segment.state.withLock { state in
      state.reservations -= 1
      if canReuse, state.end == range.upperBound { state.end = range.lowerBound }
      if state.isSealed, state.reservations == 0 { state.sync = nil }
    }
  }
}

/// The bytes that writers have reserved and not made durable yet.
final class UnwrittenBytes: Sendable {
  private let count = Atomic(0)

  var bytes: Int { count.load(ordering: .relaxed) }

  func add(_ bytes: Int) {
    count.add(bytes, ordering: .relaxed)
  }
}

/// Keeps a segment's file from being removed while it is read.
final class SegmentPin: Sendable {
  let segment: Segment

  init(_ segment: Segment) {
    self.segment = segment
    segment.state.withLock { $0.readers += 1 }
  }

  deinit {
    segment.state.withLock { $0.readers -= 1 }
  }
}
