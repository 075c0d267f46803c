internal import Base
internal import Wire

/// What kinds of account there are and how often their data is kept.
///
/// Only local redundancy can be promised where everything is in one place. Asking for more is refused, not silently given less.
/// Source: Microsoft, "SKU Types", REST reference of the storage resource provider; "Azure Storage redundancy".
struct StorageSku: Equatable, Sendable {
  var name: String
  var tier: String
  var kinds: [String]

  static let offered = [
    StorageSku(name: "Standard_LRS", tier: "Standard", kinds: ["StorageV2", "Storage", "BlobStorage"]),
    // Block and append blobs, or page blobs.
    StorageSku(name: "Premium_LRS", tier: "Premium", kinds: ["BlockBlobStorage", "StorageV2"]),
  ]

  private static let known: Set<String> = [
    "standard_lrs", "standard_zrs", "standard_grs", "standard_ragrs", "standard_gzrs", "standard_ragzrs", "premium_lrs", "premium_zrs",
    "standardv2_lrs", "standardv2_zrs", "standardv2_grs", "standardv2_gzrs", "premiumv2_lrs", "premiumv2_zrs",
  ]
  private static let knownKinds: Set<String> = ["storagev2", "storage", "blobstorage", "blockblobstorage", "filestorage"]

  /// The SKU that a request names. Throws Azure's errors for what is unknown, and for what is not offered.
  static func named(_ name: String?, location: String) throws -> StorageSku {
    guard let name, known.contains(name.lowercased()) else { throw StorageAccountSettings.invalid("sku.name") }
    guard let sku = offered.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      throw CloudError(
        400, "RedundancyConfigurationNotAvailableInRegion",
        "The redundancy configuration '\(name)' is not available in location '\(location)'. "
          + "Available redundancy configurations are '\(offered.map(\.name).joined(separator: "', '"))'.", target: "sku.name")
    }
    return sku
  }

  /// The SKU and the kind that a request names, in their own spelling. Throws Azure's errors where they do not go together either.
  static func select(name: String?, kind: String?, location: String) throws -> (sku: StorageSku, kind: String) {
    let sku = try named(name, location: location)
    guard let kind, knownKinds.contains(kind.lowercased()) else { throw StorageAccountSettings.invalid("kind") }
    guard kind.lowercased() != "filestorage" else { throw StorageAccountSettings.unsupported("File", "kind") }
    guard let spelled = sku.kinds.first(where: { $0.lowercased() == kind.lowercased() }) else { throw StorageAccountSettings.invalid("sku.name") }
    return (sku, spelled)
  }

  /// The `sku` member of an account.
  var json: JSON { ["name": .string(name), "tier": .string(tier)] }

  /// An entry of the list of SKUs.
  func json(locations: [String]) -> JSON {
    [
      "resourceType": "storageAccounts", "name": .string(name), "tier": .string(tier), "kind": .string(kinds.first ?? ""),
      "locations": .array(locations.map { .string($0) }),
      "capabilities": [
        ["name": "supportschangenotification", "value": "false"], ["name": "supportsfileencryption", "value": "false"],
        ["name": "supportsarchivepreview", "value": "false"], ["name": "supportshoeboxcapacitymetrics", "value": "false"],
      ],
      "restrictions": [],
    ]
  }
}
