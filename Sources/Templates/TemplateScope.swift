public import Base
public import Wire

/// What surrounds a deployment, for the functions that tell of it.
public struct TemplateScope: Sendable {
  public struct ResourceGroup: Sendable {
    public var name: String
    public var location: String
    public var tags: [String: String]

    public init(name: String, location: String, tags: [String: String]) {
      self.name = name
      self.location = location
      self.tags = tags
    }
  }

  public var tenant: GUID
  public var subscription: GUID
  public var subscriptionName: String
  /// Nil for a deployment on a subscription.
  public var group: ResourceGroup?
  public var deploymentName: String
  /// Of a deployment on a subscription.
  public var location: String?
  /// What `environment()` gives.
  public var environment: JSON
  /// What `deployer()` gives.
  public var deployer: JSON
  public var now: Timestamp
  public var newGUID: @Sendable () -> GUID

  public init(
    tenant: GUID, subscription: GUID, subscriptionName: String, group: ResourceGroup?, deploymentName: String, location: String?,
    environment: JSON, deployer: JSON, now: Timestamp, newGUID: @escaping @Sendable () -> GUID
  ) {
    self.tenant = tenant
    self.subscription = subscription
    self.subscriptionName = subscriptionName
    self.group = group
    self.deploymentName = deploymentName
    self.location = location
    self.environment = environment
    self.deployer = deployer
    self.now = now
    self.newGUID = newGUID
  }

  var subscriptionID: ResourceID { ResourceID(subscription: subscription) }
  var groupID: ResourceID { ResourceID(subscription: subscription, resourceGroup: group?.name) }
}

/// What only a running cloud knows: the state of other resources.
public protocol TemplateRuntime {
  /// The properties of a resource or, where `full`, the whole of it.
  func reference(_ id: ResourceID, apiVersion: String?, full: Bool) throws -> JSON
  /// What an action whose name begins with `list` gives, for example `listKeys`.
  func list(_ function: String, _ id: ResourceID, apiVersion: String, body: JSON) throws -> JSON
}
