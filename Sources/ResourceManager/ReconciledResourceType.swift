public import Base
public import Records
public import Wire

/// A type whose resources stand for something in the world: a machine, a disk. A request only records what is wanted; `carryOut` then brings the
/// world there, outside of every transaction, and is called again after a crash.
///
/// A `put` asks for that by giving the resource a `provisioningState` that is not final; an action by being `isLongRunning`; a DELETE always.
public protocol ReconciledResourceType: ResourceType {
  /// Checks a deletion and records that it is wanted, in the transaction of its request. Throws `CloudError` to refuse. The resource stays
  /// visible, `Deleting`, until `carryOut` has cleared the world and `delete` removes what is left.
  func willDelete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws

  /// Brings the world to what a resource's records say, and gives what the operation's result carries (`.null`: nothing).
  ///
  /// Every step is idempotent: after a crash or an error it is called again from the beginning. One resource has one operation at a time.
  /// Throws a `CloudError` below 500 to end the operation as failed; anything else is tried again. A cancelled task gives up as soon as it can.
  func carryOut(_ task: ResourceTask) async throws -> JSON
}

extension ReconciledResourceType {
  public func willDelete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {}
}

/// What is to be carried out on one resource.
public struct ResourceTask: Sendable {
  public enum Work: Sendable, Equatable {
    /// A PUT or PATCH has recorded a wanted state.
    case put
    case delete
    /// A POST: the action's name and what its `run` gave.
    case act(String, input: JSON)
  }

  public var work: Work
  /// The resource as its record stands now.
  public var resource: Resource
  public var context: OperationContext
}

/// A resource that another one uses: a machine its interfaces and disks, an interface its public address.
///
/// Links live with their source and are removed with it. Who is asked to delete a target looks at what links to it.
public struct ResourceLink: Record, Codable, Sendable {
  public static let kind = "arm.link"

  public var tenant: GUID
  public var source: ResourceID
  public var target: ResourceID
  /// What the target is to the source, for example `networkInterface`.
  public var role: String

  public var key: RecordKey { RecordKey(tenant: tenant, source.canonical, role, target.canonical) }
  public var indexes: [RecordIndex] { [RecordIndex(Self.targetIndex, target.canonical, role)] }

  private static let targetIndex = "target"
  /// Links of one resource, either way, that are looked at.
  private static let maximumLinks = 10_000

  /// Makes `targets` all that `source` links to in a role.
  public static func set(
    from source: ResourceID, _ role: String, to targets: [ResourceID], tenant: GUID, in transaction: RecordTransaction
  ) throws {
    try transaction.removeAll(ResourceLink.self, under: RecordKey(tenant: tenant, source.canonical, role), limit: maximumLinks)
    for target in targets { try transaction.save(ResourceLink(tenant: tenant, source: source, target: target, role: role)) }
  }

  /// What links to a resource in a role, in the order of their ids.
  public static func sources(of target: ResourceID, _ role: String, tenant: GUID, in reader: any RecordReader) throws -> [ResourceID] {
    try reader.list(ResourceLink.self, index: targetIndex, [target.canonical, role], tenant: tenant, limit: maximumLinks).map(\.source)
  }

  /// What a resource links to in a role.
  public static func targets(of source: ResourceID, _ role: String, tenant: GUID, in reader: any RecordReader) throws -> [ResourceID] {
    try reader.list(ResourceLink.self, under: RecordKey(tenant: tenant, source.canonical, role), limit: maximumLinks).map(\.target)
  }

  static func removeAll(from source: ResourceID, tenant: GUID, in transaction: RecordTransaction) throws {
    try transaction.removeAll(ResourceLink.self, under: RecordKey(tenant: tenant, source.canonical), limit: maximumLinks)
  }
}
