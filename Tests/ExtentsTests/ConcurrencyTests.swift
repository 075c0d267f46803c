import Base
import Extents
import NIOCore
import Simulation
import Testing

@Suite struct ConcurrencyTests {
  @Test func manyWritersDoNotDisturbEachOther() async throws {
    let fixture = try await ExtentFixture()
    let directory = ScratchDirectory()
    let disk = try PosixDisk(path: directory.path)
    let store = try await fixture.store(on: disk)
    let saved = try await withThrowingTaskGroup(of: [(id: ExtentID, content: [UInt8])].self) { group in
      for _ in 0..<32 {
        group.addTask {
          var saved: [(id: ExtentID, content: [UInt8])] = []
          for _ in 0..<12 {
            let content = SystemRandom().bytes(1 + SystemRandom().number(below: 20_000))
            let id = try await fixture.save(content, to: store, piece: 1 + SystemRandom().number(below: 9000))
            #expect(try await fixture.read(id, 0..<content.count, from: store) == content)
            saved.append((id, content))
          }
          return saved
        }
        group.addTask {
          for _ in 0..<6 {
            let writer = try await store.write(length: 30_000, tenant: fixture.tenant, key: fixture.key)
            try await writer.append(ByteBuffer(repeating: 1, count: 15_000))
            writer.cancel()
          }
          return []
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(saved.count == 32 * 12)
    try await fixture.restart()
    let reopened = try await fixture.store(on: disk)
    for extent in saved { #expect(try await fixture.read(extent.id, 0..<extent.content.count, from: reopened) == extent.content) }
  }

  @Test func aWriterThatIsCancelledWhileItWritesHarmsNobody() async throws {
    let fixture = try await ExtentFixture()
    let store = try await fixture.store(on: SimulatedDisk())
    for _ in 0..<50 {
      let writer = try await store.write(length: 60_000, tenant: fixture.tenant, key: fixture.key)
      async let appending: Void = writer.append(ByteBuffer(repeating: 7, count: 60_000))
      writer.cancel()
      let content = SystemRandom().bytes(50_000)
      let id = try await fixture.save(content, to: store)
      _ = try? await appending
      #expect(try await fixture.read(id, 0..<50_000, from: store) == content)
    }
  }

  @Test func writersShareSyncs() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    disk.setSyncDelay(milliseconds: 5)
    var limits = ExtentFixture.smallLimits
    limits.segmentBytes = 1 << 20
    let store = try await fixture.store(on: disk, limits: limits)
    _ = try await fixture.write([1], to: store)
    let before = disk.syncCount
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<64 { group.addTask { _ = try await fixture.write([UInt8](repeating: 1, count: 4096), to: store) } }
      try await group.waitForAll()
    }
    #expect(disk.syncCount - before >= 1)
    #expect(disk.syncCount - before <= 16)
  }

  @Test func theDirectoryEntryOfASegmentIsDurableBeforeItsFirstExtent() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    _ = try await fixture.write([1], to: store)
    for seed in 0..<20 { #expect(try disk.crash(keeping: SeededRandom(seed: UInt64(seed))).list().count == 1) }
  }
}
