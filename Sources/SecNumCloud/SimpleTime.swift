internal import Base

/// One question to a server of time, and what its answer says. Source: RFC 4330, "Simple Network Time Protocol (SNTP) Version 4".
struct SimpleTime {
  /// What the server's clock is ahead of ours, in seconds; negative where it is behind.
  let offset: Double
  /// From question to answer, without the time that the server took, in seconds.
  let delay: Double
  /// How far the server is from a reference clock: 1 to 15.
  let stratum: Int

  enum Refusal: Error, Equatable {
    /// Too short, of another mode or version, or an answer to another question.
    case malformed
    /// The server says that it is not set itself, or sends who asks away.
    case unsynchronized
  }

  private static let bytes = 48
  /// Seconds from 1900 to 1970.
  private static let epoch: UInt64 = 2_208_988_800

  /// A question. `mark` comes back in the answer, which nobody can make who did not see the question; it stands where a client's own time may stand, which
  /// the server has no use for.
  static func question(mark: UInt64) -> [UInt8] {
    var datagram = [UInt8](repeating: 0, count: bytes)
    // No warning, version 4, client.
    datagram[0] = 4 << 3 | 3
    for index in 0..<8 { datagram[40 + index] = UInt8(truncatingIfNeeded: mark >> (56 - 8 * UInt64(index))) }
    return datagram
  }

  /// Throws `Refusal`.
  init(answer: [UInt8], mark: UInt64, sent: Timestamp, received: Timestamp) throws(Refusal) {
    guard answer.count >= Self.bytes, answer[0] & 0x07 == 4, Self.word(answer, 24) == mark else { throw .malformed }
    guard answer[0] >> 6 != 3, (1...15).contains(answer[1]) else { throw .unsynchronized }
    stratum = Int(answer[1])
    let arrived = Self.seconds(Self.word(answer, 32), near: received)
    let left = Self.seconds(Self.word(answer, 40), near: received)
    let asked = Double(sent.microseconds) / 1e6
    let answered = Double(received.microseconds) / 1e6
    offset = ((arrived - asked) + (left - answered)) / 2
    delay = (answered - asked) - (left - arrived)
  }

  private static func word(_ bytes: [UInt8], _ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }

  /// Seconds since 1970 of a time of NTP, whose 32 bits of seconds begin anew every 136 years: the one of those that is nearest to `now`.
  private static func seconds(_ word: UInt64, near now: Timestamp) -> Double {
    let era: Double = 4_294_967_296
    let value = Double(word >> 32) - Double(epoch) + Double(word & 0xFFFF_FFFF) / era
    let current = Double(now.microseconds) / 1e6
    return value + ((current - value) / era).rounded() * era
  }
}
