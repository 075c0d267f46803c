import Dispatch
import Fabric
import Glibc
import Synchronization
import Wire

/// A thread that does the same again and again until it is told to end.
final class LabThread: Sendable {
  private final class Turns: Sendable {
    let isEnded = Atomic(false)
    let turn: @Sendable () -> Bool
    init(_ turn: @escaping @Sendable () -> Bool) { self.turn = turn }
  }

  private let turns: Turns
  private let thread: pthread_t

  /// `turn` must come back within a moment; false ends the thread.
  init(_ turn: @escaping @Sendable () -> Bool) throws {
    turns = Turns(turn)
    let context = Unmanaged.passRetained(turns)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { opaque in
        if let turns = opaque.map({ Unmanaged<Turns>.fromOpaque($0).takeRetainedValue() }) {
          while !turns.isEnded.load(ordering: .relaxed), turns.turn() {}
        }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw FabricError("a thread could not be made: \(code)")
    }
    self.thread = thread
  }

  /// To be called once.
  func end() {
    turns.isEnded.store(true, ordering: .relaxed)
    pthread_join(thread, nil)
  }
}

/// Does what blocks its thread where no task waits for that thread.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
  }
}

/// Whether something comes to be so within a time.
func becomesTrue(within time: Duration = .seconds(5), _ condition: () async throws -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + time
  while true {
    if try await condition() { return true }
    guard ContinuousClock.now < end else { return false }
    try await Task.sleep(for: .milliseconds(20))
  }
}
