import Base
import Dispatch
import Extents
import Keyring
import NIOCore
import Records
import Simulation
import Synchronization
import Testing

@Suite struct CompactionTests {
  /// Writes extents of about 5,000 bytes.
  private func fill(_ store: ExtentStore, _ fixture: ExtentFixture, count: Int) async throws -> [(id: ExtentID, content: [UInt8])] {
    var saved: [(id: ExtentID, content: [UInt8])] = []
    for index in 0..<count {
      let content = SystemRandom().bytes(4500 + index % 1000)
      saved.append((try await fixture.save(content, to: store), content))
    }
    return saved
  }

  private func check(_ saved: some Sequence<(id: ExtentID, content: [UInt8])>, _ store: ExtentStore, _ fixture: ExtentFixture) async throws {
    for extent in saved { #expect(try await fixture.read(extent.id, 0..<extent.content.count, from: store) == extent.content) }
  }

  @Test func compactionReturnsSpaceAndKeepsContent() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let saved = try await fill(store, fixture, count: 100)
    let before = disk.usedBytes
    let kept = saved.enumerated().filter { $0.offset % 5 == 0 }.map(\.element)
    for (index, extent) in saved.enumerated() where index % 5 != 0 { try await fixture.release(extent.id, from: store) }
    let report = try await store.compact()
    #expect(report.removedSegments >= 8)
    #expect(report.movedExtents == 20)
    #expect(disk.usedBytes < before / 3)
    try await check(kept, store, fixture)
    #expect(try await store.compact() == CompactionReport())

    try await fixture.restart()
    let reopened = try await fixture.store(on: disk.crash(keeping: SeededRandom(seed: 3)))
    try await check(kept, reopened, fixture)
    for extent in kept { try await fixture.release(extent.id, from: reopened) }
    try await reopened.compact()
    #expect(try await fixture.store(on: SimulatedDisk()).compact() == CompactionReport())
  }

  @Test func whenEverythingIsReleasedNoFileStays() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    for extent in try await fill(store, fixture, count: 40) { try await fixture.release(extent.id, from: store) }
    let report = try await store.compact()
    #expect(report.removedSegments >= 3 && report.movedExtents == 0)
    #expect(try disk.list().isEmpty)
    let again = try await fill(store, fixture, count: 2)
    try await check(again, store, fixture)
  }

  @Test func segmentsThatAreMostlyAliveStay() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let saved = try await fill(store, fixture, count: 60)
    for (index, extent) in saved.enumerated() where index % 4 == 0 { try await fixture.release(extent.id, from: store) }
    #expect(try await store.compact() == CompactionReport())
  }

  @Test func theSegmentsThatRestartsLeaveAreMerged() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    var saved: [(id: ExtentID, content: [UInt8])] = []
    for _ in 0..<8 {
      saved += try await fill(try await fixture.store(on: disk), fixture, count: 1)
      try await fixture.restart()
    }
    #expect(try disk.list().count == 8)
    let store = try await fixture.store(on: disk)
    #expect(try await store.compact().removedSegments == 8)
    #expect(try disk.list().count == 1)
    try await check(saved, store, fixture)
    #expect(try await store.compact() == CompactionReport())
  }

  @Test func whatIsBeingWrittenIsNotCompacted() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let content = SystemRandom().bytes(5000)
    let extent = try await fixture.write(content, to: store)
    for other in try await fill(store, fixture, count: 30) { try await fixture.release(other.id, from: store) }
    try await store.compact()
    try await store.compact()
    try await fixture.commit(extent, to: store)
    #expect(try await fixture.read(extent.id, 0..<5000, from: store) == content)
  }

  @Test func aReaderFinishesThoughItsExtentIsReleasedAndItsSegmentCompacted() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let content = SystemRandom().bytes(60_000)
    let id = try await fixture.save(content, to: store)
    let names = try disk.list()
    do {
      let reader = try await fixture.reader([ExtentSlice(id: id, range: 0..<60_000)], of: store)
      var bytes = Array(try #require(try await reader.next(upTo: 5000)).readableBytesView)
      try await fixture.release(id, from: store)
      try await store.compact()
      bytes += try await drain(reader)
      #expect(bytes == content)
    }
    #expect(try await store.compact().removedSegments == 1)
    #expect(try disk.list().allSatisfy { !names.contains($0) })
  }

  /// A snapshot from before the move, resolved after it.
  @Test func aPlaceThatWasReadBeforeCompactionIsGoodUntilItsTransactionEnds() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let records = fixture.records
    let (began, settling) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let store = try await fixture.store(on: disk, records: WatchedRecords(records) { settling.signal() })
    let saved = try await fill(store, fixture, count: 30)
    for extent in saved.dropFirst() { try await fixture.release(extent.id, from: store) }
    let (tenant, kept) = (fixture.tenant, saved[0])
    let reading = Task.detached {
      try await records.read { reader in
        _ = try reader.value(forKey: [1])
        began.signal()
        // All is moved, and compaction waits for this transaction.
        settling.wait()
        return try store.reader([ExtentSlice(id: kept.id, range: 0..<kept.content.count)], tenant: tenant, in: reader)
      }
    }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        began.wait()
        continuation.resume()
      }
    }
    let first = try disk.list()[0]
    let report = try await store.compact()
    #expect(report.movedExtents == 1)
    do {
      let reader = try await reading.value
      #expect(try disk.list().contains(first))
      #expect(try await drain(reader) == kept.content)
    }
    try await check([kept], store, fixture)
  }

  @Test func readersAndWritersNeverNoticeCompaction() async throws {
    let fixture = try await ExtentFixture()
    var limits = ExtentFixture.smallLimits
    limits.deadPercent = 20
    let store = try await fixture.store(on: SimulatedDisk(), limits: limits)
    // Between what stays is what was never committed.
    var stays: [(id: ExtentID, content: [UInt8])] = []
    for _ in 0..<30 {
      stays += try await fill(store, fixture, count: 1)
      _ = try await fixture.write([UInt8](repeating: 1, count: 10_000), to: store)
    }
    let busy = Countdown(3)
    let moved = try await withThrowingTaskGroup(of: Void.self) { [stays] group in
      for _ in 0..<4 {
        group.addTask {
          while busy.isRunning {
            let extent = stays[SystemRandom().number(below: stays.count)]
            let start = SystemRandom().number(below: extent.content.count)
            let reader = try await fixture.reader([ExtentSlice(id: extent.id, range: start..<extent.content.count)], of: store)
            #expect(try await drain(reader, upTo: 2000) == Array(extent.content[start...]))
            // A read from memory never waits: without this the loops would keep every thread of the pool.
            await Task.yield()
          }
        }
      }
      for _ in 0..<3 {
        group.addTask {
          defer { busy.step() }
          for _ in 0..<60 {
            let content = SystemRandom().bytes(5000)
            let id = try await fixture.save(content, to: store)
            #expect(try await fixture.read(id, 0..<5000, from: store) == content)
            try await fixture.release(id, from: store)
          }
        }
      }
      var moved = 0
      while busy.isRunning {
        moved += try await store.compact().movedExtents
        await Task.yield()
      }
      try await group.waitForAll()
      return moved
    }
    #expect(moved >= 25)
    try await check(stays, store, fixture)
    #expect(fixture.log.take().isEmpty)
  }

  @Test func aDamagedExtentStaysWhereItIsAndTheOthersMove() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let saved = try await fill(store, fixture, count: 13)
    let name = try disk.list()[0]
    disk.flip(name, at: 1000)
    for extent in saved[2..<12] { try await fixture.release(extent.id, from: store) }
    try await store.compact()
    #expect(try disk.list().contains(name))
    #expect(fixture.log.take().count == 1)
    try await check([saved[1], saved[12]], store, fixture)
    await #expect(throws: ExtentError.corrupt(saved[0].id)) { try await fixture.read(saved[0].id, 0..<10, from: store) }
    // It is left alone from now on, and mending the disk mends the extent.
    _ = fixture.log.take()
    #expect(try await store.compact() == CompactionReport())
    disk.flip(name, at: 1000)
    try await check([saved[0]], store, fixture)
    #expect(fixture.log.take().isEmpty)
  }

  @Test func extentsOfADestroyedKeyDoNotStopCompaction() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let saved = try await fill(store, fixture, count: 30)
    for extent in saved.dropFirst(2) { try await fixture.release(extent.id, from: store) }
    let (keyring, tenant, key) = (fixture.keyring, fixture.tenant, fixture.key)
    try await fixture.records.write { try keyring.destroyDataKey(key, tenant: tenant, in: $0) }
    #expect(try await store.compact().movedExtents == 2)
    for extent in saved.prefix(2) { try await fixture.release(extent.id, from: store) }
    try await store.compact()
    #expect(try disk.list().isEmpty)
  }

  @Test func theBackgroundServiceCompactsUntilItIsCancelled() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    var limits = ExtentFixture.smallLimits
    limits.compactionInterval = .milliseconds(5)
    let store = try await fixture.store(on: disk, limits: limits)
    let running = Task { try await store.run() }
    for extent in try await fill(store, fixture, count: 20) { try await fixture.release(extent.id, from: store) }
    let deadline = ContinuousClock.now + .seconds(10)
    while try !disk.list().isEmpty, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
    #expect(try disk.list().isEmpty)
    running.cancel()
    try await running.value
  }
}

/// Records that tell when somebody waits for transactions to end.
private final class WatchedRecords: RecordStore {
  private let records: SQLiteRecordStore
  private let onSettle: @Sendable () -> Void

  init(_ records: SQLiteRecordStore, onSettle: @escaping @Sendable () -> Void) {
    self.records = records
    self.onSettle = onSettle
  }

  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    try await records.read(body)
  }

  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    try await records.write(body)
  }

  func settle() async {
    onSettle()
    await records.settle()
  }
}

/// Counts tasks that are under way.
private final class Countdown: Sendable {
  private let left: Atomic<Int>

  init(_ count: Int) {
    left = Atomic(count)
  }

  var isRunning: Bool { left.load(ordering: .relaxed) > 0 }

  func step() {
    left.subtract(1, ordering: .relaxed)
  }
}
