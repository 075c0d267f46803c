public import Base
public import Records

extension Subscription {
  /// Every subscription of the cloud, up to `limit`.
  public static func all(limit: Int, in reader: any RecordReader) throws -> [Subscription] {
    try reader.list(Subscription.self, index: allIndex, [], tenant: .zero, limit: limit)
  }

  /// The subscription of an id, whosever it is; nil where there is none.
  public static func found(_ id: GUID, in reader: any RecordReader) throws -> Subscription? {
    try reader.list(Subscription.self, index: allIndex, [id.description], tenant: .zero, limit: 1).first
  }
}
