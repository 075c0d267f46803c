internal import Base
internal import Synchronization

/// When each pending device code was last asked about. In memory only: a restart makes one poll early.
final class PollTimes: Sendable {
  private let times = Mutex<[String: Timestamp]>([:])

  /// Notes a poll; false when it comes too soon after the one before.
  func admit(_ digest: String, at now: Timestamp) -> Bool {
    times.withLock { times in
      let last = times.updateValue(now, forKey: digest)
      if times.count > 2 * IdentityLimits.maximumPendingDeviceCodes {
        times = times.filter { now.seconds - $0.value.seconds < IdentityLimits.deviceCodeSeconds }
      }
      guard let last else { return true }
      return now.microseconds - last.microseconds >= IdentityLimits.devicePollSeconds * 1_000_000 - IdentityLimits.devicePollToleranceMicroseconds
    }
  }

  func forget(_ digest: String) {
    times.withLock { _ = $0.removeValue(forKey: digest) }
  }
}
