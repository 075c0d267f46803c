import Base
import Extents
import Simulation
import Testing

@Suite struct CrashTests {
  /// Cuts the power before each operation of the disk in turn, and looks at what is found afterwards.
  private func crashEverywhere(
    seed: UInt64, images: Int, _ work: (CrashWorkload, ExtentStore) async throws -> Void
  ) async throws -> (cuts: Int, moved: Int, removed: Int) {
    let fixture = try await ExtentFixture()
    var cut = 0
    while true {
      let disk = SimulatedDisk()
      disk.cutPower(beforeOperation: cut)
      let workload = CrashWorkload(fixture, seed: seed)
      try await fixture.restart()
      try await fixture.reset()
      do {
        try await work(workload, try await fixture.store(on: disk))
      } catch {
        #expect(disk.isDead, "seed \(seed), cut \(cut): \(error)")
      }
      _ = fixture.log.take()
      for image in 0..<images {
        let comment: Comment = "seed \(seed), cut before operation \(cut), image \(image)"
        let found = disk.crash(keeping: SeededRandom(seed: seed &+ UInt64(cut * images + image)))
        if image > 0 { try await fixture.restart() }
        let store = try await fixture.store(on: found)
        try await workload.check(store, comment)
        // The last image lives on.
        guard image == images - 1 else { continue }
        try await workload.save(store)
        try await workload.compact(store)
        try await workload.check(store, comment)
      }
      if !disk.isDead { return (cut, workload.moved, workload.removedSegments) }
      cut += 1
    }
  }

  @Test(arguments: [SystemRandom().bytes(4).reduce(0) { $0 << 8 | UInt64($1) }, 1])
  func aPowerCutAnywhereLosesNothingThatWasAcknowledged(seed: UInt64) async throws {
    let (cuts, _, _) = try await crashEverywhere(seed: seed, images: 2) { workload, store in
      try await workload.run(on: store, steps: 40)
    }
    #expect(cuts > 30, "seed \(seed)")
  }

  @Test func aPowerCutAnywhereInCompactionLosesNothing() async throws {
    let seed = SystemRandom().bytes(4).reduce(0) { $0 << 8 | UInt64($1) }
    let (cuts, moved, removed) = try await crashEverywhere(seed: seed, images: 1) { workload, store in
      for _ in 0..<2 {
        for _ in 0..<30 { try await workload.save(store) }
        try await workload.releaseMost(store)
        try await workload.compact(store)
      }
    }
    #expect(cuts > 100, "seed \(seed)")
    #expect(moved > 0 && removed > 2, "seed \(seed)")
  }
}
