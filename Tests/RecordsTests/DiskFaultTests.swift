import Base
import GRDBSQLite
import Records
import Simulation
import Testing

struct DiskFaultTests {
  static let writeError = SQLITE_IOERR | 3 << 8
  static let syncError = SQLITE_IOERR | 4 << 8

  @Test(arguments: [(DiskLog.Call.write, SQLITE_FULL), (.write, writeError), (.sync, syncError)])
  func `a disk that refuses fails commits with 503, and reads and later commits go on`(call: DiskLog.Call, code: Int32) async throws {
    try await withWatchedStore { path, log in
      let store = try SQLiteRecordStore(path: path)
      try await store.write { try $0.put([1], forKey: "a".bytes) }
      log.fail(call, with: code)
      await withTaskGroup { group in
        for index in 0..<20 {
          group.addTask {
            await expectCloudError(503, "ServerBusy") {
              try await store.write { transaction in
                transaction.afterCommit { Issue.record("ran though the commit failed") }
                try transaction.put([2], forKey: "a".bytes)
                try transaction.put([2], forKey: "b\(index)".bytes)
              }
            }
          }
        }
      }
      #expect(try await Self.contents(of: store) == [KeyBytes("a".bytes): [1]])
      log.clearFaults()
      try await store.write { try $0.put([3], forKey: "c".bytes) }
      #expect(try await Self.contents(of: store) == [KeyBytes("a".bytes): [1], KeyBytes("c".bytes): [3]])
      try await store.close()
      let again = try SQLiteRecordStore(path: path)
      #expect(try await Self.contents(of: again) == [KeyBytes("a".bytes): [1], KeyBytes("c".bytes): [3]])
      try await again.close()
    }
  }

  @Test(arguments: [(DiskLog.Call.write, SQLITE_FULL, 120), (.write, writeError, 120), (.sync, syncError, 40)])
  func `a single fault at any point, checkpoints included, costs at most one commit and tells it so`(
    call: DiskLog.Call, code: Int32, points: Int
  ) async throws {
    for point in 0..<points {
      try await withWatchedStore { path, log in
        var options = SQLiteOptions()
        options.checkpointPages = 8
        let store = try SQLiteRecordStore(path: path, options: options)
        log.fail(call, with: code, after: point, times: 1)
        var expected: [KeyBytes: [UInt8]] = [:]
        var failures = 0
        for round in 0..<12 {
          let keys = (0..<3).map { KeyBytes("key\((round * 5 + $0 * 3) % 8)".bytes) }
          let value = [UInt8](repeating: UInt8(round), count: 1 + 700 * (round % 4))
          do {
            try await store.write { transaction in
              for key in keys { try transaction.put(value, forKey: key.bytes) }
            }
            for key in keys { expected[key] = value }
          } catch let error as CloudError where error.status == 503 {
            failures += 1
          }
          #expect(try await Self.contents(of: store) == expected, "fault at \(point), round \(round)")
        }
        #expect(failures <= 1, "fault at \(point)")
        #expect(try store.setting("integrity_check") == "ok", "fault at \(point)")
        log.clearFaults()
        try await store.close()
        let again = try SQLiteRecordStore(path: path)
        #expect(try await Self.contents(of: again) == expected, "fault at \(point)")
        try await again.close()
      }
    }
  }

  private func withWatchedStore(_ body: (_ path: String, _ log: DiskLog) async throws -> Void) async throws {
    let directory = ScratchDirectory()
    let log = DiskLog()
    RecordingFileSystem.watch(directory.path, log)
    defer { RecordingFileSystem.unwatch(directory.path) }
    try await body(directory("records.sqlite"), log)
  }

  private static func contents(of store: SQLiteRecordStore) async throws -> [KeyBytes: [UInt8]] {
    let entries = try await store.read { try $0.entries(in: KeyBytes([])..<KeyBytes([0xFF]), limit: .max, reversed: false) }
    return Dictionary(uniqueKeysWithValues: entries.map { (KeyBytes($0.key), $0.value) })
  }
}
