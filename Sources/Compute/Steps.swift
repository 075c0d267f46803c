internal import Logging
internal import ResourceManager
internal import Synchronization
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// The steps by which machines and disks are brought to what is wanted. Each is told in the log before it is taken, and is taken again where this
/// process ended in its midst.
final class Steps: Sendable {
  private let logger: Logger
  private let taken = Mutex(0)
  /// Ends this process, as a cut of the power would, before the step of this number is taken: tests go through all of them.
  private let lethal: Int?
  static let variable = "COCAGNE_KILLED_BEFORE_STEP"

  init(logger: Logger) {
    self.logger = logger
    lethal = getenv(Self.variable).flatMap { Int(String(cString: $0)) }
  }

  func callAsFunction(_ what: String, _ id: ResourceID) {
    let number = taken.withLock { taken in
      taken += 1
      return taken
    }
    logger.info("step", metadata: ["number": "\(number)", "what": "\(what)", "resource": "\(id)"])
    if number == lethal { kill(getpid(), SIGKILL) }
  }
}
