internal import Extents

/// How bytes of a disk look to a thief who has no key.
///
/// What is encrypted looks like noise: every byte value comes about as often as any other. So does what is compressed; that the cipher is the one that it
/// claims to be is proven on a canary whose key is known (`Canary`).
enum RawBytes: Equatable {
  /// Nothing but zeroes.
  case empty
  case noise
  /// Too few for a judgement.
  case few
  /// Values are not evenly spread: the chi-square statistic over the 256 of them.
  case legible(Double)

  /// Bytes from which on the statistic means something.
  static let fewestBytes = 2048
  /// Noise has 255 on average, with a standard deviation of 22.6; it passes this bound less than once in 10⁹ looks. Text passes it by thousands.
  static let largestStatistic = 430.0
  /// A run of so many zeroes is a hole of the file, or what nobody wrote yet.
  private static let holeBytes = 8

  init(_ bytes: some Collection<UInt8>) {
    var counts = [Int](repeating: 0, count: 256)
    var total = 0
    var zeroes = 0
    for byte in bytes {
      if byte == 0 {
        zeroes += 1
        continue
      }
      if zeroes > 0 {
        if zeroes < Self.holeBytes {
          counts[0] += zeroes
          total += zeroes
        }
        zeroes = 0
      }
      counts[Int(byte)] += 1
      total += 1
    }
    guard total > 0 else {
      self = .empty
      return
    }
    guard total >= Self.fewestBytes else {
      self = .few
      return
    }
    let expected = Double(total) / 256
    let statistic = counts.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    self = statistic > Self.largestStatistic ? .legible(statistic) : .noise
  }

  /// Of a window into a segment: what frames are headed with is public and is left out.
  init(segment window: [UInt8]) {
    let magic = SegmentForm.frameMagic
    var kept: [UInt8] = []
    kept.reserveCapacity(window.count)
    var index = 0
    while index < window.count {
      if window[index] == magic[0], window[index...].starts(with: magic) {
        index += SegmentForm.frameHeaderBytes
      } else {
        kept.append(window[index])
        index += 1
      }
    }
    self.init(kept)
  }
}
