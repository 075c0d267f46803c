import Base
import Extents
import Simulation
import Testing

@Suite struct CorruptionTests {
  @Test func aFlippedByteGivesAnErrorForItsExtentAlone() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let seed = SystemRandom().bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    let random = SeededRandom(seed: seed)
    // One after the other and without a gap, so that each byte but the segment's header belongs to one extent.
    var extents: [(id: ExtentID, content: [UInt8])] = []
    for length in [100, 9000, 4096, 12_000, 1] {
      let content = random.bytes(length)
      extents.append((try await fixture.save(content, to: store), content))
    }
    let name = try #require(try disk.list().first)
    let size = try #require(disk.size(of: name))
    #expect(try disk.list().count == 1)
    #expect(size > 25_000)
    var owners: [Int] = []
    for offset in Array(0..<400) + (0..<300).map({ _ in random.number(below: size) }).sorted() {
      let mask = UInt8(1 << random.number(below: 8))
      disk.flip(name, at: offset, mask: mask)
      var damaged: [Int] = []
      for (index, extent) in extents.enumerated() {
        do {
          let bytes = try await fixture.read(extent.id, 0..<extent.content.count, from: store)
          #expect(bytes == extent.content, "seed \(seed), offset \(offset)")
        } catch ExtentError.corrupt(extent.id) {
          damaged.append(index)
        }
      }
      let lines = fixture.log.take()
      if offset < 32 {
        #expect(damaged.isEmpty && lines.isEmpty)
      } else {
        let owner = try #require(damaged.first, "seed \(seed): nobody noticed offset \(offset)")
        #expect(damaged.count == 1)
        #expect(lines.count == 1)
        #expect(lines[0].contains(name) && lines[0].contains(extents[owner].id.description))
        owners.append(owner)
      }
      disk.flip(name, at: offset, mask: mask)
    }
    #expect(owners.dropFirst(400 - 32) == owners.dropFirst(400 - 32).sorted()[...])
    #expect(Set(owners).count >= 4)
  }

  @Test func framesThatAreNotDamagedAreStillRead() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let content = SystemRandom().bytes(20_000)
    let id = try await fixture.save(content, to: store)
    disk.flip(try #require(try disk.list().first), at: 10_000)
    #expect(try await fixture.read(id, 0..<8192, from: store) == Array(content[0..<8192]))
    #expect(try await fixture.read(id, 12_288..<20_000, from: store) == Array(content[12_288...]))
    await #expect(throws: ExtentError.corrupt(id)) { try await fixture.read(id, 8192..<8193, from: store) }
    let reader = try await fixture.reader([ExtentSlice(id: id, range: 0..<20_000)], of: store)
    #expect(try await reader.next(upTo: 4096) != nil)
    #expect(try await reader.next(upTo: 4096) != nil)
    await #expect(throws: ExtentError.corrupt(id)) { try await reader.next(upTo: 4096) }
  }

  @Test func framesThatChangedPlacesAreNoticed() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let id = try await fixture.save(SystemRandom().bytes(8192), to: store)
    let file = try disk.open(try #require(try disk.list().first))
    let frame = 4096 + 52
    var first = [UInt8](repeating: 0, count: frame)
    var second = first
    _ = try first.withUnsafeMutableBytes { try file.read(into: $0, at: 32) }
    _ = try second.withUnsafeMutableBytes { try file.read(into: $0, at: 32 + frame) }
    try second.withUnsafeBytes { try file.write($0, at: 32) }
    try first.withUnsafeBytes { try file.write($0, at: 32 + frame) }
    await #expect(throws: ExtentError.corrupt(id)) { try await fixture.read(id, 0..<1, from: store) }
    await #expect(throws: ExtentError.corrupt(id)) { try await fixture.read(id, 5000..<5001, from: store) }
  }

  @Test func anErrorOfTheDiskIsNoData() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let content = SystemRandom().bytes(8192)
    let id = try await fixture.save(content, to: store)
    disk.failReads(1, with: .system(5, call: "pread"))
    let error = await #expect(throws: CloudError.self) { try await fixture.read(id, 0..<8192, from: store) }
    #expect(error?.status == 500)
    #expect(try await fixture.read(id, 0..<8192, from: store) == content)
  }
}
