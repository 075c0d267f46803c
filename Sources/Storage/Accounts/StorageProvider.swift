public import Access
public import Base
internal import Records
public import ResourceManager
internal import Wire

/// `Microsoft.Storage`: storage accounts and what Resource Manager shows of their blob services.
public struct StorageProvider: ResourceProvider {
  public let namespace = "Microsoft.Storage"
  private let accounts: StorageAccounts
  private let random: any RandomSource
  private let clock: any WallClock
  private let address: CloudAddress
  private let locations: [String]
  private let identities: ManagedServiceIdentity?

  /// Newest first: what clients of the last years ask for. Others are accepted too.
  static let apiVersions = [
    "2026-09-01", "2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-04-01", "2023-01-01", "2022-09-01", "2022-05-01",
    "2021-09-01", "2021-08-01", "2021-06-01", "2021-04-01", "2021-02-01", "2021-01-01", "2019-06-01", "2019-04-01", "2018-11-01", "2018-07-01",
    "2018-02-01", "2017-10-01", "2017-06-01", "2016-12-01", "2016-01-01", "2015-06-15",
  ]

  /// `locations` are the names of the places where accounts can be made. `identities` makes those of accounts; nil: they have none.
  public init(
    accounts: StorageAccounts, random: any RandomSource, clock: any WallClock = SystemClock(), address: CloudAddress, locations: [String],
    identities: (any ManagedIdentities)? = nil
  ) {
    self.identities = identities.map { ManagedServiceIdentity($0) }
    self.accounts = accounts
    self.random = random
    self.clock = clock
    self.address = address
    self.locations = locations
  }

  public var types: [any ResourceType] {
    [
      StorageAccountType(accounts: accounts, random: random, address: address, identities: identities), BlobServiceType(accounts: accounts),
      ContainerType(random: random, clock: clock), ContainerPolicyType(random: random), EncryptionScopeType(accounts: accounts),
      ServiceType(accounts: accounts, service: .queue), QueueType(random: random), ServiceType(accounts: accounts, service: .table),
      TableType(random: random), ManagementPolicyType(), ObjectReplicationPolicyType(),
    ]
  }

  public var actions: [ProviderAction] {
    [
      ProviderAction(
        method: .post, path: "checkNameAvailability", permission: "Microsoft.Storage/checknameavailability/read",
        run: { _, body, _, reader in try StorageAccountName.availability(body, in: reader) }),
      ProviderAction(
        method: .get, path: "skus", permission: "Microsoft.Storage/skus/read",
        run: { [locations] _, _, _, _ in ["value": .array(StorageSku.offered.map { $0.json(locations: locations) })] }),
      ProviderAction(
        method: .get, path: "locations/{location}/usages", permission: "Microsoft.Storage/locations/usages/read",
        run: { [locations] parameters, _, context, reader in
          let location = StorageAccountName.normalizedLocation(parameters["location"] ?? "")
          guard locations.contains(location) else {
            throw CloudError(
              400, "LocationNotAvailableForResourceType",
              "The provided location '\(location)' is not available for resource type 'locations/usages'. "
                + "List of available regions for the resource type is '\(locations.joined(separator: ","))'.")
          }
          let count = try StorageAccountType.count(in: context, location: location, reader)
          return [
            "value": [
              [
                "unit": "Count", "currentValue": .integer(Int64(count)), "limit": .integer(Int64(StorageAccountType.maximumAccounts)),
                "name": ["value": "StorageAccounts", "localizedValue": "Storage Accounts"],
              ]
            ]
          ]
        }),
    ]
  }

  public var operations: [ProviderOperation] { StorageProviderOperations.all }
}
