internal import Base
internal import Records
public import ResourceManager
internal import Wire

/// Microsoft.Insights: the activity log.
///
/// Source: Microsoft, "Activity Logs - List" and "Event Categories - List", REST reference, 2015-04-01.
public struct MonitorProvider: ResourceProvider {
  public let namespace = "Microsoft.Insights"
  public let types: [any ResourceType] = []

  public init() {}

  /// As the clients send them, newest first.
  private static let apiVersions = ["2017-03-01-preview", "2015-04-01", "2014-04-01"]

  public var actions: [ProviderAction] {
    [
      ProviderAction(
        method: .get, path: "eventtypes/management/values", permission: "Microsoft.Insights/eventtypes/values/Read", apiVersions: Self.apiVersions
      ) { _, _, context, reader in
        try ActivityLogQuery(context).page(in: reader)
      },
      ProviderAction(
        method: .get, path: "eventcategories", permission: "Microsoft.Insights/eventCategories/Read", apiVersions: Self.apiVersions, level: .tenant
      ) { _, _, _, _ in
        ["value": .array(Self.categories.map { ["value": .string($0), "localizedValue": .string($0)] })]
      },
    ]
  }

  /// What the activity log holds here.
  private static let categories = ["Administrative"]

  public var listedTypes: [ListedType] {
    [ListedType("eventtypes", Self.apiVersions), ListedType("eventCategories", Self.apiVersions)]
  }

  public var operations: [ProviderOperation] {
    [
      ProviderOperation(
        name: "Microsoft.Insights/eventtypes/values/Read", resource: "Management events", operation: "Get activity log events",
        description: "Read activity log events of a subscription."),
      ProviderOperation(
        name: "Microsoft.Insights/eventCategories/Read", resource: "Event category", operation: "Get event categories",
        description: "Read the categories of activity log events."),
    ]
  }
}

/// The bounds of the activity log's lists.
enum MonitorLimits {
  /// Events of one page.
  static let maximumPageItems = 200
  /// Events that one request looks at; it then answers with what it found and a link to go on.
  static let maximumScannedEvents = 5000
  /// Days back that a list reaches whose filter names no start.
  static let defaultDays = 90
}
