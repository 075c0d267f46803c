import Base
import Foundation
import GRDBSQLite
import Records
import Simulation
import Synchronization
import Testing

struct CrashTests {
  @Test(arguments: [0xC0CA_61E1, 0xC0CA_61E2, 0xC0CA_61E3])
  func `after a power loss at any write every acknowledged transaction is whole and no other is half there`(seed: UInt64) async throws {
    let random = SeededRandom(seed: seed)
    let directory = ScratchDirectory()
    let workload = CrashWorkload(random: random)
    let log = DiskLog()
    RecordingFileSystem.watch(directory.path, log)
    defer { RecordingFileSystem.unwatch(directory.path) }
    try await workload.run(path: directory("records.sqlite"), log: log)

    let operations = log.operations
    let states = workload.states
    let acknowledgements = workload.commits.withLock { $0.map(\.position) }
    #expect(states.count == CrashWorkload.transactions + 1)
    // Were the log not written back in the midst of it, half of the machinery would go untested.
    let writesToMainFile = operations.count { if case .write("records.sqlite", _, _) = $0 { true } else { false } }
    #expect(writesToMainFile > 100)

    var disk = ReplayedDisk(existing: "records.sqlite")
    let image = ScratchDirectory()
    for position in 0...operations.count {
      if position > 0 { disk.replay(operations[position - 1]) }
      let acknowledged = acknowledgements.count { $0 <= position }
      var losses: [ReplayedDisk.Loss] = [.random]
      if position < operations.count, case .sync = operations[position] { losses += [.everything, .nothing] }
      for loss in losses {
        let files = disk.afterPowerLoss(loss, random: random)
        let found = try await recover(files, in: image)
        let matches = found >= acknowledged
        #expect(matches, "seed \(seed), operation \(position), \(loss): \(acknowledged) acknowledged, \(found) there")
        guard matches else { return }
      }
    }

    /// Opens what the disk holds, checks it and gives the number of transactions that are there.
    func recover(_ files: [String: [UInt8]], in image: ScratchDirectory) async throws -> Int {
      for name in try FileManager.default.contentsOfDirectory(atPath: image.path) { try FileManager.default.removeItem(atPath: image(name)) }
      for (name, content) in files { try Data(content).write(to: URL(fileURLWithPath: image(name))) }
      let store = try SQLiteRecordStore(path: image("records.sqlite"))
      let entries = try await store.read { try $0.entries(in: KeyBytes([])..<KeyBytes([0xFF]), limit: .max, reversed: false) }
      #expect(try store.setting("integrity_check") == "ok", "seed \(seed)")
      let state = Dictionary(uniqueKeysWithValues: entries.map { (KeyBytes($0.key), $0.value) })
      let found = states.firstIndex(of: state) ?? -1
      // What was recovered must also serve on.
      if files.count % 2 == 0 { try await store.write { try $0.put([1], forKey: [0xFE]) } }
      try await store.close()
      return found
    }
  }
}
