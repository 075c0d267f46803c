/// Runs `work`, and cancels it when its time is over. Throws `ObservationFailure` then; `what` names what was waited for.
func withDeadline<Result: Sendable>(
  _ limit: Duration, _ what: String, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let result = first else {
      throw ObservationFailure("\(what) n'a pas répondu en \(limit).", "\(what) did not answer within \(limit).")
    }
    return result
  }
}
