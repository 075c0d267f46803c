internal import Base
internal import Crypto
internal import Keyring
internal import NIOPosix
internal import Records
internal import Synchronization

extension ExtentStore {
  private struct Move: Sendable {
    var from: ExtentRecord
    var to: ExtentRecord
    var reservation: Reservation
  }

  /// Copies extents elsewhere and commits their new places in one transaction, those that still exist. Gives what was moved.
  ///
  /// Frames are copied as they are, after each was verified; an extent with a bad one stays where it is, and its segment with it.
  func move(_ extents: [ExtentRecord], outOf segment: Segment) async throws -> [ExtentRecord] {
    var moves: [Move] = []
    for record in extents {
      do {
        moves.append(try await copy(record, outOf: segment))
      } catch ExtentError.corrupt {
        segment.state.withLock { $0.isDamaged = true }
      }
    }
    guard !moves.isEmpty else { return [] }
    do {
      for sync in Dictionary(moves.map { ($0.to.segment, $0.reservation.sync) }, uniquingKeysWith: { sync, _ in sync }).values {
        try await sync.sync()
      }
    } catch {
      throw rendered(error)
    }
    for move in moves { move.reservation.markDurable() }
    return try await commit(moves, outOf: segment)
  }

  private func commit(_ moves: [Move], outOf segment: Segment) async throws -> [ExtentRecord] {
    try await records.write { transaction in
      var moved: [ExtentRecord] = []
      for move in moves {
        // It may have been released meanwhile.
        guard try transaction.fetch(ExtentRecord.self, move.from.key) == move.from else { continue }
        try transaction.save(move.to)
        moved.append(move.to)
        transaction.afterCommit {
          segment.addLiveBytes(-move.from.layout.storedBytes)
          move.reservation.segment.addLiveBytes(move.to.layout.storedBytes)
        }
      }
      return moved
    }
  }

  private func copy(_ record: ExtentRecord, outOf segment: Segment) async throws -> Move {
    let cipher: FrameCipher?
    do {
      let key = try await records.read { [keyring] in try keyring.dataKey(record.dataKey, tenant: record.tenant, in: $0) }
      // Only who has the other key can verify it: damage shows when they read it.
      cipher = record.hasCallerKey ? nil : FrameCipher(dataKey: key, id: record.id)
    } catch KeyringError.noSuchKey {
      // Nobody can read it any more, nor verify it. It goes when its owner's purge gets to it.
      cipher = nil
    } catch KeyringError.closed {
      // Only a customer's key can verify it now: damage shows when it is read.
      cipher = nil
    }
    do {
      let reservation = try table.reserve(record.layout.storedBytes, leavingFree: limits.recordReserveBytes)
      let step = record.layout.frames(within: limits.readBytes)
      for first in stride(from: 0, to: record.layout.frameCount, by: step) {
        let frames = first..<min(first + step, record.layout.frameCount)
        try await threads.runIfActive { [self] in try copy(frames, of: record, outOf: segment, into: reservation, cipher) }
      }
      var moved = record
      moved.segment = reservation.segment.number
      moved.offset = reservation.range.lowerBound
      return Move(from: record, to: moved, reservation: reservation)
    } catch {
      throw rendered(error)
    }
  }

  /// Blocks.
  private func copy(
    _ frames: Range<Int>, of record: ExtentRecord, outOf segment: Segment, into reservation: Reservation, _ cipher: FrameCipher?
  ) throws {
    _ = try withStoredFrames(frames, of: record, in: segment, mayWait: true) { index, stored in
      if let cipher { _ = try cipher.open(stored, frame: index, plainBytes: record.layout.plainBytes(ofFrame: index)) }
      try reservation.file.write(stored, at: reservation.range.lowerBound + record.layout.offset(ofFrame: index))
    }
  }
}
