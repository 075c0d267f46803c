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
}
