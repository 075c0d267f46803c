/// Lets a bounded number of tasks call the module at one time; a bounded number waits, in order of arrival.
actor CallGate {
  private var free = ModuleLimits.maximumConcurrentCalls
  private var waiting: [CheckedContinuation<Void, Never>] = []

  nonisolated func pass<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    try await enter()
    do {
      let value = try await body()
      await leave()
      return value
    } catch {
      await leave()
      throw error
    }
  }

  private func enter() async throws {
    if free > 0 {
      free -= 1
      return
    }
    guard waiting.count < ModuleLimits.maximumWaitingCalls else { throw SecurityModuleError.busy }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
