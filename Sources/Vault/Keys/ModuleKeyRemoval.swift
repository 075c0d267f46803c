internal import Base
internal import Records

/// A key in the hardware security module that no record holds: it was purged, or its record is not there yet. It is destroyed when its time has come.
///
/// Written before a key is made, and taken away in the transaction that records it, so that a crash in between leaves nothing in the module.
struct ModuleKeyRemoval: Record, Codable, Equatable {
  static let kind = "vault.moduleKeyRemoval"
  static let dueIndex = "due"
  static let tenantIndex = "tenant"

  /// The key's name in the module.
  var id: GUID
  var due: Timestamp
  /// Whose key it is.
  var tenant: GUID?
  /// Whether the module may have been told to destroy it: no record can take it over any more.
  var isDoomed: Bool?

  /// Filed under the platform, so that one list finds all.
  var key: RecordKey { Self.key(id) }

  static func key(_ id: GUID) -> RecordKey { RecordKey(tenant: .zero, id.description) }

  var indexes: [RecordIndex] {
    [RecordIndex(Self.dueIndex, VaultTime.sortable(due))] + (tenant.map { [RecordIndex(Self.tenantIndex, $0.description)] } ?? [])
  }

  /// A bounded number of those of a tenant.
  static func list(of tenant: GUID, in reader: any RecordReader) throws -> [ModuleKeyRemoval] {
    try reader.list(ModuleKeyRemoval.self, index: tenantIndex, [tenant.description], tenant: .zero, limit: KeyLimits.maximumListedRemovals)
  }
}
