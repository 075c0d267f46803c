/// A mark between two bounds, of 0 to 100: what is not known widens it.
public struct Interval: Hashable, Sendable {
  public let low: Double
  public let high: Double

  /// The bounds must be in order.
  public init(_ low: Double, _ high: Double) {
    precondition(low <= high, "the bounds are in order")
    self.low = low
    self.high = high
  }

  /// Everything is possible.
  public static let whole = Interval(0, 100)

  public var middle: Double { (low + high) / 2 }
  public var width: Double { high - low }

  /// The sum of intervals that are each worth a share.
  static func weighted(_ parts: [(interval: Interval, share: Double)]) -> Interval {
    let low = parts.reduce(0) { $0 + $1.interval.low * $1.share }
    // Rounding must not put the bounds out of order.
    return Interval(low, max(low, parts.reduce(0) { $0 + $1.interval.high * $1.share }))
  }

  /// The narrowest that holds all of the given; nil for none.
  static func hull(_ marks: [Double]) -> Interval? {
    guard let low = marks.min(), let high = marks.max() else { return nil }
    return Interval(low, high)
  }
}

extension Double {
  /// Without the noise of its arithmetic, which must not put one offer before another.
  var settled: Double { (self * 1e6).rounded() / 1e6 }
}
