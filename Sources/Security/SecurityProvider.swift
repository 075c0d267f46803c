public import Base
internal import Records
public import ResourceManager
internal import Wire

/// `Microsoft.Security`: what the platform knows of its own compliance, in the forms that `az security` reads.
public struct SecurityProvider: ResourceProvider {
  public let namespace = "Microsoft.Security"
  private let compliance: any RegulatoryCompliance
  private let address: CloudAddress
  private let locations: [String]

  /// `locations` are the names of the places that the cloud has.
  public init(compliance: any RegulatoryCompliance, address: CloudAddress, locations: [String]) {
    self.compliance = compliance
    self.address = address
    self.locations = locations
  }

  public var types: [any ResourceType] { [PricingType()] }

  public var actions: [ProviderAction] {
    StandardOperations(compliance: compliance, address: address).actions + AssessmentOperations(compliance: compliance).actions + places
  }

  public var operations: [ProviderOperation] {
    StandardOperations.permissions + AssessmentOperations.permissions + [
      Self.operation("locations/read", "Security location", "Gets the security data location"),
      Self.operation("pricings/read", "Pricing", "Gets the pricing settings for the scope"),
      Self.operation("pricings/write", "Pricing", "Updates the pricing settings for the scope"),
      Self.operation("pricings/delete", "Pricing", "Deletes the pricing settings for the scope"),
    ]
  }

  static func operation(_ name: String, _ resource: String, _ operation: String) -> ProviderOperation {
    ProviderOperation(name: "Microsoft.Security/\(name)", resource: resource, operation: operation, description: operation)
  }

  // MARK: Locations

  /// Source: Microsoft, "Locations", REST reference, 2015-06-01-preview.
  private var places: [ProviderAction] {
    [
      ProviderAction(method: .get, path: "locations", permission: Self.locationPermission, apiVersions: Self.locationVersions) {
        [locations] _, _, context, _ in
        ["value": .array(locations.map { Self.json($0, context) })]
      },
      ProviderAction(method: .get, path: "locations/{location}", permission: Self.locationPermission, apiVersions: Self.locationVersions) {
        [locations] parameters, _, context, _ in
        let name = parameters["location"] ?? ""
        guard locations.contains(Location.normalized(name)) else { throw CloudError.resourceNotFound("Microsoft.Security/locations", name) }
        return Self.json(Location.normalized(name), context)
      },
    ]
  }

  private static let locationPermission = "Microsoft.Security/locations/read"
  private static let locationVersions = ["2015-06-01-preview"]

  private static func json(_ location: String, _ context: OperationContext) -> JSON {
    [
      "id": .string("/subscriptions/\(context.subscription)/providers/Microsoft.Security/locations/\(location)"), "name": .string(location),
      "type": "Microsoft.Security/locations", "properties": ["homeRegionName": .string(location)],
    ]
  }
}
