public import Base

/// Machines, disks and networks of this host, as the engines report them, beside what the records want.
public protocol MachinesView: Sendable {
  /// Every disk file on this host that belongs to a disk, snapshot or image.
  func disks() async throws -> [DiskOnHost]
  /// Every machine that runs on this host.
  func machines() async throws -> [MachineOnHost]
  /// Virtual networks on this host, and how what the kernel has differs from what is wanted. An empty list of differences: none.
  func networks() async throws -> [NetworkOnHost]
}

/// A disk's file.
public struct DiskOnHost: Hashable, Sendable {
  public var path: String
  /// The id of the resource that it belongs to; nil for a blank disk that has no owner yet, and for a platform image.
  public var resource: String?
  public var tenant: GUID
  /// Whether its records name a data key for it.
  public var hasDataKey: Bool

  public init(path: String, resource: String?, tenant: GUID, hasDataKey: Bool) {
    self.path = path
    self.resource = resource
    self.tenant = tenant
    self.hasDataKey = hasDataKey
  }
}

/// A running machine.
public struct MachineOnHost: Hashable, Sendable {
  /// The domain's name in the hypervisor.
  public var domain: String
  /// The id of the resource that it stands for; nil where no record knows it.
  public var resource: String?
  public var tenant: GUID?

  public init(domain: String, resource: String?, tenant: GUID?) {
    self.domain = domain
    self.resource = resource
    self.tenant = tenant
  }
}

/// A virtual network on this host.
public struct NetworkOnHost: Hashable, Sendable {
  /// Its namespace.
  public var namespace: String
  public var resource: String?
  public var tenant: GUID?
  /// What the kernel has that is not wanted, or lacks: one line each.
  public var differences: [String]

  public init(namespace: String, resource: String?, tenant: GUID?, differences: [String]) {
    self.namespace = namespace
    self.resource = resource
    self.tenant = tenant
    self.differences = differences
  }
}
