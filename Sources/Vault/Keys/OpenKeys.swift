internal import Base
internal import Synchronization

/// Private keys that stay open for a while after their use: to open one costs as much as to use it.
///
/// It does not decide: who uses a key has read its record first. It forgets a key once the record says that nobody may use it.
final class OpenKeys: Sendable {
  private struct Entry {
    var key: SoftwareKey
    var incarnation: GUID
    var end: Timestamp
  }

  private let clock: any WallClock
  private let entries = Mutex<[GUID: Entry]>([:])

  init(clock: any WallClock) {
    self.clock = clock
  }

  subscript(id: GUID) -> SoftwareKey? {
    let now = clock.steady()
    return entries.withLock { entries in
      guard let entry = entries[id] else { return nil }
      guard entry.end > now else {
        entries[id] = nil
        return nil
      }
      return entry.key
    }
  }

  func insert(_ key: SoftwareKey, id: GUID, incarnation: GUID) {
    let now = clock.steady()
    entries.withLock { entries in
      if entries.count >= KeyLimits.maximumOpenKeys { entries = entries.filter { $0.value.end > now } }
      if entries.count >= KeyLimits.maximumOpenKeys { entries = [:] }
      entries[id] = Entry(key: key, incarnation: incarnation, end: now.advanced(by: .seconds(KeyLimits.openSeconds)))
    }
  }

  /// Forgets the versions of a thing.
  func forget(incarnation: GUID) {
    entries.withLock { entries in entries = entries.filter { $0.value.incarnation != incarnation } }
  }

  var count: Int { entries.withLock { $0.count } }
}
