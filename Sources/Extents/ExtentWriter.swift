public import NIOCore
internal import NIOPosix
internal import Synchronization

/// Streams the bytes of one extent into its range. One call at a time; `cancel` may come at any time.
///
/// A writer that goes away unfinished gives its range up. It holds less than one frame of plain bytes, and while it writes a few sealed ones.
public final class ExtentWriter: Sendable {
  private enum Phase {
    case idle(ExtentWriting)
    /// A call is under way.
    case busy
    case ended(any Error)
  }

  private let phase: Mutex<Phase>

  init(record: ExtentRecord, reservation: Reservation, cipher: FrameCipher, limits: ExtentLimits, threads: NIOThreadPool) {
    phase = Mutex(.idle(ExtentWriting(record: record, reservation: reservation, cipher: cipher, limits: limits, threads: threads)))
  }

  /// Appends the next bytes. Throws `CloudError` 503 when the disk is full, `ExtentError.wrongLength` when they are more than were announced; after an error
  /// every further call throws it again.
  public func append(_ bytes: ByteBuffer) async throws {
    var writing = try begin()
    do {
      try await writing.append(bytes)
    } catch {
      throw fail(error)
    }
    phase.withLock { phase in
      // It may have been cancelled meanwhile.
      if case .busy = phase { phase = .idle(writing) }
    }
  }

  /// Returns once everything is durable. Exactly `length` bytes must have been appended, or else `ExtentError.wrongLength` is thrown.
  public func finish() async throws -> SealedExtent {
    let writing = try begin()
    do {
      let extent = try await writing.finish()
      phase.withLock { $0 = .ended(ExtentError.writerEnded) }
      return extent
    } catch {
      throw fail(error)
    }
  }

  /// Gives the range up. Does nothing once the extent is finished.
  public func cancel() {
    phase.withLock { $0 = .ended(ExtentError.writerEnded) }
  }

  private func begin() throws -> ExtentWriting {
    try phase.withLock { phase in
      switch phase {
      case .idle(let writing):
        phase = .busy
        return writing
      case .busy: preconditionFailure("an extent is written by one call at a time")
      case .ended(let error): throw error
      }
    }
  }

  private func fail(_ error: any Error) -> any Error {
    let error = rendered(error)
    phase.withLock { $0 = .ended(error) }
    return error
  }
}
