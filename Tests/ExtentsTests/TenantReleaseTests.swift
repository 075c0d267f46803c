import Base
import Extents
import Records
import Simulation
import Testing

@Suite struct TenantReleaseTests {
  @Test func everyExtentOfATenantIsReleasedInStepsAndItsSpaceComesBack() async throws {
    let fixture = try await ExtentFixture()
    let disk = SimulatedDisk()
    let store = try await fixture.store(on: disk)
    let other = SystemRandom().guid()
    for _ in 0..<20 { _ = try await fixture.save(SystemRandom().bytes(5000), to: store) }
    let before = disk.usedBytes
    #expect(try await fixture.records.write { try store.releaseAll(of: other, limit: 8, in: $0).extents } == 0)
    var counts: [Int] = []
    var bytes = 0
    repeat {
      let released = try await fixture.records.write { [tenant = fixture.tenant] in
        let (extents, bytes) = try store.releaseAll(of: tenant, limit: 8, in: $0)
        return [extents, bytes]
      }
      counts.append(released[0])
      bytes += released[1]
    } while counts.last == 8
    #expect(counts == [8, 8, 4])
    #expect(bytes >= 20 * 5000)
    try await store.compact()
    #expect(disk.usedBytes < before / 4)
  }
}
