internal import Base
internal import Records

/// Something that no longer exists for clients and whose records and extents are still to be removed, in bounded steps.
///
/// Written in the transaction that made it unreachable, so that a restart resumes it.
struct PurgeTask: Record, Codable, Sendable {
  static let kind = "storage.purge"

  enum Subject: Codable, Sendable, Equatable {
    /// The containers of an account, by its `StorageAccount.partition`.
    case account(String)
    /// The blobs under a `Container.id`.
    case container(GUID)
    /// The chunks of a block list and the extents that they own.
    case blockList(GUID)
    /// Uncommitted blocks under an `UncommittedBlob.stage`; their extents too unless something else has taken charge of them.
    case stage(GUID, releasesExtents: Bool)
    /// What nobody sees of the map of a page blob, from one of its windows on.
    case pages(GUID, fromWindow: Int)
    /// The messages under a `Queue.messages`.
    case messages(GUID)
    /// The entities under a `Table.id`.
    case entities(GUID)
  }

  var id: GUID
  var tenant: GUID
  var subject: Subject

  /// Filed under the platform, whose work it is.
  var key: RecordKey { RecordKey(tenant: .zero, id.description) }

  static let parent = RecordKey(tenant: .zero)
}
