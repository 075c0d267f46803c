internal import Base
public import Records

/// How many resources of a type a subscription has: for quotas and usages.
public enum ResourceCount {
  /// Counts no further than `limit`.
  public static func of(_ type: String, _ context: OperationContext, limit: Int, in reader: any RecordReader) throws -> Int {
    try reader.list(
      Resource.self, index: Resource.typeIndex, [context.subscription.description, type.lowercased()], tenant: context.tenant, limit: limit
    ).count
  }
}
