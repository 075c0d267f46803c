public import Base
public import Records
public import Wire

/// A resource group: resources that live and go together.
public struct ResourceGroup: Record, Codable, Sendable {
  public static let kind = "arm.group"

  public var tenant: GUID
  public var subscription: GUID
  /// As it was first written.
  public var name: String
  public var location: String
  public var tags: [String: String]
  public var managedBy: String?
  public var provisioningState: ProvisioningState
  public var etag: GUID
  public var createdTime: Timestamp
  public var changedTime: Timestamp

  public init(
    tenant: GUID, subscription: GUID, name: String, location: String, tags: [String: String], managedBy: String?,
    provisioningState: ProvisioningState, etag: GUID, createdTime: Timestamp, changedTime: Timestamp
  ) {
    self.tenant = tenant
    self.subscription = subscription
    self.name = name
    self.location = location
    self.tags = tags
    self.managedBy = managedBy
    self.provisioningState = provisioningState
    self.etag = etag
    self.createdTime = createdTime
    self.changedTime = changedTime
  }

  public var key: RecordKey { Self.key(tenant: tenant, subscription, name) }

  public static func key(tenant: GUID, _ subscription: GUID, _ name: String) -> RecordKey {
    RecordKey(tenant: tenant, subscription.description, name.lowercased())
  }

  public var id: ResourceID { ResourceID(subscription: subscription, resourceGroup: name) }

  /// Source: Microsoft, "Resource Groups - Get", REST reference.
  var json: JSON {
    .object([
      "id": .string(id.description),
      "name": .string(name),
      "type": "Microsoft.Resources/resourceGroups",
      "location": .string(location),
      "managedBy": JSON.string(managedBy),
      "tags": tags.isEmpty ? nil : Tags.json(tags),
      "properties": ["provisioningState": .string(provisioningState.rawValue)],
    ])
  }

  /// Checks a new group's name. Throws `InvalidResourceGroup`.
  ///
  /// Source: Microsoft, "Naming rules and restrictions for Azure resources".
  static func checkName(_ name: String) throws {
    let invalid = name.filter { character in
      !(character.isLetter || character.isNumber || "-.()_".contains(character))
    }
    if !invalid.isEmpty {
      throw CloudError(
        400, "InvalidResourceGroup",
        "The provided resource group name '\(name)' has these invalid characters: '\(invalid)'. "
          + "The name can only be a letter, digit, '-', '.', '(', ')' or '_'.")
    }
    guard (1...ResourceManagerLimits.maximumGroupNameCharacters).contains(name.count) else {
      throw CloudError(
        400, "InvalidResourceGroup",
        "The provided resource group name '\(name)' is too long. "
          + "The maximum length is \(ResourceManagerLimits.maximumGroupNameCharacters) characters."
      )
    }
    guard !name.hasSuffix(".") else {
      throw CloudError(400, "InvalidResourceGroup", "The provided resource group name '\(name)' is invalid. The name can not end with '.'.")
    }
  }
}
