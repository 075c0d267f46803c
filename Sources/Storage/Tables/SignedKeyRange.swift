internal import Base

/// The part of a table that a shared access signature reaches: `spk`, `srk`, `epk` and `erk`.
///
/// The authenticator fills it in (`StorageCredential.keyRange`); every read and write of entities asks it.
/// Source: Microsoft, "Create a service SAS", "Restrict access to table entities".
struct SignedKeyRange: Sendable, Equatable {
  /// Inclusive; nil for the table's beginning.
  var startPartition: String?
  /// Inclusive, of the first partition; it counts only where there is a `startPartition`.
  var startRow: String?
  /// Inclusive; nil for the table's end.
  var endPartition: String?
  /// Inclusive, of the last partition; it counts only where there is an `endPartition`.
  var endRow: String?

  func contains(_ key: EntityKey) -> Bool {
    if let startPartition {
      if key.partition.ordinallyPrecedes(startPartition) { return false }
      if let startRow, key.partition.utf8.elementsEqual(startPartition.utf8), key.row.ordinallyPrecedes(startRow) { return false }
    }
    if let endPartition {
      if endPartition.ordinallyPrecedes(key.partition) { return false }
      if let endRow, key.partition.utf8.elementsEqual(endPartition.utf8), endRow.ordinallyPrecedes(key.row) { return false }
    }
    return true
  }

  /// Throws what a signature gets whose range the entity lies outside of.
  static func require(_ range: SignedKeyRange?, _ key: EntityKey) throws(CloudError) {
    guard range?.contains(key) ?? true else { throw StorageError.authorizationFailure }
  }
}
