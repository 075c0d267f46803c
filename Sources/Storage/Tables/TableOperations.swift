/// The operations of the table service.
///
/// Source: Microsoft, "Table service REST API".
struct TableOperations: Sendable {
  init(_ services: StorageServices, limits: StorageLimits) {}

  var operations: [StorageOperation] { [] }
}
