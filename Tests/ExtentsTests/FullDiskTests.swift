import Base
import Extents
import NIOCore
import Simulation
import Testing

@Suite struct FullDiskTests {
  /// Writes until the disk is full, and gives what was acknowledged.
  private func fill(_ store: ExtentStore, _ fixture: ExtentFixture) async throws -> [(id: ExtentID, content: [UInt8])] {
    var saved: [(id: ExtentID, content: [UInt8])] = []
    while saved.count < 1000 {
      let content = SystemRandom().bytes(9000)
      do {
        saved.append((try await fixture.save(content, to: store), content))
      } catch let error as CloudError {
        #expect(error.status == 503 && error.code == "ServerBusy")
        #expect(error.message.contains("storage is full"))
        #expect(error.headers.contains { $0.name == "Retry-After" })
        #expect(error.cause as? DiskError == .full)
        return saved
      }
    }
    Issue.record("the disk never filled")
    return saved
  }

  private func check(_ saved: [(id: ExtentID, content: [UInt8])], _ store: ExtentStore, _ fixture: ExtentFixture) async throws {
    for extent in saved { #expect(try await fixture.read(extent.id, 0..<extent.content.count, from: store) == extent.content) }
  }

  @Test func aFullDiskRefusesWritesAndReadsGoOn() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk(capacityBytes: 300_000)
    let store = try await fixture.store(on: disk)
    let saved = try await fill(store, fixture)
    #expect(saved.count > 20)
    try await check(saved, store, fixture)
    for _ in 0..<50 { _ = try? await fixture.save(SystemRandom().bytes(9000), to: store) }
    #expect(try disk.list().count <= 6)

    disk.setCapacity(bytes: 600_000)
    let more = try await fill(store, fixture)
    #expect(more.count > 20)
    try await check(saved + more, store, fixture)
    try await fixture.restart()
    try await check(saved + more, try await fixture.store(on: disk.crash(keeping: SeededRandom(seed: 1))), fixture)
  }

  @Test func releasedSpaceIsWrittenAgain() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk(capacityBytes: 300_000)
    let store = try await fixture.store(on: disk)
    var kept = try await fill(store, fixture)
    for round in 0..<5 {
      // All but a few, so that whole segments die.
      for extent in kept.dropFirst(2) { try await fixture.release(extent.id, from: store) }
      kept = Array(kept.prefix(2))
      try await store.compact()
      let more = try await fill(store, fixture)
      #expect(more.count > 15, "round \(round)")
      kept += more
      try await check(kept, store, fixture)
    }
  }

  @Test func extentsLeaveTheReserveToTheRecordsAndToCompaction() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk(capacityBytes: 400_000)
    var limits = ExtentFixture.smallLimits
    limits.recordReserveBytes = 36_000
    limits.compactionReserveBytes = limits.segmentBytes
    let store = try await fixture.store(on: disk, limits: limits)
    let saved = try await fill(store, fixture)
    #expect(try (100_000..<120_000).contains(disk.freeBytes()))
    // One of three, so that no segment dies as a whole, nor by half: what lives must be copied before anything can be removed.
    for index in stride(from: 0, to: saved.count, by: 3) { try await fixture.release(saved[index].id, from: store) }
    while try await store.compact() != CompactionReport() {}
    let kept = saved.indices.filter { $0 % 3 != 0 }.map { saved[$0] }
    let more = try await fill(store, fixture)
    #expect(more.count >= saved.count / 4)
    try await check(kept + more, store, fixture)
  }

  @Test func writersUnderWayCountAgainstTheReserve() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk(capacityBytes: 100_000)
    let store = try await fixture.store(on: disk)
    var writers: [ExtentWriter] = []
    for _ in 0..<3 { writers.append(try await store.write(length: 30_000, tenant: fixture.tenant, key: fixture.key)) }
    await #expect(throws: CloudError.self) { try await store.write(length: 30_000, tenant: fixture.tenant, key: fixture.key) }
    for writer in writers { writer.cancel() }
    writers = []
    _ = try await fixture.save(SystemRandom().bytes(30_000), to: store)
  }

  @Test func aWriterThatFailsGivesItsRangeUp() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    _ = try await fixture.save(SystemRandom().bytes(100), to: store)
    let name = try #require(try disk.list().first)
    let size = try #require(disk.size(of: name))
    for _ in 0..<20 {
      disk.failWrites(1, with: .full)
      await #expect(throws: CloudError.self) { try await fixture.save(SystemRandom().bytes(4000), to: store) }
    }
    let content = SystemRandom().bytes(4000)
    let id = try await fixture.save(content, to: store)
    #expect(try disk.list() == [name])
    #expect(disk.size(of: name) == size + 4000 + 52)
    #expect(try await fixture.read(id, 0..<4000, from: store) == content)
  }

  @Test(arguments: [(DiskError.full, 503), (DiskError.system(5, call: "fdatasync"), 500)])
  func aSyncThatFailsAcknowledgesNothing(error: DiskError, status: Int) async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let content = SystemRandom().bytes(5000)
    let before = try await fixture.save(content, to: store)
    let late = try await store.write(length: 5000, tenant: fixture.tenant, key: fixture.key)
    try await late.append(ByteBuffer(bytes: content))
    disk.failSyncs(1, with: error)
    let failure = await #expect(throws: CloudError.self) { try await fixture.write(content, to: store) }
    #expect(failure?.status == status)
    // Whether its pages reached the disk, nobody can tell any more.
    await #expect(throws: CloudError.self) { try await late.finish() }
    let after = try await fixture.save(content, to: store)
    try await fixture.restart()
    let reopened = try await fixture.store(on: disk.crash(keeping: SeededRandom(seed: 2)))
    for id in [before, after] { #expect(try await fixture.read(id, 0..<5000, from: reopened) == content) }
  }
}
