internal import Base
internal import Edge
internal import Lockbox
internal import NIOHTTP1
internal import ResourceManager
internal import Storage
internal import Wire

/// What a tenant's grant shows to an operator, as the services have it.
struct LockboxEyes: TenantEyes {
  let manager: ResourceManager
  let storage: StorageEndpoint
  let address: CloudAddress

  func resource(_ id: ResourceID, tenant: GUID) async throws -> JSON {
    try await manager.look(at: id, tenant: tenant)
  }

  func resources(in group: ResourceID, tenant: GUID, after: String?, limit: Int) async throws -> (resources: [JSON], next: String?) {
    try await manager.look(in: group, tenant: tenant, after: after, limit: limit)
  }

  /// A signature that may read and list, and reaches what is looked at and nothing else: the service decides of it as of any other.
  func blobs(_ look: BlobLook, tenant: GUID) async throws -> EdgeResponse {
    let isAccount = look.what == .containers
    let grant = SignedGrant(
      scope: look.scope.description, permissions: ["r", "l"], resourceTypes: isAccount ? ["s"] : nil)
    let principal = Principal(kind: .sharedAccessSignature(grant), tenant: tenant, name: "lockbox")
    return try await storage.read(url(look), headers: headers(look), as: principal)
  }

  private func headers(_ look: BlobLook) -> HTTPHeaders {
    guard case .content(_, _, let range) = look.what else { return [:] }
    return ["x-ms-range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)"]
  }

  private func url(_ look: BlobLook) -> String {
    let host = "https://\(percentEncoded(look.account.name.lowercased())).blob.\(address.storageSuffix)"
    switch look.what {
    case .containers: return host + "/?comp=list" + list(look)
    case .blobs(let container): return host + "/\(percentEncoded(container, keeping: "$"))?restype=container&comp=list" + list(look)
    case .content(let container, let blob, _):
      return host + "/\(percentEncoded(container, keeping: "$"))/\(percentEncoded(blob, keeping: "/"))"
    }
  }

  private func list(_ look: BlobLook) -> String {
    let items = [("prefix", look.prefix), ("marker", look.marker)].compactMap { item in item.1.map { (item.0, $0) } }
    return "&maxresults=\(LockboxLimits.maximumLookItems)" + items.map { "&\($0.0)=\(percentEncoded($0.1))" }.joined()
  }
}
