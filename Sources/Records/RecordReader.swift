/// Reads by raw key. The typed layer (`Record`) is what services use.
public protocol RecordReader: AnyObject {
  /// The value under a key, or nil.
  func value(forKey key: [UInt8]) throws -> [UInt8]?

  /// Up to `limit` entries with `range.lowerBound <= key < range.upperBound`, in key order (descending when `reversed`).
  func entries(in range: Range<KeyBytes>, limit: Int, reversed: Bool) throws -> [(key: [UInt8], value: [UInt8])]
}
