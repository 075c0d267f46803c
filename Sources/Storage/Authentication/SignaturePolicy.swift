internal import Base
internal import Wire

/// For how long the shared access signatures of an account's keys may hold (`sasPolicy`).
///
/// Source: Microsoft, "Configure an expiration policy for shared access signatures".
struct SignaturePolicy: Codable, Equatable, Sendable {
  var maximumSeconds: Int64
  /// Whether a signature that holds for longer is refused, or only told of in the log.
  var blocks: Bool

  /// Reads `<days>.<hours>:<minutes>:<seconds>`; nil for anything else and for no time at all.
  static func seconds(_ text: String) -> Int64? {
    let halves = text.split(separator: ".", omittingEmptySubsequences: false)
    let clock = halves.last?.split(separator: ":", omittingEmptySubsequences: false).map { number($0) } ?? []
    guard (1...2).contains(halves.count), clock.count == 3, let days = halves.count == 2 ? number(halves[0]) : 0, let hours = clock[0],
      let minutes = clock[1], let seconds = clock[2], hours < 24, minutes < 60, seconds < 60
    else { return nil }
    let all = days * 86400 + hours * 3600 + minutes * 60 + seconds
    return all > 0 ? all : nil
  }

  private static func number(_ text: Substring) -> Int64? {
    guard (1...6).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(text)
  }

  /// Whether a signature keeps to it: its interval is known and short enough.
  func admits(start: Timestamp?, expiry: Timestamp) -> Bool {
    guard let start else { return false }
    return expiry.seconds - start.seconds <= maximumSeconds
  }
}
