internal import Base
internal import Synchronization

/// Handles of keys on the token, as long as the library is open: to look one up again, some tokens go through all that they have.
final class KeyHandles: Sendable {
  struct Name: Hashable {
    var id: GUID
    var `class`: UInt
    /// Nil: of whatever type.
    var type: UInt?
  }

  private let handles = Mutex<[Name: UInt]>([:])

  subscript(name: Name) -> UInt? {
    get { handles.withLock { $0[name] } }
    set {
      handles.withLock { handles in
        if handles.count >= ModuleLimits.maximumRememberedHandles { handles = [:] }
        handles[name] = newValue
      }
    }
  }

  func forgetAll() {
    handles.withLock { $0 = [:] }
  }
}
