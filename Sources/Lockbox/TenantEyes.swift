public import Base
public import Edge
public import Wire

/// What a grant shows, read from the services that keep it. Whoever calls has entered the look in the tenant's ledger; nothing is changed, and nothing secret
/// is shown that Resource Manager shows to nobody.
public protocol TenantEyes: Sendable {
  /// A resource, or a group, as Resource Manager shows it. Throws the `CloudError` that Resource Manager answers.
  func resource(_ id: ResourceID, tenant: GUID) async throws -> JSON

  /// The resources in a group, from behind `after`, at most `limit`.
  func resources(in group: ResourceID, tenant: GUID, after: String?, limit: Int) async throws -> (resources: [JSON], next: String?)

  /// What the blob service answers, by its own decision, to somebody who may read what lies in `look.scope` and do nothing else. Throws its error.
  func blobs(_ look: BlobLook, tenant: GUID) async throws -> EdgeResponse
}

/// A look into a storage account: at the list of its containers, at the list of a container's blobs, or at some bytes of one blob.
public struct BlobLook: Sendable, Equatable {
  public enum What: Sendable, Equatable {
    case containers
    case blobs(container: String)
    /// A range of bytes.
    case content(container: String, blob: String, range: Range<Int64>)
  }

  public var account: ResourceID
  public var what: What
  public var prefix: String?
  /// Where a list goes on, as the service gave it.
  public var marker: String?

  public init(account: ResourceID, what: What, prefix: String? = nil, marker: String? = nil) {
    self.account = account
    self.what = what
    self.prefix = prefix
    self.marker = marker
  }

  /// What it reaches: the account, or the container.
  public var scope: ResourceID {
    switch what {
    case .containers: account
    case .blobs(let container), .content(let container, _, _): account.container(container)
    }
  }
}

extension ResourceID {
  /// A blob container of a storage account.
  func container(_ name: String) -> ResourceID {
    var id = self
    guard !id.provided.isEmpty else { return id }
    id.provided[id.provided.count - 1].segments += [("blobServices", "default"), ("containers", name)]
    return id
  }
}
