import Dispatch

/// Runs a task on a thread of its own, so that a closure in it may wait for another task without taking a thread from the pool that runs that one.
final class QueueExecutor: TaskExecutor {
  private let queue = DispatchQueue(label: "test")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
