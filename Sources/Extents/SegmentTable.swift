internal import Base
internal import NIOPosix
internal import Synchronization

/// The segments of a disk, and which of them takes the next extent.
final class SegmentTable: Sendable {
  private struct State {
    var segments: [UInt64: Segment] = [:]
    /// Takes what is written next.
    var current: Segment?
    var nextNumber: UInt64 = 1
    /// Segments whose files are open, longest first.
    var opened: [Segment] = []
    /// Segments that hold nothing alive, nor will anybody look for them: their files go when their last reader is done.
    var retired: [Segment] = []
  }

  private let disk: any Disk
  private let store: GUID
  private let limits: ExtentLimits
  private let threads: NIOThreadPool
  private let state = Mutex(State())
  private let unwritten = UnwrittenBytes()

  init(disk: any Disk, store: GUID, limits: ExtentLimits, threads: NIOThreadPool) {
    self.disk = disk
    self.store = store
    self.limits = limits
    self.threads = threads
  }

  /// Takes up a segment that an earlier run left. Nothing is ever appended to it: what a crash left at its end is not known.
  func adopt(_ number: UInt64, bytes: Int) {
    state.withLock { state in
      state.segments[number] = Segment(number: number, state: Segment.State(end: bytes, isSealed: true))
      state.nextNumber = max(state.nextNumber, number + 1)
    }
  }

  /// Numbers up to this one are not given again, for files of that name may come back after a crash.
  func skip(_ number: UInt64) {
    state.withLock { $0.nextNumber = max($0.nextNumber, number + 1) }
  }

  /// All segments in the order of their numbers.
  var segments: [Segment] {
    state.withLock { $0.segments.values.sorted { $0.number < $1.number } }
  }

  func segment(_ number: UInt64) -> Segment? {
    state.withLock { $0.segments[number] }
  }

  /// Keeps a segment from being removed; nil when there is no such segment.
  func pin(_ number: UInt64) -> SegmentPin? {
    state.withLock { state in state.segments[number].map { SegmentPin($0) } }
  }

  /// Gives an extent its range. Throws `DiskError.full` when less than `leavingFree` bytes of the disk would be left, and what the disk throws
  /// when a segment must be made.
  func reserve(_ bytes: Int, leavingFree: Int) throws -> Reservation {
    guard try freeBytes() - bytes >= leavingFree else { throw DiskError.full }
    return try state.withLock { state in
      if bytes > limits.segmentBytes - Segment.headerBytes {
        let segment = try makeSegment(&state)
        defer { seal(segment) }
        return try take(bytes, of: segment)
      }
      if let current = state.current, hasRoom(bytes, in: current) { return try take(bytes, of: current) }
      let segment = try makeSegment(&state)
      if let current = state.current { seal(current) }
      state.current = segment
      return try take(bytes, of: segment)
    }
  }

  /// Bytes of the disk that nobody has reserved. What is being written may be on the disk already, in part: then it is counted twice, which
  /// errs on the safe side.
  func freeBytes() throws -> Int {
    try disk.freeBytes() - unwritten.bytes
  }

  /// Lets the current segment take nothing more; the next extent begins another one.
  func sealCurrent() {
    state.withLock { state in
      if let current = state.current { seal(current) }
      state.current = nil
    }
  }

  /// The file of a segment, opened where it is not.
  func file(of segment: Segment) throws -> any DiskFile {
    if let file = segment.state.withLock({ $0.file }) { return file }
    return try state.withLock { state in
      if let file = segment.state.withLock({ $0.file }) { return file }
      let file = try disk.open(segment.name)
      open(file, of: segment, &state)
      return file
    }
  }

  /// Takes a segment out of sight. Nothing in it may be alive, and nobody may still resolve a location in it.
  func retire(_ segment: Segment) {
    state.withLock { state in
      state.segments[segment.number] = nil
      state.retired.append(segment)
    }
  }

  /// Removes the files of retired segments that nobody reads any more.
  func removeRetired(_ report: inout CompactionReport) throws {
    let unread = state.withLock { state in
      let unread = state.retired.filter { $0.state.withLock { $0.readers == 0 } }
      state.retired.removeAll { segment in unread.contains { $0 === segment } }
      state.opened.removeAll { segment in unread.contains { $0 === segment } }
      return unread
    }
    for (index, segment) in unread.enumerated() {
      do {
        try disk.remove(segment.name)
      } catch {
        state.withLock { $0.retired += unread[index...] }
        throw error
      }
      report.removedSegments += 1
      report.removedBytes += segment.state.withLock { state in
        state.file = nil
        return state.end
      }
    }
  }

  private func makeSegment(_ state: inout State) throws -> Segment {
    let number = state.nextNumber
    state.nextNumber += 1
    let name = Segment.name(number)
    let file = try disk.create(name)
    do {
      try Segment.header(number: number, store: store).withUnsafeBytes { try file.write($0, at: 0) }
    } catch {
      // If the file stays, it is a segment without a live extent, which the next start removes.
      try? disk.remove(name)
      throw error
    }
    let segment = Segment(
      number: number,
      state: Segment.State(
        end: Segment.headerBytes, isSealed: false, liveBytes: 0, sync: GroupSync(file, disk: disk, threads: threads)))
    open(file, of: segment, &state)
    state.segments[number] = segment
    return segment
  }

  private func open(_ file: any DiskFile, of segment: Segment, _ state: inout State) {
    segment.state.withLock { $0.file = file }
    state.opened.append(segment)
    if state.opened.count > limits.openSegments {
      // Whoever uses the file at this moment holds it.
      state.opened.removeFirst().state.withLock { $0.file = nil }
    }
  }

  private func hasRoom(_ bytes: Int, in segment: Segment) -> Bool {
    segment.state.withLock { $0.sync?.hasFailed == false && $0.end + bytes <= limits.segmentBytes }
  }

  private func take(_ bytes: Int, of segment: Segment) throws -> Reservation {
    let file: any DiskFile
    if let open = segment.state.withLock({ $0.file }) {
      file = open
    } else {
      file = try disk.open(segment.name)
    }
    return segment.state.withLock { state in
      guard let sync = state.sync else { preconditionFailure("a sealed segment takes no extent") }
      let range = state.end..<state.end + bytes
      state.end = range.upperBound
      state.reservations += 1
      return Reservation(segment: segment, file: file, sync: sync, range: range, unwritten: unwritten)
    }
  }

  private func seal(_ segment: Segment) {
    segment.state.withLock { state in
      state.isSealed = true
      if state.reservations == 0 { state.sync = nil }
    }
  }
}
