internal import Base
internal import Crypto
internal import Keyring
public import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Gives the plain bytes of parts of extents, each frame verified. One call at a time.
public final class ExtentReader: Sendable {
  struct Part: Sendable {
    var record: ExtentRecord
    /// Plain bytes that are left to read.
    var range: Range<Int>
    var key: SymmetricKey
    var callerKey: SymmetricKey?
    /// Whether the key is a customer's to withdraw, while it is read under.
    var isLent: Bool
    /// Keeps the file.
    var pin: SegmentPin
  }

  private struct State {
    /// Last one first.
    var parts: [Part]
    /// Of the first part, once it was begun.
    var cipher: FrameCipher?
    /// Verified bytes that the last call had no room for.
    var rest = ByteBuffer()
    var isBusy = false
  }

  /// Frames to read for one piece.
  private struct Step: Sendable {
    var part: Part
    var cipher: FrameCipher
    var frames: Range<Int>
    /// Plain bytes that the frames give.
    var range: Range<Int>
  }

  private let store: ExtentStore
  private let state: Mutex<State>

  init(_ parts: [Part], store: ExtentStore) {
    self.store = store
    state = Mutex(State(parts: parts.reversed()))
  }

  /// The next piece, of at most `maximumBytes` (more than 0), or nil at the end. Throws `ExtentError.corrupt` for a frame that does not authenticate.
  public func next(upTo maximumBytes: Int) async throws -> ByteBuffer? {
    precondition(maximumBytes > 0)
    let (piece, step) = state.withLock { begin(maximumBytes, &$0) }
    if let piece { return piece }
    guard let step else { return nil }
    let record = step.part.record
    guard !step.part.isLent || store.keyring.cachedDataKey(record.dataKey, tenant: record.tenant) != nil else {
      state.withLock { $0.isBusy = false }
      throw KeyringError.closed
    }
    let bytes: ByteBuffer
    do {
      if let cached = try readWithoutWaiting(step) {
        bytes = cached
      } else {
        bytes = try await store.threads.runIfActive { [self] in try read(step) }
      }
    } catch {
      state.withLock { $0.isBusy = false }
      throw rendered(error)
    }
    return state.withLock { state in
      state.isBusy = false
      state.rest = bytes
      return Self.take(maximumBytes, from: &state.rest)
    }
  }

  private func begin(_ maximumBytes: Int, _ state: inout State) -> (ByteBuffer?, Step?) {
    precondition(!state.isBusy, "extents are read by one call at a time")
    if state.rest.readableBytes > 0 { return (Self.take(maximumBytes, from: &state.rest), nil) }
    guard let part = state.parts.last else { return (nil, nil) }
    let layout = part.record.layout
    let cipher = state.cipher ?? FrameCipher(dataKey: part.key, callerKey: part.callerKey, id: part.record.id)
    let first = part.range.lowerBound / layout.frameBytes
    let wantedEnd = part.range.count > maximumBytes ? part.range.lowerBound + maximumBytes : part.range.upperBound
    let end = min((wantedEnd - 1) / layout.frameBytes + 1, first + layout.frames(within: store.limits.readBytes))
    let range = part.range.lowerBound..<min(end * layout.frameBytes, part.range.upperBound)
    state.isBusy = true
    if range.upperBound == part.range.upperBound {
      state.parts.removeLast()
      state.cipher = nil
    } else {
      state.parts[state.parts.count - 1].range = range.upperBound..<part.range.upperBound
      state.cipher = cipher
    }
    return (nil, Step(part: part, cipher: cipher, frames: first..<end, range: range))
  }

  private static func take(_ maximumBytes: Int, from rest: inout ByteBuffer) -> ByteBuffer? {
    let piece = rest.readSlice(length: min(maximumBytes, rest.readableBytes))
    if rest.readableBytes == 0 { rest = ByteBuffer() }
    return piece
  }

  /// Nil where a device may have to be waited for.
  private func readWithoutWaiting(_ step: Step) throws -> ByteBuffer? {
    var output = ByteBuffer()
    return try read(step, mayWait: false, into: &output) ? output : nil
  }

  private func read(_ step: Step) throws -> ByteBuffer {
    var output = ByteBuffer()
    _ = try read(step, mayWait: true, into: &output)
    return output
  }

  private func read(_ step: Step, mayWait: Bool, into output: inout ByteBuffer) throws -> Bool {
    let layout = step.part.record.layout
    return try store.withStoredFrames(step.frames, of: step.part.record, in: step.part.pin.segment, mayWait: mayWait) { index, stored in
      if output.capacity == 0 { output.reserveCapacity(step.range.count) }
      let plain = try step.cipher.open(stored, frame: index, plainBytes: layout.plainBytes(ofFrame: index))
      let start = index * layout.frameBytes
      let wanted = step.range.clamped(to: start..<start + plain.count)
      plain.withUnsafeBytes { _ = output.writeBytes(UnsafeRawBufferPointer(rebasing: $0[wanted.lowerBound - start..<wanted.upperBound - start])) }
    }
  }
}

extension ExtentStore {
  /// Reads stored frames and visits each of them. A frame that `visit` finds bad, or that is not there, is logged and throws `ExtentError.corrupt`.
  ///
  /// It blocks, unless it may not wait: then it visits none and gives false where the bytes are not in memory.
  func withStoredFrames(
    _ frames: Range<Int>, of record: ExtentRecord, in segment: Segment, mayWait: Bool,
    _ visit: (_ index: Int, _ stored: UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    let layout = record.layout
    let start = record.offset + layout.offset(ofFrame: frames.lowerBound)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: layout.storedBytes(ofFrames: frames), alignment: 16)
    defer { buffer.deallocate() }
    let file = try table.file(of: segment)
    if !mayWait && !file.readWithoutWaiting(into: buffer, at: start) { return false }
    let count = mayWait ? try file.read(into: buffer, at: start) : buffer.count
    for index in frames {
      let offset = layout.offset(ofFrame: index) - layout.offset(ofFrame: frames.lowerBound)
      let end = offset + layout.plainBytes(ofFrame: index) + FrameLayout.overhead
      do {
        guard end <= count else { throw FrameCipher.BadFrame() }
        try visit(index, UnsafeRawBufferPointer(rebasing: buffer[offset..<end]))
      } catch is FrameCipher.BadFrame {
        logDamage("a frame of an extent is not what was written", record, offset: start + offset)
        throw ExtentError.corrupt(record.id)
      }
    }
    return true
  }
}
