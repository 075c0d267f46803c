internal import Base
internal import Logging
internal import Records
public import ServiceLifecycle
internal import Synchronization

extension ExtentStore: Service {
  /// Compacts every `limits.compactionInterval` until its task is cancelled or the service is shut down. A round that fails is logged, and
  /// the next one tries again.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while (try? await Task.sleep(for: self.limits.compactionInterval)) != nil {
        do {
          try await self.compact()
        } catch is CancellationError {
          return
        } catch {
          self.logger.error("compaction failed", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// One round: moves what is alive out of mostly dead segments and removes their files. Does nothing while another round runs.
  ///
  /// After an error, whatever could be removed is removed, and no extent is lost: each is where it was or where it was moved to.
  @discardableResult
  public func compact() async throws -> CompactionReport {
    let begins = isCompacting.withLock { isCompacting in
      defer { isCompacting = true }
      return !isCompacting
    }
    guard begins else { return CompactionReport() }
    defer { isCompacting.withLock { $0 = false } }

    var report = CompactionReport()
    var failure: (any Error)?
    do {
      try table.removeRetired(&report)
      for segment in try await candidates() where report.movedBytes < limits.compactionBytes {
        guard try await empty(segment, &report) else { continue }
        // Whoever read a location in the segment has pinned it by then; nobody reads one afterwards.
        await records.settle()
        table.retire(segment)
        // At once: on a full disk, what moves out of the next one needs the room.
        try table.removeRetired(&report)
      }
    } catch {
      failure = error
    }
    if report != CompactionReport() {
      logger.info(
        "compaction",
        metadata: [
          "removedSegments": "\(report.removedSegments)", "removedBytes": "\(report.removedBytes)", "movedExtents": "\(report.movedExtents)",
          "movedBytes": "\(report.movedBytes)",
        ])
    }
    if let failure { throw failure }
    return report
  }

  /// The segments worth compacting, those first that cost least for what they give.
  private func candidates() async throws -> [Segment] {
    let isShort = try table.freeBytes() < limits.recordReserveBytes + 2 * limits.compactionReserveBytes
    let deadPercent = isShort ? limits.deadPercentWhenFull : limits.deadPercent
    if let current = table.segments.last(where: { !$0.state.withLock { $0.isSealed } }), isMostlyDead(current, deadPercent) { table.sealCurrent() }
    var mostlyDead: [(segment: Segment, live: Int)] = []
    var small: [(segment: Segment, live: Int)] = []
    for segment in table.segments {
      let (isStill, known, end) = segment.state.withLock { ($0.isSealed && $0.reservations == 0 && !$0.isDamaged, $0.liveBytes, $0.end) }
      guard isStill else { continue }
      let live: Int
      if let known { live = known } else { live = try await countLiveBytes(of: segment) }
      if isMostlyDead(segment, deadPercent) {
        mostlyDead.append((segment, live))
      } else if end < limits.segmentBytes / 4 {
        small.append((segment, live))
      }
    }
    if small.count >= limits.smallSegments { mostlyDead += small }
    return mostlyDead.sorted { $0.live < $1.live }.map(\.segment)
  }

  private func isMostlyDead(_ segment: Segment, _ deadPercent: Int) -> Bool {
    segment.state.withLock { state in
      guard let live = state.liveBytes, state.reservations == 0 else { return false }
      let used = state.end - Segment.headerBytes
      // An adopted segment may have nothing in it but a torn header.
      return live <= 0 && (used > 0 || state.isSealed) || used > 0 && (used - live) * 100 >= used * deadPercent
    }
  }

  private func countLiveBytes(of segment: Segment) async throws -> Int {
    var total = 0
    var last: ExtentRecord?
    repeat {
      let page = try await livePage(of: segment, after: last, limit: 1000)
      for record in page { total += record.layout.storedBytes }
      last = page.count < 1000 ? nil : page.last
    } while last != nil
    // A release that came in between may be counted twice. That makes the segment be looked at early, no more.
    segment.state.withLock { $0.liveBytes = total }
    return total
  }

  private func livePage(of segment: Segment, after last: ExtentRecord?, limit: Int) async throws -> [ExtentRecord] {
    try await records.read { reader in
      try reader.list(
        ExtentRecord.self, index: ExtentRecord.segmentIndex, ExtentRecord.indexComponents(segment: segment.number), tenant: .zero,
        after: last?.indexPosition, limit: limit)
    }
  }

  /// Moves everything that is alive out of a segment; true when nothing is left in it.
  private func empty(_ segment: Segment, _ report: inout CompactionReport) async throws -> Bool {
    var last: ExtentRecord?
    repeat {
      let page = try await livePage(of: segment, after: last, limit: limits.movesPerTransaction)
      last = page.count < limits.movesPerTransaction ? nil : page.last
      try Task.checkCancellation()
      let moved = try await move(page, outOf: segment)
      report.movedExtents += moved.count
      report.movedBytes += moved.reduce(0) { $0 + $1.layout.storedBytes }
    } while last != nil
    let isEmpty = try await isEmpty(segment.number)
    return isEmpty && segment.state.withLock { $0.reservations == 0 }
  }
}
