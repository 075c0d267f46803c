/// Reads by raw key. The typed layer (`Record`) is what services use.
public protocol RecordReader: AnyObject {
  /// What seals records here and opens them; nil where they rest as they are.
  var sealer: (any RecordSealer)? { get }

  /// The value under a key, or nil.
  func value(forKey key: [UInt8]) throws -> [UInt8]?

  /// Up to `limit` entries with `range.lowerBound <= key < range.upperBound`, in key order (descending when `reversed`).
  func entries(in range: Range<KeyBytes>, limit: Int, reversed: Bool) throws -> [(key: [UInt8], value: [UInt8])]
}

extension RecordReader {
  public var sealer: (any RecordSealer)? { nil }

  /// A record of its bytes, opened as far as it can be.
  func opened<R: Record>(_ type: R.Type, _ value: [UInt8]) throws -> R {
    var record = try RecordCodec.decode(type, value)
    try record.open(in: self)
    return record
  }
}
