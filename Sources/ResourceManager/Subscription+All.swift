internal import Base
public import Records

extension Subscription {
  /// Every subscription of the cloud, up to `limit`.
  public static func all(limit: Int, in reader: any RecordReader) throws -> [Subscription] {
    try reader.list(Subscription.self, index: allIndex, [], tenant: .zero, limit: limit)
  }
}
