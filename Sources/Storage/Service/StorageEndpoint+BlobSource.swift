internal import Access
public import Base
public import Edge
internal import NIOCore
public import NIOHTTP1
public import ResourceManager
internal import Wire

/// What other services read of blobs takes the way that clients' requests take: the same table, the same decision.
extension StorageEndpoint: BlobSource {
  public func open(_ url: String, as principal: Principal) async throws -> any OpenedBlob {
    guard let location = BlobLocation(url) else { throw StorageError.resourceNotFound }
    let properties = try await answer(location, .HEAD, [:], as: principal)
    guard case .head(let size) = properties.body, let etag = properties.headers.first(name: "ETag") else { throw StorageError.resourceNotFound }
    return ReadBlob(endpoint: self, location: location, principal: principal, etag: etag, size: Int64(size))
  }

  /// Answers a GET that the platform makes in the name of `principal`, who is no client. Throws the `CloudError` that the request is refused with.
  public func read(_ url: String, headers: HTTPHeaders = [:], as principal: Principal) async throws -> EdgeResponse {
    guard let location = BlobLocation(url) else { throw StorageError.resourceNotFound }
    return try await answer(location, .GET, headers, as: principal)
  }

  /// Throws what the request is refused with.
  fileprivate func answer(_ location: BlobLocation, _ method: HTTPMethod, _ headers: HTTPHeaders, as principal: Principal) async throws
    -> EdgeResponse
  {
    let request = EdgeRequest(
      method: method, path: location.path, query: location.query, headers: headers, authority: location.host, host: location.host,
      identifiers: RequestIdentifiers(request: .zero))
    do {
      return try await answer(request, for: principal, isSigned: location.query["sig"] != nil)
    } catch {
      throw StorageErrorResponse.cloudError(error)
    }
  }
}

private struct ReadBlob: OpenedBlob {
  let endpoint: StorageEndpoint
  let location: BlobLocation
  let principal: Principal
  let etag: String
  let size: Int64

  func read(_ range: Range<Int64>) async throws -> [UInt8] {
    let headers: HTTPHeaders = ["x-ms-range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)", "If-Match": etag]
    switch try await endpoint.answer(location, .GET, headers, as: principal).body {
    case .bytes(let buffer): return Array(buffer.readableBytesView)
    case .head: return []
    case .stream(let length, let source):
      var bytes: [UInt8] = []
      bytes.reserveCapacity(length ?? 0)
      while let piece = try await source.next() { bytes += piece.readableBytesView }
      return bytes
    }
  }
}
