import Base
import Simulation
import Testing

@Suite struct SimulatedDiskTests {
  private func write(_ byte: UInt8, count: Int, at offset: Int, in file: any DiskFile) throws {
    try [UInt8](repeating: byte, count: count).withUnsafeBytes { try file.write($0, at: offset) }
  }

  private func content(_ disk: SimulatedDisk, _ name: String) throws -> [UInt8] {
    let file = try disk.open(name)
    var bytes = [UInt8](repeating: 0, count: try file.size())
    _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    return bytes
  }

  @Test func whatWasSyncedSurvivesAndWhatWasNotMayNot() throws {
    let disk = SimulatedDisk()
    let file = try disk.create("a")
    try write(1, count: 2048, at: 0, in: file)
    try file.sync()
    try disk.syncDirectory()
    try write(2, count: 2048, at: 1024, in: file)
    var seen: Set<[UInt8]> = []
    for seed in 0..<512 {
      let found = try content(disk.crash(keeping: SeededRandom(seed: UInt64(seed))), "a")
      #expect(found[0..<1024].allSatisfy { $0 == 1 })
      #expect(found.count >= 2048)
      for sector in stride(from: 1024, to: found.count, by: 512) {
        let bytes = Set(found[sector..<sector + 512])
        #expect(bytes.count == 1, "sectors are whole")
        #expect(bytes.isSubset(of: sector < 2048 ? [1, 2] : [0, 2]))
      }
      seen.insert(found)
    }
    #expect(seen.count == 16)
  }

  @Test func anUnsyncedNameMayBeLost() throws {
    let disk = SimulatedDisk()
    try write(1, count: 10, at: 0, in: try disk.create("kept"))
    try disk.open("kept").sync()
    try disk.syncDirectory()
    try disk.remove("kept")
    try disk.create("new").sync()
    let lists = Set(try (0..<64).map { try disk.crash(keeping: SeededRandom(seed: $0)).list() })
    #expect(lists == [[], ["kept"], ["new"], ["kept", "new"]])
  }

  @Test func aCutEndsEverything() throws {
    let disk = SimulatedDisk()
    let file = try disk.create("a")
    try write(1, count: 512, at: 0, in: file)
    try disk.syncDirectory()
    try file.sync()
    #expect(disk.operationCount == 4)
    disk.cutPower(beforeOperation: 5)
    try write(2, count: 512, at: 0, in: file)
    #expect(!disk.isDead)
    #expect(throws: DiskError.self) { try write(3, count: 512, at: 0, in: file) }
    #expect(disk.isDead)
    #expect(throws: DiskError.self) { try write(4, count: 512, at: 0, in: file) }
    #expect(throws: DiskError.self) { try file.sync() }
    #expect(throws: DiskError.self) { try disk.list() }
    let found = Set(try (0..<64).map { try content(disk.crash(keeping: SeededRandom(seed: $0)), "a")[0] })
    #expect(found == [1, 2, 3])
  }

  @Test func aFullDiskTakesWhatFits() throws {
    let disk = SimulatedDisk(capacityBytes: 8192)
    let file = try disk.create("a")
    #expect(throws: DiskError.full) { try write(1, count: 10_000, at: 0, in: file) }
    #expect(disk.usedBytes == 8192)
    try write(2, count: 8192, at: 0, in: file)
    let other = try disk.create("b")
    #expect(throws: DiskError.full) { try write(1, count: 1, at: 0, in: other) }
    try disk.remove("a")
    try write(1, count: 1, at: 0, in: other)
    #expect(try file.size() == 8192)
  }
}
