internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Security/pricings`: the plans of a subscription. None is sold here, so each is on the tier that costs nothing, and stays there.
///
/// Source: Microsoft, "Pricings", REST reference, 2024-01-01; the answers of management.azure.com to names that a cloud does not have.
struct PricingType: ProjectedResourceType {
  /// The plans for what this cloud serves, in the order of their names.
  static let plans = ["Arm", "CloudPosture", "StorageAccounts", "VirtualMachines"]

  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Security/pricings", apiVersions: ["2024-01-01", "2023-01-01", "2022-03-01", "2018-06-01"], isTracked: false,
    supportsTags: false, scope: .subscription, createdStatus: 200)

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    plan(id.name).flatMap { name in id.subscription.map { Self.resource(name, $0, tenant) } }
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard let subscription = parent.subscription else { return [] }
    return Self.plans.filter { $0 > after ?? "" }.prefix(limit).map { Self.resource($0, subscription, tenant) }
  }

  private func plan(_ name: String) -> String? {
    Self.plans.first { $0.lowercased() == name.lowercased() }
  }

  private static func resource(_ name: String, _ subscription: GUID, _ tenant: GUID) -> Resource {
    let id = ResourceID(subscription: subscription, provided: [.init(namespace: "Microsoft.Security", segments: [(type: "pricings", name: name)])])
    let never = Timestamp(seconds: 0)
    return Resource(
      tenant: tenant, id: id, location: nil, properties: ["pricingTier": "Free", "freeTrialRemainingTime": "PT0S"], etag: .zero, createdTime: never,
      changedTime: never)
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    guard let name = plan(change.id.name), let subscription = change.id.subscription else {
      throw CloudError(
        400, "InvalidResourceName",
        "The name '\(change.id.name)' is not a valid name. Possible pricing bundle names: \(Self.plans.joined(separator: ", ")).")
    }
    let tier = change.body.member("properties", "pricingTier")?.string ?? ""
    switch tier.lowercased() {
    case "free": return Self.resource(name, subscription, change.context.tenant)
    case "standard":
      throw CloudError(
        400, "BadRequest",
        "The pricing tier 'Standard' is not available for '\(name)': this cloud sells no plan of Microsoft Defender. Its tier stays 'Free'.",
        target: "pricingTier")
    default:
      throw CloudError(
        400, "BadRequest", "The pricing tier '\(tier)' is not valid. Possible values: Free, Standard.", target: "pricingTier")
    }
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    throw CloudError(400, "BadRequest", "The pricing of a plan can be deleted on a resource, not on a subscription.")
  }
}
