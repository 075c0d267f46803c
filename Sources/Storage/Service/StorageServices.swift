internal import Base
internal import Extents
internal import Keyring
internal import Logging
internal import Records

/// What the operations of the data plane are built with.
struct StorageServices: Sendable {
  var records: any RecordStore
  var extents: ExtentStore
  var keyring: Keyring
  var clock: any WallClock
  var random: any RandomSource
  var address: CloudAddress
  var logger: Logger
  var accesses = BlobAccesses()
  /// Nil: nothing is under customers' keys.
  var customers: CustomerKeyring?

  /// Opens data keys for work of the platform's own. False where a customer's key is closed: the work waits until it is not.
  func openKeys(_ keys: [DataKeyID], tenant: GUID) async throws -> Bool {
    guard let customers else { return true }
    do {
      for key in keys { try await customers.open(key, tenant: tenant, caller: nil, request: nil) }
      return true
    } catch is CustomerKeyError {
      return false
    } catch KeyringError.noSuchKey {
      // What it belongs to is gone; whoever does the work finds out.
      return true
    }
  }
}
