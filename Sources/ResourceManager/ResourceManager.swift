public import Access
public import Base
public import Keyring
public import Ledger
public import Logging
public import Records
internal import Synchronization
public import Wire

/// Resource Manager: subscriptions, groups, resources of every declared type, their operations and the activity log. No HTTP here.
///
/// As a `Service` it carries on with unfinished operations from the moment it runs, and removes what has outlived its retention.
public final class ResourceManager: Sendable {
  package let records: any RecordStore
  package let catalog: ResourceCatalog
  package let locations: [Location]
  package let clock: any WallClock
  package let random: any RandomSource
  let access: AccessControl
  /// Where refusals are noted for the ledger.
  let notes: LedgerNotes?
  let logger: Logger
  let secrets: any SecretSealer
  /// Opens records that are under tenants' own keys; nil where tenants have none.
  let customerKeys: CustomerKeyring?
  let identities: (any ManagedIdentities)?
  /// What `environment()` gives in templates.
  let environment: JSON
  let tenantProfile: @Sendable (GUID) async throws -> TenantProfile?
  /// Wakes the background work. A second signal while one is waiting says nothing new.
  let signal: AsyncStream<Void>.Continuation
  let signals: AsyncStream<Void>

  /// `tenantProfile` gives what the tenants list shows of a tenant; nil for one that does not exist. `access` keeps the role assignments.
  ///
  /// The namespaces of Resource Manager itself are added to `providers`.
  public init(
    records: any RecordStore, access: AccessControl, providers: [any ResourceProvider], locations: [Location],
    secrets: any SecretSealer = NoSecrets(), customerKeys: CustomerKeyring? = nil, identities: (any ManagedIdentities)? = nil,
    environment: JSON = [:], tenantProfile: @escaping @Sendable (GUID) async throws -> TenantProfile?,
    notes: LedgerNotes? = nil, clock: any WallClock, random: any RandomSource, logger: Logger
  ) {
    precondition(!locations.isEmpty, "a cloud has a location")
    self.records = records
    self.access = access
    catalog = ResourceCatalog([ResourcesProvider(), AuthorizationProvider(), SovereigntyProvider()] + providers)
    self.locations = locations
    self.secrets = secrets
    self.customerKeys = customerKeys
    self.identities = identities
    self.environment = environment
    self.tenantProfile = tenantProfile
    self.notes = notes
    self.clock = clock
    self.random = random
    self.logger = logger
    (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  // MARK: Subscriptions

  /// Makes a subscription in a caller's transaction: bootstrap and the operator's commands use it.
  @discardableResult
  public static func createSubscription(
    id: GUID, tenant: GUID, displayName: String, now: Timestamp, in transaction: RecordTransaction
  ) throws -> Subscription {
    let subscription = Subscription(id: id, tenant: tenant, displayName: displayName, createdTime: now)
    guard try transaction.insert(subscription) else {
      throw CloudError(409, "SubscriptionAlreadyExists", "The subscription '\(id)' already exists.")
    }
    return subscription
  }

  /// The subscriptions of a tenant, in the order of their ids.
  package func subscriptions(of tenant: GUID) async throws -> [Subscription] {
    try await records.read {
      try $0.list(Subscription.self, under: RecordKey(tenant: tenant, components: []), limit: ResourceManagerLimits.maximumPageItems)
    }
  }

  package func subscription(_ id: GUID, of tenant: GUID) async throws -> Subscription {
    try await records.read { try Self.requireSubscription(id, tenant, in: $0) }
  }

  /// Whose a subscription is; `GUID.zero` where there is none, or it cannot be read.
  func tenant(ofSubscription id: GUID?) async -> GUID {
    guard let id else { return .zero }
    let found = try? await records.read {
      try $0.list(Subscription.self, index: Subscription.allIndex, [id.description], tenant: .zero, limit: 1).first
    }
    return found?.tenant ?? .zero
  }

  static func requireSubscription(_ id: GUID, _ tenant: GUID, in reader: any RecordReader) throws -> Subscription {
    guard let subscription = try reader.fetch(Subscription.self, Subscription.key(tenant: tenant, id)) else {
      throw CloudError.subscriptionNotFound(id)
    }
    return subscription
  }

  /// The subscription of a request that changes something. A disabled one is read-only.
  static func requireWritableSubscription(_ context: ArmContext, in reader: any RecordReader) throws -> Subscription {
    let subscription = try requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
    guard subscription.state == .enabled else {
      throw CloudError(
        409, "ReadOnlyDisabledSubscription",
        "The subscription '\(subscription.id)' is disabled and therefore marked as read only. "
          + "You cannot perform any write actions on this subscription until it is re-enabled.")
    }
    return subscription
  }

  package func tenant(_ id: GUID) async throws -> TenantProfile? {
    try await tenantProfile(id)
  }

  // MARK: Changes

  /// Runs a change, and writes to the activity log in its transaction what came of it. A refusal is written in a transaction of its own.
  ///
  /// `body` gives the result and the HTTP status that it is answered with. `kind` is what the ledger calls it.
  package func change<Value: Sendable>(
    _ context: ArmContext, as kind: LedgerEntry.Kind = .controlWrite,
    _ body: @escaping @Sendable (RecordTransaction) throws -> (Value, statusCode: Int)
  ) async throws -> Value {
    let entryID = random.guid()
    do {
      return try await records.write { transaction in
        let (value, statusCode) = try body(transaction)
        try context.entry(.succeeded, statusCode, id: entryID).record(as: kind, in: transaction)
        return value
      }
    } catch let error as CloudError {
      await recordFailure(context, error, as: kind)
      throw error
    }
  }

  /// Writes to the activity log that a request to change something was refused or failed. A refusal comes into the ledger by the notes, which bound
  /// how many there may be (`ArmDispatcher`).
  package func recordFailure(_ context: ArmContext, _ error: CloudError, as kind: LedgerEntry.Kind = .controlWrite) async {
    let entryID = random.guid()
    do {
      try await records.write { transaction in
        if let subscription = context.subscription {
          // What is under no subscription of this tenant has no log to be written to.
          guard try transaction.fetch(Subscription.self, Subscription.key(tenant: context.tenant, subscription)) != nil else { return }
        }
        let entry = context.entry(.failed, error.status, error: error, id: entryID)
        if error.status == 403 { try transaction.save(entry) } else { try entry.record(as: kind, in: transaction) }
      }
    } catch {
      // The caller gets the error that it is about; that the log lacks it is for the operator to know.
      logger.error("activity log entry lost", metadata: ["operation": "\(context.permission)", "error": "\(error)"])
    }
  }

  // MARK: Locations

  /// The name of a location that resources of a type may be in. Throws `LocationNotAvailableForResourceType`.
  func checkedLocation(_ text: String, type: String) throws -> String {
    let name = Location.normalized(text)
    guard locations.contains(where: { $0.name == name }) else {
      throw CloudError.locationNotAvailable(text, type: type, available: locations.map(\.name))
    }
    return name
  }
}
