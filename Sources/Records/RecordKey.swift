public import Base

/// Where a record lives: its tenant, then the components of its name, each ordered by its UTF-8 bytes.
public struct RecordKey: Hashable, Sendable {
  /// The tenant that owns the record; `GUID.zero` is the platform.
  public var tenant: GUID
  /// The name, from the outermost part in. Any text may stand in a component, the empty one too.
  public var components: [String]

  /// The key of a tenant's record by the components of its name.
  public init(tenant: GUID, _ components: String...) {
    self.init(tenant: tenant, components: components)
  }

  /// The same, for components that are already an array.
  public init(tenant: GUID, components: [String]) {
    self.tenant = tenant
    self.components = components
  }
}
