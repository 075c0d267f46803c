internal import Base
internal import Logging
internal import Synchronization
internal import Wire

/// Which operations are being carried out right now: one for each target, so that what concerns one resource happens in order.
final class OperationRunner: Sendable {
  private struct Running {
    var operation: GUID
    var task: Task<Void, Never>?
  }

  private let running = Mutex<[String: Running]>([:])

  /// Begins an operation unless its target is busy. `work` runs in a task of its own, which `preempt` cancels; the target is free again
  /// once it has ended.
  func begin(_ operation: LongRunningOperation, _ work: @escaping @Sendable () async -> Void) -> Task<Void, Never>? {
    let target = Self.target(operation)
    return running.withLock { running in
      guard running[target] == nil else { return nil }
      running[target] = Running(operation: operation.id)
      let task = Task {
        await work()
        _ = self.running.withLock { $0.removeValue(forKey: target) }
      }
      running[target]?.task = task
      return task
    }
  }

  /// Whether it is being carried out.
  func isRunning(_ operation: LongRunningOperation) -> Bool {
    running.withLock { $0[Self.target(operation)]?.operation == operation.id }
  }

  func preempt(_ operation: LongRunningOperation) {
    running.withLock { running in
      guard let found = running[Self.target(operation)], found.operation == operation.id else { return }
      found.task?.cancel()
    }
  }

  private static func target(_ operation: LongRunningOperation) -> String {
    "\(operation.tenant)\(operation.target.canonical)"
  }
}
