public import Base

/// An entry of a secondary index: the index's name and the components to find the record by (several records may share them).
public struct RecordIndex: Hashable, Sendable {
  /// The index's name, which is its own among those of the record's kind.
  public var name: String
  /// What to find the record by, from the outermost part in.
  public var components: [String]
  /// The tenant under which the entry is filed; nil for the record's own. `GUID.zero` makes an index that spans tenants.
  public var tenant: GUID?

  /// An entry of the index `name` under these components.
  public init(_ name: String, _ components: String..., tenant: GUID? = nil) {
    self.name = name
    self.components = components
    self.tenant = tenant
  }

  /// The same, for components that are already an array.
  public init(_ name: String, components: [String], tenant: GUID? = nil) {
    self.name = name
    self.components = components
    self.tenant = tenant
  }
}

/// A place in an index, from which a listing goes on: all components of an entry and the key of its record.
public struct RecordIndexPosition: Hashable, Sendable {
  /// All components of the entry.
  public var components: [String]
  /// The key of its record.
  public var key: RecordKey

  /// The place of the entry under `components` that points to the record under `key`; neither need be there any more.
  public init(components: [String], key: RecordKey) {
    self.components = components
    self.key = key
  }
}
