import Base
import Dispatch
import Foundation
import GRDB
import Records
import Simulation
import Testing

struct SQLiteRecordStoreTests {
  let directory: ScratchDirectory

  init() throws {
    directory = ScratchDirectory()
  }

  @Test(arguments: RecordStoreConformance.all)
  func conforms(_ conformance: RecordStoreConformance) async throws {
    let store = try SQLiteRecordStore(path: directory("records.sqlite"))
    try await conformance.check(store)
    try await store.close()
  }

  @Test func `what is committed is there after closing and opening, and versions go on`() async throws {
    var greatest: Int64 = 0
    for round in 0..<3 {
      let store = try SQLiteRecordStore(path: directory("records.sqlite"))
      #expect(try await store.read { try $0.entries(in: range("a", "z"), limit: 10, reversed: false).count } == min(round, 1))
      try await store.write { transaction in
        try transaction.put([UInt8(round)], forKey: "key".bytes)
        try transaction.remove(key: "gone".bytes)
      }
      try await store.write { try $0.put([], forKey: "gone".bytes) }
      try await store.write { try $0.remove(key: "gone".bytes) }
      try await store.close()
      let version =
        try await DatabaseQueue(path: directory("records.sqlite")).read { try Int64.fetchOne($0, sql: "SELECT max(version) FROM record") } ?? 0
      // The two commits after it took versions of their own, though nothing is left of them.
      #expect(version > greatest + (round == 0 ? 0 : 2))
      greatest = version
    }
  }

  @Test func `the writer syncs every commit and overwrites what is removed`() throws {
    let store = try SQLiteRecordStore(path: directory("records.sqlite"))
    #expect(try store.setting("synchronous") == "2")
    #expect(try store.setting("secure_delete") == "1")
    #expect(try store.setting("journal_mode") == "wal")
  }

  @Test func `a removed value is nowhere in the files once they are closed`() async throws {
    let secret = "destroyed-key-0123456789".bytes
    let store = try SQLiteRecordStore(path: directory("records.sqlite"))
    for index in 0..<100 { try await store.write { try $0.put(secret + [UInt8(index)], forKey: "key\(index)".bytes) } }
    for index in 0..<100 { try await store.write { try $0.remove(key: "key\(index)".bytes) } }
    try await store.close()
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
      let content = try Data(contentsOf: URL(fileURLWithPath: directory(name)))
      #expect(content.range(of: Data(secret)) == nil, "\(name)")
    }
  }

  @Test func `a store that is open cannot be opened a second time`() async throws {
    let path = directory("records.sqlite")
    let store = try SQLiteRecordStore(path: path)
    try await store.write { try $0.put([1], forKey: "a".bytes) }
    #expect {
      try SQLiteRecordStore(path: path)
    } throws: { error in
      if case RecordStoreError.inUse(let inUse) = error { inUse == path } else { false }
    }
    // The refused opening must not have dropped the locks of the first.
    try await store.write { try $0.put([2], forKey: "a".bytes) }
    try await store.close()
    let again = try SQLiteRecordStore(path: path)
    #expect(try await again.read { try $0.value(forKey: "a".bytes) } == [2])
  }

  @Test func `only the owner may read the files`() async throws {
    let path = directory("records.sqlite")
    #expect(FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o644]))
    let store = try SQLiteRecordStore(path: path)
    try await store.write { try $0.put([1], forKey: "a".bytes) }
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(names.count >= 3)
    for name in names {
      let mode = try FileManager.default.attributesOfItem(atPath: directory(name))[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(name)")
    }
  }

  @Test func `a file of another program or of a later version is refused`() async throws {
    let foreign = directory("foreign.sqlite")
    try await DatabaseQueue(path: foreign).write { try $0.execute(sql: "CREATE TABLE t (a)") }
    #expect(throws: RecordStoreError.self) { try SQLiteRecordStore(path: foreign) }

    let later = directory("later.sqlite")
    try await SQLiteRecordStore(path: later).close()
    try await DatabaseQueue(path: later).writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 2") }
    #expect {
      try SQLiteRecordStore(path: later)
    } throws: { error in
      if case RecordStoreError.unsupportedStore(_, found: 2, supported: 1) = error { true } else { false }
    }
  }

  @Test func `a closed store answers that the server is busy`() async throws {
    let store = try SQLiteRecordStore(path: directory("records.sqlite"))
    try await store.close()
    await expectCloudError(503, "ServerBusy") { _ = try await store.read { try $0.value(forKey: [1]) } }
    await expectCloudError(503, "ServerBusy") { try await store.write { try $0.put([1], forKey: [1]) } }
    try await store.close()
  }

  @Test func `a file that is no database is refused and left as it is`() throws {
    let path = directory("records.sqlite")
    let garbage = Data("not a database, and long enough to be taken for the head of one: ".utf8) + Data(repeating: 7, count: 4096)
    try garbage.write(to: URL(fileURLWithPath: path))
    #expect {
      try SQLiteRecordStore(path: path)
    } throws: { error in
      if case RecordStoreError.unreadable(path, _) = error { true } else { false }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == garbage)
  }

  @Test func `a missing directory is named`() {
    #expect {
      try SQLiteRecordStore(path: directory("missing/records.sqlite"))
    } throws: { error in
      if case RecordStoreError.cannotOpen(_, errno: ENOENT) = error { true } else { false }
    }
  }

  @Test func `commits beyond the queue's bound get 503, and those within it are committed`() async throws {
    let store = try SQLiteRecordStore(path: directory("records.sqlite"))
    let isHeld = DispatchSemaphore(value: 0)
    let mayGoOn = DispatchSemaphore(value: 0)
    let surplus = 50
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await store.write { transaction in
          try transaction.put([], forKey: "held".bytes)
          // Runs on the writer's thread, and so keeps it from taking what waits.
          transaction.afterCommit {
            isHeld.signal()
            mayGoOn.wait()
          }
        }
        return true
      }
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          isHeld.wait()
          continuation.resume()
        }
      }
      for index in 0..<RecordLimits.maximumQueuedCommits + surplus {
        group.addTask {
          do {
            try await store.write { try $0.put([1], forKey: "key\(index)".bytes) }
            return true
          } catch let error as CloudError where error.status == 503 {
            return false
          }
        }
      }
      var refused = 0
      var answered = 0
      for try await isCommitted in group {
        answered += 1
        if !isCommitted { refused += 1 }
        if answered == surplus { mayGoOn.signal() }
      }
      #expect(refused == surplus)
      #expect(answered == RecordLimits.maximumQueuedCommits + surplus + 1)
    }
    let count = try await store.read { try $0.entries(in: range("key", "kez"), limit: .max, reversed: false).count }
    #expect(count == RecordLimits.maximumQueuedCommits)
    try await store.close()
  }

  @Test func `a transaction that always meets another runs alone in the end`() async throws {
    let store = try SQLiteRecordStore(path: directory("records.sqlite"))
    let runs = Tally()
    let sum = try await withTaskExecutorPreference(QueueExecutor()) {
      try await store.write { transaction in
        let run = runs.add()
        let value = try transaction.value(forKey: "a".bytes)?.first ?? 0
        try transaction.put([value + 100], forKey: "b".bytes)
        guard run < RecordLimits.maximumAttempts else { return value }
        let isDone = DispatchSemaphore(value: 0)
        Task {
          defer { isDone.signal() }
          do {
            try await store.write { try $0.put([UInt8(run)], forKey: "a".bytes) }
          } catch {
            Issue.record(error)
          }
        }
        isDone.wait()
        return value
      }
    }
    #expect(runs.value == RecordLimits.maximumAttempts)
    #expect(Int(sum) == RecordLimits.maximumAttempts - 1)
    try await store.close()
  }

  @Test func `reads beyond the connections wait for one, and closing waits for reads`() async throws {
    let store = try SQLiteRecordStore(path: directory("records.sqlite"))
    try await store.write { try $0.put([1], forKey: "a".bytes) }
    let done = Tally()
    try await withThrowingTaskGroup { group in
      for _ in 0..<40 {
        group.addTask(executorPreference: QueueExecutor()) {
          let value = try await store.read { reader in
            usleep(20_000)
            return try reader.value(forKey: "a".bytes)
          }
          #expect(value == [1])
          done.add()
        }
      }
      try await group.waitForAll()
    }
    #expect(done.value == 40)

    let isReading = DispatchSemaphore(value: 0)
    let reading = Task(executorPreference: QueueExecutor()) {
      try await store.read { reader in
        isReading.signal()
        usleep(50_000)
        return try reader.value(forKey: "a".bytes)
      }
    }
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        isReading.wait()
        continuation.resume()
      }
    }
    try await store.close()
    #expect(try await reading.value == [1])
  }

  @Test func `the log stays bounded while reads overlap without end`() async throws {
    let path = directory("records.sqlite")
    var options = SQLiteOptions()
    options.checkpointPages = 16
    options.maximumLogPages = 64
    let store = try SQLiteRecordStore(path: path, options: options)
    let over = Tally()
    try await withThrowingTaskGroup { group in
      for _ in 0..<3 {
        group.addTask(executorPreference: QueueExecutor()) {
          while over.value == 0 {
            try await store.read { reader in
              _ = try reader.value(forKey: "a".bytes)
              usleep(3000)
            }
          }
        }
      }
      defer { over.add() }
      for index in 0..<300 {
        try await store.write { try $0.put([UInt8](repeating: UInt8(index % 251), count: 3000), forKey: "a\(index % 20)".bytes) }
      }
      over.add()
      try await group.waitForAll()
    }
    let size = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int ?? 0
    // A frame is a page and 24 bytes; one batch may pass the bound before it is seen.
    #expect(size > 0 && size < (options.maximumLogPages + 16) * (4096 + 24))
    try await store.close()
  }
}
