import Base
import Crypto
import Extents
import Keyring
import NIOCore
import Records
import Simulation
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: [0, 1, 4095, 4096, 4097, 8192, 50_000, 65_000, 70_000, 200_001])
  func whatWasWrittenIsRead(length: Int) async throws {
    let fixture = try await ExtentFixture()
    let store = try await fixture.store(on: SimulatedDisk())
    let content = SystemRandom().bytes(length)
    for piece in [1 << 20, 10_000, 4096, 1777] {
      let id = try await fixture.save(content, to: store, piece: piece)
      for maximumBytes in [1 << 20, 10_000, 1000] {
        #expect(try await fixture.read(id, 0..<length, from: store, upTo: maximumBytes) == content, "pieces of \(piece), reads of \(maximumBytes)")
      }
    }
  }

  @Test func anyRangeIsReadExactly() async throws {
    let fixture = try await ExtentFixture()
    let store = try await fixture.store(on: SimulatedDisk())
    let random = SeededRandom(seed: SystemRandom().bytes(8).reduce(0) { $0 << 8 | UInt64($1) })
    let content = random.bytes(50_000)
    let id = try await fixture.save(content, to: store)
    var ranges = [0..<1, 4095..<4097, 4096..<8192, 49_999..<50_000, 7..<7, 0..<50_000]
    for _ in 0..<200 {
      let bounds = [random.number(below: 50_001), random.number(below: 50_001)].sorted()
      ranges.append(bounds[0]..<bounds[1])
    }
    for range in ranges {
      let maximumBytes = 1 + random.number(below: 20_000)
      #expect(try await fixture.read(id, range, from: store, upTo: maximumBytes) == Array(content[range]), "seed \(random.seed), \(range)")
    }
  }

  @Test func slicesOfSeveralExtentsFollowEachOther() async throws {
    let fixture = try await ExtentFixture()
    let store = try await fixture.store(on: SimulatedDisk())
    var slices: [ExtentSlice] = []
    var expected: [UInt8] = []
    for length in [10_000, 1, 70_000, 5000] {
      let content = SystemRandom().bytes(length)
      let id = try await fixture.save(content, to: store)
      slices.append(ExtentSlice(id: id, range: length / 3..<length))
      slices.append(ExtentSlice(id: id, range: 0..<length / 2))
      expected += content[length / 3..<length] + content[0..<length / 2]
    }
    #expect(try await drain(try await fixture.reader(slices, of: store)) == expected)
    #expect(try await drain(try await fixture.reader([], of: store)) == [])
  }

  @Test func whatIsOnTheDiskIsEncrypted() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let content = [UInt8](repeating: 0x41, count: 20_000)
    _ = try await fixture.save(content, to: store)
    for name in try disk.list() {
      var bytes = [UInt8](repeating: 0, count: try #require(disk.size(of: name)))
      _ = try bytes.withUnsafeMutableBytes { try disk.open(name).read(into: $0, at: 0) }
      #expect(!bytes.indices.dropLast(8).contains { bytes[$0..<$0 + 8].allSatisfy { $0 == 0x41 } })
    }
  }

  @Test func anExtentLargerThanASegmentHasOneOfItsOwn() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let small = try await fixture.save(SystemRandom().bytes(100), to: store)
    let content = SystemRandom().bytes(300_000)
    let large = try await fixture.save(content, to: store)
    let other = try await fixture.save(SystemRandom().bytes(100), to: store)
    #expect(try disk.list().count == 2)
    for id in [small, other] { #expect(try await fixture.read(id, 0..<100, from: store).count == 100) }
    #expect(try await fixture.read(large, 0..<300_000, from: store) == content)
  }

  @Test func anExtentIsThereOnceItIsCommittedAndUntilItIsReleased() async throws {
    let fixture = try await ExtentFixture()
    let store = try await fixture.store(on: SimulatedDisk())
    let content = SystemRandom().bytes(5000)
    let extent = try await fixture.write(content, to: store)
    #expect(extent.length == 5000)
    await #expect(throws: ExtentError.noSuchExtent(extent.id)) { try await fixture.read(extent.id, 0..<1, from: store) }
    try await fixture.commit(extent, to: store)
    #expect(try await fixture.read(extent.id, 0..<5000, from: store) == content)
    await #expect(throws: ExtentError.noSuchExtent(extent.id)) {
      try await fixture.records.read { try store.reader([ExtentSlice(id: extent.id, range: 0..<1)], tenant: .zero, in: $0) }
    }
    await #expect(throws: ExtentError.corrupt(extent.id)) { try await fixture.read(extent.id, 4000..<5001, from: store) }
    try await fixture.release(extent.id, from: store)
    await #expect(throws: ExtentError.noSuchExtent(extent.id)) { try await fixture.read(extent.id, 0..<1, from: store) }
    let again = try await fixture.records.write { [tenant = fixture.tenant] in try store.release(extent.id, tenant: tenant, in: $0) }
    #expect(!again)
  }

  @Test func aDestroyedDataKeyMakesItsExtentsUnreadable() async throws {
    let fixture = try await ExtentFixture()
    let store = try await fixture.store(on: SimulatedDisk())
    let id = try await fixture.save(SystemRandom().bytes(5000), to: store)
    let (keyring, tenant, key) = (fixture.keyring, fixture.tenant, fixture.key)
    try await fixture.records.write { try keyring.destroyDataKey(key, tenant: tenant, in: $0) }
    await #expect(throws: ExtentError.noSuchExtent(id)) { try await fixture.read(id, 0..<1, from: store) }
    await #expect(throws: KeyringError.noSuchKey) { try await store.write(length: 1, tenant: tenant, key: key) }
  }

  @Test func aWriterTakesExactlyWhatWasAnnounced() async throws {
    let fixture = try await ExtentFixture()
    let store = try await fixture.store(on: SimulatedDisk())
    let short = try await store.write(length: 10, tenant: fixture.tenant, key: fixture.key)
    try await short.append(ByteBuffer(bytes: [1, 2, 3]))
    await #expect(throws: ExtentError.wrongLength(expected: 10, appended: 3)) { try await short.finish() }
    await #expect(throws: ExtentError.wrongLength(expected: 10, appended: 3)) { try await short.append(ByteBuffer(bytes: [4])) }
    let long = try await store.write(length: 10, tenant: fixture.tenant, key: fixture.key)
    await #expect(throws: ExtentError.wrongLength(expected: 10, appended: 11)) { try await long.append(ByteBuffer(repeating: 0, count: 11)) }
    let cancelled = try await store.write(length: 10, tenant: fixture.tenant, key: fixture.key)
    cancelled.cancel()
    cancelled.cancel()
    await #expect(throws: ExtentError.writerEnded) { try await cancelled.append(ByteBuffer(bytes: [4])) }
    let finished = try await store.write(length: 0, tenant: fixture.tenant, key: fixture.key)
    _ = try await finished.finish()
    finished.cancel()
    await #expect(throws: ExtentError.writerEnded) { try await finished.finish() }
  }

  @Test func aRestartFindsWhatWasCommittedAndRemovesWhatIsDead() async throws {
    let fixture = try await ExtentFixture()
    let directory = ScratchDirectory()
    let disk = try PosixDisk(path: directory.path)
    let content = SystemRandom().bytes(90_000)
    let kept: ExtentID
    do {
      let store = try await fixture.store(on: disk)
      kept = try await fixture.save(content, to: store)
      let released = try await fixture.save(SystemRandom().bytes(80_000), to: store)
      try await fixture.release(released, from: store)
      _ = try await fixture.write(SystemRandom().bytes(80_000), to: store)
      #expect(try disk.list().count == 3)
    }
    _ = try disk.create("notes.txt")
    try await fixture.restart()
    let store = try await fixture.store(on: disk)
    #expect(try disk.list().count == 2)
    #expect(fixture.log.take().count == 1)
    #expect(try await fixture.read(kept, 0..<90_000, from: store) == content)
    let more = try await fixture.save(content, to: store)
    #expect(try await fixture.read(more, 0..<90_000, from: store) == content)
  }

  @Test func aDiskOfOtherRecordsIsRefusedAndLeftAlone() async throws {
    let disk = SimulatedDisk()
    let (fixture, stranger) = (try await ExtentFixture(), try await ExtentFixture())
    let content = SystemRandom().bytes(5000)
    let id = try await fixture.save(content, to: try await fixture.store(on: disk))
    let name = try #require(try disk.list().first)
    await #expect(throws: ExtentError.foreignSegment(name: name)) { try await stranger.store(on: disk) }
    #expect(try await fixture.read(id, 0..<5000, from: try await fixture.store(on: disk)) == content)
  }
}
