internal import Base
public import Records

extension Resource {
  /// A subscription's resources of one type, up to `limit`.
  public static func all(of type: String, in subscription: Subscription, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    try reader.list(Resource.self, index: typeIndex, [subscription.id.description, type.lowercased()], tenant: subscription.tenant, limit: limit)
  }
}
