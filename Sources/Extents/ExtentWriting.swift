internal import Base
internal import NIOCore
internal import NIOPosix

/// What a writer is at: the frames that are written, and the bytes that do not fill one yet.
struct ExtentWriting: Sendable {
  private let record: ExtentRecord
  private let reservation: Reservation
  private let cipher: FrameCipher
  private let limits: ExtentLimits
  private let threads: NIOThreadPool
  /// Plain bytes of the next frame.
  private var partial = ByteBuffer()
  /// Frames sealed.
  private var frames = 0
  private var appended = 0
  /// Bytes written since a sync was last asked for, and that sync.
  private var unsynced = 0
  private var syncRound: Int?

  /// Stored bytes after which sealed frames go to the disk: with the frame that passes the bound they lie in a buffer of 256 KiB.
  private static let flushBytes = 160 << 10

  init(record: ExtentRecord, reservation: Reservation, cipher: FrameCipher, limits: ExtentLimits, threads: NIOThreadPool) {
    self.record = record
    self.reservation = reservation
    self.cipher = cipher
    self.limits = limits
    self.threads = threads
  }

  private var layout: FrameLayout { record.layout }

  mutating func append(_ bytes: ByteBuffer) async throws {
    guard appended + bytes.readableBytes <= layout.length else {
      throw ExtentError.wrongLength(expected: layout.length, appended: appended + bytes.readableBytes)
    }
    appended += bytes.readableBytes
    var rest = bytes
    var output = ByteBuffer()
    var firstFrame = frames
    while try sealFrame(from: &rest, into: &output) {
      guard output.readableBytes >= Self.flushBytes else { continue }
      try await flush(output, firstFrame: firstFrame)
      output.clear()
      firstFrame = frames
    }
    if output.readableBytes > 0 { try await flush(output, firstFrame: firstFrame) }
    if rest.readableBytes > 0 { partial.writeBuffer(&rest) }
  }

  func finish() async throws -> SealedExtent {
    guard appended == layout.length else { throw ExtentError.wrongLength(expected: layout.length, appended: appended) }
    try await reservation.sync.sync()
    reservation.markDurable()
    return SealedExtent(id: record.id, tenant: record.tenant, length: layout.length, record: record, reservation: reservation)
  }

  /// Seals the next frame if its bytes are there.
  private mutating func sealFrame(from bytes: inout ByteBuffer, into output: inout ByteBuffer) throws -> Bool {
    guard frames < layout.frameCount else { return false }
    let count = layout.plainBytes(ofFrame: frames)
    guard partial.readableBytes + bytes.readableBytes >= count else { return false }
    if output.capacity == 0 { output.reserveCapacity(min(bytes.readableBytes + count, Self.flushBytes) + limits.frameBytes) }
    if partial.readableBytes == 0 {
      try bytes.withUnsafeReadableBytes { plain in
        try cipher.seal(UnsafeRawBufferPointer(rebasing: plain[..<count]), frame: frames, into: &output)
      }
      bytes.moveReaderIndex(forwardBy: count)
    } else {
      if var missing = bytes.readSlice(length: count - partial.readableBytes) { partial.writeBuffer(&missing) }
      try partial.withUnsafeReadableBytes { try cipher.seal($0, frame: frames, into: &output) }
      partial.clear()
    }
    frames += 1
    return true
  }

  private mutating func flush(_ output: ByteBuffer, firstFrame: Int) async throws {
    let offset = reservation.range.lowerBound + layout.offset(ofFrame: firstFrame)
    precondition(offset + output.readableBytes <= reservation.range.upperBound, "an extent left its range")
    let reservation = reservation
    if layout.storedBytes <= limits.inlineBytes {
      try output.withUnsafeReadableBytes { try reservation.file.write($0, at: offset) }
    } else {
      try await threads.runIfActive { try output.withUnsafeReadableBytes { try reservation.file.write($0, at: offset) } }
    }
    unsynced += output.readableBytes
    guard unsynced >= limits.writeBehindBytes else { return }
    // Back-pressure: one sync runs while the next bytes are written, and no more than that is ever outstanding.
    if let syncRound { try await reservation.sync.wait(for: syncRound) }
    syncRound = reservation.sync.request()
    unsynced = 0
  }
}
