internal import Wire

/// A place where resources live: one set of data centres with its zones.
public struct Location: Sendable, Equatable {
  /// For example `paris`: lower case, without spaces.
  public var name: String
  /// For example `Paris`.
  public var displayName: String
  /// For example `France`.
  public var geography: String
  /// For example `Europe`.
  public var geographyGroup: String
  /// The town, for example `Paris`.
  public var physicalLocation: String
  /// Decimal degrees, as text.
  public var latitude: String
  public var longitude: String
  /// Zone numbers, for example `1`, `2`, `3`.
  public var zones: [String]

  public init(
    name: String, displayName: String, geography: String, geographyGroup: String, physicalLocation: String, latitude: String, longitude: String,
    zones: [String]
  ) {
    self.name = name
    self.displayName = displayName
    self.geography = geography
    self.geographyGroup = geographyGroup
    self.physicalLocation = physicalLocation
    self.latitude = latitude
    self.longitude = longitude
    self.zones = zones
  }

  /// The form by which locations are compared and stored: `West Europe` gives `westeurope`.
  public static func normalized(_ text: String) -> String {
    text.lowercased().filter { $0 != " " }
  }

  /// Source: Microsoft, "Subscriptions - List Locations", REST reference.
  func json(subscription: String) -> JSON {
    [
      "id": .string("/subscriptions/\(subscription)/locations/\(name)"),
      "name": .string(name),
      "type": "Region",
      "displayName": .string(displayName),
      "regionalDisplayName": .string("(\(geographyGroup)) \(displayName)"),
      "metadata": [
        "regionType": "Physical",
        "regionCategory": "Recommended",
        "geography": .string(geography),
        "geographyGroup": .string(geographyGroup),
        "longitude": .string(longitude),
        "latitude": .string(latitude),
        "physicalLocation": .string(physicalLocation),
        "pairedRegion": [],
      ],
      "availabilityZoneMappings": .array(zones.map { ["logicalZone": .string($0), "physicalZone": .string("\(name)-az\($0)")] }),
    ]
  }
}
