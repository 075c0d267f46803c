internal import CLibvirt
internal import Dispatch
internal import Logging
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// A connection to libvirt's daemon. Calls block, so they are made on threads of their own, and a lost connection is opened anew.
final class LibvirtConnection: Sendable {
  /// libvirt's handles may be used from any thread.
  struct Handle: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  /// Calls that run at one time.
  private static let maximumCalls = 8
  private static let address = "qemu:///system"
  /// Seconds between two signs of life, and how many may be missed.
  private static let keepaliveSeconds: Int32 = 5
  private static let keepaliveCount: UInt32 = 5

  private let queue = DispatchQueue(label: "libvirt", attributes: .concurrent)
  private let calls = DispatchSemaphore(value: maximumCalls)
  private let handle = Mutex<Handle?>(nil)
  private let logger: Logger
  private let onOpen: @Sendable (Handle) -> Void

  init(logger: Logger, onOpen: @escaping @Sendable (Handle) -> Void) {
    self.logger = logger
    self.onOpen = onOpen
    LibvirtEvents.start()
  }

  /// Runs calls against the daemon. What `body` throws is thrown; a connection that was lost meanwhile is opened anew at the next call.
  func run<Value: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
      queue.async { [self] in
        calls.wait()
        defer { calls.signal() }
        continuation.resume(with: Result { try body(try opened().pointer) })
      }
    }
  }

  private func opened() throws -> Handle {
    try handle.withLock { handle in
      if let handle, virConnectIsAlive(handle.pointer) == 1 { return handle }
      if let old = handle { virConnectClose(old.pointer) }
      handle = nil
      guard let pointer = virConnectOpen(Self.address) else { throw HypervisorError.unavailable(Self.lastError()) }
      guard virConnectSetKeepAlive(pointer, Self.keepaliveSeconds, Self.keepaliveCount) >= 0 else {
        throw HypervisorError.unavailable(Self.lastError())
      }
      let opened = Handle(pointer: pointer)
      handle = opened
      onOpen(opened)
      return opened
    }
  }

  /// The words of the last error of this thread.
  static func lastError() -> String {
    guard let error = virGetLastError(), let message = error.pointee.message else { return "unknown error" }
    return String(cString: message)
  }

  static func lastErrorCode() -> Int32 {
    virGetLastErrorCode()
  }

  static func failure() -> HypervisorError { .refused(lastError()) }
}

/// libvirt's event loop, once a process, on a thread of its own.
enum LibvirtEvents {
  private static let started = Mutex(false)

  static func start() {
    let isFirst = started.withLock { started in
      defer { started = true }
      return !started
    }
    guard isFirst else { return }
    virSetErrorFunc(nil) { _, _ in }
    guard virEventRegisterDefaultImpl() == 0 else { preconditionFailure("libvirt's event loop could not be made") }
    // Without a timer the loop sleeps until the first event, which nothing would announce.
    virEventAddTimeout(1000, { _, _ in }, nil, nil)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { _ in
        while true {
          if virEventRunDefaultImpl() < 0 { usleep(100_000) }
        }
      }, nil)
    precondition(code == 0, "a thread could not be made")
    pthread_detach(thread)
  }
}
