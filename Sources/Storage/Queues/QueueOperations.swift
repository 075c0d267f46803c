/// The operations of the queue service.
///
/// Source: Microsoft, "Queue service REST API".
struct QueueOperations: Sendable {
  init(_ services: StorageServices, limits: StorageLimits) {}

  var operations: [StorageOperation] { [] }
}
