import Base
import Identity
import Keyring
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Wire

/// What clients of an observed house have.
extension ObservedHouse {
  /// A tenant of an id, with one subscription.
  @discardableResult
  func makeTenant(_ id: GUID, _ name: String) async throws -> Subscription {
    let (identity, now) = (identity, clock.now())
    let subscription = Subscription(id: random.guid(), tenant: id, displayName: name, createdTime: now)
    try await records.write { transaction in
      _ = try identity.createTenant(id: id, displayName: name, domains: ["\(name).test"], country: "FR", in: transaction)
      try transaction.save(subscription)
    }
    return subscription
  }

  /// An entry of the activity log of a subscription, of now.
  @discardableResult
  func log(
    _ subscription: Subscription, tenant: GUID? = nil, by principal: GUID = .zero, from address: String = "127.0.0.1",
    operation: String = "Microsoft.Resources/subscriptions/resourceGroups/write", resource: String? = nil
  ) async throws -> ActivityLogEntry {
    let entry = ActivityLogEntry(
      id: random.guid(), tenant: tenant ?? subscription.tenant, subscription: subscription.id, time: clock.now(), operationName: operation,
      resourceID: resource ?? "\(subscription.path)/resourceGroups/rg", status: .succeeded, statusCode: 200, caller: "", principalID: principal,
      claims: [:],
      correlationID: random.guid(), operationID: random.guid(), clientAddress: address, method: "PUT")
    try await records.write { try $0.save(entry) }
    return entry
  }

  /// A resource in a group of a subscription, whatever its location.
  @discardableResult
  func makeResource(_ name: String, in subscription: Subscription, at location: String?) async throws -> Resource {
    let resource = Resource(
      tenant: subscription.tenant, id: ResourceID(subscription: subscription.id, resourceGroup: "rg", "Microsoft.Storage", ("storageAccounts", name)),
      location: location, etag: random.guid(), createdTime: clock.now(), changedTime: clock.now())
    try await records.write { try $0.save(resource) }
    return resource
  }

  /// A storage account's record, as the storage service keeps it.
  struct AccountRecord: Record, Codable {
    static let kind = "storage.account"
    var name: String
    var tenant: GUID
    var id: ResourceID
    var dataKey: DataKeyID
    var keys: [AccessKey]
    var delegationSecret: [UInt8] = []
    var createdTime: Timestamp
    var allowsSharedKey = true
    var allowsPublicAccess = false
    var skuName = "Standard_LRS"
    var kindName = "StorageV2"
    var location = "paris"
    var key: RecordKey { RecordKey(tenant: .zero, name) }

    struct AccessKey: Codable {
      var name: String
      var sealed: [UInt8] = []
      var createdTime: Timestamp
    }
  }

  /// A storage account of a subscription with a data key of its own, or with one that is given.
  @discardableResult
  func makeAccount(_ name: String, in subscription: Subscription, dataKey: DataKeyID? = nil) async throws -> AccountRecord {
    let (keyring, now) = (keyring, clock.now())
    return try await records.write { transaction in
      let key = try dataKey ?? keyring.makeDataKey(tenant: subscription.tenant, in: transaction)
      let account = AccountRecord(
        name: name, tenant: subscription.tenant,
        id: ResourceID(subscription: subscription.id, resourceGroup: "rg", "Microsoft.Storage", ("storageAccounts", name)), dataKey: key,
        keys: [.init(name: "key1", createdTime: now), .init(name: "key2", createdTime: now)], createdTime: now)
      try transaction.save(account)
      return account
    }
  }

  /// Lays the root key on a medium of its own.
  func separateRootKey() throws {
    let path = platform.site.rootKey
    guard var attributes = try host.attributes(of: path) else { return }
    attributes.device += 1
    host.attributes[path] = attributes
  }
}

extension [Finding] {
  /// The one whose subject begins so, in English.
  func about(_ subject: String) -> Finding? { first { $0.subject.english.hasPrefix(subject) } }
}
